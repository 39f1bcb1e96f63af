"""What a fit will take, from fits on a few rows."""

from typing import Any

import numpy as np

from harness.data.task import Split
from harness.strategies.strategy import RunContext, Strategy
from harness.strategies.tags import FitForecast
from harness.system.device import synchronized_clock

FEW_ROWS, MORE_ROWS = 64, 256  # of train
SHOWN_ROWS = 16, 128  # of validation, at least and at most


def few_rows(train: Split, validation: Split) -> tuple[Split, Split]:
    """Return the rows of both that a forecast looks at."""
    return _spread(train, MORE_ROWS), _spread(validation, SHOWN_ROWS[1])


def forecast_fit(strategy: Strategy, train: Split, validation: Split, context: RunContext) -> FitForecast:
    """Fit a strategy on a few rows and on more, and take each row beyond these to last as one of the difference does.

    For strategies whose fit takes seconds and time in proportion to its rows, such as heads on frozen features.

    Args:
        strategy: What is fitted.
        train: What it will be fitted on.
        validation: What it will choose on, of which it sees a part in proportion.
        context: As of `fit`.

    Raises:
        Exception: Whatever the strategy raises.
    """

    all_some, all_shown = few_rows(train, validation)

    def timed(n_rows: int) -> tuple[float, Any, Split]:
        some = _spread(all_some, n_rows)
        shown = _spread(all_shown, int(np.clip(len(validation) * len(some) / len(train), *SHOWN_ROWS)))
        started = synchronized_clock(context.device)
        fitted = strategy.fit(some, shown, context)
        return synchronized_clock(context.device) - started, fitted, shown

    timed(FEW_ROWS)  # the first one loads what later ones find
    few, _, _ = timed(FEW_ROWS)
    more, fitted, shown = timed(MORE_ROWS)
    started = synchronized_clock(context.device)
    fitted.predict_proba(shown.texts)
    a_text = (synchronized_clock(context.device) - started) / len(shown)
    a_row = max(more - few, 0.0) / (MORE_ROWS - FEW_ROWS)
    return FitForecast(more + a_row * max(len(train) - MORE_ROWS, 0), a_text)


def _spread(split: Split, n_rows: int) -> Split:
    """Return at most so many rows of a split, spread over all of it."""
    if len(split) <= n_rows:
        return split
    return split.rows(np.linspace(0, len(split) - 1, n_rows).astype(np.int64))
