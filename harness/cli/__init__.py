"""Parse, call, print: the command line, and the only place that turns an error into an exit code."""

import shlex
import sys
import traceback
import warnings
from collections.abc import Sequence

import click

from harness.cli.audit import audit
from harness.cli.cache import cache
from harness.cli.command import Command, Group
from harness.cli.compare import compare
from harness.cli.encode import encode
from harness.cli.errors import errors
from harness.cli.export import export
from harness.cli.help import CATALOGUE, language_of
from harness.cli.labels import labels
from harness.cli.listing import list_
from harness.cli.plugins import plugins as plugins_
from harness.cli.predict import predict
from harness.cli.prefetch import prefetch
from harness.cli.printing import echo_traceback
from harness.cli.push import push
from harness.cli.report import report
from harness.cli.reproduce import reproduce
from harness.cli.run import run
from harness.cli.run_display import exit_code_of_signal
from harness.cli.shells import SHELLS, completion_script
from harness.cli.show import show
from harness.cli.tune import tune
from harness.cli.verify import verify
from harness.errors import ExitCode, HarnessError
from harness.system.streams import silence
from harness.wording.languages import translator

__all__ = ["cli", "main"]

SETTINGS = {
    "help_option_names": ["-h", "--help"],
    "token_normalize_func": lambda token: token.replace("_", "-"),  # of options, commands and choices
    "show_default": True,
    "max_content_width": 110,
}


@click.group(cls=Group, context_settings=SETTINGS)
@click.version_option(package_name="strategy-harness", prog_name="harness")
def cli() -> None:
    """Compare every way of turning a pre-trained text encoder into a classifier.

    \b
    harness run --strategies all          compare all strategies on the default data set
    harness list                          the strategies there are, and their parameters
    harness show latest                   the last table again, from disk
    harness compare RUN RUN               strategies of several runs in one table
    harness errors --strategy NAME        where a strategy of the last run fails, row by row
    harness labels RUN --target 0.85      how many more labelled rows a score takes; --doubtful 50: labels to look at
    harness predict RUN FILE              labels of new texts, with probabilities
    harness encode FILES -o FOLDER        frozen features of any number of texts
    harness export RUN -o FOLDER          a classifier as a folder that needs no harness: ONNX, OpenVINO, transformers
    harness push RUN --repo OWNER/NAME    a classifier to the hub, with a model card made from its run
    harness prefetch -d DATA -m MODEL -o BUNDLE   data and encoder in a folder, for machines without a network
    harness audit -d DATASET              whether the data can carry a conclusion
    harness report RUN -o FILE            tables and pictures to hand on: .html .md .tex .csv .json
    harness verify RUN                    every score again from the saved predictions
    harness reproduce RUN                 the run again, and what differs
    harness cache list                    what earlier runs have left for later ones
    harness plugins new my_probe          a strategy of your own; also list, doctor, test, install, uninstall
    """


_LOOKING = (list_, show, compare, errors, labels, report, audit, verify)
for _command in (run, *_LOOKING, predict, encode, export, push, prefetch, reproduce, tune, cache, plugins_):
    cli.add_command(_command)


@cli.command(cls=Command)
@click.argument("shell", type=click.Choice(list(SHELLS)))
def completion(shell: str) -> int:
    """Print the completion script of a shell: eval "$(harness completion bash)"."""
    click.echo(completion_script(cli, shell))
    return 0


def main(argv: Sequence[str] | None = None, plugins: Sequence[object] = (), *, own_process: bool = False) -> int:
    """Run the command line in this process.

    Args:
        argv: Arguments without the program's name, those of the process by default.
        plugins: Modules or objects with hooks, besides the installed plugins.
        own_process: Whether this process was started for the command and has done nothing else: workers may then be
            forked from it.

    Returns:
        The exit code: 0 all asked for is there, 1 a strategy failed, 2 usage, 3 data or model, 4 disk,
        permission or network, 5 internal, 130 and 143 signals.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    command, language = ["harness", *arguments], language_of(arguments)
    state = {"plugins": plugins, "argv": command, "debug": False, "own_process": own_process}
    try:
        with warnings.catch_warnings():
            return int(cli.main(arguments, prog_name="harness", standalone_mode=False, obj=state) or 0)
    except click.ClickException as error:
        _show(error, language)
        return error.exit_code
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.Abort, KeyboardInterrupt) as stop:
        click.echo(translator(language)("Stopped."), err=True)
        return exit_code_of_signal(stop.__cause__)
    except HarnessError as error:
        return _report(error, str(error), error.exit_code, bool(state["debug"]), language)
    except (BrokenPipeError, SystemExit):  # the reader of a pipe went away, which is no fault
        silence(sys.stdout)
        return 0
    except OSError as error:
        return _report(error, _told_of_system(error), ExitCode.UNAVAILABLE, bool(state["debug"]), language)
    except Exception as error:
        fault = f"A fault of the harness itself: {type(error).__name__}: {error}."
        advice = f"Run '{shlex.join(command)} --debug' and report it."
        return _report(error, f"{fault} {advice}", ExitCode.INTERNAL, bool(state["debug"]), language)


def _show(error: click.ClickException, language: str) -> None:
    """Print what click found wrong with the arguments, and how the command is called."""
    if language == "en":
        error.show()
        return
    from harness.terminal import print_error

    if isinstance(error, click.UsageError) and error.ctx:
        say = translator(language)
        usage = error.ctx.get_usage().replace("Usage: ", translator(language, CATALOGUE)("Usage: "), 1)
        advice = f"Try '{error.ctx.command_path} --help' for help."
        click.echo(f"{usage}\n{say(advice)}\n", err=True)
    print_error(error.format_message(), language=language)


def _report(error: Exception, message: str, code: int, debug: bool, language: str) -> int:
    from harness.terminal import print_error

    print_error(message, language=language)
    if debug:
        echo_traceback("".join(traceback.format_exception(error)))
    return code


def _told_of_system(error: OSError) -> str:
    """Return what the system refused, and on which file or stream, as far as it says that."""
    reason = error.strerror or str(error) or type(error).__name__
    if error.filename is not None:
        return f"{error.filename} cannot be used: {reason}. Check the path, its permissions and the disk."
    if not _is_of_output(error):
        return f"The system refused a file or a connection: {reason}. Check disk and network; --debug says where."
    silence(sys.stdout)
    return f"Cannot write to standard output: {reason}. Send it to a place with room; what a run saved is on disk."


def _is_of_output(error: OSError) -> bool:
    """Return whether what failed is a write to standard output: by click or rich, or one that it still holds."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    if frames and frames[-1].f_globals.get("__name__", "").partition(".")[0] in ("click", "rich"):
        return True
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        return True
    return False
