"""Kills a run at the N-th call of a kind, N = 1, 2, ... until none is left, and goes on with it each time.

    python tests/faults/kill_sweep.py [--roles driver,worker] [--calls rename,fsync,mkdir,write-open]
                                      [--signals KILL,INT,TERM] [--every N] [--encoder]
    python tests/faults/kill_sweep.py driver:mkdir:KILL:7 worker:write-open:TERM:3

A resumed run has to end well, with predictions, scores and evidence equal to those of a run that nobody disturbed,
finished trials not run again, and nothing left in the folders of temporary files, runs and features. A worker that is
killed is one failed row at most, and the other rows are as ever.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from harness.testing.tiny import tiny_encoder

STRATEGIES = "majority,tfidf_logreg"
DIES = Path(__file__).with_name("die_at_call.py")
FAILED = 1  # exit code of a run with a failed row

Aim = tuple[str, str, str, int]
"""Role, call, signal, number of the call."""


class Sweep:
    """Runs of one comparison, disturbed.

    Args:
        folder: For all that they need.
        encoder: Whether the run has an encoder and a probe on it, too, and so a cache; it takes twice as long.
    """

    def __init__(self, folder: Path, *, encoder: bool) -> None:
        self._folder = folder
        (program := folder / "program").mkdir()
        shutil.copy(DIES, program / "sitecustomize.py")
        self._program, self._asked = program, ["run", "-d", "sample", "-n", "60", "-q", "--json", "-s", STRATEGIES]
        if encoder:
            (model := folder / "tiny").mkdir()
            tiny_encoder(model)
            self._asked += ["-s", "logreg_probe", "-m", str(model), "-b", "1024"]
        self._undisturbed = folder / "undisturbed"
        assert self.run(self._undisturbed).returncode == 0
        self.expected = outcomes_of(self._undisturbed)

    def run(self, folder: Path, aim: Aim | None = None) -> subprocess.CompletedProcess[str]:
        """Run the comparison in a folder, or go on with it."""
        for name in ("tmp", "died"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        places = {"TMPDIR": str(folder / "tmp"), "HARNESS_ON": "local", "HARNESS_CACHE": str(folder / "cache")}
        environment = {**os.environ, **places, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
        if aim:
            keys = ("DIE_ROLE", "DIE_CALL", "DIE_SIGNAL", "DIE_NUMBER")
            aimed = dict(zip(keys, map(str, aim), strict=True)) | {"DIE_FOLDER": str(folder / "died")}
            environment |= aimed | {"PYTHONPATH": str(self._program)}
        return subprocess.run(
            [sys.executable, "-m", "harness", *self._asked, "-o", str(folder / "runs")],
            env=environment,
            capture_output=True,
            text=True,
        )

    def count(self, role: str, call: str) -> int:
        """Return how many calls of a kind a run makes."""
        with tempfile.TemporaryDirectory(dir=self._folder) as temporary:
            self.run(Path(temporary), (role, call, "KILL", 0))
            calls = Path(temporary) / "died" / "calls"
            return len(calls.read_text(encoding="utf-8").splitlines()) if calls.is_file() else 0

    def problem(self, aim: Aim) -> str | None:
        """Disturb a run and return what is wrong then, None where nothing is."""
        with tempfile.TemporaryDirectory(dir=self._folder) as temporary:
            folder = Path(temporary)
            ended = self.run(folder, aim)
            found = self._after_worker(folder, ended) if aim[0] == "worker" else self._after_driver(folder)
            return found and f"{' '.join(map(str, aim))} (exit {ended.returncode}): {found}"

    def _after_driver(self, folder: Path) -> str | None:
        finished = fit_seconds_of(folder)
        is_over = any(folder.glob("runs/*/run.json")) and not any(folder.glob("runs/*/unfinished.json"))
        if not is_over and (resumed := self.run(folder)).returncode != 0:
            return f"the resumed run ended with {resumed.returncode}: {resumed.stderr.strip()[-300:]}"
        if outcomes_of(folder) != self.expected:
            return "the resumed run differs from an undisturbed one"
        again = [name for name, seconds in fit_seconds_of(folder).items() if finished.get(name, seconds) != seconds]
        return f"run again: {', '.join(again)}" if again else self._left(folder)

    def _after_worker(self, folder: Path, ended: subprocess.CompletedProcess[str]) -> str | None:
        status, scored, _ = outcomes_of(folder) or ("", [], None)
        other = [row for row in scored if row not in self.expected[1]]
        if len(other) > 1 or any(row[1] != "failed" for row in other):
            return f"more than one failed row: {ended.stderr.strip()[-300:]}"
        if ended.returncode != (FAILED if other else 0):
            return f"status {status}: {ended.stderr.strip()[-300:]}"
        return self._left(folder)

    def _left(self, folder: Path) -> str | None:
        left = [*(folder / "tmp").iterdir(), *folder.glob("runs/.*"), *folder.glob("runs/*/.*")]
        left += [run for run in folder.glob("runs/*") if not (run / "run.json").is_file()]
        features = {path.suffix for path in folder.glob("cache/**/*") if path.is_file()}
        left += sorted(features - {path.suffix for path in self._undisturbed.glob("cache/**/*") if path.is_file()})
        return f"left behind: {', '.join(map(str, left))}" if left else None


def outcomes_of(folder: Path) -> Any:
    """Return what has to be equal of the only run of a folder, None where it has none."""
    if len(files := [*folder.glob("runs/*/run.json")]) != 1:
        return None
    read = json.loads(files[0].read_text(encoding="utf-8"))
    scored = [(r["strategy"], r["status"], r["predictions_sha256"], r["test"]) for r in read["records"]]
    return read["status"], scored, read["evidence"]


def fit_seconds_of(folder: Path) -> dict[str, float]:
    """Return the seconds that each finished trial took, which never repeat."""
    read = (json.loads(file.read_text(encoding="utf-8")) for file in folder.glob("runs/*/records/*.json"))
    return {record["strategy"]: record["fit_seconds"] for record in read if record["status"] == "ok"}


def main() -> int:
    """Sweep and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("aims", nargs="*", help="such as driver:mkdir:KILL:7 in place of a sweep")
    parser.add_argument("--roles", default="driver,worker")
    parser.add_argument("--calls", default="rename,fsync,mkdir,write-open")
    parser.add_argument("--signals", default="KILL,INT,TERM")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--encoder", action="store_true")
    asked = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # who is started in the background ignores it
    right = tried = 0
    with tempfile.TemporaryDirectory() as temporary:
        sweep = Sweep(Path(temporary), encoder=asked.encoder)
        parts = (aim.split(":") for aim in asked.aims)
        given = [(role, call, name, int(number)) for role, call, name, number in parts]
        for aim in given or aims_of(sweep, asked.roles, asked.calls, asked.signals, asked.every):
            problem = sweep.problem(aim)
            tried, right = tried + 1, right + (problem is None)
            print(problem or f"{' '.join(map(str, aim))}: as it should", flush=True)
    print(f"{right} of {tried} as they should")
    return min(tried - right, 1)


def aims_of(sweep: Sweep, roles: str, calls: str, signals: str, every: int) -> Iterator[Aim]:
    """Yield every so many of the calls that a run makes."""
    for role, call in product(roles.split(","), calls.split(",")):
        for name, number in product(signals.split(","), range(1, sweep.count(role, call) + 1, every)):
            yield role, call, name, number


if __name__ == "__main__":
    sys.exit(main())
