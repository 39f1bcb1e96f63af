"""What a killed process left of a file that it was writing goes with the next that writes it; nothing else does."""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.features.directory import CacheDirectory
from harness.system.files import folder_written_whole, write_atomically, written_whole
from harness.system.temporary_folders import temporary_folder

HEX = "0123456789abcdef"
WRITES_AND_IS_KILLED = """
import os, signal, sys
from pathlib import Path
from harness.system.files import folder_written_whole, written_whole
with folder_written_whole(Path(sys.argv[1]) / "export") as folder:
    (folder / "half").write_bytes(b"ha")
    with written_whole(Path(sys.argv[1]) / "report [1].html") as file:
        file.write(b"ha")
        os.kill(os.getpid(), signal.SIGKILL)
"""


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.slow  # a process is started
@pytest.mark.skipif(os.name == "nt", reason="Windows ends no process by a signal")
def test_what_a_killed_process_left_goes_with_the_next_that_writes_the_same(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", WRITES_AND_IS_KILLED, tmp_path], check=False)
    assert len(names(tmp_path)) == 2
    write_atomically(tmp_path / "report [1].html", b"whole")
    with folder_written_whole(tmp_path / "export") as folder:
        (folder / "file").write_bytes(b"whole")
    assert names(tmp_path) == {"report [1].html", "export"}


def test_what_another_is_writing_stays_and_the_last_to_end_wins(tmp_path: Path) -> None:
    with written_whole(tmp_path / "file") as first:
        first.write(b"first")
        write_atomically(tmp_path / "file", b"second")
    assert (tmp_path / "file").read_bytes() == b"first"
    with folder_written_whole(tmp_path / "folder") as folder:
        (folder / "file").write_bytes(b"first")
        with folder_written_whole(tmp_path / "folder"):
            pass
    assert names(tmp_path / "folder") == {"file"}
    assert names(tmp_path) == {"file", "folder"}


def test_files_of_other_names_stay(tmp_path: Path) -> None:
    others = {f".other.{HEX}", ".file.swp", f".file.{HEX}0", f"file.{HEX}", f".file.{HEX}.bak"}
    for name in others:
        (tmp_path / name).touch()
    (tmp_path / f".file.{HEX}").symlink_to(tmp_path / "file")
    write_atomically(tmp_path / "file", b"")
    assert names(tmp_path) == {*others, f".file.{HEX}", "file"}


def test_a_run_sweeps_the_cache_of_what_killed_runs_left_of_other_encoders_and_removed_entries(tmp_path: Path) -> None:
    cache = CacheDirectory(tmp_path)
    encoders, trash = tmp_path / "encoders", tmp_path / "trash" / (HEX * 2)
    encoders.mkdir()
    trash.mkdir(parents=True)
    (trash / "features.npy").touch()
    facts = cache.facts_file({"weights": "a"})
    for name in (facts.name, f".{facts.name}.{HEX}"):
        (encoders / name).touch()
    with cache.locked([]):
        pass
    assert names(encoders) == {facts.name}
    assert not trash.exists()


@pytest.mark.slow  # a process is started
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform forks no process")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of a fork beside threads
def test_a_process_that_was_forked_off_removes_nothing_of_its_parent_s(tmp_path: Path) -> None:
    with ExitStack() as held:
        folder = held.enter_context(temporary_folder(tmp_path))
        if (child := os.fork()) == 0:
            try:
                held.close()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        assert folder.is_dir()
    assert not folder.exists()
