"""One run or several, opened together: their strategies on the same test rows, and what can be said of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harness.analysis.budgets import evidence_of_searches
from harness.analysis.ranking import MAJORITY, Standing, by_strategy, by_validation, in_order
from harness.analysis.several_runs import difference_of, metrics_at_hand, named_apart, shared_metrics
from harness.errors import UserError, did_you_mean
from harness.evaluation.conclusion import MARGIN, Conclusion, LeftOut
from harness.evaluation.evidence import Evidence, assess
from harness.evaluation.flips import Flips, find_flips
from harness.evaluation.metric import Metric
from harness.evaluation.trial_evidence import ScoredTrial
from harness.results.feature_sample import FeatureSample, read_feature_samples
from harness.results.predictions import Predictions, predictions_of
from harness.results.records import Run, RunRecord, read_run
from harness.results.row_facts import RowFacts, read_row_facts
from harness.results.run_directory import RunDirectory
from harness.results.variants import Variant, read_variants


@dataclass(frozen=True)
class Studied(Standing):
    """One strategy of one run, with what it predicted.

    Attributes:
        name: Unique in the study: the strategy's, with its encoder or the number of its run where that is needed.
        records: The records of its seeds that were scored, lowest seed first, under the study's name.
        run_index: Position of its run in the study.
        predictions_by_seed: What each of them predicted on test.
        variants: Variants of its exported classifiers, lowest seed first; they stand beside it and are not ranked.
    """

    run_index: int
    predictions_by_seed: tuple[Predictions, ...]
    variants: tuple[Variant, ...] = ()

    @property
    def predictions(self) -> Predictions:
        """What the lowest seed predicted on test."""
        return self.predictions_by_seed[0]

    def predictions_of(self, seed: int) -> Predictions:
        """Return what a seed predicted on test, the lowest where the strategy was not scored with that one."""
        seeds = [record.seed for record in self.records]
        return self.predictions_by_seed[seeds.index(seed)] if seed in seeds else self.predictions

    @property
    def left_out(self) -> LeftOut | None:
        """Why it is never recommended, None where it may be."""
        if self.is_floor:
            return "floor"
        if all(record.undertrained for record in self.records):
            return "not learnt"
        found_nothing = self.base == MAJORITY or self.is_no_better_than_majority
        return "no better than majority" if found_nothing else None

    @property
    def scored_trials(self) -> list[ScoredTrial]:
        """Its seeds, as evidence needs them."""
        return [
            ScoredTrial(
                strategy=self.name,
                seed=record.seed,
                probabilities=predictions.probabilities,
                validation=record.validation_score,
                seconds=record.seconds,
                trainable_parameters=record.trainable_parameters,
                left_out=self.left_out,
                deterministic=record.deterministic or None,
                optimism=record.optimism or 0.0,
            )
            for record, predictions in zip(self.records, self.predictions_by_seed, strict=True)
        ]


@dataclass(frozen=True)
class Study:
    """Runs that are looked at together.

    Attributes:
        runs: The runs, at least one.
        directories: Their folders.
        strategies: All scored strategies, the best by validation first.
        failures: Run index and record of every trial without scores.
        evidence: Intervals, tests and conclusion; strategies under their names in the study.
        watermark: What forbids to compare the runs, None where nothing does.
    """

    runs: tuple[Run, ...]
    directories: tuple[RunDirectory, ...]
    strategies: tuple[Studied, ...]
    failures: tuple[tuple[int, RunRecord], ...]
    evidence: Evidence
    watermark: str | None = None

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics that all of the runs were asked for, besides those of every table."""
        return shared_metrics(self.runs)

    @property
    def label_names(self) -> tuple[str, ...]:
        """The k class names, of the first run."""
        return tuple(self.runs[0].task.label_names)

    @property
    def labels(self) -> NDArray[np.int64]:
        """Class ids of the test rows, int64 (n,)."""
        return self.strategies[0].predictions.labels

    @property
    def rows(self) -> NDArray[np.int64]:
        """Row of each test text in the split as it was read, from 0, int64 (n,)."""
        return self.strategies[0].predictions.rows

    @property
    def records(self) -> list[RunRecord]:
        """All records, the scored ones under their names in the study."""
        return [*(r for studied in self.strategies for r in studied.records), *(r for _, r in self.failures)]

    @cached_property
    def facts(self) -> RowFacts | None:
        """What the runs kept of the test rows, with their texts where one of the runs kept these."""
        directories = self.directories[:1] if self.watermark else self.directories
        kept = [facts for directory in directories if (facts := read_row_facts(directory))]
        return next((facts for facts in kept if facts.texts is not None), kept[0] if kept else None)

    @cached_property
    def features(self) -> dict[str, FeatureSample]:
        """Frozen features of a sample of the test rows of the first run: what they are -> the sample."""
        return read_feature_samples(self.directories[0], self.runs[0].task.n_rows("test"))

    def sorted_by(self, sort: str | None) -> "Study":
        """Return it with its strategies in another order, `sort` as `harness.analysis.ranking.rank` takes it."""
        return replace(self, strategies=tuple(in_order(self.strategies, sort)))

    def strategy(self, name: str) -> Studied:
        """Return a strategy by its name in the study.

        Raises:
            UserError: Where there is none of that name.
        """
        by_name = {studied.name: studied for studied in self.strategies}
        if name not in by_name:
            raise UserError(f"No strategy {name!r} was scored here. {did_you_mean(name, by_name)}")
        return by_name[name]

    def pair(self, first: str, second: str) -> tuple[Studied, Studied]:
        """Return two strategies to be compared row by row.

        Raises:
            UserError: Where there is none of a name, or the runs cannot be compared.
        """
        if self.watermark:
            raise UserError(f"Rows of runs that cannot be compared are not paired. {self.watermark}")
        return self.strategy(first), self.strategy(second)

    def flips(self, first: Studied, second: Studied) -> Flips:
        """Return what changes on the test rows where the second of a pair takes the place of the first."""
        before, after = first.predictions.predictions, second.predictions.predictions
        return find_flips(self.labels, before, after, len(self.label_names))

    def class_id(self, name: str) -> int:
        """Return the id of a class.

        Raises:
            UserError: Where there is none of that name.
        """
        if name not in self.label_names:
            raise UserError(f"There is no class {name!r}. {did_you_mean(name, self.label_names)}")
        return self.label_names.index(name)


