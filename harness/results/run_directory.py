"""The folder of a run: what its files are called, who may write them, and whether they are what was written."""

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import UserError, did_you_mean
from harness.results.claims import LOCK_FILE, claimed, new_claimed_folder
from harness.system.disk_errors import disk_errors
from harness.system.files import folder_name, sha256_of, to_json, write_atomically
from harness.system.foreign_files import read_json

LATEST = "latest"  # in the place of a name: the newest
RUN_FILE = "run.json"
UNFINISHED_FILE = "unfinished.json"
KEYS_FILE = "keys.json"
WORK_FOLDER = ".work"
FEATURES_FOLDER = ".features"
VARIANTS_FOLDER = "variants"
NOT_OF_THE_RECORD = (RUN_FILE, UNFINISHED_FILE, LOCK_FILE)
LISTED_RUNS = 5  # the newest, in a message


def model_folder(trial: str) -> str:
    """Return what the folder for the model of a trial is called."""
    return _file_stem(trial)


def _file_stem(trial: str) -> str:
    """Return a name for a trial's files; where it cannot be spelt out, a digest keeps it apart from all others."""
    stem = folder_name(trial)
    return stem if stem == trial else f"{stem}-{hashlib.sha256(trial.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


class RunDirectory:
    """The folder of one run: records, predictions and models as they finish, `run.json` last.

    Args:
        path: The folder.

    Attributes:
        sealed: Relative path -> sha256 of files that nobody is to change any more.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sealed: dict[str, str] = {}

    @classmethod
    @contextmanager
    def create(cls, parent: Path, task: str, model: str | None) -> "Iterator[RunDirectory]":
        """Make a new folder `<UTC time>-<task>-<model>` below `parent`, claimed for the block.

        Raises:
            UnavailableError: Where the disk refuses.
        """
        with new_claimed_folder(parent, task, model or "no-model") as path:
            yield cls(path)

    def claimed(self, wait: float = 0.0) -> AbstractContextManager[None]:
        """Keep other processes from running this run at the same time; as `harness.results.claims.claimed`."""
        return claimed(self.path, wait)

    @property
    def is_claimed(self) -> bool:
        """Whether a process runs this run now."""
        try:
            with self.claimed():
                return False
        except UserError:
            return True

    @property
    def is_unfinished(self) -> bool:
        """Whether the run was stopped or killed before its end, or is under way."""
        return (self.path / UNFINISHED_FILE).is_file()

    def write_unfinished(self, content: dict[str, Any]) -> None:
        """Save what somebody who resumes the run has to know; a run that ends removes it."""
        write_atomically(self.path / UNFINISHED_FILE, to_json(content))

    def write_keys(self, keys: Mapping[str, dict[str, str]]) -> None:
        """Save what the numbers of each trial depend on, by the trial's name, for whoever runs what failed again."""
        write_atomically(self.path / KEYS_FILE, to_json(keys))

    def remove_unfinished(self) -> None:
        """Remove what `write_unfinished` wrote: the run is over."""
        with disk_errors(self.path):
            (self.path / UNFINISHED_FILE).unlink(missing_ok=True)

    def remove_half_written(self) -> None:
        """Remove what a process that was killed left of files that it was writing."""
        with disk_errors(self.path):
            for file in self.path.rglob(".*"):
                if file.is_file() and file.name != LOCK_FILE:
                    file.unlink(missing_ok=True)
        self.remove_work()
        shutil.rmtree(self.features_path, ignore_errors=True)

    def discard(self, trial: str) -> None:
        """Remove what a trial left, finished or not, and `run.json`, which tells of it."""
        with disk_errors(self.path):
            record, predictions, log = self.record_file(trial), self.predictions_file(trial), self.log_file(trial)
            for file in (self.path / RUN_FILE, record, predictions, log):
                file.unlink(missing_ok=True)
            for folder in (self.model_path(trial), self.half_model_path(trial), self.variants_path(trial)):
                shutil.rmtree(folder, ignore_errors=True)

    def write_record(self, trial: str, record: dict[str, Any]) -> None:
        """Save the record of a finished trial."""
        write_atomically(self.record_file(trial), to_json(record))

    def record_file(self, trial: str) -> Path:
        """Return the file with the record of a trial."""
        return self.path / "records" / f"{_file_stem(trial)}.json"

    def write_predictions(
        self,
        trial: str,
        label_names: tuple[str, ...],
        splits: Mapping[str, tuple[NDArray[np.int64], NDArray[np.int64] | None, NDArray[np.float32]]],
        variant: str | None = None,
    ) -> None:
        """Save predictions as parquet: split, row, label, prediction, probability of each class.

        Args:
            trial: Name of the trial, which becomes the file's.
            label_names: k class names.
            splits: Split name -> source rows int64 (n,), labels int64 (n,), None while other trials are to come
                (`set_labels` adds them), and probabilities float32 (n, k).
            variant: Which variant of the trial's classifier predicted, None for itself.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        tables = []
        for split, (rows, labels, probabilities) in splits.items():
            columns: dict[str, Any] = {"split": [split] * len(rows), "row": rows}
            columns |= {} if labels is None else {"label": labels}
            columns["prediction"] = probabilities.argmax(axis=1)
            columns |= {f"probability_{name}": probabilities[:, i] for i, name in enumerate(label_names)}
            tables.append(pa.table(columns))
        sink = pa.BufferOutputStream()
        pq.write_table(pa.concat_tables(tables), sink)
        write_atomically(self.predictions_file(trial, variant), sink.getvalue().to_pybytes())

    def predictions_file(self, trial: str, variant: str | None = None) -> Path:
        """Return the file with the predictions of a trial, or with those of a variant of its classifier."""
        if variant is not None:
            return self.variants_path(trial) / f"{variant}.parquet"
        return self.path / "predictions" / f"{_file_stem(trial)}.parquet"

    def variants_path(self, trial: str) -> Path:
        """Return the folder for what is known of variants of a trial's classifier."""
        return self.path / VARIANTS_FOLDER / _file_stem(trial)

    def model_path(self, trial: str) -> Path:
        """Return the folder for the model of a trial."""
        return self.path / "models" / model_folder(trial)

    def half_model_path(self, trial: str) -> Path:
        """Return the folder in which the model of a trial is until it is whole."""
        return self.path / "models" / f".{_file_stem(trial)}"

    def log_file(self, trial: str) -> Path:
        """Return the file with what a trial printed."""
        return self.path / "logs" / f"{_file_stem(trial)}.log"

    @property
    def work_path(self) -> Path:
        """The folder of what lies here only as long as trials run."""
        return self.path / WORK_FOLDER

    def job_folder(self, trial: str) -> Path:
        """Return the folder of what a trial needs as long as it runs."""
        return self.work_path / _file_stem(trial)

    def remove_work(self) -> None:
        """Remove what trials that are over have left."""
        shutil.rmtree(self.work_path, ignore_errors=True)

    @property
    def features_path(self) -> Path:
        """The folder of frozen features that this run alone keeps."""
        return self.path / FEATURES_FOLDER

    @contextmanager
    def without_features_at_exit(self) -> Iterator[None]:
        """Remove on exit the frozen features that this run alone kept."""
        try:
            yield
        finally:
            shutil.rmtree(self.features_path, ignore_errors=True)

    def seal(self, folder: Path) -> None:
        """Remember what the files of a folder hold now."""
        with disk_errors(folder):
            self.sealed |= self._hashes(folder)

    def checksums(self) -> dict[str, str]:
        """Return relative path -> sha256 of every file but `run.json`, variants, and those of a run under way."""
        return self._hashes(self.path)

    def _hashes(self, folder: Path) -> dict[str, str]:
        found = (f for f in folder.rglob("*") if f.is_file() and f.name not in NOT_OF_THE_RECORD)
        apart = {self.features_path, self.path / VARIANTS_FOLDER}
        files = sorted(f for f in found if apart.isdisjoint(f.parents))
        return {file.relative_to(self.path).as_posix(): sha256_of(file) for file in files}

    def write_run(self, run: dict[str, Any]) -> None:
        """Write `run.json`, the sign that the folder is complete."""
        write_atomically(self.path / RUN_FILE, to_json(run))

    def read_json(self, file: Path) -> Any:
        """Return what a JSON file of the folder holds, as `harness.system.foreign_files.read_json` does."""
        return read_json(file, inside=self.path)

    def read_run(self) -> dict[str, Any]:
        """Return the content of `run.json`.

        Raises:
            UserError: Where there is none or it is not JSON.
        """
        file = self.path / RUN_FILE
        try:
            content = self.read_json(file)
        except FileNotFoundError:
            if not (self.path / "records").is_dir():
                raise UserError(
                    f"{self.path} is not the folder of a run: it holds no {RUN_FILE}. {_runs_below(self.path)}"
                ) from None
            finished = len(list(self.path.glob("records/*.json")))
            raise UserError(
                f"{self.path} holds no {RUN_FILE}: the run was killed before its end. Records of {finished} "
                "finished trials lie in its folder records/. Run the comparison again."
            ) from None
        except (OSError, ValueError) as error:
            raise UserError(
                f"{file} cannot be read as JSON: {error}. Restore it or run the comparison again."
            ) from error
        if not isinstance(content, dict):
            raise UserError(f"{file} holds {type(content).__name__}, expected an object. Is it a run of this program?")
        return content


