"""Records -> rows in order: seeds of a strategy together, the best by validation first, failures apart."""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import inf
from typing import Literal, TypeVar

from harness.errors import UserError, did_you_mean
from harness.evaluation.metric import Selection
from harness.evaluation.metrics import METRICS, CoreMetric, Evaluation, best_first, no_better_than_majority
from harness.results.latency import Latency
from harness.results.records import RunRecord, at_largest_train_size

# No key reads a test score: whoever sorts by one has selected on the test split.
SORT_KEYS = (
    "f1_macro",
    "accuracy",
    "f1_weighted",
    "fit_seconds",
    "predict_seconds",
    "total_parameters",
    "latency",
    "name",
)

MAJORITY = "majority"

Kind = Literal["frozen", "trained", "texts", "combined"]
StageSeconds = tuple[float | None, float | None, float | None]
"""Seconds of encode, fit and predict, None where one was not measured."""


@dataclass(frozen=True)
class Scores:
    """Fractions 0-1, or standard deviations of them; `metrics` are those that were asked for besides."""

    accuracy: float
    f1_macro: float
    f1_weighted: float
    metrics: Mapping[str, float] = field(default_factory=dict)

    def of(self, metric: str) -> float | None:
        """Return the score by a metric, None where there is none."""
        found: float | None = getattr(self, metric) if metric in METRICS else self.metrics.get(metric)
        return found


@dataclass(frozen=True)
class Entry:
    """One row of the table; `seconds` are of encode, fit, predict; `cached` where the features were read.

    `tried` is the number of configurations of which validation chose this one.
    """

    strategy: str
    base: str
    seed: str
    kind: Literal["seed", "deterministic", "mean", "sd"]
    validation: Scores
    test: Scores
    seconds: StageSeconds
    trainable: int | None = None
    total: int | None = None
    memory: int | None = None
    cached: bool = False
    tried: int = 1

    @property
    def all_seconds(self) -> float | None:
        """What encoding, fitting and predicting test took together, None where that is not known."""
        encode, fit, predict = self.seconds
        return None if fit is None or predict is None else (encode or 0.0) + fit + predict


