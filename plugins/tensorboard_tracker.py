"""Tracks runs with TensorBoard: harness run --track tensorboard."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness import hookimpl

try:
    from torch.utils.tensorboard import SummaryWriter
except ImportError as error:
    raise ImportError("it needs TensorBoard: pip install 'strategy-harness[tensorboard]'") from error

SPLITS, SCORES = ("validation", "test"), ("accuracy", "f1_macro", "f1_weighted")


@hookimpl
def harness_run_finished(run: Mapping[str, Any], path: Path) -> None:
    """Write scores and histories of all trials for `tensorboard --logdir`, into `tensorboard` beside the run's folder.

    What was measured while a strategy trained stands at its steps, scores at step 0.
    """
    for record in run["records"]:
        trial = f"{record['strategy']}-seed{record['seed']}" + (f"-{n}" if (n := record["train_size"]) else "")
        with SummaryWriter(path.parent / "tensorboard" / path.name / trial) as writer:
            for name, value, step in _scalars(record):
                writer.add_scalar(name, value, step)


def _scalars(record: Mapping[str, Any]) -> list[tuple[str, float, int]]:
    scores = [(f"{split}/{name}", record[split][name], 0) for split in SPLITS if record[split] for name in SCORES]
    return scores + [
        (f"history/{name}", value, int(entry.get("step", number)))
        for number, entry in enumerate(record["history"])
        for name, value in entry.items()
        if isinstance(value, int | float) and name not in ("epoch", "step")
    ]
