"""Records of several train sizes -> score against number of labels, and where fine-tuning overtakes the probes."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, sqrt
from statistics import fmean, stdev

from harness.analysis.ranking import kind_of
from harness.results.records import Run, RunRecord

CLEARLY = 2  # standard errors
ZERO_SHOT = "zero-shot"
"""The kind of what learns nothing from train."""


@dataclass(frozen=True)
class Point:
    """Test f1_macro of one strategy on one number of train rows: mean over seeds, sd where these differ.

    `error` is about its standard error over test rows and seeds. `steps` of training are a mean over seeds, too, None
    where the strategy records none.
    """

    n_rows: int
    mean: float
    sd: float | None
    error: float = 0.0
    steps: float | None = None


@dataclass(frozen=True)
class Curve:
    """The points of one strategy by number of rows; `kind` says what it learns on.

    One that is `left_out` of the comparisons, such as a floor or what has not learnt, is drawn and crosses no other.
    """

    strategy: str
    kind: str
    points: tuple[Point, ...]
    left_out: bool = False

    def at(self, n_rows: int) -> Point | None:
        """Return the point of that many rows."""
        return next((point for point in self.points if point.n_rows == n_rows), None)


@dataclass(frozen=True)
class Crossing:
    """From `n_rows` on the best fine-tuned strategy is ahead of the best on frozen features; None where never.

    Or the best that learns of that which learns nothing.

    The number of rows at which that begins lies between `after` and `by`: at `after` rows, the most there are, the
    probes were at least as good; from `by` rows on fine-tuning was ahead by more than chance (two standard errors of
    the test rows and the seeds). None where no size was like that.
    """

    trained: str
    frozen: str
    n_rows: int | None
    after: int | None = None
    by: int | None = None

    def marks(self, curves: Sequence["Curve"]) -> tuple[int, ...]:
        """Return the numbers of rows between which the answer changes, to be marked in a picture.

        Two, or one where fine-tuning is ahead beyond chance with the fewest rows already, or beyond chance nowhere and
        by the means from there on; none where it is not ahead.
        """
        if self.n_rows is None:
            return ()
        if self.by is None:
            return (self.n_rows,)
        fewest = min(point.n_rows for curve in curves for point in curve.points)
        return tuple(sorted({self.after or fewest, self.by}))


def learning_curves(run: Run) -> list[Curve]:
    """Return a curve for each strategy that was scored on several numbers of train rows, the best at the end first."""
    of_strategy: dict[str, list[RunRecord]] = {}
    for record in run.records:
        if record.is_scored:
            of_strategy.setdefault(record.strategy, []).append(record)
    left_out = run.evidence.conclusion.left_out if run.evidence else {}
    curves = [
        Curve(name, _kind(records[0]), _points(run, records), name in left_out) for name, records in of_strategy.items()
    ]
    return sorted((c for c in curves if len(c.points) > 1), key=lambda curve: -curve.points[-1].mean)


def _kind(record: RunRecord) -> str:
    return ZERO_SHOT if "zero_shot" in record.groups else kind_of(record)


def crossing_of_zero_shot(curves: Sequence[Curve]) -> Crossing | None:
    """Say from which size on fine-tuning is ahead of what learns nothing; without fine-tuning, what else learns.

    The answer is one of `find_crossing`, `frozen` the best that learns nothing.
    """
    learning = ("trained",) if any(curve.kind == "trained" for curve in curves) else ("frozen", "texts")
    return find_crossing(curves, learning, (ZERO_SHOT,))


def find_crossing(
    curves: Sequence[Curve], challengers: Sequence[str] = ("trained",), defenders: Sequence[str] = ("frozen",)
) -> Crossing | None:
    """Say from which size on fine-tuning is ahead, by the means; None where one of the two kinds is missing.

    At each size the best fine-tuned strategy is held against the best probe; those at the largest size are named.

    Args:
        curves: The curves, as `learning_curves` orders them.
        challengers: Kinds that may be ahead.
        defenders: Kinds that they are held against.
    """
    fair = [c for c in curves if not c.left_out or c.kind == ZERO_SHOT]
    trained, frozen = ([c for c in fair if c.kind in kinds] for kinds in (challengers, defenders))
    if not (trained and frozen):
        return None
    ahead: int | None = None
    after: int | None = None
    by: int | None = None
    for size in sorted({point.n_rows for curve in (*trained, *frozen) for point in curve.points}):
        best = [
            max((p for c in kind if (p := c.at(size))), key=lambda p: p.mean, default=None)
            for kind in (trained, frozen)
        ]
        if best[0] is None or best[1] is None:
            continue
        gap = best[0].mean - best[1].mean
        ahead = None if gap <= 0 else ahead or size
        after = size if gap <= 0 else after
        by = (by or size) if gap > CLEARLY * hypot(best[0].error, best[1].error) else None
    return Crossing(trained[0].strategy, frozen[0].strategy, ahead, after if ahead else None, by)


def rows_of_train(run: Run, record: RunRecord) -> int:
    """Return how many rows of train a trial of a learning curve was fitted on."""
    return run.task.n_rows("train") if record.train_size is None else record.train_size


def _points(run: Run, records: Sequence[RunRecord]) -> tuple[Point, ...]:
    by_size: dict[int, list[RunRecord]] = {}
    for record in records:
        by_size.setdefault(rows_of_train(run, record), []).append(record)
    return tuple(_point(size, found, run.task.n_rows("test")) for size, found in sorted(by_size.items()))


def _point(n_rows: int, records: Sequence[RunRecord], n_test: int) -> Point:
    """Combine seeds; equal predictions are deterministic, which is no spread of 0."""
    scores = [record.test.f1_macro for record in records if record.test]
    differ = len({record.predictions_sha256 for record in records}) > 1
    mean, sd = fmean(scores), stdev(scores) if differ else None
    error = hypot(sqrt(mean * (1 - mean) / n_test), (sd or 0.0) / sqrt(len(scores)))
    return Point(n_rows, mean, sd, error, _steps(records))


def _steps(records: Sequence[RunRecord]) -> float | None:
    """Return how many steps were trained, also those after the one that was kept."""
    steps = [record.history[-1].get("step") for record in records if record.history]
    known = [each for each in steps if each is not None]
    return fmean(known) if len(known) == len(records) else None