def find_run(name: str, parent: Path) -> RunDirectory:
    """Find a run by `latest`, by its folder, or by its folder's name below `parent`.

    Raises:
        UserError: Where there is none.
    """
    if name == LATEST:
        runs = sorted(parent.glob(f"*/{RUN_FILE}"), key=lambda file: (file.stat().st_mtime_ns, file))
        if not runs:
            if any(parent.glob(f"*/*/{RUN_FILE}")):
                raise UserError(f"{parent} holds suites alone. Name a run of one of them: the folder of a cell.")
            raise UserError(f"There is no finished run in {parent}. Start one with 'harness run', or name its folder.")
        return RunDirectory(runs[-1].parent)
    for path in (Path(name), parent / name):
        if path.name == RUN_FILE and path.is_file():
            return RunDirectory(path.parent)
        if path.is_dir():
            return RunDirectory(path)
    newest = sorted((file.parent.name for file in parent.glob(f"*/{RUN_FILE}")), reverse=True)[:LISTED_RUNS]
    hint = did_you_mean(name, [LATEST, *newest]) if newest else "None is there yet: 'harness run' makes one."
    raise UserError(f"There is no run {name!r}, neither as a folder nor in {parent}. {hint}")


def _runs_below(folder: Path) -> str:
    """Say what to name in place of a folder that is no run's."""
    below = sorted((file.parent for file in folder.glob(f"*/{RUN_FILE}")), reverse=True)[:LISTED_RUNS]
    if not below:
        return "'harness show latest' shows the last."
    return f"It holds runs; name one of them: {', '.join(map(str, below))}."
