"""A trial for machines that do not see the driver's disk: its files go to a share, and come back from there.

<share>/<sha256>                               a file of data, features, checkpoint or plugin, put there once
<share>/outcomes/<run>/<trial>/<attempt>/<sha256>  what came of an attempt, until the driver has it
"""

import hashlib
import json
import platform
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from harness.encoding.encoder import Encoder
from harness.encoding.fingerprint import checkpoint_files
from harness.executors.assignment import Assignment
from harness.executors.job import ASSIGNMENT_FILE, MATERIALS_FOLDER, TrialSpec, read_spec
from harness.executors.object_store import ObjectStore
from harness.executors.share import Share, Store, Stored
from harness.plugin_system.files import FILE_PREFIX

if TYPE_CHECKING:
    from harness.executors.member import Ended

OUTCOMES = "outcomes"

Found = dict[str, Stored]
"""Name of a file, with / between folders, -> where it lies in a share."""


@dataclass(frozen=True)
class Parcel:
    """What a member of a pool needs to run a trial.

    Attributes:
        share: Where its files lie.
        outcomes: Where what comes of it goes.
        spec: What a worker is told of the trial, with the driver's paths.
        assignment: What the strategy is given, pickled.
        files: What comes along.
        modules: Name of a module -> its file among these.
    """

    share: Share | ObjectStore
    outcomes: Store
    spec: TrialSpec
    assignment: bytes
    files: Found
    modules: Mapping[str, str] = field(default_factory=dict)

    def spec_in(self, carried: Path) -> TrialSpec:
        """Return the spec where `files` lie in a folder of the worker's machine."""
        modules = tuple(
            (name, str(carried / self.modules[name]) if name in self.modules else file, sha256)
            for name, file, sha256 in self.spec.modules
        )
        folders = {"materials": str(carried / MATERIALS_FOLDER), "carried": str(carried)}
        return self.spec.model_copy(update={"modules": modules, **folders})


class Carrier:
    """Puts what trials need into a share, each file once.

    Args:
        share: Where it goes.
    """

    def __init__(self, share: Share | ObjectStore) -> None:
        self.share = share
        self._put: dict[tuple[Path, int, int], Stored] = {}
        self._runs: dict[Path, Store] = {}

    def weigh(self, encoder: Encoder, features_bytes: int) -> None:
        """Refuse what is too much for this way, before anything is computed.

        Args:
            encoder: Whose checkpoint goes there.
            features_bytes: Bytes of the features that go there.

        Raises:
            UnavailableError: Where it is.
        """
        files = checkpoint_files(Path(encoder.directory)) if encoder.directory else []
        self.share.refuse_more(features_bytes + sum(file.stat().st_size for file in files))

    def carried(self, assignment: Assignment) -> tuple[dict[str, str], Found]:
        """Put checkpoint and features there.

        Args:
            assignment: What a strategy is given.

        Returns:
            File or folder here -> its name at the worker; and the files by their names there.

        Raises:
            UnavailableError: Where the share refuses.
        """
        names, found = dict[str, str](), Found()
        if assignment.encoder and assignment.encoder.directory:
            folder = Path(assignment.encoder.directory)
            files = {file.relative_to(folder).as_posix(): self._stored(file) for file in checkpoint_files(folder)}
            listed = json.dumps({name: stored.sha256 for name, stored in files.items()}, sort_keys=True)
            names[str(folder)] = called = hashlib.sha256(listed.encode()).hexdigest()
            found |= {f"{called}/{name}": stored for name, stored in files.items()}
        for file in assignment.features.files if assignment.features else ():
            names[str(file)] = called = f"{(stored := self._stored(file)).sha256}.npy"
            found[called] = stored
        return names, found

    def parcel(self, job: Path, needed: set[str], found: Found) -> Parcel:
        """Return a job as a parcel.

        Args:
            job: Its folder.
            needed: Names of the data's files that it needs.
            found: What comes along besides.

        Raises:
            UnavailableError: Where the share refuses.
        """
        spec, assignment = read_spec(job), (job / ASSIGNMENT_FILE).read_bytes()
        data = {f"{MATERIALS_FOLDER}/{name}": self._stored(Path(spec.materials) / name) for name in needed}
        files = {name: Path(file) for name, file, _ in spec.modules if file and name.startswith(FILE_PREFIX)}
        modules = {name: self._stored(file) for name, file in files.items()}
        places = {name: f"{stored.sha256}/{files[name].name}" for name, stored in modules.items()}
        found = found | data | {places[name]: stored for name, stored in modules.items()}
        held = self.share.holding(found.values())
        return Parcel(held, self.outcomes_of(job), spec, assignment, found, places)

    def outcomes_of(self, job: Path) -> Store:
        """Return where outcomes of a job go; what an earlier driver left there of the same run is removed."""
        if (work := job.parent) not in self._runs:
            here = hashlib.sha256(f"{platform.node()}:{work}".encode("utf-8", "surrogateescape")).hexdigest()[:16]
            self._runs[work] = self.share.below(OUTCOMES, here)
            self._runs[work].remove()
        return self._runs[work].below(job.name)

    def close(self) -> None:
        """Remove what is left of outcomes."""
        for run in self._runs.values():
            run.remove()
        self._runs.clear()

    def _stored(self, file: Path) -> Stored:
        state = file.stat()
        key = file, state.st_size, state.st_mtime_ns
        if key not in self._put:
            self._put[key] = self.share.put(file)
        return self._put[key]


class Fetched:
    """The future of a parcel: once it is done, what it left lies in the folder of its job.

    Args:
        future: Of `run_parcel`.
        outcomes: Where what it left goes.
        job: Folder of the job.
    """

    def __init__(self, future: "Future[tuple[Ended, Found]]", outcomes: Store, job: Path) -> None:
        self._future, self._outcomes, self._job = future, outcomes, job

    def done(self) -> bool:
        """Return whether it is over."""
        return self._future.done()

    def cancel(self) -> Any:
        """Take it back, or let the pool end it."""
        return self._future.cancel()

    def result(self) -> "Ended":
        """Fetch what it left and return how it ended.

        Raises:
            Exception: Whatever the pool or the share raises.
        """
        ended, found = self._future.result()
        attempt = Path(ended[0]).name
        for name, stored in found.items():
            parts = PurePosixPath(name).parts
            if not attempt or PurePosixPath(name).is_absolute() or ".." in parts or "\\" in name or ":" in name:
                raise ValueError(f"what came back has a file of the name {name!r}")
            self._outcomes.below(attempt).fetch(stored, self._job / attempt / Path(*parts))
        return ended

    def has_begun(self) -> bool:
        """Return whether a member of the pool has begun it."""
        return self._outcomes.is_marked

    def tidy(self) -> None:
        """Remove what it left in the share."""
        self._outcomes.remove()
