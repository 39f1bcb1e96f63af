"""A job: a folder that holds all that a worker process needs for a trial, and takes what comes back.

<job>/spec.json          TrialSpec: small, and its id tells whether two trials are the same
<job>/assignment.pickle  Assignment, written by the driver and read by its own worker alone; texts and labels in it
                         are names of files
<job>/../data/<sha256>   texts and labels, an Arrow file each, written once a run; the test's has texts alone;
                         what members of a combination predicted, a NumPy file each
<job>/progress.json      how far the worker is
<job>/epochs.jsonl       epochs of training, a line each
<job>/outcome/           what came back, see outcome_files
<job>/tmp/               temporary files of the worker
"""

import hashlib
import inspect
import json
import os
import pickle
import sys
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path, PurePath
from typing import Any

import cloudpickle
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from harness.data.task import Split
from harness.executors.assignment import Assignment
from harness.executors.executor import Order
from harness.executors.importing import ModuleOrigin, module_of
from harness.frozen_model import Count, FrozenModel
from harness.strategies.grid_search import GridSearch
from harness.strategies.member import KnownAnswers
from harness.strategies.strategy import Strategy
from harness.system.disk_errors import disk_errors
from harness.system.process import working_directory

SPEC_FILE, ASSIGNMENT_FILE, PROGRESS_FILE = "spec.json", "assignment.pickle", "progress.json"
EPOCHS_FILE = "epochs.jsonl"
OUTCOME_FOLDER, TEMPORARY_FOLDER, MATERIALS_FOLDER = "outcome", "tmp", "data"

Material = Split | tuple[str, ...] | NDArray[np.float32]
"""What is handed over as a file: a split, texts alone, or probabilities."""


class TrialSpec(FrozenModel):
    """What a worker is told of a trial besides the assignment.

    Attributes:
        trial: Name of the trial.
        key: What its numbers depend on, by name, each as a short text or a hash.
        materials: Folder of the data's files.
        threads: Threads that torch computes with.
        blas_threads: Threads of the linear algebra below numpy and scikit-learn, None for what they choose.
        offline: Whether the hub's clients are kept off the network.
        save_model: Whether the classifier is saved.
        measure_latency: Whether what single texts take is measured.
        modules: Those to provide before the assignment is read.
        carried: Folder of what came along besides the data, where the worker does not see the driver's disk.
        python_path: Where modules are found.
        directory: The driver's working directory, which relative paths start from.
    """

    trial: str
    key: dict[str, str] = Field(default_factory=dict)
    materials: str
    threads: Count
    blas_threads: Count | None = None
    offline: bool = False
    save_model: bool = False
    measure_latency: bool = False
    modules: tuple[ModuleOrigin, ...] = ()
    carried: str = ""
    python_path: tuple[str, ...] = ()
    directory: str = ""

    @property
    def id(self) -> str:
        """The hash of trial and key, which stands for what comes back."""
        content = json.dumps([self.trial, self.key], sort_keys=True).encode("utf-8", "surrogatepass")
        return hashlib.sha256(content).hexdigest()


class Materials:
    """The data of a run as files, each written when it is first handed over and named by its hash.

    Args:
        job: Folder of a job of that run.
    """

    def __init__(self, job: Path) -> None:
        self.folder = job.absolute().parent / MATERIALS_FOLDER
        self._known: dict[int, tuple[object, str]] = {}  # the objects are held, so that their ids stay theirs

    def name_of(self, item: Material) -> str:
        """Return the name of the file with a split, with texts alone, or with probabilities.

        Raises:
            UnavailableError: Where the disk refuses.
        """
        if known := self._known.get(id(item)):
            return known[1]
        content = _npy(item) if isinstance(item, np.ndarray) else _arrow(item)
        name = hashlib.sha256(content).hexdigest()
        with disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            if not (file := self.folder / name).exists():
                file.write_bytes(content)
        self._known[id(item)] = item, name
        return name


def write_job(
    order: Order,
    assignment: Assignment,
    materials: Materials,
    threads: int | None,
    carried: Mapping[str, str] | None = None,
) -> set[str]:
    """Write a job into the folder that an order names.

    Args:
        order: How the trial is to be run.
        assignment: What the strategy is given.
        materials: Where the data go.
        threads: Threads that the worker computes with, None for what torch chooses.
        carried: File or folder that comes along to a worker which does not see it -> its name there.

    Returns:
        Names of the data's files that the assignment needs.

    Raises:
        UnavailableError: Where the disk refuses.
        Exception: Whatever pickling a strategy raises that cannot be handed to another process.
    """
    import torch

    folder = order.job
    content, needed = _pickled(assignment, materials, carried or {})
    spec = TrialSpec(
        trial=assignment.name,
        key=order.key,
        materials=str(materials.folder),
        threads=threads or torch.get_num_threads(),
        blas_threads=threads,
        offline=order.offline,
        save_model=order.model is not None,
        measure_latency=order.measure_latency,
        modules=_modules_of(assignment),
        python_path=tuple(sys.path),
        directory=working_directory() or "",
    )
    with disk_errors(folder):
        (folder / TEMPORARY_FOLDER).mkdir(parents=True)
        (folder / SPEC_FILE).write_text(spec.model_dump_json(), encoding="utf-8", errors="surrogateescape")
        (folder / ASSIGNMENT_FILE).write_bytes(content)
    return needed