@dataclass(frozen=True)
class Standing:
    """One strategy with the records of its seeds that were scored, at least one, by seed."""

    name: str
    records: tuple[RunRecord, ...]

    @property
    def first(self) -> RunRecord:
        """Record of the lowest seed."""
        return self.records[0]

    @property
    def base(self) -> str:
        """Name of the strategy without the parameters of a variant and the number of a run."""
        return self.first.base

    @property
    def kind(self) -> Kind:
        """What it learns on: frozen features, an encoder it trains, what others predict, or the texts."""
        return kind_of(self.first)

    @property
    def is_floor(self) -> bool:
        """Whether it answers without reading the texts."""
        return "floors" in self.first.groups

    @property
    def selection(self) -> Selection | None:
        """The metric that was named to choose by, None where none was: then it is f1_macro."""
        return self.first.selection

    @property
    def chosen_by(self) -> str:
        """Name of the metric that chooses."""
        return self.selection.metric if self.selection else "f1_macro"

    @property
    def validation_score(self) -> float:
        """The validation score that chooses, such that the largest is the best.

        It is the mean over the seeds, less what choosing the best of many configurations flatters it.
        """
        value = self.headline.validation.of(self.chosen_by)
        if value is None:
            return -inf
        return (self.selection.oriented(value) if self.selection else value) - (self.optimism or 0.0)

    @property
    def optimism(self) -> float | None:
        """By how much choosing flatters the validation score, mean over the seeds, None where nothing is known."""
        known = [record.optimism for record in self.records if record.optimism is not None]
        return statistics.fmean(known) if known else None

    def validation(self, metric: CoreMetric) -> float:
        """Return a validation score, the mean over the seeds, a fraction."""
        return float(getattr(self.headline.validation, metric))

    def test(self, metric: CoreMetric) -> float:
        """Return a test score, the mean over the seeds, a fraction."""
        return float(getattr(self.headline.test, metric))

    @property
    def test_score(self) -> float | None:
        """The test score by the metric that chooses, the mean over the seeds, None where there is none."""
        return self.headline.test.of(self.chosen_by)

    @property
    def latency(self) -> Latency | None:
        """What single texts took in the seed that was timed, None where none was."""
        return next((record.latency for record in self.records if record.latency), None)

    @property
    def is_no_better_than_majority(self) -> bool:
        """Whether its validation scores are those of one that has found nothing; `majority` itself need not."""
        validation = [record.validation for record in self.records if record.validation]
        return self.base != MAJORITY and no_better_than_majority(validation)

    @property
    def deterministic(self) -> bool:
        """Whether two seeds or more gave the very same predictions."""
        digests = {record.predictions_sha256 for record in self.records}
        return len(self.records) > 1 and len(digests) == 1 and None not in digests

    @property
    def frozen(self) -> bool:
        """Whether it reads frozen features."""
        return self.first.encode_seconds is not None

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Rows of the table: a row a seed, then mean and sd; one row where seeds change nothing."""
        rows = tuple(_entry(record, "seed") for record in self.records)
        if self.deterministic:
            seconds = _combined(rows, "mean", statistics.fmean).seconds
            return (replace(_entry(self.first, "deterministic"), seconds=seconds),)
        if len(rows) == 1:
            return rows
        return (*rows, _combined(rows, "mean", statistics.fmean), _combined(rows, "sd", statistics.stdev))

    @property
    def headline(self) -> Entry:
        """The row that stands for the strategy: its only one, or the mean."""
        return next((entry for entry in self.entries if entry.kind == "mean"), self.entries[0])


def kind_of(record: RunRecord) -> Kind:
    """Tell from its record what a strategy learns on: frozen features, an encoder it trains, others, or the texts."""
    if "combined" in record.groups:
        return "combined"
    if "frozen" in record.groups:
        return "frozen"
    return "trained" if "trained" in record.groups else "texts"


AnyStanding = TypeVar("AnyStanding", bound=Standing)


def rank(records: Sequence[RunRecord], sort: str | None = None) -> list[Standing]:
    """Group the scored records by strategy and sort the groups.

    Args:
        records: Any records; those without scores are left out, and those of a learning curve but for its end.
        sort: One of `SORT_KEYS`, None for the score that chooses. Scores are of validation, means over seeds, largest
            first; seconds, parameters and the median latency smallest first.

    Returns:
        The strategies, ties by name.

    Raises:
        UserError: For a key that does not exist.
    """
    return in_order([Standing(name, seeds) for name, seeds in by_strategy(records).items()], sort)


def in_order(standings: Iterable[AnyStanding], sort: str | None) -> list[AnyStanding]:
    """Sort strategies by a key, equal ones by name; arguments and errors as for `rank`."""
    if sort is None:
        return by_validation(standings)
    if sort not in SORT_KEYS:
        raise UserError(f"Cannot sort by {sort!r}. {did_you_mean(sort, SORT_KEYS)}")
    return sorted(standings, key=lambda each: (_sort_value(each, sort), each.name))


def by_strategy(records: Sequence[RunRecord]) -> dict[str, tuple[RunRecord, ...]]:
    """Return strategy -> its scored records, lowest seed first, of a learning curve those at its end.

    Strategies are in the order in which they come in `records`.
    """
    full = at_largest_train_size([record for record in records if record.is_scored])
    scored = sorted(full, key=lambda record: record.seed)
    return {name: tuple(r for r in scored if r.strategy == name) for name in dict.fromkeys(r.strategy for r in full)}


def by_validation(standings: Iterable[AnyStanding]) -> list[AnyStanding]:
    """Sort strategies, the best by the validation score that chooses first; equal ones by name."""
    return sorted(standings, key=lambda standing: best_first(standing.validation_score, standing.name))


def best_by_validation(standings: Iterable[AnyStanding]) -> AnyStanding:
    """Return the first of `by_validation`."""
    return by_validation(standings)[0]


def _sort_value(standing: Standing, sort: str) -> float:
    entry, record = standing.headline, standing.first
    if sort == "f1_macro":
        return -(standing.validation("f1_macro") - (0.0 if standing.selection else standing.optimism or 0.0))
    if sort == "name":
        return 0.0  # the names are in order already and the sort is stable
    if sort == "total_parameters":
        return _or_last(record.total_parameters)
    if sort == "latency":
        return _or_last(standing.latency.p50_seconds if standing.latency else None)
    if sort.endswith("_seconds"):
        return _or_last(entry.seconds[1 if sort == "fit_seconds" else 2])
    return -float(getattr(entry.validation, sort))


def _or_last(value: float | None) -> float:
    return float("inf") if value is None else value


def _entry(record: RunRecord, kind: Literal["seed", "deterministic"]) -> Entry:
    return Entry(
        strategy=record.strategy,
        base=record.base,
        seed=str(record.seed) if kind == "seed" else kind,
        kind=kind,
        validation=_scores(record.validation),
        test=_scores(record.test),
        seconds=(record.encode_seconds, record.fit_seconds, record.predict_seconds),
        trainable=record.trainable_parameters,
        total=record.total_parameters,
        memory=record.peak_memory_bytes,
        cached=record.features in ("cached", "partly cached"),
        tried=record.configurations_tried,
    )


def _scores(evaluation: Evaluation | None) -> Scores:
    if evaluation is None:
        raise ValueError("only scored records are laid out")
    known = {name: value for name, value in evaluation.metrics.items() if value is not None}
    return Scores(evaluation.accuracy, evaluation.f1_macro, evaluation.f1_weighted, known)


def _combined(rows: Sequence[Entry], kind: Literal["mean", "sd"], combine: Callable[[Sequence[float]], float]) -> Entry:
    def over(part: Literal["validation", "test"]) -> Scores:
        scores: list[Scores] = [getattr(row, part) for row in rows]
        shared = [name for name in scores[0].metrics if all(name in each.metrics for each in scores)]
        metrics = {name: combine([each.metrics[name] for each in scores]) for name in shared}
        accuracy, f1_macro, f1_weighted = (combine([getattr(s, name) for s in scores]) for name in METRICS)
        return Scores(accuracy, f1_macro, f1_weighted, metrics)

    def over_seconds(stage: int) -> float | None:
        known = [value for row in rows if (value := row.seconds[stage]) is not None]
        return combine(known) if len(known) == len(rows) else None

    seconds = (over_seconds(0), over_seconds(1), over_seconds(2))
    cached = kind == "mean" and any(row.cached for row in rows)
    return Entry(rows[0].strategy, rows[0].base, kind, kind, over("validation"), over("test"), seconds, cached=cached)
