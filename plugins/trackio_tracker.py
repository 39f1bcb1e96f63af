"""Tracks runs with trackio, on this machine: harness run --track trackio."""

import contextlib
import importlib.metadata
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness_plugins._records import scores_of  # noqa: TID251  of the same package, so no second copy

from harness import hookimpl

try:
    importlib.metadata.version("trackio")
except importlib.metadata.PackageNotFoundError as error:
    raise ImportError("it needs trackio: pip install 'strategy-harness[trackio]'") from error


@hookimpl
def harness_run_finished(run: Mapping[str, Any], path: Path) -> None:
    """Log each trial as a run of the trackio project that the data set names, scores as its last step.

    Where TRACKIO_DIR names no folder, into `trackio` beside the run's folder; `trackio show` shows it.
    """
    os.environ.setdefault("TRACKIO_DIR", str((path.parent / "trackio").resolve()))  # read when it is imported
    import trackio

    for record in run["records"]:
        name = f"{path.name} {record['strategy']} seed {record['seed']}"
        with contextlib.redirect_stdout(io.StringIO()):
            trackio.init(f"harness {run['task']['name']}", name=name, config=record["params"], auto_log_cpu=False)
            for entry in record["history"]:
                trackio.log(entry)
            trackio.log(scores_of(record, "_"))
            trackio.finish()
