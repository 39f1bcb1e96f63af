"""Files that are whole or not there: atomic writes, checksums, run directories."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import UnavailableError, UserError, did_you_mean

RUN_FILE = "run.json"
LISTED_RUNS = 5  # the newest, in a message
_SEAL = "sha256_of_the_rest"


@contextmanager
def disk_errors(path: Path, option: str = "--output-dir") -> Iterator[None]:
    """Turn an `OSError` about `path` into a message that says what to do; `option` names its folder."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error) or "the write was cut short, the disk may be full"
        raise UnavailableError(
            f"Cannot write to {path}: {reason}. Free space or name another folder with {option}."
        ) from error


def write_atomically(path: Path, content: bytes, option: str = "--output-dir") -> None:
    """Write a file so that a reader sees all of it or none of it, also after a crash.

    Args:
        path: The file; its folder is made where it is missing.
        content: What to write.
        option: The flag that names its folder, for the message.

    Raises:
        UnavailableError: Where the disk refuses.
    """
    with disk_errors(path, option):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's content, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def to_json(value: Any) -> bytes:
    """Return indented UTF-8 JSON; refuses NaN and infinity, which are not JSON."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return text.encode("utf-8", "backslashreplace")  # half a surrogate pair becomes its JSON escape


def write_sealed(path: Path, content: dict[str, Any], option: str = "--output-dir") -> None:
    """Write a JSON object atomically, together with the sha256 of it, which `read_sealed` checks."""
    write_atomically(path, to_json({**content, _SEAL: _digest(content)}), option)


def read_sealed(path: Path) -> dict[str, Any]:
    """Return what `write_sealed` wrote.

    Raises:
        OSError: Where the file cannot be read.
        ValueError: Where it holds anything else than what was written.
    """
    try:
        content = json.loads(path.read_bytes())
        sealed = isinstance(content, dict) and content.pop(_SEAL, None) == _digest(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path.name} is not JSON") from error
    if not sealed:
        raise ValueError(f"{path.name} is not what was written")
    return dict(content)


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(to_json(content)).hexdigest()


def folder_name(text: str) -> str:
    """Return `text` fit for a folder's name on every platform: `/` becomes `__`, `:` becomes `-`."""
    name = text.replace("/", "__").replace("\\", "__").replace(":", "-")
    return "".join(c if c.isalnum() or c in "._-+" else "_" for c in name).strip(".") or "_"


def _file_stem(trial: str) -> str:
    """Return a name for a trial's files; where it cannot be spelt out, a digest keeps it apart from all others."""
    stem = folder_name(trial)
    return stem if stem == trial else f"{stem}-{hashlib.sha256(trial.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


class RunDirectory:
    """The folder of one run: records, predictions and models as they finish, `run.json` last.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, parent: Path, task: str, model: str | None) -> "RunDirectory":
        """Make a new folder `<UTC time>-<task>-<model>` below `parent`.

        Raises:
            UnavailableError: Where the disk refuses.
        """
        time = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
        name = "-".join(folder_name(part) for part in (time, task, model or "no-model"))
        with disk_errors(parent):
            parent.mkdir(parents=True, exist_ok=True)
            for attempt in range(1, 1000):
                path = parent / (name if attempt == 1 else f"{name}-{attempt}")
                with contextlib.suppress(FileExistsError):
                    path.mkdir()
                    return cls(path)
        raise UnavailableError(f"Cannot find a free name for a run in {parent}. Name another folder with --output-dir.")

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
        splits: dict[str, tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]],
    ) -> None:
        """Save predictions as parquet: split, row, label, prediction, probability of each class.

        Args:
            trial: Name of the trial, which becomes the file's.
            label_names: k class names.
            splits: Split name -> source rows int64 (n,), labels int64 (n,) and probabilities float32 (n, k).
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        tables = []
        for split, (rows, labels, probabilities) in splits.items():
            columns: dict[str, Any] = {
                "split": [split] * len(labels),
                "row": rows,
                "label": labels,
                "prediction": probabilities.argmax(axis=1),
            }
            columns |= {f"probability_{name}": probabilities[:, i] for i, name in enumerate(label_names)}
            tables.append(pa.table(columns))
        sink = pa.BufferOutputStream()
        pq.write_table(pa.concat_tables(tables), sink)
        write_atomically(self.predictions_file(trial), sink.getvalue().to_pybytes())

    def predictions_file(self, trial: str) -> Path:
        """Return the file with the predictions of a trial."""
        return self.path / "predictions" / f"{_file_stem(trial)}.parquet"

    def model_path(self, trial: str) -> Path:
        """Return the folder for the model of a trial."""
        return self.path / "models" / _file_stem(trial)

    def checksums(self) -> dict[str, str]:
        """Return relative path -> sha256 of every file but `run.json`."""
        files = sorted(f for f in self.path.rglob("*") if f.is_file() and f.name != RUN_FILE)
        return {file.relative_to(self.path).as_posix(): sha256_of(file) for file in files}

    def write_run(self, run: dict[str, Any]) -> None:
        """Write `run.json`, the sign that the folder is complete."""
        write_atomically(self.path / RUN_FILE, to_json(run))

    def read_run(self) -> dict[str, Any]:
        """Return the content of `run.json`.

        Raises:
            UserError: Where there is none or it is not JSON.
        """
        file = self.path / RUN_FILE
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            if not (self.path / "records").is_dir():
                raise UserError(
                    f"{self.path} is not the folder of a run: it holds no {RUN_FILE}. "
                    "'harness show latest' shows the last."
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
    if name == "latest":
        runs = sorted(parent.glob(f"*/{RUN_FILE}"), key=lambda file: (file.stat().st_mtime_ns, file))
        if not runs:
            raise UserError(f"There is no finished run in {parent}. Start one with 'harness run', or name its folder.")
        return RunDirectory(runs[-1].parent)
    for path in (Path(name), parent / name):
        if path.name == RUN_FILE and path.is_file():
            return RunDirectory(path.parent)
        if path.is_dir():
            return RunDirectory(path)
    newest = sorted((file.parent.name for file in parent.glob(f"*/{RUN_FILE}")), reverse=True)[:LISTED_RUNS]
    hint = did_you_mean(name, ["latest", *newest])
    raise UserError(f"There is no run {name!r}, neither as a folder nor in {parent}. {hint}")