def read_spec(folder: Path) -> TrialSpec:
    """Return the spec of a job."""
    return TrialSpec.model_validate_json((folder / SPEC_FILE).read_text(encoding="utf-8", errors="surrogateescape"))


def read_assignment(folder: Path, spec: TrialSpec) -> Assignment:
    """Return what a driver wrote for this worker, its texts and labels read from their files."""
    with (folder / ASSIGNMENT_FILE).open("rb") as file:
        assignment = _Unpickler(file, Path(spec.materials), Path(spec.carried)).load()
    assert isinstance(assignment, Assignment)
    return assignment


def _modules_of(assignment: Assignment) -> tuple[ModuleOrigin, ...]:
    strategies: list[Strategy] = [assignment.strategy]
    if isinstance(assignment.strategy, GridSearch):
        strategies += assignment.strategy.candidates
    owners: list[Any] = [type(each) for each in (*strategies, assignment.encoder) if each is not None]
    function = assignment.select_by.function if assignment.select_by else None
    owners += [function] if inspect.isfunction(function) else []
    return tuple(module_of(kind) for kind in dict.fromkeys(owners) if kind.__module__ != "__main__")


def _pickled(assignment: Assignment, materials: Materials, carried: Mapping[str, str]) -> tuple[bytes, set[str]]:
    """Pickle by value what another process cannot import, such as a class of a notebook."""
    file = BytesIO()
    (pickler := _Pickler(file, materials, assignment, carried)).dump(assignment)
    return file.getvalue(), pickler.needed


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Writes the name of a file in place of texts, labels and probabilities, and of what comes along for its path."""

    def __init__(self, file: BytesIO, materials: Materials, assignment: Assignment, carried: Mapping[str, str]) -> None:
        super().__init__(file)
        self._materials, self._carried, self.needed = materials, carried, set[str]()
        texts = assignment.features.splits if assignment.features else ()
        self._kinds = {id(each): "texts" for each in (*texts, assignment.test_texts, assignment.validation.texts)}
        answers = [m.predict_proba for m in assignment.members if isinstance(m.predict_proba, KnownAnswers)]
        self._kinds |= {id(table): "table" for each in answers for _, table in each.splits}

    def persistent_id(self, obj: Any) -> tuple[str, str] | None:
        if kind := "split" if isinstance(obj, Split) else self._kinds.get(id(obj)):
            self.needed.add(name := self._materials.name_of(obj))
            return kind, name
        return self._place_of(obj) if self._carried and isinstance(obj, str | PurePath) else None

    def _place_of(self, obj: str | PurePath) -> tuple[str, str] | None:
        for path, name in self._carried.items():
            if (text := str(obj)) == path or text.startswith(f"{path}{os.sep}"):
                return "string" if isinstance(obj, str) else "path", f"{name}{text[len(path) :]}"
        return None


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: Any, materials: Path, carried: Path) -> None:
        super().__init__(file)
        self._materials, self._carried = materials, carried

    def persistent_load(self, pid: tuple[str, str]) -> Material | Path | str:
        kind, name = pid
        if kind == "table":
            table: NDArray[np.float32] = np.load(self._materials / name, allow_pickle=False)
            return table
        if kind in ("path", "string"):
            return (self._carried / name) if kind == "path" else str(self._carried / name)
        return _read_arrow(self._materials / name, with_labels=kind == "split")


def _npy(table: NDArray[np.float32]) -> bytes:
    np.save(file := BytesIO(), table, allow_pickle=False)
    return file.getvalue()


def _arrow(item: "Split | tuple[str, ...]") -> bytes:
    import pyarrow as pa

    texts = item.texts if isinstance(item, Split) else item
    # Not as text: half a surrogate pair, which a str may hold, is no UTF-8.
    columns = {"text": pa.array([text.encode("utf-8", "surrogatepass") for text in texts], pa.large_binary())}
    if isinstance(item, Split):
        columns |= {"label": pa.array(item.labels), "row": pa.array(item.rows_in_source())}
    sink = pa.BufferOutputStream()
    table = pa.table(columns)
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def _read_arrow(file: Path, *, with_labels: bool) -> "Split | tuple[str, ...]":
    import pyarrow as pa

    with pa.memory_map(str(file)) as source:
        table = pa.ipc.open_file(source).read_all()
        texts = tuple(text.decode("utf-8", "surrogatepass") for text in table["text"].to_pylist())
        if not with_labels:
            return texts
        return Split(texts, np.array(table["label"]), np.array(table["row"]))
