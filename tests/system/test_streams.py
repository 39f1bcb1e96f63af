"""Standard output that is closed, full or read by nobody any more; a Python without docstrings."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HARNESS = (sys.executable, "-P", "-m", "harness")
pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")


def shell(command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    program = " ".join(HARNESS)
    return subprocess.run(
        ["sh", "-c", command.replace("HARNESS", program)],
        capture_output=True,
        text=True,
        env=os.environ | environment,
        check=False,
    )


def test_a_closed_standard_output_is_no_fault(tmp_path: Path) -> None:
    done = shell(f"HARNESS cache list --cache-dir {tmp_path} >&-")
    assert done.returncode == 0
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_standard_output_exits_with_4_and_one_sentence(tmp_path: Path) -> None:
    done = shell(f"HARNESS cache list --cache-dir {tmp_path} >/dev/full")
    assert done.returncode == 4
    assert done.stderr.startswith("Error: Cannot write to standard output")


def test_a_reader_who_goes_away_leaves_the_exit_code_to_the_command(tmp_path: Path) -> None:
    done = shell(f"(HARNESS list --json; echo $? >{tmp_path}/code) | true")
    assert (tmp_path / "code").read_text() == "0\n"
    assert done.stderr == ""


def test_help_is_there_where_python_drops_docstrings() -> None:
    done = shell("HARNESS show --help", PYTHONOPTIMIZE="2")
    assert done.returncode == 0
    assert "Show a run or a suite again" in done.stdout
