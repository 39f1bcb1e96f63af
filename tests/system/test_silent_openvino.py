"""`import openvino` tells nobody: not of itself, and not of what is done with it later."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

# As openvino's own: it reports where the package that sends the report is there, and takes a stub where it is not.
OPENVINO = """
try:
    from openvino_telemetry import report
except ImportError:
    report = print
report("imported")
"""
TELEMETRY = "def report(what):\n    raise SystemExit('it was reported: ' + what)\n"
LIKE_OPENVINOS_OWN = """
from harness.system.silent_openvino import import_openvino
import_openvino().report("used")
import openvino_telemetry  # is there again for whoever wants it
"""
OF_THE_REAL_ONE = """
import sys
from harness.system.silent_openvino import import_openvino
import_openvino().Core()
from openvino.tools.ovc import telemetry_utils
assert telemetry_utils.tm.__name__ == "openvino.tools.ovc.telemetry_stub", telemetry_utils.tm
"""


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)


@pytest.mark.slow
def test_openvino_is_imported_without_what_reports_its_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "openvino.py").write_text(OPENVINO)
    (tmp_path / "openvino_telemetry.py").write_text(TELEMETRY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    by_itself = run("import openvino")
    assert "it was reported: imported" in by_itself.stderr
    done = run(LIKE_OPENVINOS_OWN)
    assert (done.returncode, done.stdout) == (0, "imported\nused\n"), done.stderr


@pytest.mark.slow
def test_the_real_openvino_takes_its_stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if find_spec("openvino") is None:
        pytest.skip("openvino is not installed")
    (tmp_path / "openvino_telemetry.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", ":".join(sys.path))
    done = run(OF_THE_REAL_ONE)
    assert done.returncode == 0, done.stderr
