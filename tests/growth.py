"""How the work of a function grows with its input, by the processor's time, whatever else it does."""

import time
from collections.abc import Callable


def growth(work: Callable[[int], Callable[[], object]], n_rows: int, factor: int) -> float:
    """Return how many times as much processor time `factor` times as many rows take.

    Args:
        work: Number of rows -> the function to time, made from them beforehand.
        n_rows: Rows of the small input, enough for some milliseconds.
        factor: How many times larger the large one is; what grows with the square of the rows takes its square.
    """
    return _shortest(work(n_rows * factor)) / max(_shortest(work(n_rows)), 1e-3)


def _shortest(function: Callable[[], object]) -> float:
    seconds = []
    for _ in range(3):
        started = time.process_time()
        function()
        seconds.append(time.process_time() - started)
    return min(seconds)
