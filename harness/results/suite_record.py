"""The record of a suite: its cells, each a data set with an encoder, and the folder of the run of each."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from harness.config.axes import CellKey
from harness.config.folds import ONE
from harness.errors import UserError
from harness.frozen_model import FrozenModel, why_unreadable
from harness.results.claims import claimed, new_claimed_folder
from harness.results.run_directory import LATEST, RUN_FILE, RunDirectory
from harness.system.disk_errors import disk_errors
from harness.system.files import to_json, write_atomically
from harness.system.foreign_files import read_json

SUITE_FILE = "suite.json"

Name = Annotated[str, Field(min_length=1, max_length=10_000)]


class SuiteCell(FrozenModel):
    """A data set with an encoder.

    Attributes:
        dataset: As `--dataset` took it, None for the default.
        model: As `--model` took it, None for the default.
        fold: Which fold of a cross-validation tests, None where there is none.
        run: Name of the folder of its run, beside suite.json; None where none has begun, and where there is nothing to
            run because all its strategies read no encoder and another cell of the data set has them.
        trials: Name of each trial -> what its numbers depend on, by name.
        status: Whether it is still to be run, complete, has failed trials, or had nothing to run.
    """

    dataset: Name | None
    model: Name | None
    fold: Annotated[str, Field(pattern=ONE.pattern, max_length=20)] | None = None
    run: Annotated[str, Field(pattern=r"^[^/\\\\.][^/\\\\]*$", max_length=1_000)] | None = None
    trials: dict[str, dict[str, str]] = Field(default_factory=dict)
    status: Literal["open", "complete", "partial", "empty"] = "open"

    @property
    def key(self) -> CellKey:
        """Data set, encoder and fold."""
        return self.dataset, self.model, self.fold


class SuiteRecord(FrozenModel):
    """What suite.json holds.

    Attributes:
        started: When it began, UTC.
        options: Those that all cells share, as run.json holds them, without data set and encoder.
        cells: In the order that they run.
    """

    schema_version: Literal[1] = 1
    started: str
    options: dict[str, Any]
    cells: list[SuiteCell]

    @property
    def has_folds(self) -> bool:
        """Whether its cells are the folds of a cross-validation."""
        return any(cell.fold for cell in self.cells)

    @property
    def is_begun(self) -> bool:
        """Whether a run of a cell has been noted."""
        return any(cell.run for cell in self.cells)

    def with_cell(self, changed: SuiteCell) -> "SuiteRecord":
        """Return it with a cell in place of the one of the same data set, encoder and fold."""
        cells = [changed if cell.key == changed.key else cell for cell in self.cells]
        return self.model_copy(update={"cells": cells})


class SuiteDirectory:
    """The folder of a suite: suite.json, and the folders of its runs.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    @contextmanager
    def create(cls, parent: Path) -> "Iterator[SuiteDirectory]":
        """Make a new folder `<UTC time>-suite` below `parent`, claimed for the block.

        Raises:
            UnavailableError: Where the disk refuses.
        """
        with new_claimed_folder(parent, "suite") as path:
            yield cls(path)

    def claimed(self) -> AbstractContextManager[None]:
        """Keep other processes from running this suite at the same time; as `harness.results.claims.claimed`."""
        return claimed(self.path)

    def write(self, record: SuiteRecord) -> None:
        """Write suite.json."""
        write_atomically(self.path / SUITE_FILE, to_json(record.model_dump(mode="json")))

    def read(self) -> SuiteRecord:
        """Return what suite.json holds.

        Raises:
            UserError: Where it cannot be read.
        """
        file = self.path / SUITE_FILE
        try:
            return SuiteRecord.model_validate(read_json(file, inside=self.path))
        except (OSError, ValueError, ValidationError) as error:
            told = why_unreadable(error)
            raise UserError(f"{file} cannot be read: {told}. Restore it, or run the suite again.") from error

    def run_directory(self, cell: SuiteCell) -> RunDirectory | None:
        """Return the folder of a cell's run, None where none has begun or it was removed."""
        folder = self.path / cell.run if cell.run else None
        return RunDirectory(folder) if folder and folder.is_dir() and not folder.is_symlink() else None

    def finished_runs(self) -> list[tuple[SuiteCell, RunDirectory]]:
        """Return the cells whose runs have an end, with their folders."""
        found = ((cell, self.run_directory(cell)) for cell in self.read().cells)
        return [(cell, run) for cell, run in found if run and (run.path / RUN_FILE).is_file()]


def suites_in(parent: Path) -> list[SuiteDirectory]:
    """Return the suites below a folder, the one that was written last first."""
    with disk_errors(parent):
        files = sorted(parent.glob(f"*/{SUITE_FILE}"), key=lambda f: (f.stat().st_mtime_ns, f), reverse=True)
    return [SuiteDirectory(file.parent) for file in files]


def find_suite(name: str, parent: Path) -> SuiteDirectory | None:
    """Find a suite by its folder, its folder's name below `parent`, or `latest`; None where that is no suite.

    `latest` is a suite where the last that was written below `parent` is one.
    """
    if name == LATEST:
        suites = suites_in(parent)
        runs = [file.stat().st_mtime_ns for file in parent.glob(f"*/{RUN_FILE}")]
        newest = (suites[0].path / SUITE_FILE).stat().st_mtime_ns if suites else 0
        return suites[0] if newest > max(runs, default=-1) and suites else None
    folders = (Path(name), parent / name)
    return next((SuiteDirectory(folder) for folder in folders if (folder / SUITE_FILE).is_file()), None)


def new_record(options: dict[str, Any], cells: list[CellKey]) -> SuiteRecord:
    """Return the record of a suite that begins now."""
    started = datetime.now(UTC).isoformat(timespec="seconds")
    listed = [SuiteCell(dataset=dataset, model=model, fold=fold) for dataset, model, fold in cells]
    return SuiteRecord(started=started, options=options, cells=listed)
