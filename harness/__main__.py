"""The command line as a process of its own: `harness` and `python -m harness`."""

import gc
import sys

from harness.cli import main

# New objects before the collector looks for cycles among them. Python's 700 starts it a thousand times while the
# libraries are imported, a tenth of a run on cached features; beyond 10,000 nothing more is won.
OBJECTS_BETWEEN_COLLECTIONS = 10_000


def run_process() -> int:
    """Run the command line on this process's arguments, with the garbage collector set for a process that ends with it.

    Returns:
        The exit code, as `harness.cli.main` tells them.
    """
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, *gc.get_threshold()[1:])
    try:
        return main()
    finally:
        gc.freeze()  # or the interpreter searches all that the libraries made for cycles, a second after torch


if __name__ == "__main__":
    sys.exit(run_process())
