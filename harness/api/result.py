"""RunResult: a finished run, to be asked for its scores, predictions, pictures and classifiers."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.api import frames
from harness.api.labelling import RunLabels
from harness.results.run_directory import RunDirectory
from harness.wording.languages import language_of_locale

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from harness.analysis.error_analysis import ErrorAnalysis
    from harness.analysis.study import Studied, Study
    from harness.analysis.verification import Check
    from harness.document.subject import Subject
    from harness.evaluation.calibration import Calibration
    from harness.results.records import Run, RunRecord
    from harness.results.row_facts import RowFacts
    from harness.results.variants import Variant

WIDTH = 100  # columns of a run that is printed


class RunResult(RunLabels):
    """A finished run; a notebook shows its answer and its table.

    Scores are fractions 0-1, seconds are wall time. What is asked for by name takes a strategy's name in the run, such
    as `logreg_probe(C=0.1)`, or `logreg_probe` where there is just one of that kind.

    Attributes:
        path: Folder of the run.
        directory: The same, and what lies where in it.
        plugins: Those that its classifiers need besides installed ones, as far as this process knows.
    """

    def __init__(self, directory: RunDirectory, plugins: tuple[Any, ...] = ()) -> None:
        self.directory = directory
        self.plugins = plugins
        self.path: Path = directory.path

    @cached_property
    def run(self) -> "Run":
        """The content of run.json."""
        from harness.results.records import read_run

        return read_run(self.directory)

    @cached_property
    def study(self) -> "Study":
        """The scored strategies with their predictions.

        Raises:
            UserError: Where nothing was scored, or predictions are missing.
        """
        from harness.analysis.study import open_study

        return open_study([self.directory])

    @cached_property
    def strategies(self) -> "list[Studied]":
        """The scored strategies with their predictions on test, in the order in which they ran."""
        from harness.analysis.study import studied_strategies

        return studied_strategies(self.run.records, self.directory)

    @cached_property
    def facts(self) -> "RowFacts | None":
        """What the run kept of its test rows: texts, lengths, what else is known of them."""
        from harness.results.row_facts import read_row_facts

        return read_row_facts(self.directory)

    @property
    def variants(self) -> "Mapping[str, tuple[Variant, ...]]":
        """Trial -> variants of its classifier that `export(..., compare=True)` has made, of trials that have any."""
        from harness.results.variants import read_variants

        return read_variants(self.directory, self.run)

    @property
    def answer(self) -> str:
        """Which strategy to choose and what it costs, in a sentence."""
        from harness.document.sections.answer import the_answer

        return str(the_answer(self._subject())).replace("\N{NO-BREAK SPACE}", " ")

    @property
    def recommended(self) -> str | None:
        """Name of the strategy that the answer recommends, None where it recommends none.

        The cheapest of those that are as good as the best within the margin, or the best within the latency asked for.
        """
        from harness.document.sections.answer import given_answer

        subject = self._subject()
        return given_answer(subject).recommended if subject.study.strategies else None

    def _subject(self) -> "Subject":
        from harness.analysis.study import study_of_record
        from harness.document.subject import Subject
        from harness.wording.languages import translator

        return Subject(study_of_record(self.run), translator(language_of_locale()))

    def to_pandas(self) -> "DataFrame":
        """Return scores and costs, a row for each strategy, seed and number of training rows, failures at the end.

        Variants of exported classifiers are rows below their parents, which they name in `variant_of`.
        """
        return frames.scores(self.run, self.variants)

    def pairs(self) -> "DataFrame":
        """Return the difference of every two strategies by each tested metric on test, with interval and p values."""
        return frames.pairs(self.run)

    def predictions(self, strategy: str, split: str = "test", *, seed: int | None = None) -> "DataFrame":
        """Return what a strategy predicted: row, text where it was kept, label, prediction, probability of each class.

        Args:
            strategy: Its name.
            split: `test` or `validation`.
            seed: Of several seeds, this one; the lowest by default.

        Raises:
            UserError: For a strategy that was not scored and for another split.
        """
        from harness.results.predictions import read_predictions

        found = read_predictions(self.directory, self.record(strategy, seed).trial, split)
        return frames.predictions(found, self.run.task.label_names, self.facts if split == "test" else None)

    def errors(self, strategy: str, *, seed: int | None = None) -> "DataFrame":
        """Return the test rows that a strategy gets wrong, the highest loss first.

        Args:
            strategy: Its name.
            seed: Of several seeds, this one; the lowest by default.
        """
        from harness.results.predictions import read_predictions

        found = read_predictions(self.directory, self.record(strategy, seed).trial)
        return frames.errors(found, self.run.task.label_names, self.facts)

    def strategy(self, name: str | None = None) -> "Studied":
        """Return a scored strategy by its name, the best by validation by default."""
        from harness.analysis.choosing import choose_strategy

        return choose_strategy(self.strategies, self.run.records, name)

    def record(self, strategy: str, seed: int | None = None) -> "RunRecord":
        """Return the record of a seed of a strategy, of the lowest by default."""
        from harness.analysis.choosing import choose_record

        return choose_record(self.strategy(strategy), seed)

    def error_analysis(
        self, strategy: str | None = None, *, seed: int | None = None, top: int = 10
    ) -> "tuple[ErrorAnalysis, Calibration]":
        """Return where a strategy fails and how far its probabilities can be believed, as `harness errors` shows it.

        Args:
            strategy: Its name, the best by validation by default.
            seed: Of several seeds, this one, the lowest by default; strategies without it stand with their lowest.
            top: Rows with the highest loss and pairs of classes to return.
        """
        from harness.analysis.error_analysis import analyse_errors
        from harness.evaluation.calibration import calibrate

        chosen = self.strategy(strategy)
        seed = self.record(chosen.name, seed).seed
        predictions = {each.name: each.predictions_of(seed) for each in self.strategies}
        floors = {each.name for each in self.strategies if each.is_floor}
        own = predictions[chosen.name]
        calibration = calibrate(own.labels, own.probabilities)
        return analyse_errors(chosen.name, predictions, self.facts, top, floors), calibration

    def plot(self, kind: str, strategy: str | None = None, *, language: str | None = None) -> "Figure":
        """Draw a picture of the report.

        Args:
            kind: Of all strategies `cost`, `parameters`, `learning_curve` or `features`; of one `confusion`, `history`
                or `calibration`.
            strategy: The one that a plot of one is of, the best by validation by default.
            language: Of its words, by locale by default.

        Returns:
            A matplotlib figure, to be shown by a notebook or saved by its `savefig`.
        """
        from harness.reporting.plots import plot

        name = None if strategy is None else self.strategy(strategy).name
        return plot(self.study, kind, name, language or language_of_locale())

    def report(self, file: str | Path, *, texts: bool = True, language: str | None = None) -> None:
        """Write a report to hand on.

        Args:
            file: Where it goes; .html, .md, .tex, .csv or .json says in which format. An older file is replaced.
            texts: Show rows of the data, where the run kept them.
            language: Of its words, by locale by default.
        """
        from harness.api.reports import report

        report(self.path, file, texts=texts, language=language)

    def checks(self) -> "list[Check]":
        """Compute every score again from the predictions, check every file's sha256, and return all checks."""
        from harness.analysis.verification import verify_run

        return verify_run(self.directory)

    def not_covered(self) -> list[str]:
        """Return what `verify` does not look at, one phrase each."""
        from harness.analysis.verification import not_covered

        return not_covered(self.run, self.directory)

    def verify(self) -> "DataFrame":
        """Compute every score again from the predictions and check every file against its sha256.

        Returns:
            A row for each check: `what` was checked, whether it `holds`, and the `problem` where it does not.
        """
        return frames.checks(self.checks())

    def __repr__(self) -> str:
        """Return what `harness show` begins with: data, table, answer."""
        from harness.terminal import plain_text, print_summary

        return plain_text(lambda page: print_summary(self.run, page, language_of_locale(), self.variants), WIDTH)

    def _repr_html_(self) -> str:
        """Return answer and table as HTML that needs nothing else."""
        from harness.analysis.study import study_of_record
        from harness.reporting.fragment import to_fragment

        return to_fragment(study_of_record(self.run, self.variants), language_of_locale())
