"""Records of several train sizes -> score against number of labels, and where fine-tuning overtakes the probes."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from harness.analysis.ranking import kind_of
from harness.results.records import Run, RunRecord


@dataclass(frozen=True)
class Point:
    """Test f1_macro of one strategy on one number of train rows: mean over seeds, sd where these differ."""

    n_rows: int
    mean: float
    sd: float | None


@dataclass(frozen=True)
class Curve:
    """The points of one strategy by number of rows; `kind` says what it learns on."""

    strategy: str
    kind: str
    points: tuple[Point, ...]

    def at(self, n_rows: int) -> Point | None:
        """Return the point of that many rows."""
        return next((point for point in self.points if point.n_rows == n_rows), None)


@dataclass(frozen=True)
class Crossing:
    """From `n_rows` on the best fine-tuned strategy is ahead of the best on frozen features; None where never."""

    trained: str
    frozen: str
    n_rows: int | None


def learning_curves(run: Run) -> list[Curve]:
    """Return a curve for each strategy that was scored on several numbers of train rows, the best at the end first."""
    of_strategy: dict[str, list[RunRecord]] = {}
    for record in run.records:
        if record.is_scored:
            of_strategy.setdefault(record.strategy, []).append(record)
    curves = [Curve(name, kind_of(records[0]), _points(run, records)) for name, records in of_strategy.items()]
    return sorted((c for c in curves if len(c.points) > 1), key=lambda curve: -curve.points[-1].mean)


def find_crossing(curves: Sequence[Curve]) -> Crossing | None:
    """Say from which size on fine-tuning is ahead, by the means; None where one of the two kinds is missing.

    At each size the best fine-tuned strategy is held against the best probe; those at the largest size are named.
    """
    trained, frozen = ([c for c in curves if c.kind == kind] for kind in ("trained", "frozen"))
    if not (trained and frozen):
        return None
    ahead: int | None = None
    for size in sorted({point.n_rows for curve in (*trained, *frozen) for point in curve.points}):
        best = [max((p.mean for c in kind if (p := c.at(size))), default=None) for kind in (trained, frozen)]
        if best[0] is None or best[1] is None:
            continue
        ahead = None if best[0] <= best[1] else ahead or size
    return Crossing(trained[0].strategy, frozen[0].strategy, ahead)


def _points(run: Run, records: Sequence[RunRecord]) -> tuple[Point, ...]:
    by_size: dict[int, list[RunRecord]] = {}
    for record in records:
        size = run.task.n_rows("train") if record.train_size is None else record.train_size
        by_size.setdefault(size, []).append(record)
    return tuple(_point(size, found) for size, found in sorted(by_size.items()))


def _point(n_rows: int, records: Sequence[RunRecord]) -> Point:
    """Combine seeds; equal predictions are deterministic, which is no spread of 0."""
    scores = [record.test.f1_macro for record in records if record.test]
    differ = len({record.predictions_sha256 for record in records}) > 1
    return Point(n_rows, fmean(scores), stdev(scores) if differ else None)
