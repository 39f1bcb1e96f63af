"""Non-inferiority: whether a variant, on the same rows, is less than a margin behind what it stands in for."""

from typing import Literal

import numpy as np

from harness.evaluation.intervals import Interval
from harness.evaluation.metrics import CoreMetric, Labels
from harness.evaluation.pairs import contrast
from harness.evaluation.predicted import Predicted, Rows
from harness.frozen_model import Count, Fraction, FrozenModel, SignedFraction

LOSS = 0.005  # of a score: half a point
FLIPS_LISTED = 10

NonInferior = Literal["proven", "refuted", "not decided"]


class NonInferiority(FrozenModel):
    """What is known of a variant against its parent, on the same rows.

    Attributes:
        metric: The score that is compared.
        parent: That of the parent.
        variant: That of the variant.
        difference: Parent minus variant: above 0 where the variant scores lower.
        interval: 95 % interval of the difference, paired row by row, as that of every two strategies of a run.
        margin: How far behind is as good.
        verdict: That the variant is less than the margin behind: `proven` where the interval ends below the margin,
            `refuted` where it begins above, `not decided` where the margin lies in it (ICH E9, 1998, section 3.3.2).
        n_rows: Number of rows.
        n_flips: Rows that the variant gives another label.
        fixed: Of these, rows that the variant alone has right.
        broken: Of these, rows that the parent alone has right.
        flips: The first of them, as numbers of rows in the split as it was read.
    """

    metric: CoreMetric
    parent: Fraction
    variant: Fraction
    difference: SignedFraction
    interval: Interval
    margin: Fraction
    verdict: NonInferior
    n_rows: Count
    n_flips: Count
    fixed: Count
    broken: Count
    flips: tuple[Count, ...] = ()


def non_inferiority(
    rows: Rows, parent: Labels, variant: Labels, margin: float = LOSS, numbers: Labels | None = None
) -> NonInferiority:
    """Hold what a variant predicts against what its parent does, in f1_macro.

    Args:
        rows: The rows with their labels.
        parent: Class ids that the parent predicts, int64 (n,).
        variant: Class ids that the variant predicts, int64 (n,).
        margin: How far behind is as good, a fraction above 0.
        numbers: Number of each row in its split, int64 (n,); None for 0, 1, ...
    """
    metric: CoreMetric = "f1_macro"
    before, after = Predicted(rows, parent[np.newaxis]), Predicted(rows, variant[np.newaxis])
    apart = contrast(metric, before, after)
    interval = apart.interval()
    right_before, right_after = parent == rows.labels, variant == rows.labels
    flips = np.flatnonzero(parent != variant)
    named = flips if numbers is None else numbers[flips]
    return NonInferiority(
        metric=metric,
        parent=before.score(metric),
        variant=after.score(metric),
        difference=apart.value,
        interval=interval,
        margin=margin,
        verdict="proven" if interval.high < margin else "refuted" if interval.low > margin else "not decided",
        n_rows=rows.n,
        n_flips=len(flips),
        fixed=int((right_after & ~right_before).sum()),
        broken=int((right_before & ~right_after).sum()),
        flips=tuple(named[:FLIPS_LISTED].tolist()),
    )
