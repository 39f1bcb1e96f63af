"""Tests between classifiers: exact McNemar, sign flips, Holm's correction, and letters that show the outcome."""

from collections.abc import Sequence
from string import ascii_lowercase

import numpy as np
from numpy.typing import NDArray

MOST_EXACT = 100_000  # sum of differences up to which choices of signs are counted
ALPHA = 0.05  # what a corrected p value must be below for two classifiers to be called different

Column = frozenset[int]  # classifiers that share a letter


def mcnemar_p(only_first_right: int, only_second_right: int) -> float:
    """Return the exact p value of McNemar's test that two classifiers are right equally often.

    Only rows that one of them alone has right say anything, and each is a fair coin if they are alike:
    McNemar (1947), Psychometrika 12, 153-157; the exact version is that of Fay's R package exact2x2, whose
    example of 2 against 9 rows gives 0.06543.

    Args:
        only_first_right: Rows the first has right and the second wrong.
        only_second_right: Rows the second has right and the first wrong.
    """
    from scipy.stats import binomtest

    n = only_first_right + only_second_right
    return float(binomtest(only_first_right, n).pvalue) if n else 1.0


def sign_flip_p(differences: NDArray[np.int64]) -> float:
    """Return the exact p value of as large a sum, or a larger, if each difference were as likely to be its negative.

    With one row a text, the differences being 1, 0 and -1, it is McNemar's exact test. Otherwise it is the
    randomisation test of Fisher (1935), The Design of Experiments, section 21, with whole texts as its units.

    Args:
        differences: Of each text by how many rows the first has more right than the second, int64 (t,).
    """
    sizes, times = np.unique(np.abs(differences[differences != 0]), return_counts=True)
    if not len(sizes) or not differences.sum():
        return 1.0
    if sizes.tolist() == [1]:
        return mcnemar_p(int((differences > 0).sum()), int((differences < 0).sum()))
    return min(float(_tail(sizes, times, abs(int(differences.sum())))), 1.0)


def _tail(sizes: NDArray[np.int64], times: NDArray[np.int64], reached: int) -> float:
    """Return the share of all choices of signs whose sum is at least `reached` away from 0."""
    from scipy.signal import fftconvolve
    from scipy.stats import binom, norm

    total = int((sizes * times).sum())
    if total > MOST_EXACT:
        return float(2 * norm.sf(reached / np.sqrt((sizes**2 * times).sum())))
    chances = np.ones(1)  # of sums -total, -total + 1, ..., total of the sizes so far
    for size, n in zip(sizes.tolist(), times.tolist(), strict=True):
        of_size = np.zeros(2 * size * n + 1)
        of_size[:: 2 * size] = binom.pmf(np.arange(n + 1), n, 0.5)
        chances = fftconvolve(chances, of_size)
    return float(2 * chances[total + reached :].sum())


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p values corrected for their number, in the order given.

    Calling different whatever is below 0.05 then errs in at most 5 % of families of tests, however many of
    them are truly alike. Holm (1979), Scandinavian Journal of Statistics 6, 65-70: the smallest of m p values is
    multiplied by m, the next by m - 1, and so on; none becomes smaller than the one before it, or larger than 1.
    """
    p = np.asarray(p_values, dtype=np.float64)  # (m,)
    ascending = np.argsort(p, kind="stable")
    stepped_down = np.maximum.accumulate(p[ascending] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[ascending] = np.minimum(stepped_down, 1)
    return [float(each) for each in corrected]


def rank_letters(different: NDArray[np.bool_], scores: Sequence[float]) -> list[str]:
    """Return letters, some to each classifier, such that two share a letter unless they are different.

    The compact letter display by insert and absorb: Piepho (2004), Journal of Computational and Graphical
    Statistics 13, 456-466. Letters go from the best score down, so that "a" is the letter of the best; after
    "z" come "a1" to "z1", then "a2" and so on, so that "az1" can only mean "a" and "z1".

    Args:
        different: Which pairs are told apart, bool (m, m), symmetric.
        scores: The m scores, higher is better; of equal ones the first is the better.

    Returns:
        Letters of each of the m classifiers, in the order of the letters.
    """
    by_rank = sorted(range(len(scores)), key=lambda i: -scores[i])  # rank -> classifier
    ranked = different[np.ix_(by_rank, by_rank)]
    columns = sorted(_insert_and_absorb(ranked), key=sorted)
    letters = [""] * len(scores)
    for position, column in enumerate(columns):
        for rank in sorted(column):
            letters[by_rank[rank]] += _letter(position)
    return letters


def _insert_and_absorb(different: NDArray[np.bool_]) -> list[Column]:
    """Return the largest groups no two members of which are different."""
    columns = [frozenset(range(len(different)))]
    for i, j in np.argwhere(np.triu(different, 1)).tolist():
        split = [column for column in columns if {i, j} <= column]
        kept = [column for column in columns if not {i, j} <= column]
        inserted = [column - {one} for column in split for one in (i, j)]
        columns = kept + [new for new in inserted if not any(new <= column for column in kept)]
    return columns


def _letter(position: int) -> str:
    lap, place = divmod(position, len(ascii_lowercase))
    return ascii_lowercase[place] + (str(lap) if lap else "")
