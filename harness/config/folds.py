"""Cross-validation as options: `--folds 5` or `5x3`, and the fold of a run, `2/5` or `2/5x3`."""

import re
from dataclasses import dataclass

FEWEST, MOST = 3, 20  # folds: one tests, one validates, the others train
MOST_REPEATS = 100
WANTED = re.compile(r"(\d{1,3})(?:x(\d{1,3}))?")
SET_ASIDE = 0.2  # of data without a test split, which are drawn into folds with all other rows: any share would do
ONE = re.compile(r"(\d{1,3})/(\d{1,3})(?:x(\d{1,3}))?")


@dataclass(frozen=True)
class Fold:
    """A fold of a cross-validation.

    Attributes:
        number: Which fold tests, from 1; the next one validates, the others train.
        n: How many there are.
        repeat: Which draw of the folds it is of, from 1.
    """

    number: int
    n: int
    repeat: int = 1

    @property
    def first(self) -> "Fold":
        """The one of the first draw that runs first."""
        return Fold(1, self.n)

    def __str__(self) -> str:
        """Return it as an option has it, such as 2/5 or, of the third draw, 2/5x3."""
        return f"{self.number}/{self.n}{f'x{self.repeat}' if self.repeat > 1 else ''}"


def read_folds(text: str) -> list[Fold]:
    """Return the folds that `--folds` asks for, draw after draw.

    Raises:
        ValueError: For anything but a number of folds, alone or with one of draws.
    """
    match = WANTED.fullmatch(text)
    n, repeats = (int(match[1]), int(match[2] or 1)) if match else (0, 0)
    if not (FEWEST <= n <= MOST and 1 <= repeats <= MOST_REPEATS):
        raise ValueError(f"expected {FEWEST} to {MOST} folds such as 5, or 5x3 to draw them three times")
    return [Fold(number, n, repeat) for repeat in range(1, repeats + 1) for number in range(1, n + 1)]


def read_fold(text: str) -> Fold:
    """Return the fold of a run.

    Raises:
        ValueError: For anything else.
    """
    match = ONE.fullmatch(text)
    fold = Fold(int(match[1]), int(match[2]), int(match[3] or 1)) if match else Fold(0, 0)
    if not (1 <= fold.number <= fold.n and FEWEST <= fold.n <= MOST and 1 <= fold.repeat <= MOST_REPEATS):
        raise ValueError("expected a fold such as 2/5")
    return fold