def open_study(directories: Sequence[RunDirectory], *, force: bool = False) -> Study:
    """Open runs to look at them together.

    Args:
        directories: Folders of finished runs, at least one.
        force: Open runs that cannot be compared, too; the study then says so in its `watermark`, and strategies
            of different runs are not paired.

    Raises:
        UserError: For a run that cannot be read, that kept no predictions, or that cannot be compared with the
            others, where one is named twice, and where nothing was scored.
    """
    paths = [directory.path.resolve() for directory in directories]
    if repeated := [path for path in paths if paths.count(path) > 1]:
        raise UserError(f"{repeated[0]} is named twice, and a run is not compared with itself. Name each run once.")
    runs = tuple(read_run(directory) for directory in directories)
    difference = difference_of(runs, directories)
    if difference and not force:
        raise UserError(f"{difference} Name runs that agree in that, or see them side by side with --force.")
    of_runs = [_with_variants(run, directory) for run, directory in zip(runs, directories, strict=True)]
    named = named_apart(of_runs, runs)
    if not any(named):
        folders = ", ".join(str(directory.path) for directory in directories)
        raise UserError(f"{folders}: no strategy was scored, so there is nothing to compare or report.")
    everything = [studied for strategies in named for studied in strategies]
    together = by_validation(everything)
    return Study(
        runs=runs,
        directories=tuple(directories),
        strategies=tuple(together),
        failures=tuple((i, record) for i, run in enumerate(runs) for record in run.records if not record.is_scored),
        evidence=_evidence(runs, directories, named, together, paired=difference is None),
        watermark=difference,
    )


