"""Tracks runs with TensorBoard: harness run --track tensorboard."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness_plugins._records import history_of, scores_of  # noqa: TID251  of the same package, so no second copy

from harness import hookimpl

try:
    from torch.utils.tensorboard import SummaryWriter
except ImportError as error:
    raise ImportError("it needs TensorBoard: pip install 'strategy-harness[tensorboard]'") from error


@hookimpl
def harness_run_finished(run: Mapping[str, Any], path: Path) -> None:
    """Write scores and histories of all trials for `tensorboard --logdir`, into `tensorboard` beside the run's folder.

    What was measured while a strategy trained stands at its steps, scores at step 0.
    """
    for record in run["records"]:
        trial = f"{record['strategy']}-seed{record['seed']}" + (f"-{n}" if (n := record["train_size"]) else "")
        with SummaryWriter(path.parent / "tensorboard" / path.name / trial) as writer:
            for name, value in scores_of(record, "/").items():
                writer.add_scalar(name, value, 0)
            for name, value, step in history_of(record):
                writer.add_scalar(f"history/{name}", value, step)
