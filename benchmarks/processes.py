"""Commands as a user runs them: a fresh process each, its whole wall time, and what of it were imports."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

IMPORT = re.compile(r"^import time:\s+(\d+) \|\s+\d+ \|", re.MULTILINE)  # its own microseconds, not its imports'
HARNESS = ("-m", "harness")


@dataclass(frozen=True)
class Process:
    """A process that is over.

    Attributes:
        seconds: Wall time from its start to its end.
        import_seconds: Time it spent executing modules, 0 where it was not asked to tell.
        out: Standard output.
    """

    seconds: float
    import_seconds: float
    out: str


def run_python(
    arguments: Sequence[str],
    *,
    cache: str | None = None,
    tell_imports: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Process:
    """Run this Python with arguments and wait for it.

    Args:
        arguments: What follows `python`.
        cache: Folder of the harness's feature cache; the user's own where none is given.
        tell_imports: Have the interpreter report each import (`-X importtime`, which slows imports by some percent).
        environment: Variables that it gets besides those of this process.

    Raises:
        SystemExit: Where the process fails, with the end of what it said.
    """
    options = ["-X", "importtime"] if tell_imports else []
    variables = {**os.environ, **(environment or {}), **({"HARNESS_CACHE": cache} if cache else {})}
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *options, *arguments], capture_output=True, text=True, env=variables, check=False
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        said = [line for line in (done.stdout + done.stderr).splitlines() if not IMPORT.match(line)]
        raise SystemExit(f"python {' '.join(arguments)} ended with {done.returncode}:\n" + "\n".join(said[-20:]))
    return Process(seconds, sum(map(int, IMPORT.findall(done.stderr))) / 1e6, done.stdout)
