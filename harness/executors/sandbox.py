"""A sandbox for worker processes, by bubblewrap: the libraries, the files of one trial, and nothing else of the user's.

https://github.com/containers/bubblewrap makes namespaces of the kernel; it needs no rights that its user lacks.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path

from harness.encoding.fingerprint import checkpoint_files
from harness.errors import UnavailableError, UserError
from harness.executors.assignment import Assignment
from harness.executors.job import read_spec
from harness.strategies.grid_search import GridSearch

PROGRAM = "bwrap"
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/opt", "/nix/store", "/sys")
DEVICES_OF_GPUS = ("nvidia*", "dri", "kfd")
LIBRARY_FOLDERS = ("site-packages", "dist-packages")
LONGEST_TRY = 20.0  # seconds
LIBRARY, HIDDEN, OWN = range(3)  # of two mounts at one place the later one counts

Mount = tuple[Path, int, tuple[str, ...]]
"""Where it is, which of the above it is, and the words that make it."""


@dataclass(frozen=True)
class Sandbox:
    """What a worker process is run in.

    Attributes:
        hidden: Files and folders that no worker sees even where they lie among what it needs.
    """

    hidden: tuple[Path, ...] = ()

    def check(self) -> None:
        """Refuse where there is none.

        Raises:
            UserError: Where bubblewrap is not installed.
            UnavailableError: Where the kernel or a container refuses it.
        """
        if sys.platform != "linux" or not shutil.which(PROGRAM):
            raise UserError(
                "--sandbox needs bubblewrap, a program for Linux, which is not installed here: 'apt install "
                "bubblewrap', 'dnf install bubblewrap'. Or leave it out."
            )
        tried = [PROGRAM, "--ro-bind", "/", "/", "--unshare-all", "--proc", "/proc", "true"]
        ended = subprocess.run(tried, capture_output=True, text=True, timeout=LONGEST_TRY, check=False)
        if ended.returncode:
            raise UnavailableError(
                f"--sandbox: bubblewrap cannot make a sandbox here, it says: {ended.stderr.strip()}. A container or "
                "the kernel may forbid namespaces of users. Leave it out, or allow them."
            )

    def words(self, job: Path, assignment: Assignment) -> list[str]:
        """Return the command that runs another in a sandbox, whose words follow.

        Args:
            job: Folder of a job, the only one that its worker may write into.
            assignment: What the strategy is given.
        """
        shown: list[Mount] = [_bind(LIBRARY, place) for place in _libraries() if place.exists()]
        shown += [_bind(LIBRARY, place) for place in _named_by_user(assignment)]
        shown += [_bind(OWN, file) for file in _of_trial(job, assignment)]
        shown.append((job.absolute(), OWN, ("--bind", str(job.absolute()))))
        visible = [place for place, _, _ in shown]
        amid = {each for place in self.hidden if place.exists() for each in (place, place.resolve())}
        hidden = [_hide(place) for place in amid if any(place.is_relative_to(each) for each in visible)]
        apart: list[Mount] = [
            (Path("/proc"), HIDDEN, ("--proc",)),
            (Path("/dev"), HIDDEN, ("--dev",)),
            (Path("/tmp"), HIDDEN, ("--tmpfs",)),
        ]
        mounts = sorted([*shown, *hidden, *apart, *_gpus()], key=lambda mount: (len(mount[0].parts), mount[1]))
        placed = (word for place, _, words in mounts for word in (*words, str(place)))
        return [PROGRAM, "--unshare-all", "--die-with-parent", "--new-session", *placed, "--chdir", str(job.absolute())]


def _bind(kind: int, place: Path) -> Mount:
    return place, kind, ("--ro-bind", str(place))


def _hide(place: Path) -> Mount:
    return place, HIDDEN, ("--tmpfs",) if place.is_dir() else ("--ro-bind", os.devnull)


def _gpus() -> Iterator[Mount]:
    for pattern in DEVICES_OF_GPUS:
        for device in Path("/dev").glob(pattern):
            yield device, OWN, ("--dev-bind", str(device))


def _libraries() -> set[Path]:
    """Return where the system, Python, its packages and the modules that are loaded lie."""
    places = {Path(place) for place in (*SYSTEM, sys.prefix, sys.base_prefix, sys.exec_prefix)}
    places |= {Path(place) for place in sys.path if Path(place).name in LIBRARY_FOLDERS}
    places |= {Path(place) for place in os.environ.get("LD_LIBRARY_PATH", "").split(":") if place}
    places |= set(_models_of_hub())
    covered = tuple(places)
    modules = (module for name, module in list(sys.modules.items()) if "." not in name and name != "__main__")
    for module in modules:
        inside = getattr(module, "__path__", None) or [getattr(module, "__file__", None)]
        roots = (Path(root).absolute() for root in inside if isinstance(root, str))
        places |= {root for root in roots if not any(root.is_relative_to(each) for each in covered)}
    return places


def _models_of_hub() -> Iterable[Path]:
    """Return what was downloaded of the hub's models: a strategy may read another one than the run's encoder."""
    from huggingface_hub.constants import HF_HUB_CACHE

    return Path(HF_HUB_CACHE).glob("models--*")


def _named_by_user(assignment: Assignment) -> Iterator[Path]:
    """Yield files and folders that a parameter names, such as a model of the strategy's own."""
    strategy = assignment.strategy
    for each in strategy.candidates if isinstance(strategy, GridSearch) else (strategy,):
        if not is_dataclass(each):
            continue
        for field in fields(each):
            value = getattr(each, field.name, None)
            if isinstance(value, str | Path) and value != field.default and str(value) and os.path.exists(value):
                yield Path(value).absolute()


def _of_trial(job: Path, assignment: Assignment) -> Iterator[Path]:
    """Yield what a trial reads: data without labels of test, frozen features, the checkpoint, a plugin's file."""
    spec = read_spec(job)
    yield Path(spec.materials)
    yield from (Path(file).absolute() for file in (assignment.features.files if assignment.features else ()))
    yield from (Path(file).absolute() for _, file, _ in spec.modules if file and os.path.isfile(file))
    if assignment.encoder and assignment.encoder.directory:
        yield from (file.absolute() for file in checkpoint_files(Path(assignment.encoder.directory)))
