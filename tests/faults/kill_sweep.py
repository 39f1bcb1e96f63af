"""Kills a run at the N-th system call of a kind, N = 1, 2, ... until none is left, and goes on with it each time.

    python tests/faults/kill_sweep.py [--calls rename,fsync,mkdir] [--signals KILL,INT,TERM] [--every N]

Each resumed run has to end well, with predictions, scores and evidence equal to those of a run that nobody disturbed,
finished trials not run again, and nothing left in the temporary folder. Needs strace.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

STRATEGIES = "majority,stratified_random,tfidf_logreg"
MOST = 400  # system calls of a kind, far more than a run makes


def run(folder: Path, *before: str) -> subprocess.CompletedProcess[str]:
    """Run the comparison, or go on with it, after a prefix such as strace."""
    temporary = folder / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    command = [*before, sys.executable, "-m", "harness", "run", "-d", "sample", "-n", "60", "-s", STRATEGIES, "-q"]
    environment = {**os.environ, "TMPDIR": str(temporary), "HARNESS_ON": "local", "HARNESS_CACHE": str(folder / "c")}
    return subprocess.run(
        [*command, "-o", str(folder / "runs"), "--json"], env=environment, capture_output=True, text=True
    )


def outcome_of(folder: Path) -> Any:
    """Return what has to be equal of the last run of a folder, None where it has none."""
    if not (files := sorted((folder / "runs").glob("*/run.json"))):
        return None
    read = json.loads(files[-1].read_text(encoding="utf-8"))
    scored = [(r["strategy"], r["status"], r["predictions_sha256"], r["test"]) for r in read["records"]]
    return read["status"], scored, read["evidence"]


def problem_of(folder: Path, expected: Any) -> str | None:
    """Go on with a killed run and return what is wrong then, None where nothing is."""
    resumed = run(folder)
    if resumed.returncode != 0:
        return f"the resumed run ended with {resumed.returncode}: {resumed.stderr.strip()[-300:]}"
    if outcome_of(folder) != expected:
        return "the resumed run differs from an undisturbed one"
    (finished,) = (file.parent for file in folder.glob("runs/*/run.json"))
    if left := [*(folder / "tmp").iterdir(), *finished.glob(".*")]:
        return f"left behind: {', '.join(map(str, left))}"
    return None


def sweep(call: str, name: str, every: int, expected: Any) -> tuple[int, list[str]]:
    """Return how many kills were tried, and what was wrong after which."""
    tried, problems = 0, []
    for number in range(1, MOST, every):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            inject = f"inject={call}:signal=SIG{name}:when={number}"
            log = folder / "strace"
            killed = run(folder, "strace", "-o", str(log), "-e", f"trace={call}", "-e", inject)
            if f"SIG{name}" not in log.read_text(encoding="utf-8", errors="replace"):
                break  # there is no such call any more
            tried += 1
            if problem := problem_of(folder, expected):
                problems.append(f"{name} at {call} {number} (exit {killed.returncode}): {problem}")
    return tried, problems


def main() -> int:
    """Sweep and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--calls", default="rename,fsync,mkdir")
    parser.add_argument("--signals", default="KILL,INT,TERM")
    parser.add_argument("--every", type=int, default=1)
    asked = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # who is started in the background ignores it
    with tempfile.TemporaryDirectory() as folder:
        assert run(Path(folder)).returncode == 0
        expected = outcome_of(Path(folder))
    bad = 0
    for call in asked.calls.split(","):
        for name in asked.signals.split(","):
            tried, problems = sweep(call, name, asked.every, expected)
            print(f"{name} at {call}: {tried - len(problems)} of {tried} resumed to the same run", flush=True)
            print("".join(f"  {problem}\n" for problem in problems), end="", flush=True)
            bad += len(problems)
    return min(bad, 1)


if __name__ == "__main__":
    sys.exit(main())
