"""The command line as a process of its own: `harness` and `python -m harness`."""

import gc
import os
import subprocess
import sys

from harness.cli import main
from harness.system.streams import open_closed_streams

# New objects before the collector looks for cycles among them. Python's 700 starts it a thousand times while the
# libraries are imported, a tenth of a run on cached features; beyond 10,000 nothing more is won.
OBJECTS_BETWEEN_COLLECTIONS = 10_000


def run_process() -> int:
    """Run the command line on this process's arguments, with the garbage collector set for a process that ends with it.

    Returns:
        The exit code, as `harness.cli.main` tells them.
    """
    open_closed_streams()
    if sys.flags.optimize > 1:
        return _run_with_docstrings()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, *gc.get_threshold()[1:])
    try:
        return main(own_process=True)
    finally:
        gc.freeze()  # or the interpreter searches all that the libraries made for cycles, a second after torch


def _run_with_docstrings() -> int:
    """Run the same command in a Python that keeps docstrings: without them no model loads and help is empty."""
    command = [sys.executable, "-P", "-m", "harness", *sys.argv[1:]]
    environment = os.environ | {"PYTHONOPTIMIZE": "1"}
    if os.name == "nt":  # which has no exec: the shell would not wait
        return subprocess.call(command, env=environment)
    return os.execve(command[0], command, environment)


if __name__ == "__main__":
    sys.exit(run_process())
