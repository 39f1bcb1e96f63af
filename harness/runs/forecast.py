"""What trials of a run will take, by what earlier ones of it took: for the order of what waits, and the time left."""

from collections.abc import Iterable, Sequence
from statistics import fmean

from harness.runs.session import Trial
from harness.strategies.strategy import uses_model, wanted_features


class TimeForecast:
    """Seconds of trials by strategy and rows of train.

    Args:
        n_rows: Rows of train, of a trial that is given all.
    """

    def __init__(self, n_rows: int) -> None:
        self._n_rows = n_rows
        self._taken: dict[str, dict[int, list[float]]] = {}

    def took(self, trial: Trial, seconds: float) -> None:
        """Take note of what a trial took."""
        self._taken.setdefault(trial.offer.name, {}).setdefault(self._rows(trial), []).append(seconds)

    def seconds(self, trial: Trial) -> float | None:
        """Return what a trial will take, None as long as no trial of its strategy is over.

        As long as those of the nearest number of rows; where these are fewer, more in proportion, and never less.
        """
        if not (taken := self._taken.get(trial.offer.name)):
            return None
        rows = self._rows(trial)
        nearest = min(taken, key=lambda known: (abs(known - rows), known))
        return fmean(taken[nearest]) * max(1.0, rows / nearest)

    def left(self, running: Iterable[tuple[Trial, float]], waiting: Sequence[Trial], slots: int) -> float | None:
        """Return the seconds until all trials are over, None where that is not known of each.

        Args:
            running: Trials and the seconds that they have run for.
            waiting: Trials to come.
            slots: How many run at the same time.
        """
        known = [(self.seconds(trial), ran) for trial, ran in (*running, *((trial, 0.0) for trial in waiting))]
        left = [max(seconds - ran, 0.0) for seconds, ran in known if seconds is not None]
        if len(left) < len(known):
            return None
        return max([sum(left) / max(1, min(slots, len(left))), *left])

    def next_of(self, waiting: Sequence[Trial], running: Sequence[Trial]) -> Trial:
        """Return what is to run beside others: the longest, but one place is for what is cheap as long as that waits.

        What trains the encoder takes longer than what does not; so the first rows of the table come early, and the
        last trial is no long one that runs alone.

        Args:
            waiting: Trials in the order of the plan, at least one.
            running: Trials that run.
        """
        cheap = [trial for trial in waiting if not trains_encoder(trial)]
        if cheap and running and all(trains_encoder(trial) for trial in running):
            return cheap[0]
        return max(waiting, key=self._length)

    def _length(self, trial: Trial) -> tuple[bool, bool, float]:
        seconds = self.seconds(trial)
        return trains_encoder(trial), seconds is None, seconds or 0.0

    def _rows(self, trial: Trial) -> int:
        return max(1, trial.per_class or trial.train_size or self._n_rows)


def trains_encoder(trial: Trial) -> bool:
    """Return whether a trial trains the encoder itself rather than something on its frozen features."""
    return uses_model(trial.strategy) and not wanted_features(trial.strategy)
