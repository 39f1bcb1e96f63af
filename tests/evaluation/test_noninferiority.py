"""A variant is proven less than a margin behind, or refuted, or the rows do not decide."""

import numpy as np
import pytest

from harness.evaluation.noninferiority import non_inferiority
from harness.evaluation.predicted import Rows

N = 4000
LABELS = np.arange(N, dtype=np.int64) % 3
PARENT = np.where(np.arange(N) % 7 == 0, (LABELS + 1) % 3, LABELS)


@pytest.mark.parametrize(("broken", "verdict"), [(0, "proven"), (4, "proven"), (20, "not decided"), (200, "refuted")])
def test_the_verdict_says_on_which_side_of_the_margin_the_interval_lies(broken: int, verdict: str) -> None:
    variant = PARENT.copy()
    right = np.flatnonzero(PARENT == LABELS)[:broken]
    variant[right] = (variant[right] + 1) % 3
    found = non_inferiority(Rows(LABELS, 3), PARENT, variant, 0.005)
    assert found.verdict == verdict
    assert found.interval.low <= found.difference <= found.interval.high
    assert found.difference == pytest.approx(found.parent - found.variant)
    assert (found.n_flips, found.broken, found.fixed) == (broken, broken, 0)


def test_a_variant_that_is_better_is_no_worse() -> None:
    assert non_inferiority(Rows(LABELS, 3), PARENT, LABELS).verdict == "proven"


def test_flips_are_named_by_their_rows_ten_at_most_wrong_ones_among_them() -> None:
    variant = PARENT.copy()
    variant[:12] = (PARENT[:12] + 1) % 3
    found = non_inferiority(Rows(LABELS, 3), PARENT, variant, numbers=np.arange(N) + 100)
    assert found.flips == tuple(range(100, 110))
    assert found.n_flips == 12
    assert found.n_flips >= found.broken + found.fixed
