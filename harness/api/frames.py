"""Runs as pandas DataFrames."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pandas import DataFrame

    from harness.analysis.verification import Check
    from harness.results.predictions import Predictions
    from harness.results.records import Run
    from harness.results.row_facts import RowFacts
    from harness.results.variants import Variant


def scores(run: "Run", variants: "Mapping[str, tuple[Variant, ...]]") -> "DataFrame":
    """Return a row for each trial: what it is, its scores with intervals, what it cost, and why it failed."""
    import pandas as pd

    from harness.analysis.trial_table import trial_rows

    return pd.DataFrame(list(trial_rows(run, variants)))


def pairs(run: "Run") -> "DataFrame":
    """Return a row for each two strategies and metric: by how much the first is ahead, and what that is worth."""
    import pandas as pd

    from harness.evaluation.metrics import TESTED

    columns = ["first", "second", "metric", "difference", "low", "high", "p", "p_holm"]
    columns += ["only_first_right", "only_second_right"]
    rows: list[tuple[Any, ...]] = []
    pairs = run.evidence.pairs if run.evidence else ()
    only_right = {(pair.first, pair.second): (pair.only_first_right, pair.only_second_right) for pair in pairs}
    for pair in pairs:
        for metric in TESTED:
            tested = getattr(pair, metric)
            interval = tested.interval.low, tested.interval.high
            numbers = (tested.value, *interval, tested.p, tested.p_holm, pair.only_first_right, pair.only_second_right)
            rows.append((pair.first, pair.second, metric, *numbers))
    for by in run.evidence.metrics if run.evidence else ():
        for each in by.pairs:
            tests = (each.value, each.interval.low, each.interval.high, each.p, each.p_holm)
            rows.append((each.first, each.second, by.metric, *tests, *only_right[each.first, each.second]))
    return pd.DataFrame(rows, columns=columns)


def predictions(found: "Predictions", label_names: Sequence[str], facts: "RowFacts | None") -> "DataFrame":
    """Return a row for each text: its row in the split as it was read, text, label, prediction, probabilities."""
    import pandas as pd

    names = np.array([*label_names, None], dtype=object)[:-1]  # never an array of letters
    columns: dict[str, Any] = {"row": found.rows}
    if texts := facts.texts_by_row() if facts else {}:
        columns["text"] = [texts.get(row) for row in found.rows.tolist()]
    columns |= {"label": names[found.labels], "prediction": names[found.predictions]}
    columns |= {f"probability_{name}": found.probabilities[:, i] for i, name in enumerate(label_names)}
    return pd.DataFrame(columns)


def errors(found: "Predictions", label_names: Sequence[str], facts: "RowFacts | None") -> "DataFrame":
    """Return the rows that are wrong, the highest loss first."""
    import pandas as pd

    from harness.analysis.error_analysis import highest_loss

    texts = facts.texts_by_row() if facts else {}
    columns = ["row", *(["text"] if texts else []), "label", "prediction", "probability", "label_probability", "loss"]
    wrong = [error for error in highest_loss(found, len(found.rows)) if error.label != error.prediction]
    rows = [
        {**vars(error), "text": texts.get(error.row)}
        | {"label": label_names[error.label], "prediction": label_names[error.prediction]}
        for error in wrong
    ]
    return pd.DataFrame(rows, columns=columns)


def checks(made: "Iterable[Check]") -> "DataFrame":
    """Return a row for each check of a run against its own files."""
    import pandas as pd

    rows = [(check.what, check.problem is None, check.problem) for check in made]
    return pd.DataFrame(rows, columns=["what", "holds", "problem"])
