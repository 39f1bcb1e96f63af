"""Memory that is left in a container: of each limit above this process, files that can be read again left out."""

from pathlib import Path

import pytest

from harness.system.memory import available_memory, rooms_of_cgroups

FILES = {2: ("max", "current"), 1: ("limit_in_bytes", "usage_in_bytes")}


def make_group(folder: Path, version: int, limit: str, used: int, of_files: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in zip(FILES[version], (limit, str(used)), strict=True):
        (folder / f"memory.{name}").write_text(f"{value}\n")
    (folder / "memory.stat").write_text(f"anon 7\ninactive_file {of_files}\n")


@pytest.mark.parametrize(("version", "line"), [(2, "0::/a/b\n"), (1, "5:devices:/\n4:memory,hugetlb:/a/b\n0::/\n")])
def test_every_limit_above_counts(tmp_path: Path, version: int, line: str) -> None:
    (own := tmp_path / "own").write_text(line)
    top = tmp_path / "groups" / ("memory" if version == 1 else "")
    make_group(top / "a", version, "1000", 700, 100)
    make_group(top / "a" / "b", version, "max" if version == 2 else "800", 300, 0)
    assert sorted(rooms_of_cgroups(own, tmp_path / "groups")) == ([400] if version == 2 else [400, 500])


def test_without_control_groups_it_is_what_the_machine_has_left(tmp_path: Path) -> None:
    assert [*rooms_of_cgroups(tmp_path / "none", tmp_path)] == []
    assert available_memory("cpu") > 0
