"""An unfinished run of the same plan, for the same command given again."""

from contextlib import suppress
from pathlib import Path

from harness.errors import UserError
from harness.results.records import read_unfinished
from harness.results.run_directory import RunDirectory
from harness.results.unfinished_runs import unfinished_runs
from harness.runs.planning import Plan
from harness.runs.recording import keys_of


def same_unfinished_run(plan: Plan) -> RunDirectory | None:
    """Return the last unfinished run in the output folder that would come out as this plan does, None where none is.

    Its configuration, trials, data, encoder, plugins and libraries are the same, and nobody runs it now.
    """
    found = unfinished_runs(Path(plan.config.output_dir))
    keys = keys_of(plan) if found else {}
    for directory in found:
        with suppress(UserError):
            before = read_unfinished(directory)
            if before.trials == keys and before.run.config == plan.config and not directory.is_claimed:
                return directory
    return None
