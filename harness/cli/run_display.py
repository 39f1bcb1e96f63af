"""A run on the screen: its progress on standard error, and what signals do to it."""

import signal
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from types import FrameType
from typing import TYPE_CHECKING

from harness.cli.help import language_of
from harness.errors import ExitCode, Terminated
from harness.wording.languages import translator

if TYPE_CHECKING:
    from harness.api.result import RunResult
    from harness.results.run_directory import RunDirectory
    from harness.runs.planning import Plan
    from harness.runs.scheduling import Stop


def exit_code_of_signal(stop: BaseException | None) -> ExitCode:
    """Return the exit code of a run that a signal stopped."""
    return ExitCode.TERMINATED if isinstance(stop, Terminated) else ExitCode.INTERRUPTED


def _terminate(number: int, frame: object) -> None:
    raise Terminated


def execute_shown(
    plan: "Plan",
    command: list[str],
    *,
    quiet: bool,
    resume: "RunDirectory | None" = None,
    retry_failed: bool = False,
) -> tuple["RunResult", KeyboardInterrupt | None]:
    """Run a plan, its progress on standard error; Ctrl-C stops it, and SIGTERM at once."""
    from harness.api.progress import shown_progress
    from harness.api.running import run_plan
    from harness.runs.scheduling import Stop
    from harness.terminal import make_console, print_banner

    if plan.fallback:
        print_banner(translator(language_of(command))(plan.fallback), make_console(stderr=True))
    stop = Stop()
    before = {number: signal.signal(number, handler) for number, handler in _handlers(stop).items()}
    try:
        shown = shown_progress(wanted=not quiet, language=language_of(command))
        # Standard output is for tables and JSON; what libraries print meanwhile, such as Ray's, belongs elsewhere.
        with shown as reporter, redirect_stdout(sys.stderr):
            return run_plan(plan, reporter, command, resume=resume, retry_failed=retry_failed, stop=stop)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _handlers(stop: "Stop") -> dict[int, Callable[[int, FrameType | None], None]]:
    """Return what is done on signals; who started this process with SIGINT ignored wants it to stay so."""
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    return {signal.SIGTERM: _terminate} | ({} if ignored else {signal.SIGINT: stop.on_signal})
