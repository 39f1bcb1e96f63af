"""A mean rank as a cell of a table, and what tests say of mean ranks."""

from collections.abc import Iterator

from harness.analysis.suite_ranking import Ranking
from harness.document import numbers
from harness.document.model import Cell
from harness.evaluation.comparisons import ALPHA
from harness.evaluation.mean_ranks import MeanRank
from harness.evaluation.ranks import PAIR
from harness.wording.languages import Say

STAR, NO_STAR = "*", "\N{NO-BREAK SPACE}"  # as wide as each other, so that the points of the numbers stay in line


def rank_cell(rank: MeanRank | None, mark: str = "") -> Cell:
    """Return a mean rank with its interval, and a mark behind it."""
    if rank is None:
        return Cell(numbers.MISSING)
    interval = f"{rank.low:.1f}{numbers.DASH}{rank.high:.1f}" if rank.low is not None else ""
    return Cell(f"{rank.value:.2f}{mark}", interval, bold=mark == STAR)


def tests_of(ranking: Ranking, say: Say) -> Iterator[str]:
    """Yield by how much mean ranks have to differ to be told apart, and what Friedman's test says of them all."""
    if ranking.difference is None:
        return
    told = "Mean ranks that differ by less than {difference} cannot be told apart (Nemenyi, 5 %)."
    if len(ranking.names) == PAIR:
        told = "Mean ranks that differ by less than {difference} cannot be told apart (sign test, 5 %)."
    if ranking.difference > len(ranking.names) - 1:
        told = "Mean ranks of {k} over {n} data sets are never far enough apart to be told apart."
    yield say(told).format(difference=f"{ranking.difference:.2f}", k=len(ranking.names), n=len(ranking.scores))
    if ranking.p is not None:
        friedman = "Friedman's test over {n} data sets: p\N{NO-BREAK SPACE}{p}."
        even = "Friedman's test over {n} data sets: p\N{NO-BREAK SPACE}{p}, so that no two are told apart."
        told = say(even if ranking.p >= ALPHA else friedman)
        yield told.format(n=len(ranking.scores), p=numbers.p_value(ranking.p))
