"""Files of a saved classifier: where those are that it predicts from, what cannot be read, what was changed."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

from harness.errors import HarnessError, ModelError, reason_of
from harness.results.records import read_run
from harness.results.run_directory import RUN_FILE, RunDirectory
from harness.results.saved_model import SavedModel, read_saved_model
from harness.system.files import sha256_of
from harness.system.foreign_files import open_regular_file, read_json

VERIFY = "'harness verify' tells whether a file of the run was changed."


def changed_files(directory: Path) -> list[str]:
    """Return the files that are missing or have another sha256 than the run's record says.

    Args:
        directory: Folder of the classifier, in `models/` of the folder of its run; elsewhere nothing is known.
    """
    folder = directory.absolute()
    run_folder, prefix = folder.parent.parent, f"{folder.parent.name}/{folder.name}/"
    if not (run_folder / RUN_FILE).is_file():
        return []
    try:
        recorded = read_run(RunDirectory(run_folder)).files
    except HarnessError:  # a damaged record says nothing of the classifier
        return []
    mine = {name.removeprefix(prefix): digest for name, digest in recorded.items() if name.startswith(prefix)}
    return sorted(name for name, digest in mine.items() if _digest(folder / name) != digest)


def member_folders(saved: SavedModel, directory: Path) -> Iterator[Path]:
    """Yield the folders of the classifiers that another predicts from, none where it does so by itself.

    Args:
        saved: What is known of the other.
        directory: Its folder.

    Raises:
        ModelError: Where one is not there, or is none that the other was fitted with.
    """
    for name, called in saved.members.items():
        if not (folder := directory.absolute().parent / called).is_dir():
            raise ModelError(
                f"The classifier in {directory} predicts from that of {name}, and there is no {folder}. Keep the "
                "classifiers of a run together, or run the comparison again."
            )
        member = read_saved_model(folder)
        expected, found = ((each.seed, each.label_names) for each in (saved, member))
        if member.members or member.strategy != name or expected != found:
            raise ModelError(
                f"The classifier in {directory} predicts from that of {name}, seed {saved.seed}, and {folder} holds "
                f"{member.strategy}, seed {member.seed}, or other classes. Restore it. {VERIFY}"
            )
        yield folder


def unreadable_file(directory: Path) -> str | None:
    """Return the first file that is not of the format that its name promises, and why, in a clause; None for none."""
    for file in sorted(path for path in directory.rglob("*") if path.is_file()):
        try:
            _look_into(file)
        except Exception as error:  # of whichever library finds the damage
            return f"{file.relative_to(directory).as_posix()} cannot be read: {reason_of(error)}"
    return None


def _look_into(file: Path) -> None:
    from safetensors import safe_open

    open_regular_file(file).close()
    if file.suffix == ".json":
        read_json(file, any_number=True)
    elif file.suffix == ".safetensors":
        with safe_open(file, framework="numpy"):
            pass
    elif file.suffix == ".skops":
        with zipfile.ZipFile(file) as archive:
            if damaged := archive.testzip():
                raise ValueError(f"{damaged} in it is damaged")


def _digest(file: Path) -> str | None:
    try:
        return sha256_of(file)
    except OSError:
        return None
