"""Learning curve of a strategy -> how many more rows of train a score takes, with a band, or why that is not told."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from harness.analysis.learning_curve import rows_of_train
from harness.analysis.several_runs import metrics_at_hand
from harness.errors import UserError, did_you_mean
from harness.evaluation.intervals import LEVEL
from harness.evaluation.metric import AnyMetric, Metric, bounds_of
from harness.evaluation.metrics import Floats, Labels
from harness.evaluation.power_law import PowerLaws, fit_power_laws
from harness.evaluation.predicted import Predicted, Rows
from harness.evaluation.shipped_metrics import CORE, shipped_metrics
from harness.results.predictions import predictions_of
from harness.results.records import Run, RunRecord
from harness.results.row_facts import RowFacts
from harness.results.run_directory import RunDirectory

FEWEST_SIZES = 4
FARTHEST = 10  # times the most rows that were measured: nothing is told of what lies beyond
DRAWS, SEED = 1000, 0
LOWER, UPPER = (1 - LEVEL) / 2, (1 + LEVEL) / 2

Verdict = Literal["reached", "between", "at least", "perhaps far", "too far", "above the ceiling", "flat", "few sizes"]


@dataclass(frozen=True)
class Expected:
    """The score to be expected with so many rows of train: the band of 95 % of the fitted curves."""

    n_rows: int
    low: float
    high: float


@dataclass(frozen=True)
class LabelForecast:
    """What more labels would buy a strategy.

    Attributes:
        strategy: Its name.
        metric: The metric, whose values the scores are, on test.
        target: The score that is wanted, None where none was named.
        sizes: Rows of train that it was measured with, ascending.
        score: What it scored with the most of them, mean over the seeds.
        n_seeds: How many seeds drew rows of train for each; with one, what that draw adds to chance is in no band.
        verdict: `reached` with the rows there are; `between` `low` and `high` rows in all; `at least` `low`, since some
            curves level off before; `perhaps far`, at least `low`, since some get there farther off than can be said;
            `too far`, none of them gets there within `FARTHEST` times the rows;
            `above the ceiling`, they level off before; `flat`, the curve does not rise beyond chance; `few sizes`,
            nothing can be fitted. Where no target is named it is `between`, unless nothing can be told at all.
        low: Rows of train in all that are needed at least, None where that is not told.
        high: And at most.
        ceiling: Where the curve levels off, as a band; None where nothing was fitted.
        expected: Scores to be expected with more rows.
        began_slowly: Whether the curve began more slowly than a power law does.
    """

    strategy: str
    metric: str
    target: float | None
    sizes: tuple[int, ...]
    score: float
    n_seeds: int
    verdict: Verdict
    low: int | None = None
    high: int | None = None
    ceiling: tuple[float, float] | None = None
    expected: tuple[Expected, ...] = ()
    began_slowly: bool = False

    @property
    def n_rows(self) -> int:
        """The most rows of train that it was measured with."""
        return self.sizes[-1]


@dataclass(frozen=True)
class MeasuredCurve:
    """The scores of one strategy by rows of train, and how far each test text moves them.

    Attributes:
        sizes: Rows of train, ascending, m numbers.
        scores: float (seeds, m).
        moved: How far each text of test moves each score, float (texts, seeds, m).
        best: The best value of the metric.
        sign: 1 where the highest score is the best, else -1.
    """

    sizes: tuple[int, ...]
    scores: Floats
    moved: Floats
    best: float
    sign: int

    def draws(self) -> Floats:
        """Return mean scores with other test texts and other seeds, (DRAWS, m): the bootstrap.

        All sizes are scored on the same texts, and a seed's nested rows of train stay together, so both are drawn for
        the whole curve at once. Of s seeds s - 1 are drawn, so that the variance of their mean is not too small (Rao
        and Wu 1988, Journal of the American Statistical Association 83, 231-241). A text's weight moves a score as its
        influence says.
        """
        rng = np.random.default_rng(SEED)
        (n_texts, n_seeds, m), drawn = self.moved.shape, np.empty((DRAWS, len(self.sizes)))
        flat = self.moved.reshape(n_texts, n_seeds * m)
        for i in range(DRAWS):
            times = np.bincount(rng.integers(n_texts, size=n_texts), minlength=n_texts)
            scores = self.scores + ((times - 1) @ flat).reshape(n_seeds, m)
            drawn[i] = scores[rng.integers(n_seeds, size=max(n_seeds - 1, 1))].mean(axis=0)
        return drawn

    def errors(self, scores: Floats) -> Floats:
        """Return what scores lack to the best value."""
        return np.maximum(self.sign * (self.best - scores), 0.0)

    def band(self, errors: Floats) -> tuple[float, float]:
        """Return the lowest and the highest score of 95 % of errors."""
        ends = [self.best - self.sign * _quantile(errors, share) for share in (LOWER, UPPER)]
        return min(ends), max(ends)


def metric_named(name: str, run: Run) -> AnyMetric:
    """Return a metric by its name.

    Raises:
        UserError: Where there is none, its function is a plugin's, or it has no best value.
    """
    if name in CORE:
        return CORE[name]
    found = metrics_at_hand([name], run.task)
    if not found:
        raise UserError(f"No metric {name!r} is known here. {did_you_mean(name, shipped_metrics())}")
    lowest, highest = found[0].bounds
    if not math.isfinite(highest if found[0].higher_is_better else lowest):
        raise UserError(f"The metric {name!r} has no best value that a curve could rise to. Name another.")
    return found[0]


def refuse_target(target: float | None, name: str, metric: AnyMetric) -> None:
    """Refuse a score that a metric cannot have.

    Raises:
        UserError: Saying which values it has.
    """
    lowest, highest = bounds_of(metric)
    if target is not None and not lowest <= target <= highest:
        share = (lowest, highest) == (0.0, 1.0)
        hint = "Write a fraction, such as 0.85." if share else "Name a value between them."
        raise UserError(f"The target is {target:g}, but {name} lies between {lowest:g} and {highest:g}. {hint}")


def refuse_few_rows(rows: Sequence[int], run: Run) -> None:
    """Refuse numbers of rows of which a run has scores, or which are fewer.

    Raises:
        UserError: Saying from which number on there is something to foretell.
    """
    most = max((rows_of_train(run, record) for record in run.records if record.is_scored), default=0)
    if few := [n for n in rows if n <= most]:
        raise UserError(
            f"A forecast is of more rows than were measured, and this run learnt on up to {most:,}; got {few[0]:,}. "
            "Name more, or look at the curves of the run."
        )


def measured_curve(
    run: Run, directory: RunDirectory, strategy: str, metric: AnyMetric, facts: RowFacts | None
) -> MeasuredCurve:
    """Return the learning curve of a scored strategy of a run, of the sizes that all of its seeds were scored with.

    Raises:
        UserError: Where its predictions are missing, or the metric has no value on them.
    """
    by_seed: dict[int, dict[int, RunRecord]] = {}
    for record in run.records:
        if record.strategy == strategy and record.is_scored:
            by_seed.setdefault(record.seed, {})[rows_of_train(run, record)] = record
    sizes = sorted(set.intersection(*(set(each) for each in by_seed.values())))
    texts = facts.text_numbers if facts else None
    cells = [[_predicted(directory, each[n], texts) for n in sizes] for each in by_seed.values()]
    scores = np.array([[cell.score(metric) for cell in row] for row in cells])
    moved = np.array([[cell.rows.by_text(cell.moved(metric)[0]) for cell in row] for row in cells])
    (lowest, highest) = bounds_of(metric)
    higher = metric.higher_is_better if isinstance(metric, Metric) else True
    best, sign = (highest, 1) if higher else (lowest, -1)
    return MeasuredCurve(tuple(sizes), scores, np.moveaxis(moved, 2, 0), best, sign)


def _predicted(directory: RunDirectory, record: RunRecord, texts: Labels | None) -> Predicted:
    found = predictions_of(directory, record)
    rows = Rows(found.labels, found.probabilities.shape[1], texts)
    return Predicted(rows, found.predictions[np.newaxis], found.probabilities[np.newaxis])


def forecast(
    strategy: str, metric: str, curve: MeasuredCurve, target: float | None = None, rows: Sequence[int] = ()
) -> LabelForecast:
    """Say what more rows of train would buy a strategy.

    Power laws are fitted to a bootstrap of its curve (`MeasuredCurve.draws`), each size weighted by what chance leaves
    of it. The bands are those of the fitted laws: what a curve of another shape would do, they do not hold.

    Args:
        strategy: Its name.
        metric: The metric's.
        curve: What it was measured.
        target: The score that is wanted, in the metric's own values.
        rows: Numbers of rows to tell the score of, twice and four times the most that were measured by default.
    """
    n_rows, score = curve.sizes[-1], float(curve.scores.mean(axis=0)[-1])
    found = LabelForecast(strategy, metric, target, curve.sizes, score, len(curve.scores), "few sizes")
    if target is not None and curve.sign * (score - target) >= 0:
        return replace(found, verdict="reached")
    if len(curve.sizes) < FEWEST_SIZES:
        return found
    drawn = curve.draws()
    if _quantile(curve.sign * (drawn[:, -1] - drawn[:, 0]), LOWER) <= 0:
        return replace(found, verdict="flat")
    laws = fit_power_laws(curve.sizes, curve.errors(drawn), _weights(curve.sizes, drawn))
    rows = rows or (2 * n_rows, 4 * n_rows)
    expected = tuple(Expected(n, *curve.band(each)) for n, each in zip(rows, laws.errors(rows).T, strict=True))
    found = replace(
        found, verdict="between", ceiling=curve.band(laws.floor), expected=expected, began_slowly=laws.began_slowly
    )
    return found if target is None else _with_rows(found, laws, float(curve.errors(np.array(target))))


def _with_rows(found: LabelForecast, laws: PowerLaws, error: float) -> LabelForecast:
    """Return the forecast with the rows that the target takes, as far as the laws agree on them."""
    needed = np.maximum(laws.rows(error), found.n_rows)
    low, high = _quantile(needed, LOWER), _quantile(needed, UPPER)
    if math.isinf(low):
        return replace(found, verdict="above the ceiling")
    if low > FARTHEST * found.n_rows:
        return replace(found, verdict="too far")
    if high > FARTHEST * found.n_rows:
        return replace(found, verdict="at least" if math.isinf(high) else "perhaps far", low=math.floor(low))
    return replace(found, verdict="between", low=math.floor(low), high=math.ceil(high))


def _weights(sizes: Sequence[int], drawn: Floats) -> Floats:
    """Return what each size weighs, float (m,): its variance over the draws, smoothed by a power law, inverted.

    That of few seeds is rough, and a size that happened to vary little must not rule the fit.
    """
    variances, logs = drawn.var(axis=0), np.log(sizes)
    if not (variances > 0).all():
        return np.ones(len(sizes))
    return np.asarray(np.exp(-np.polyval(np.polyfit(logs, np.log(variances), 1), logs)), dtype=np.float64)


def _quantile(values: Floats, share: float) -> float:
    """Return a quantile that is one of the values, which may be infinite."""
    return float(np.sort(values)[round(share * (len(values) - 1))])
