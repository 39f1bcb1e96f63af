"""Kills a run at the N-th call of a kind, N = 1, 2, ... until none is left, and goes on with it each time.

    python tests/faults/kill_sweep.py [--roles driver,worker] [--calls rename,fsync,mkdir,write-open]
                                      [--signals KILL,INT,TERM] [--every N] [--encoder]
    python tests/faults/kill_sweep.py driver:mkdir:KILL:7 worker:write-open:TERM:3
    python tests/faults/kill_sweep.py --disks 8,16,24   (as root: runs on a disk of so many kB, then a larger one)

A resumed run has to end well, with predictions, scores and evidence equal to those of a run that nobody disturbed,
finished trials not run again, and nothing left in the folders of temporary files, runs and features. A worker that is
killed is one failed row at most, and the other rows are as ever. On a full disk what was scored is printed.

The libraries are imported once, by this process; each run is a process that is forked from it, and dies by itself.
"""

import argparse
import atexit
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from itertools import count, product
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from die_at_call import Aim, die_at

from harness.__main__ import run_process
from harness.testing.tiny import tiny_encoder

STRATEGIES = "majority,tfidf_logreg"
FAILED, REFUSED = 1, 4  # exit codes of a run with a failed row, and of one whose results the disk refused


@dataclass(frozen=True)
class Ended:
    """A run that has ended.

    Attributes:
        code: Its exit code, the negative number of the signal that it died of.
        told: The end of what it wrote to standard error.
        calls: How many calls there were of the kind that was aimed at.
    """

    code: int
    told: str
    calls: int


class Sweep:
    """Runs of one comparison, disturbed.

    Args:
        folder: For all that they need.
        encoder: Whether the run has an encoder and a probe on it, too, and so a cache; it takes twice as long.
    """

    def __init__(self, folder: Path, *, encoder: bool) -> None:
        self._folder = folder
        self._asked = ["run", "-d", "sample", "-n", "60", "-q", "--json", "-s", STRATEGIES]
        if encoder:
            (model := folder / "tiny").mkdir()
            tiny_encoder(model)
            self._asked += ["-s", "logreg_probe", "-m", str(model), "-b", "1024"]
        self._undisturbed = folder / "undisturbed"
        ended = self.run(self._undisturbed)
        assert ended.code == 0, ended.told
        self.expected = outcomes_of(self._undisturbed)
        for name in (self._undisturbed / "modules").read_text(encoding="utf-8").split():
            with contextlib.suppress(Exception):
                import_module(name)

    def run(self, folder: Path, aim: Aim | None = None) -> Ended:
        """Run the comparison in a folder, or go on with it."""
        (folder / "tmp").mkdir(parents=True, exist_ok=True)
        if (process := os.fork()) == 0:
            _be_command([*self._asked, "-o", str(folder / "runs")], folder, aim)
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        calls = (folder / "calls").read_text(encoding="utf-8").splitlines() if (folder / "calls").is_file() else []
        return Ended(code, (folder / "err").read_text(encoding="utf-8").strip()[-300:], len(calls))

    def problem(self, aim: Aim) -> tuple[bool, str | None]:
        """Disturb a run and return whether there was such a call, and what is wrong then, None where nothing is."""
        with _temporary(self._folder) as folder:
            ended = self.run(folder, aim)
            if ended.calls < aim.number:
                return False, None
            found = self._after_worker(folder, ended) if aim.role == "worker" else self._after_driver(folder)
            return True, found and f"{aim} (exit {ended.code}): {found}"

    def problem_on_disk(self, kilobytes: int) -> tuple[str, str | None]:
        """Run on a disk that fills up; return what was told, and what is wrong, None where nothing is."""
        with _temporary(self._folder) as folder, _disk(folder / "runs", kilobytes) as enlarge:
            ended = self.run(folder)
            enlarge()
            if ended.code not in (0, REFUSED):
                return ended.told, "another exit code"
            printed = (folder / "out").read_text(encoding="utf-8")
            shown = {r["strategy"] for r in json.loads(printed)["records"] if r["status"] == "ok"} if printed else set()
            if missing := fit_seconds_of(folder).keys() - shown:
                return ended.told, f"not printed: {', '.join(sorted(missing))}"
            return ended.told, self._after_driver(folder)

    def _after_driver(self, folder: Path) -> str | None:
        finished = fit_seconds_of(folder)
        is_over = any(folder.glob("runs/*/run.json")) and not any(folder.glob("runs/*/unfinished.json"))
        if not is_over and (resumed := self.run(folder)).code != 0:
            return f"the resumed run ended with {resumed.code}: {resumed.told}"
        if outcomes_of(folder) != self.expected:
            return "the resumed run differs from an undisturbed one"
        again = [name for name, seconds in fit_seconds_of(folder).items() if finished.get(name, seconds) != seconds]
        return f"run again: {', '.join(again)}" if again else self._left(folder)

    def _after_worker(self, folder: Path, ended: Ended) -> str | None:
        status, scored, _ = outcomes_of(folder) or ("", [], None)
        other = [row for row in scored if row not in self.expected[1]]
        if len(other) > 1 or any(row[1] != "failed" for row in other):
            return f"more than one failed row: {ended.told}"
        if ended.code != (FAILED if other else 0):
            return f"status {status}: {ended.told}"
        return self._left(folder)

    def _left(self, folder: Path) -> str | None:
        left = [*(folder / "tmp").iterdir(), *folder.glob("runs/.*"), *folder.glob("runs/*/.*")]
        left += [run for run in folder.glob("runs/*") if not (run / "run.json").is_file()]
        features = {path.suffix for path in folder.glob("cache/**/*") if path.is_file()}
        left += sorted(features - {path.suffix for path in self._undisturbed.glob("cache/**/*") if path.is_file()})
        return f"left behind: {', '.join(map(str, left))}" if left else None


