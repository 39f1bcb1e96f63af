"""An unfinished run of the same plan, or one in which something failed, for the same call made again."""

from contextlib import suppress
from pathlib import Path

from harness.errors import UserError
from harness.results.records import read_run, read_unfinished
from harness.results.run_directory import RUN_FILE, RunDirectory
from harness.results.unfinished_runs import keys_of_finished, unfinished_runs
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


def same_failed_run(plan: Plan) -> RunDirectory | None:
    """Return the last finished run of this plan in the output folder if trials of it failed, else None.

    Its configuration is the same, and what the numbers of its other trials depend on.
    """
    files = Path(plan.config.output_dir).glob(f"*/{RUN_FILE}")
    keys = keys_of(plan)
    for file in sorted(files, key=lambda f: (f.stat().st_mtime_ns, f), reverse=True):
        directory = RunDirectory(file.parent)
        with suppress(UserError):
            run, before = read_run(directory), keys_of_finished(directory)
            failed = {record.trial for record in run.records if record.status == "failed"}
            kept = {trial: key for trial, key in keys.items() if trial not in failed}
            if run.config == plan.config and kept == {trial: before[trial] for trial in before if trial in kept}:
                return directory if failed and not directory.is_claimed else None
    return None
