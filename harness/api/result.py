"""RunResult: a finished run, to be asked for its scores, predictions, pictures and classifiers."""

import io
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.api import frames
from harness.errors import UserError
from harness.results.run_directory import RunDirectory
from harness.wording.languages import language_of_locale

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from harness.analysis.error_analysis import ErrorAnalysis
    from harness.analysis.study import Studied, Study
    from harness.analysis.verification import Check
    from harness.api.predicting import PredictedFile
    from harness.evaluation.calibration import Calibration
    from harness.results.records import Run, RunRecord
    from harness.results.row_facts import RowFacts
    from harness.runs.classifier import TextClassifier

WIDTH = 100  # columns of a run that is printed


class RunResult:
    """A finished run; a notebook shows its answer and its table.

    Scores are fractions 0-1, seconds are wall time. What is asked for by name takes a strategy's name in the run, such
    as `logreg_probe(C=0.1)`, or `logreg_probe` where there is just one of that kind.

    Attributes:
        path: Folder of the run.
        plugins: Those that its classifiers need besides installed ones, as far as this process knows.
    """

    def __init__(self, directory: RunDirectory, plugins: tuple[Any, ...] = ()) -> None:
        self._directory = directory
        self.plugins = plugins
        self.path: Path = directory.path

    @cached_property
    def run(self) -> "Run":
        """The content of run.json."""
        from harness.results.records import read_run

        return read_run(self._directory)

    @cached_property
    def study(self) -> "Study":
        """The scored strategies with their predictions.

        Raises:
            UserError: Where nothing was scored, or predictions are missing.
        """
        from harness.analysis.study import open_study

        return open_study([self._directory])

    @cached_property
    def strategies(self) -> "list[Studied]":
        """The scored strategies with their predictions on test, in the order in which they ran."""
        from harness.analysis.study import studied_strategies

        return studied_strategies(self.run.records, self._directory)

    @cached_property
    def facts(self) -> "RowFacts | None":
        """What the run kept of its test rows: texts, lengths, what else is known of them."""
        from harness.results.row_facts import read_row_facts

        return read_row_facts(self._directory)

    @property
    def answer(self) -> str:
        """Which strategy to choose and what it costs, in a sentence."""
        from harness.analysis.study import study_of_record
        from harness.document.sections.answer import the_answer
        from harness.document.subject import Subject
        from harness.wording.languages import translator

        told = str(the_answer(Subject(study_of_record(self.run), translator(language_of_locale()))))
        return told.replace("\N{NO-BREAK SPACE}", " ")

    @property
    def recommended(self) -> str:
        """Name of the strategy that the answer recommends: the cheapest of those that cannot be told from the best."""
        evidence = self.run.evidence
        return evidence.conclusion.cheapest if evidence else self.strategy().name

    def to_pandas(self) -> "DataFrame":
        """Return scores and costs, a row for each strategy, seed and number of training rows, failures at the end."""
        return frames.scores(self.run)

    def pairs(self) -> "DataFrame":
        """Return the difference of every two strategies in test accuracy and f1_macro, with interval and p values."""
        return frames.pairs(self.run)

    def predictions(self, strategy: str, split: str = "test", *, seed: int | None = None) -> "DataFrame":
        """Return what a strategy predicted: row, text where it was kept, label, prediction, probability of each class.

        Args:
            strategy: Its name.
            split: `test` or `validation`.
            seed: Of several seeds, this one; the lowest by default.
        """
        from harness.results.predictions import read_predictions

        found = read_predictions(self._directory, self.record(strategy, seed).trial, split)
        return frames.predictions(found, self.run.task.label_names, self.facts if split == "test" else None)

    def errors(self, strategy: str, *, seed: int | None = None) -> "DataFrame":
        """Return the test rows that a strategy gets wrong, the highest loss first.

        Args:
            strategy: Its name.
            seed: Of several seeds, this one; the lowest by default.
        """
        from harness.results.predictions import read_predictions

        found = read_predictions(self._directory, self.record(strategy, seed).trial)
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

    def classifier(
        self,
        strategy: str | None = None,
        *,
        seed: int | None = None,
        plugins: Iterable[Any] = (),
        cache: bool = True,
        cache_dir: str | Path | None = None,
        offline: bool = False,
    ) -> "TextClassifier":
        """Load a fitted classifier, with `predict`, `predict_proba` and `classes_` as scikit-learn's.

        Args:
            strategy: Its name, that of `recommended` by default.
            seed: Of several seeds, this one; the lowest by default.
            plugins: As of `harness.load_classifier`, besides those that the run was made with in this process.
            cache: Read frozen features that runs have computed, and keep those of many texts.
            cache_dir: Where they are kept.
            offline: Never touch the network.

        Raises:
            UserError: Where the run kept no classifiers.
        """
        from harness.api.comparing import load_classifier

        folder = self.classifier_folder(strategy, seed=seed)
        used = (*self.plugins, *plugins)
        return load_classifier(folder, plugins=used, cache=cache, cache_dir=cache_dir, offline=offline)

    def classifier_folder(self, strategy: str | None = None, *, seed: int | None = None) -> Path:
        """Return the folder of a fitted classifier; arguments and errors as of `classifier`."""
        trial = self.record(strategy or self.recommended, seed).trial
        folder = self._directory.model_path(trial)
        if not folder.is_dir():
            raise UserError(
                f"{self.path} holds no classifier of {trial}: it was run without saving models, or saving failed. "
                "Run the comparison again with save_models=True."
            )
        return folder

    def predict_file(
        self,
        source: str | Path,
        output: str | Path,
        strategy: str | None = None,
        *,
        seed: int | None = None,
        text_column: str | None = None,
        progress: bool = True,
        **options: Any,
    ) -> "PredictedFile":
        """Predict the labels of a file's texts, as `harness predict` does: any number of rows in the same memory.

        Args:
            source: A .csv, .tsv, .jsonl, .parquet or .txt, of which each line is a text.
            output: Where its rows go with their predictions: a .csv, .jsonl or .parquet. An older file is replaced.
            strategy: Name of the one that predicts, that of `recommended` by default.
            seed: Of several seeds, this one; the lowest by default.
            text_column: Column of the texts, by default the one of the run, else by its usual names.
            progress: Show how far it is.
            options: `header`, `columns`, `encoding`, `quoting` as of `harness.compare`; `model`, `plugins`, `device`,
                `cache`, `cache_dir`, `offline` as of `harness.load_classifier`.

        Returns:
            How many rows there were, how many of them without a text, and what was told.
        """
        from harness.api.predicting import predict_file
        from harness.api.progress import shown_progress

        chosen: dict[str, Any] = {"strategy": strategy, "seed": seed, "text_column": text_column}
        with shown_progress(wanted=progress) as reporter:
            return predict_file(self, str(source), Path(output), reporter, **chosen, **options)

    def report(self, file: str | Path, *, texts: bool = True, language: str | None = None) -> None:
        """Write a report to hand on.

        Args:
            file: Where it goes; .html, .md, .tex, .csv or .json says in which format. An older file is replaced.
            texts: Show rows of the data, where the run kept them.
            language: Of its words, by locale by default.
        """
        from harness.api.comparing import report

        report(self.path, file, texts=texts, language=language)

    def checks(self) -> "list[Check]":
        """Compute every score again from the predictions, check every file's sha256, and return all checks."""
        from harness.analysis.verification import verify_run

        return verify_run(self._directory)

    def not_covered(self) -> list[str]:
        """Return what `verify` does not look at, one phrase each."""
        from harness.analysis.verification import not_covered

        return not_covered(self.run, self._directory)

    def verify(self) -> "DataFrame":
        """Compute every score again from the predictions and check every file against its sha256.

        Returns:
            A row for each check: `what` was checked, whether it `holds`, and the `problem` where it does not.
        """
        return frames.checks(self.checks())

    def __repr__(self) -> str:
        """Return what `harness show` begins with: data, table, answer."""
        from harness.terminal import make_console, print_summary

        stream = io.StringIO()
        print_summary(self.run, make_console(stream, width=WIDTH), language_of_locale())
        return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())

    def _repr_html_(self) -> str:
        """Return answer and table as HTML that needs nothing else."""
        from harness.analysis.study import study_of_record
        from harness.reporting.fragment import to_fragment

        return to_fragment(study_of_record(self.run), language_of_locale())
