"""Runs that have no end: those to go on with, and folders in which none has begun."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter

from harness.errors import UnavailableError, UserError
from harness.frozen_model import why_unreadable
from harness.results.records import Run, Unfinished, read_run, read_unfinished
from harness.results.run_directory import KEYS_FILE, LATEST, UNFINISHED_FILE, RunDirectory, find_run

_KEYS = TypeAdapter(dict[str, dict[str, str]])


def unfinished_runs(parent: Path) -> list[RunDirectory]:
    """Return the unfinished runs below a folder, the one that was begun last first."""
    files = parent.glob(f"*/{UNFINISHED_FILE}")
    return [RunDirectory(f.parent) for f in sorted(files, key=lambda f: (f.stat().st_mtime_ns, f), reverse=True)]


def find_to_resume(name: str, parent: Path, *, retry_failed: bool) -> RunDirectory:
    """Find a run to go on with, by `latest`, its folder, or its folder's name below `parent`.

    Args:
        name: The run, or `latest`.
        parent: Folder of runs.
        retry_failed: Whether a finished run in which something failed is one, too.

    Raises:
        UserError: Where there is none, or nothing of it is to be run.
    """
    if name == LATEST and (found := unfinished_runs(parent)):
        return found[0]
    if name == LATEST and not retry_failed:
        raise UserError(f"There is no unfinished run in {parent}. Name its folder, or start a run without --resume.")
    directory = find_run(name, parent)
    if not directory.is_unfinished:
        _refuse_finished(directory, retry_failed=retry_failed)
    return directory


def _refuse_finished(directory: RunDirectory, *, retry_failed: bool) -> None:
    """Refuse a finished run that lacks nothing, or of which nobody can tell what its numbers depend on."""
    failed = any(record.status == "failed" for record in read_run(directory).records)
    if not failed:
        raise UserError(f"{directory.path} is finished, there is nothing to resume. 'harness show' shows it.")
    if not retry_failed:
        raise UserError(f"{directory.path} is finished. Add --retry-failed to run again what failed in it.")
    if not (directory.path / KEYS_FILE).is_file():
        raise UserError(
            f"{directory.path} holds no {KEYS_FILE}, which says what its numbers depend on: an older version made it. "
            "Run the comparison again."
        )


def run_to_resume(directory: RunDirectory) -> Run:
    """Return what is known of a run to go on with, finished or not.

    Raises:
        UserError: Where it cannot be read.
    """
    return read_unfinished(directory).run if directory.is_unfinished else read_run(directory)


def reopen(directory: RunDirectory, keys: Mapping[str, dict[str, str]] | None = None) -> None:
    """Let a finished run be gone on with, as if it had been stopped: what it lacks is run, what holds is kept.

    Args:
        directory: Its folder; an unfinished run stays as it is.
        keys: Name of each of its trials -> what its numbers depend on; None for what the folder says.

    Raises:
        UserError: Where the folder does not say so, or its record cannot be read.
    """
    if directory.is_unfinished:
        return
    begun = Unfinished(run=read_run(directory), trials=dict(keys) if keys is not None else keys_of_finished(directory))
    directory.write_unfinished(begun.model_dump(mode="json"))


def keys_of_finished(directory: RunDirectory) -> dict[str, dict[str, str]]:
    """Return of each trial of a finished run what its numbers depend on.

    Raises:
        UserError: Where the folder does not say so.
    """
    file = directory.path / KEYS_FILE
    try:
        return _KEYS.validate_python(directory.read_json(file))
    except (OSError, ValueError, UserError) as error:
        raise UserError(f"{file} cannot be read: {why_unreadable(error)}. Run the comparison again.") from error


def remove_never_begun(parent: Path) -> None:
    """Remove the folders of runs that were killed before their first file.

    A folder that is about to be claimed by a new run looks the same: `new_claimed_folder` takes another one then.

    Args:
        parent: Folder of runs.
    """
    for folder in parent.glob("????-??-??T*"):
        with contextlib.suppress(OSError, UserError, UnavailableError):  # somebody begins in it now, or it is no folder
            if all(name.startswith(".") for name in os.listdir(folder)):
                with RunDirectory(folder).claimed():
                    for file in folder.glob(f".{UNFINISHED_FILE}.*"):
                        file.unlink()
                folder.rmdir()