def study_of_record(run: Run, variants: Mapping[str, tuple[Variant, ...]] | None = None) -> Study:
    """Return a run as a study of what its record holds: scores, costs and conclusion, but no predictions.

    Args:
        run: Finished or stopped; it need not have scored anything.
        variants: Trial -> variants of its exported classifier.
    """
    found = by_validation(
        Studied(name, seeds, 0, (), _variants_of(seeds, variants or {}))
        for name, seeds in by_strategy(run.records).items()
    )
    best = found[0].name if found else ""
    nothing = Conclusion(selection=found[0].selection if found else None, best=best, tied=[], cheapest=best)
    unknown = Evidence(n_rows=run.task.n_rows("test"), trials=[], pairs=[], letters={}, conclusion=nothing)
    left_out = [(0, record) for record in run.records if not record.is_scored]
    return Study((run,), (), tuple(found), tuple(left_out), run.evidence or unknown)


def _with_variants(run: Run, directory: RunDirectory) -> list[Studied]:
    found = read_variants(directory, run)
    return [
        replace(each, variants=_variants_of(each.records, found)) for each in studied_strategies(run.records, directory)
    ]


def _variants_of(records: Sequence[RunRecord], variants: Mapping[str, tuple[Variant, ...]]) -> tuple[Variant, ...]:
    return tuple(variant for record in records for variant in variants.get(record.trial, ()))


def studied_strategies(records: Sequence[RunRecord], directory: RunDirectory, run_index: int = 0) -> list[Studied]:
    """Return the scored strategies of a run with their predictions, seeds together, in the order of the records.

    Raises:
        UserError: Where the predictions of one are missing or damaged.
    """
    return [
        Studied(name, mine, run_index, tuple(predictions_of(directory, record) for record in mine))
        for name, mine in by_strategy(records).items()
    ]


def evidence_of(
    strategies: Sequence[Studied], facts: RowFacts | None, margin: float = MARGIN, metrics: Sequence[Metric] = ()
) -> Evidence:
    """Return intervals, tests and conclusion of strategies that were scored on the same rows.

    Args:
        strategies: The strategies, at least one.
        facts: Facts of the test rows, None where the run kept none.
        margin: How far behind in a score is as good, a fraction.
        metrics: Metrics that were asked for besides.
    """
    trials = [trial for studied in strategies for trial in studied.scored_trials]
    labels = strategies[0].predictions.labels
    in_train, texts = (facts.in_train, facts.text_numbers) if facts else (None, None)
    found = assess(labels, trials, in_train, texts, margin, metrics, strategies[0].selection)
    return found.model_copy(update={"search": evidence_of_searches(strategies)})


def _evidence(
    runs: Sequence[Run],
    directories: Sequence[RunDirectory],
    of_runs: Sequence[list[Studied]],
    together: list[Studied],
    *,
    paired: bool,
) -> Evidence:
    if len(runs) == 1 and runs[0].evidence and runs[0].evidence.strategies:  # older runs have none of strategies
        return runs[0].evidence
    facts = [read_row_facts(directory) for directory in directories]
    if paired:
        first = next((each for each in facts if each), None)
        return evidence_of(together, first, runs[0].config.margin, metrics_at_hand(shared_metrics(runs), runs[0].task))
    apart = [evidence_of(strategies, each) for strategies, each in zip(of_runs, facts, strict=True) if strategies]
    best = together[0].name
    return apart[0].model_copy(
        update={
            "trials": [trial for each in apart for trial in each.trials],
            "pairs": [],
            "letters": {},
            "metrics": [],
            "search": None,
            "conclusion": Conclusion(selection=together[0].selection, best=best, tied=[], cheapest=best),
        }
    )