def _be_command(argv: Sequence[str], folder: Path, aim: Aim | None) -> None:
    """Be the process of a command, as if it had been started for it; does not return."""
    code = 70
    try:
        os.environ.update(TMPDIR=str(folder / "tmp"), HARNESS_ON="local", HARNESS_CACHE=str(folder / "cache"))
        tempfile.tempdir = None  # this process's parent has asked for it
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
        sys.argv = ["harness", *argv]
        if aim:
            die_at(aim, folder / "calls")
        code = run_process()
        atexit._run_exitfuncs()
        if aim is None:
            ours = (name for name in sys.modules if not name.startswith("harness_plugins"))
            (folder / "modules").write_text("\n".join(ours), encoding="utf-8")
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


@contextmanager
def _temporary(parent: Path | None = None) -> Iterator[Path]:
    """Make a folder for the block; not as `tempfile` does, since what is forked meanwhile would remove it, too."""
    folder = Path(tempfile.mkdtemp(dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def _disk(folder: Path, kilobytes: int) -> Iterator[Callable[[], None]]:
    """Lay a disk of a size under a folder for the block, and yield what enlarges it."""
    folder.mkdir()
    _call("mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", folder)
    try:
        yield lambda: _call("mount", "-o", "remount,size=100m", folder)
    finally:
        _call("umount", "--lazy", folder)


def _call(*command: str | Path) -> None:
    subprocess.run(command, check=True)


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
    parser.add_argument("--disks", default="", help="kB of disks to run on in place of a sweep")
    asked = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # who is started in the background ignores it
    os.environ["OMP_NUM_THREADS"] = "1"
    tried, right = Counter[str](), Counter[str]()
    with _temporary() as folder:
        sweep = Sweep(folder, encoder=asked.encoder)
        for size in map(int, filter(None, asked.disks.split(","))):
            told, problem = sweep.problem_on_disk(size)
            tried["disk"], right["disk"] = tried["disk"] + 1, right["disk"] + (problem is None)
            print(f"{size} kB: {problem or 'as it should'} ({told.splitlines()[0] if told else 'it fits'})", flush=True)
        swept = () if asked.disks else _series(asked.roles, asked.calls, asked.signals, asked.every)
        for series in _given(asked.aims) or swept:
            for aim in series:
                was_met, problem = sweep.problem(aim)
                if not was_met:
                    break
                kind = f"{aim.role} {aim.call} {aim.signal}"
                tried[kind], right[kind] = tried[kind] + 1, right[kind] + (problem is None)
                print(problem or f"{aim}: as it should", flush=True)
    for kind, number in tried.items():
        print(f"{kind}: {right[kind]} of {number}")
    print(f"{right.total()} of {tried.total()} as they should")
    return min(tried.total() - right.total(), 1)


def _given(aims: Sequence[str]) -> list[list[Aim]]:
    parts = (aim.split(":") for aim in aims)
    return [[Aim(role, call, name, int(number))] for role, call, name, number in parts]


def _series(roles: str, calls: str, signals: str, every: int) -> Iterator[Iterator[Aim]]:
    """Yield for each kind of aim its calls, from the first and without end."""
    for role, call, name in product(roles.split(","), calls.split(","), signals.split(",")):
        yield (Aim(role, call, name, number) for number in count(1, every))


if __name__ == "__main__":
    sys.exit(main())
