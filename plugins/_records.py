"""What the trackers keep of a trial's record: its scores, and what was measured while its strategy trained."""

from collections.abc import Iterator, Mapping
from typing import Any

SPLITS, SCORES = ("validation", "test"), ("accuracy", "f1_macro", "f1_weighted")
COUNTERS = ("epoch", "step")  # of an entry of the history, which say when it was measured


def scores_of(record: Mapping[str, Any], sign: str) -> dict[str, float]:
    """Return the scores of the splits that have any, by names such as test_accuracy.

    Args:
        record: Of a trial, as in run.json.
        sign: What stands between the names of a split and of its score.
    """
    return {f"{split}{sign}{name}": record[split][name] for split in SPLITS if record[split] for name in SCORES}


def history_of(record: Mapping[str, Any]) -> Iterator[tuple[str, float, int]]:
    """Yield name, value and step of all numbers that were measured; an entry without a step has its place in the order.

    Args:
        record: Of a trial, as in run.json.
    """
    for number, entry in enumerate(record["history"]):
        for name, value in entry.items():
            if isinstance(value, int | float) and name not in COUNTERS:
                yield name, value, int(entry.get("step", number))
