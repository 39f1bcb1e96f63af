"""The doctor says of each thing that keeps a plugin from being found what was expected, what is there, what to do."""

import importlib
import json
import sys
from pathlib import Path

import pytest

from harness.plugin_system.doctor import Diagnosis, diagnose
from harness.plugin_system.files import NamedPlugin
from harness.plugin_system.loading import LoadedPlugins

GROUP = "harness"
PROBE = """
from dataclasses import dataclass
from harness import SklearnProbe, hookimpl

@dataclass(frozen=True)
class Probe(SklearnProbe):
    name = "NAME"
    def estimator(self, seed): ...

@hookimpl
def harness_strategies():
    return [Probe()]
"""


class Site:
    """A folder of installed distributions on the path."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        folder.mkdir()
        monkeypatch.syspath_prepend(folder)

    def add(self, module: str, source: str = "", **metadata: object) -> None:
        """Install a distribution with one module, unless there is no source for it.

        Args:
            module: Its name, the distribution's with dashes.
            source: Of the module; NAME in it stands for the module's name.
            metadata: group, point, version, requires and direct_url, where they are not as they should be.
        """
        name, version = module.replace("_", "-"), metadata.get("version", "0.1")
        info = self.folder / f"{module}-{version}.dist-info"
        info.mkdir()
        required = "".join(f"Requires-Dist: {each}\n" for each in metadata.get("requires", ["strategy-harness>=0.1"]))
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{required}")
        point = metadata.get("point", f"{module} = {module}")
        (info / "entry_points.txt").write_text(f"[{metadata.get('group', GROUP)}]\n{point}\n" if point else "")
        if "direct_url" in metadata:
            (info / "direct_url.json").write_text(json.dumps(metadata["direct_url"]))
        if source:
            (self.folder / f"{module}.py").write_text(source.replace("NAME", module))
        importlib.invalidate_caches()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    return Site(tmp_path / "site", monkeypatch)


def examined(name: str | None = None, *named: str) -> list[Diagnosis]:
    return diagnose(LoadedPlugins(named=list(map(NamedPlugin, named))), name)


def told(diagnoses: list[Diagnosis]) -> tuple[str, str, str]:
    """Return the one fault that there is."""
    (fault,) = (fault for diagnosis in diagnoses for fault in diagnosis.faults)
    return fault.expected, fault.found, fault.advice


def test_where_nothing_is_wrong_nothing_is_told_and_a_name_gets_its_plugin(site: Site) -> None:
    site.add("fine_probe", PROBE)
    assert examined() == []
    for name in ("fine_probe", "fine-probe", "Fine.Probe"):
        (diagnosis,) = examined(name)
        assert diagnosis.about == "fine_probe (fine-probe 0.1, entry point fine_probe = fine_probe)"
        assert diagnosis.faults == ()


@pytest.mark.parametrize("group", ["harness_plugins", "harness.strategies", "strategy-harness", "Harness", "harnes"])
def test_entry_points_in_a_group_that_was_not_meant_are_found(group: str, site: Site) -> None:
    site.add("lost_probe", PROBE, group=group)
    for name in (None, "lost_probe"):
        expected, found, advice = told(examined(name))
        assert expected == "its entry points in the group 'harness'"
        assert found == f"lost_probe = lost_probe in the group {group!r}"
        assert "[project.entry-points.harness]" in advice


def test_groups_of_other_programs_are_nobodys_fault(site: Site) -> None:
    site.add("other", group="lm_harness", requires=[])
    site.add("another", group="pytest11", requires=[])
    assert examined() == []


def test_a_distribution_for_the_harness_without_entry_points_is_found(site: Site) -> None:
    site.add("pointless", PROBE, point="")
    assert told(examined())[1] == "no entry points at all"


def test_a_distribution_that_was_named_is_looked_at_whatever_it_requires(site: Site) -> None:
    site.add("elsewhere", PROBE, group="console_scripts", requires=[])
    assert examined() == []
    assert told(examined("elsewhere"))[1] == "none there, only in console_scripts"


def test_a_stale_copy_of_a_distribution_is_told_with_both_folders(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.add("twice", PROBE, version="2.0")
    Site(tmp_path / "stale", monkeypatch).add("twice", version="1.0", point="old_name = twice")
    expected, found, advice = told(examined("twice"))
    assert expected == "one installation of twice"
    first, second = (str(tmp_path / "stale" / "twice-1.0.dist-info"), str(site.folder / "twice-2.0.dist-info"))
    assert found == f"1.0 in {first}, which counts, and 2.0 in {second}, which does not"
    assert first in advice


def test_a_copy_that_says_the_same_is_no_fault(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site.add("same", PROBE)
    Site(tmp_path / "copy", monkeypatch).add("same")
    assert examined() == []


def test_an_editable_installation_that_its_source_has_left_behind_is_found(site: Site, tmp_path: Path) -> None:
    source = tmp_path / "my project"
    source.mkdir()
    (source / "pyproject.toml").write_text('[project.entry-points.harness]\nrenamed = "moved"\n')
    site.add("moved", PROBE, direct_url={"url": source.as_uri(), "dir_info": {"editable": True}})
    expected, found, advice = told(examined())
    assert expected.endswith("declares, renamed = moved")
    assert found == "those of its last installation, moved = moved"
    assert f"harness plugins install -e {source}" in advice
    (source / "pyproject.toml").write_text('[project.entry-points.harness]\nmoved = "moved"\n')
    assert examined() == []
    (source / "pyproject.toml").unlink()
    source.rmdir()
    assert told(examined("moved"))[1] == f"no {source}"


def test_two_strategies_of_one_name_name_both_sides(site: Site, tmp_path: Path) -> None:
    site.add("one_probe", PROBE)
    copy = tmp_path / "copy_of_it.py"
    copy.write_text(PROBE.replace("NAME", "one_probe"))
    diagnoses = examined("one_probe", str(copy))
    assert len(diagnoses) == 2
    (fault,) = {fault for diagnosis in diagnoses for fault in diagnosis.faults}
    assert fault.expected == "one strategy called 'one_probe'"
    assert "one_probe (one-probe 0.1, entry point one_probe = one_probe)" in fault.found
    assert f"copy_of_it (--plugin {copy})" in fault.found


def test_two_entry_points_of_one_name_name_both_sides(site: Site) -> None:
    site.add("left_probe", PROBE, point="shared = left_probe")
    site.add("right_probe", PROBE, point="shared = right_probe")
    diagnoses = examined("shared")
    assert len(diagnoses) == 2
    for diagnosis in diagnoses:
        (fault,) = diagnosis.faults
        assert fault.expected == "one plugin called 'shared'"
        assert "left-probe 0.1, entry point" in fault.found
        assert "right-probe 0.1, entry point" in fault.found


@pytest.mark.parametrize(
    ("module", "source", "point", "expected", "found", "advice"),
    [
        ("needs_more", "import not_there_at_all", "", "can be imported", "not_there_at_all", "Install what brings"),
        ("fails_here", "x = 1\n1 / 0", "", "that can be imported", "fails_here.py, line 2", "--debug"),
        ("no_module", "", "", "a module no_module", "none of that name", "py-modules or packages"),
        ("no_object", PROBE, "no_object = no_object:plugin", "imported", "no attribute 'plugin'", "the module alone"),
        ("a_function", PROBE, "a_function = a_function:harness_strategies", "with a hook", "function", "module alone"),
        ("asks_more", PROBE.replace("strategies()", "strategies(config)"), "", "the hook", "asks for config", "left"),
        ("misspells", PROBE.replace("_strategies", "_stratgy"), "", "a hook among", "harness_stratgy", "Did you mean"),
        ("unmarked", PROBE.replace("@hookimpl", ""), "", "marked with", "without it", "@hookimpl"),
    ],
)  # fmt: skip
def test_what_keeps_a_plugin_from_being_loaded_is_told(
    module: str, source: str, point: str, expected: str, found: str, advice: str, site: Site
) -> None:
    site.add(module, source, **({"point": point} if point else {}))
    for part, whole in zip((expected, found, advice), told(examined(module)), strict=True):
        assert part in whole


def test_a_strategy_whose_packages_are_missing_is_told_what_to_install(site: Site) -> None:
    site.add("needy", PROBE.replace('name = "NAME"', 'name = "NAME"\n    requires = {"no_such_module": "gone"}'))
    assert examined() == []
    assert told(examined("needy")) == (
        "the packages that needy requires",
        "them not installed",
        "Run it: pip install 'needy[gone]'",
    )


def test_a_file_has_no_extras_so_its_packages_are_named(tmp_path: Path) -> None:
    file = tmp_path / "needy_file.py"
    file.write_text(PROBE.replace('name = "NAME"', 'name = "needy_file"\n    requires = {"no_such_module": "gone"}'))
    assert told(examined("needy_file", str(file)))[2] == "Run it: pip install no_such_module"


def test_a_name_that_nothing_goes_by_gets_the_close_one(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    site.add("close_probe", PROBE)
    expected, found, advice = told(examined("clse_probe"))
    assert expected == "a plugin, a strategy or an installed distribution called 'clse_probe'"
    assert found == f"nothing of that name in {sys.prefix}, but close_probe"
    assert advice.startswith("Install it into this environment: 'harness plugins install NAME'")


def test_what_lies_in_the_current_folder_is_told_how_to_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_probe").mkdir()
    (tmp_path / "my_probe" / "pyproject.toml").write_text('[project.entry-points.harness]\nmy_probe = "my_probe"\n')
    (tmp_path / "lone_probe.py").write_text(PROBE)
    assert "'harness plugins install -e ./my_probe'" in told(examined("my-probe"))[2]
    assert "--plugin ./lone_probe.py" in told(examined("lone_probe"))[2]
    monkeypatch.chdir(tmp_path / "my_probe")
    assert "'harness plugins install -e .'" in told(examined("my_probe"))[2]


def test_another_environment_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path))
    assert f"The active environment is {tmp_path}, but this program runs in {sys.prefix}" in told(examined("nobody"))[2]
    monkeypatch.delenv("VIRTUAL_ENV")
    pip = tmp_path / "pip"
    pip.write_text("")
    pip.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert f"The pip on the path, {pip}, is of another environment" in told(examined("nobody"))[2]
