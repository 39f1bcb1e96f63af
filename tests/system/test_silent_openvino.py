"""OpenVINO tells nobody that it is used, and leaves signals alone."""

import subprocess
import sys
from pathlib import Path

import pytest

from ..packages import skip_without

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

SIGNAL_STACK = """
import ctypes, faulthandler
import numpy as np
from harness.system.silent_openvino import compile_for_cpu, import_openvino

class Stack(ctypes.Structure):
    _fields_ = [("start", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t)]

def own():
    found = Stack()
    ctypes.CDLL(None).sigaltstack(None, ctypes.byref(found))
    return found.start

faulthandler.enable()  # as notebooks do; signals of this thread are handled on a stack of its own from then on
before, operators = own(), import_openvino().opset13
rows = operators.parameter([-1, 64], np.float32)
product = operators.matmul(rows, operators.constant(np.ones((64, 64), np.float32)), False, False)
compiled = compile_for_cpu(import_openvino().Model([product], [rows]), {})
assert before and own() == before, (before, own())
del compiled
assert own() == before, (before, own())
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
    skip_without("openvino")
    (tmp_path / "openvino_telemetry.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", ":".join(sys.path))
    done = run(OF_THE_REAL_ONE)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the structure is that of Linux")
def test_compiling_a_graph_leaves_the_signal_stack_of_its_caller_alone() -> None:
    skip_without("openvino")
    done = run(SIGNAL_STACK)
    assert done.returncode == 0, done.stderr
