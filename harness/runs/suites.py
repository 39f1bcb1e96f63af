"""Suites: data sets x encoders, each cell a run in a folder of its own; what is there already is not run again."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.config.axes import Axes
from harness.config.run_config import RunConfig
from harness.errors import UserError
from harness.results.records import Run
from harness.results.run_directory import RunDirectory
from harness.results.suite_record import SuiteCell, SuiteDirectory, SuiteRecord, new_record, suites_in
from harness.runs.combining import combining_with_members
from harness.runs.planning import Plan
from harness.runs.recording import keys_of
from harness.runs.resuming import same_unfinished_run
from harness.strategies.strategy import uses_model

GROWS = ("strategies", "seeds")  # what may come to a suite later, as data sets and encoders may
OF_A_CELL = ("dataset", "model", "fold", "output_dir")


@dataclass
class Suite:
    """A suite that is run, or gone on with.

    Attributes:
        directory: Its folder; of a new one, None until it is claimed.
        record: What suite.json holds.
        config: The options that its cells share, with the output folder of the suite.
    """

    directory: SuiteDirectory | None
    record: SuiteRecord
    config: RunConfig

    @contextmanager
    def claimed(self) -> Iterator[SuiteDirectory]:
        """Keep other processes from running it for the block, a new one in a new folder, and write suite.json.

        Raises:
            UserError: Where another process runs it.
            UnavailableError: Where the disk refuses.
        """
        with ExitStack() as held:
            if self.directory:
                held.enter_context(self.directory.claimed())
            else:
                self.directory = held.enter_context(SuiteDirectory.create(Path(self.config.output_dir)))
            self.directory.write(self.record)
            yield self.directory

    def config_of(self, cell: SuiteCell) -> RunConfig:
        """Return the configuration of a cell's run."""
        folder = str(self.directory.path) if self.directory else self.config.output_dir
        own = {"dataset": cell.dataset, "model": cell.model, "fold": cell.fold, "output_dir": folder}
        return self.config.model_copy(update=own)

    def plan_of(self, cell: SuiteCell, plan: Plan) -> Plan | None:
        """Return what a cell runs of its plan: strategies that read no encoder run once a data set.

        What combines others runs in each cell, and with it whatever it may combine: what there is to choose from must
        not hang on the order of the encoders.

        Args:
            cell: The cell.
            plan: The plan of its configuration.

        Returns:
            The plan, None where nothing is left.
        """
        of_data_set = [each for each in self.record.cells if (each.dataset, each.fold) == (cell.dataset, cell.fold)]
        if of_data_set[0] == cell:
            return plan
        if not any(uses_model(offer.strategy) for offer in plan.offers):
            return None
        again = combining_with_members(plan.offers)
        kept = [offer for offer in plan.offers if uses_model(offer.strategy) or offer in again]
        config = plan.config.model_copy(update={"strategies": tuple(offer.name for offer in kept)})
        return replace(plan, offers=kept, config=config)

    def run_of(self, cell: SuiteCell, plan: Plan) -> RunDirectory | None:
        """Return the folder of a cell's run where one has begun, finished or not."""
        return self._begun(cell) or (same_unfinished_run(plan) if self.directory else None)

    def _begun(self, cell: SuiteCell) -> RunDirectory | None:
        return self.directory.run_directory(cell) if self.directory else None

    def is_done(self, cell: SuiteCell, plan: Plan, *, retry_failed: bool) -> bool:
        """Return whether every trial of a cell's plan is finished, its numbers what they would come out as today."""
        run = self._begun(cell)
        if run is None or run.is_unfinished or (retry_failed and cell.status == "partial"):
            return False
        return keys_of(plan) == cell.trials

    def note(self, cell: SuiteCell, **changed: Any) -> None:
        """Write what is new of a cell into suite.json, if that is there; arguments as the fields of `SuiteCell`."""
        self.record = self.record.with_cell(cell.model_copy(update=changed))
        if self.directory:
            self.directory.write(self.record)

    def note_run(self, cell: SuiteCell, plan: Plan, run: Run, folder: Path, *, stopped: bool) -> None:
        """Write into suite.json how a cell's run ended.

        Args:
            cell: The cell.
            plan: What was run of it.
            run: Its record.
            folder: Its folder.
            stopped: Whether it was stopped before its end.
        """
        over = "complete" if run.status == "complete" else "partial"
        self.note(cell, run=folder.name, trials=keys_of(plan), status="open" if stopped else over)


def refuse_same_data(plans: Iterable[tuple[SuiteCell, Plan | None]]) -> Iterator[tuple[SuiteCell, Plan | None]]:
    """Pass on cells and their plans, as long as no two data sets hold the same rows: ranks would count them twice.

    Raises:
        UserError: Naming both.
    """
    known: dict[tuple[str, str | None], str | None] = {}
    for cell, plan in plans:
        if plan is not None:
            other = known.setdefault((plan.task.content_hash(), cell.fold), cell.dataset)
            if other != cell.dataset:
                plan.executor.close()
                raise UserError(
                    f"--dataset names the same rows twice, as {other!r} and as {cell.dataset!r}: a suite would count "
                    "them as two data sets. Name one of them."
                )
        yield cell, plan


def suite_of(config: RunConfig, axes: Axes, *, fresh: bool) -> Suite:
    """Return the suite that a command names: a new one, or one of the same options that lies in the output folder.

    To one that is there, more data sets, encoders, strategies and seeds may come. Nothing is written yet.

    Args:
        config: The options that all cells share.
        axes: Data sets and encoders.
        fresh: Begin anew even where such a suite is there.

    Raises:
        UnavailableError: Where the output folder cannot be read.
    """
    options = _options(config)
    for directory in [] if fresh else suites_in(Path(config.output_dir)):
        with suppress(UserError):
            if _same_but_for_growth((record := directory.read()).options, options):
                return _grown(directory, record, config, axes)
    return Suite(None, new_record(options, axes.cells()), config)


def reopened_suite(directory: SuiteDirectory) -> Suite:
    """Return a suite to go on with, its options those of its record.

    Raises:
        UserError: Where its record cannot be read.
    """
    record = directory.read()
    try:
        return Suite(directory, record, RunConfig(**record.options))
    except ValueError as error:
        raise UserError(f"{directory.path} holds options that no run has: {error}. Run the suite again.") from error


def _options(config: RunConfig) -> dict[str, Any]:
    """Return what the cells share; of a cross-validation the number of folds, to which more draws may come."""
    shared = config.model_dump(mode="json", exclude=set(OF_A_CELL))
    return shared | ({"folds": config.folds.partition("x")[0]} if config.folds else {})


def _same_but_for_growth(before: dict[str, Any], now: dict[str, Any]) -> bool:
    return {k: v for k, v in before.items() if k not in GROWS} == {k: v for k, v in now.items() if k not in GROWS}


def _grown(directory: SuiteDirectory, record: SuiteRecord, config: RunConfig, axes: Axes) -> Suite:
    """Return a suite with what a command names besides; what it names no more stays in it."""
    before = RunConfig(**record.options)
    config = config.model_copy(
        update={name: tuple(dict.fromkeys((*getattr(before, name), *getattr(config, name)))) for name in GROWS}
    )
    known = {cell.key: cell for cell in record.cells}
    keys = list(dict.fromkeys((*known, *axes.cells())))
    cells = [known.get(key) or SuiteCell(dataset=key[0], model=key[1], fold=key[2]) for key in keys]
    record = record.model_copy(update={"options": _options(config), "cells": cells})
    return Suite(directory, record, config)
