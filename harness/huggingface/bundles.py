"""Bundles: data and encoders as folders that can be carried to a machine without a network, each file with its sha256.

<bundle>/bundle.json      Bundle: what it holds and where that came from
<bundle>/SHA256SUMS       for `sha256sum -c`, every other file
<bundle>/data/NAME/       train, validation and test as parquet files, classes in their order
<bundle>/models/NAME/     a checkpoint
"""

import shutil
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from harness.data.task import SPLITS, Split, Task
from harness.encoding.encoder import Encoder
from harness.encoding.fingerprint import checkpoint_files, weights_hash
from harness.encoding.sentence_encoder import declaring, read_declared, transformer_in
from harness.errors import DataError, ModelError, UserError, reason_of
from harness.frozen_model import FrozenModel, why_unreadable
from harness.huggingface.checkpoint import model_hash
from harness.system.disk_errors import disk_errors
from harness.system.files import folder_name, folder_written_whole, sha256_of, to_json, write_atomically
from harness.system.foreign_files import read_json

BUNDLE_FILE, SUMS_FILE = "bundle.json", "SHA256SUMS"
LARGEST_BUNDLE_FILE = 50_000_000  # bytes
OPTION = "--output"

Name = Annotated[str, Field(min_length=1, max_length=10_000)]


class Bundled(FrozenModel):
    """One thing in a bundle.

    Attributes:
        kind: data or model.
        name: What it is called where it came from.
        folder: Where it lies in the bundle.
        revision: Commit on the hub, None where it came from elsewhere.
        sha256: Hash of the content: of texts and labels, or of the weights.
    """

    kind: Literal["data", "model"]
    name: Name
    folder: Annotated[str, Field(pattern=r"^(data|models)/[^/\\.][^/\\]*$", max_length=1_000)]
    revision: Name | None = None
    sha256: str | None = None


class Bundle(FrozenModel):
    """What a bundle holds; `files` maps path -> sha256."""

    schema_version: Literal[1] = 1
    items: tuple[Bundled, ...] = ()
    files: dict[str, str] = Field(default_factory=dict)


def is_bundle(folder: Path) -> bool:
    """Return whether a folder holds a bundle."""
    return (folder / BUNDLE_FILE).is_file()


def read_bundle(folder: Path) -> Bundle:
    """Return what a bundle holds, nothing where none was begun.

    Raises:
        UserError: Where its record is damaged, or the folder holds something else.
    """
    try:
        return Bundle.model_validate(read_json(folder / BUNDLE_FILE, LARGEST_BUNDLE_FILE, folder))
    except FileNotFoundError:
        if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
            raise UserError(f"{folder} is there already and no bundle. Name a new folder with --output.") from None
        return Bundle()
    except (OSError, ValueError, ValidationError) as error:
        raise UserError(
            f"{folder / BUNDLE_FILE} is damaged: {why_unreadable(error)}. Make the bundle again."
        ) from error


def add_data(folder: Path, task: Task) -> Bundled:
    """Write the splits of a task into a bundle.

    Args:
        folder: The bundle.
        task: The data, as a run would read them.

    Raises:
        DataError: For texts that no parquet file can hold.
        UserError: Where other data of that name are in the bundle.
        UnavailableError: Where the disk refuses.
    """
    revision = task.provenance.revision
    item = Bundled(
        kind="data",
        name=task.name,
        folder=f"data/{folder_name(task.name)}",
        revision=revision,
        sha256=task.content_hash(),
    )
    if not _is_there(folder, item):
        with folder_written_whole(folder / item.folder, OPTION) as written:
            for name in SPLITS:
                _write_split(written / f"{name}.parquet", getattr(task, name), task)
    return item


def add_encoder(folder: Path, encoder: Encoder) -> Bundled:
    """Copy an encoder's checkpoint into a bundle.

    Args:
        folder: The bundle.
        encoder: The encoder, loaded and found sound.

    Raises:
        ModelError: For an encoder that is no folder of files, or whose copy would declare something else.
        UserError: Where another encoder of that name is in the bundle.
        UnavailableError: Where the disk refuses.
    """
    if not encoder.directory:
        raise ModelError(f"Encoder {encoder.name} lies in no folder, so it cannot be bundled. Carry it in its own way.")
    transformer = Path(encoder.directory)
    source = declaring(transformer)
    called = source.name if Path(encoder.name).expanduser().is_dir() else encoder.name
    item = Bundled(
        kind="model",
        name=encoder.name,
        folder=f"models/{folder_name(called)}",
        revision=encoder.revision,
        sha256=weights_hash(encoder.directory),
    )
    if _is_there(folder, item):
        if model_hash(folder / item.folder) != model_hash(source):  # of the same weights, but perhaps another tokenizer
            raise _something_else(folder / item.folder)
    else:
        with folder_written_whole(folder / item.folder, OPTION) as written:
            for file in checkpoint_files(source):
                copy = written / file.relative_to(source)
                copy.parent.mkdir(exist_ok=True)
                shutil.copyfile(file, copy)
            if read_declared(transformer_in(written), encoder.name) != read_declared(transformer, encoder.name):
                raise ModelError(
                    f"Encoder {encoder.name}: its modules.json names a folder that is not copied. Call each such "
                    "folder by its number and kind, such as 1_Pooling, there and on disk."
                )
    return item


def write_bundle(folder: Path, items: list[Bundled], before: Bundle) -> Bundle:
    """Write what a bundle holds, and the sha256 of each of its files.

    Args:
        folder: The bundle.
        items: What was added.
        before: What it held.
    """
    added = {item.folder for item in items}
    kept = [item for item in before.items if item.folder not in added]
    with disk_errors(folder, OPTION):
        paths = sorted(path for item in (*kept, *items) for path in (folder / item.folder).rglob("*") if path.is_file())
        files = {path.relative_to(folder).as_posix(): sha256_of(path) for path in paths}
    made = Bundle(items=(*kept, *items), files=files)
    lines = "".join(f"{digest}  {name}\n" for name, digest in files.items())
    write_atomically(folder / SUMS_FILE, lines.encode("utf-8", "surrogateescape"), OPTION)
    write_atomically(folder / BUNDLE_FILE, to_json(made.model_dump(mode="json")), OPTION)
    return made


def _is_there(folder: Path, item: Bundled) -> bool:
    """Return whether a bundle holds this already.

    Raises:
        UserError: Where it holds something else in its place.
    """
    if not (folder / item.folder).exists():
        return False
    same = (other for other in read_bundle(folder).items if other.folder == item.folder)
    if any(other.sha256 == item.sha256 for other in same):
        return True
    raise _something_else(folder / item.folder)


def _something_else(place: Path) -> UserError:
    return UserError(f"{place} is there already and holds something else. Name another bundle.")


def _write_split(file: Path, split: Split, task: Task) -> None:
    from datasets import ClassLabel, Dataset, Features, Value, disable_progress_bars

    features = Features({"text": Value("string"), "label": ClassLabel(names=list(task.label_names))})
    disable_progress_bars()
    try:
        rows = Dataset.from_dict({"text": list(split.texts), "label": split.labels.tolist()}, features=features)
        rows.to_parquet(str(file))
    except (ValueError, TypeError) as error:  # half a surrogate pair, which is no UTF-8, or a class without a name
        reason = reason_of(error)
        raise DataError(f"Data set {task.name!r}: a parquet file cannot hold it: {reason}. Mend these rows.") from error
