"""Runs that have no end: those to go on with, and folders in which none has begun."""

import contextlib
import os
from pathlib import Path

from harness.errors import UnavailableError, UserError
from harness.results.run_directory import UNFINISHED_FILE, RunDirectory, find_run


def unfinished_runs(parent: Path) -> list[RunDirectory]:
    """Return the unfinished runs below a folder, the one that was begun last first."""
    files = parent.glob(f"*/{UNFINISHED_FILE}")
    return [RunDirectory(f.parent) for f in sorted(files, key=lambda f: (f.stat().st_mtime_ns, f), reverse=True)]


def find_unfinished(name: str, parent: Path) -> RunDirectory:
    """Find a run that was stopped or killed, by `latest`, its folder, or its folder's name below `parent`.

    Raises:
        UserError: Where there is none, or it is finished.
    """
    if name == "latest":
        found = unfinished_runs(parent)
        if not found:
            raise UserError(
                f"There is no unfinished run in {parent}. Name its folder, or start a run without --resume."
            )
        return found[0]
    directory = find_run(name, parent)
    if not directory.is_unfinished:
        raise UserError(f"{directory.path} is finished, there is nothing to resume. 'harness show' shows it.")
    return directory


def remove_never_begun(parent: Path) -> None:
    """Remove the folders of runs that were killed before their first file.

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
