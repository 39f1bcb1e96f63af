"""Parse, call, print: the command line, and the only place that turns an error into an exit code."""

import json
import os
import shlex
import signal
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.completion import SHELLS, complete_files, complete_folders, complete_strategies, completion_script
from harness.config import RunConfig, build_config
from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.planning import Plan
    from harness.records import Run

EXIT_FAILED_STRATEGY = 1
EXIT_INTERNAL = 5
EXIT_SIGINT, EXIT_SIGTERM = 130, 143
SORT_KEYS = ("f1_macro", "accuracy", "f1_weighted", "fit_seconds", "predict_seconds", "total_parameters", "name")
SETTINGS = {
    "help_option_names": ["-h", "--help"],
    "token_normalize_func": lambda token: token.replace("_", "-"),  # of options, commands and choices
    "show_default": True,
    "max_content_width": 110,
}


class _Terminated(KeyboardInterrupt):
    """SIGTERM, handled like Ctrl-C."""


def _terminate(number: int, frame: object) -> None:
    raise _Terminated


def _typed(value: str) -> Any:
    return "auto" if value == "auto" else int(value) if value.lstrip("-").isdigit() else value


def _echo_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2))  # ASCII, so that any stream can hold it


def _echo_tracebacks(result: "Run") -> None:
    for record in result.records:
        if record.error:
            click.echo(record.error.traceback, err=True)


@click.group(context_settings=SETTINGS)
@click.version_option(package_name="strategy-harness", prog_name="harness")
def cli() -> None:
    """Compare every way of turning a pre-trained text encoder into a classifier.

    \b
    harness run --strategies all          compare all strategies on the default data set
    harness list                          the strategies there are, and their parameters
    harness show latest                   the last table again, from disk
    """


# fmt: off
@cli.command()
@click.option("-s", "--strategies", metavar="NAMES", shell_complete=complete_strategies,
              help="Strategies, comma-separated, or 'all'.  [default: all]")
@click.option("-d", "--dataset", metavar="NAME", shell_complete=complete_files,
              help="'emotion', 'sample', a hub id[:config][@revision], a folder with train/validation/test files "
              "(jsonl, json, csv, tsv, parquet), or such files, comma-separated.  [default: emotion]")
@click.option("--text-column", metavar="NAME", help="Column of the texts; guessed from usual names.")
@click.option("--label-column", metavar="NAME", help="Column of the labels; guessed from usual names.")
@click.option("--label-names", metavar="NAMES", help="Names of label ids 0, 1, ..., comma-separated.")
@click.option("-m", "--model", metavar="NAME", shell_complete=complete_folders,
              help="Encoder: a folder or a hub id.  [default: distilbert-base-uncased]")
@click.option("--revision", metavar="NAME", help="Branch, tag or commit of the model on the hub.")
@click.option("--seeds", metavar="NUMBERS", help="Seeds, comma-separated.  [default: 0]")
@click.option("-n", "--limit", type=int, metavar="N", help="At most N rows of each split, stratified.")
@click.option("--set", "set", multiple=True, metavar="STRATEGY.FIELD=VALUE", help="Change a parameter; repeatable.")
@click.option("-c", "--config", "config_file", type=click.Path(path_type=Path), metavar="FILE",
              help="TOML file with these options by their long names; a flag wins.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), help="Where to compute.  [default: auto]")
@click.option("--dtype", type=click.Choice(["auto", "float32", "bfloat16"]), help="Number format.  [default: auto]")
@click.option("-b", "--batch-size", metavar="auto|N", type=_typed,
              help="Texts in one batch of the encoder; auto packs them into a token budget.  [default: auto]")
@click.option("-o", "--output-dir", metavar="FOLDER", shell_complete=complete_folders,
              help="Where the run's folder goes.  [default: reports]")
@click.option("--offline", is_flag=True, default=None, help="Never touch the network.")
@click.option("--fail-fast", is_flag=True, default=None, help="Stop at the first strategy that fails.")
@click.option("--save-models/--no-save-models", default=None, help="Keep the fitted classifiers.  [default: save]")
@click.option("--dry-run", is_flag=True, help="Load and check everything, print the plan, train nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print run.json on stdout instead of tables.")
@click.option("-v", "--verbose", is_flag=True, help="Print the warnings of libraries, too.")
@click.option("-q", "--quiet", is_flag=True, help="Print no progress.")
@click.option("--debug", is_flag=True, help="Print tracebacks.")
@click.pass_context
def run(
    ctx: click.Context,
    /,
    config_file: Path | None,
    dry_run: bool,
    as_json: bool,
    verbose: bool,
    quiet: bool,
    debug: bool,
    **flags: Any,
) -> int:
    """Run strategies on one data set under one protocol and print one table."""
    from harness.environment import be_discreet, quiet_libraries

    config = build_config({name: value for name, value in flags.items() if value is not None}, config_file)
    be_discreet()
    if not verbose:
        quiet_libraries()
    plan = _plan(config, ctx.obj["plugins"], quiet)
    if dry_run:
        _print_plan(plan, as_json)
        return EXIT_FAILED_STRATEGY if plan.broken else 0
    return _run(plan, as_json=as_json, quiet=quiet, debug=debug, command=ctx.obj["argv"])
# fmt: on


def _plan(config: RunConfig, extra: Sequence[object], quiet: bool) -> "Plan":
    """Settle the network first: the hub's client reads its settings when a plugin imports it."""
    from harness.huggingface import settle_network_for
    from harness.planning import make_plan
    from harness.plugin_manager import PluginManager
    from harness.rendering import make_console, waiting

    with waiting(make_console(stderr=True), "loading strategies, data and encoder", quiet=quiet):
        settle_network_for(config)
        return make_plan(config, PluginManager(extra))


def _run(plan: "Plan", *, as_json: bool, quiet: bool, debug: bool, command: list[str]) -> int:
    from harness.rendering import make_console, print_banner, print_run, progress_display
    from harness.runner import execute

    errors = make_console(stderr=True)
    if plan.fallback:
        print_banner(plan.fallback, errors)
    signal_before = signal.signal(signal.SIGTERM, _terminate)
    try:
        with progress_display(errors, quiet=quiet) as reporter:
            result, path, interrupt = execute(plan, reporter, command)
    finally:
        signal.signal(signal.SIGTERM, signal_before)
    if as_json:
        _echo_json(result.model_dump(mode="json"))
    else:
        print_run(result, make_console())
    if debug:
        _echo_tracebacks(result)
    errors.print(f"Saved in {path}", soft_wrap=True)
    if interrupt:
        return EXIT_SIGTERM if isinstance(interrupt, _Terminated) else EXIT_SIGINT
    return 0 if result.status == "complete" else EXIT_FAILED_STRATEGY


def _print_plan(plan: "Plan", as_json: bool) -> None:
    from harness.data import SPLITS
    from harness.rendering import make_console, print_banner, print_plan
    from harness.trial import recorded_parameters

    trials = [(offer.strategy.name, seed, recorded_parameters(offer.strategy)) for offer, seed in plan.trials]
    encoder = plan.encoder
    lines = [
        ("data set", f"{plan.task.name} ({', '.join(f'{len(getattr(plan.task, s)):,} {s}' for s in SPLITS)})"),
        ("classes", ", ".join(plan.task.label_names)),
        ("model", f"{encoder.name} (texts cut at {encoder.max_length} tokens)" if encoder else "none needed"),
        ("device", f"{plan.device}, {plan.dtype}"),
        ("output", plan.config.output_dir),
        *(("note", note) for note in plan.task.provenance.notes),
        *(("broken", f"{plugin.name}: {plugin.error}") for plugin in plan.broken),
    ]
    if as_json:
        content = {"plan": lines, "trials": [{"strategy": s, "seed": k, "params": p} for s, k, p in trials]}
        _echo_json(content | {"fallback": plan.fallback})
        return
    console = make_console()
    if plan.fallback:
        print_banner(plan.fallback, console)
    print_plan(lines, trials, console)


@cli.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--debug", is_flag=True, help="Print tracebacks of broken plugins.")
@click.pass_context
def list_(ctx: click.Context, as_json: bool, debug: bool) -> int:
    """List strategies, their plugins and parameters, and broken plugins with the reason."""
    from harness.environment import be_discreet, quiet_libraries
    from harness.plugin_manager import PluginManager
    from harness.rendering import make_console, print_strategies

    be_discreet()
    quiet_libraries()
    manager = PluginManager(ctx.obj["plugins"])
    if as_json:
        _echo_json(manager.describe())
    else:
        print_strategies(manager.plugins, make_console())
    if debug:
        for plugin in manager.broken:
            click.echo(plugin.traceback, err=True)
    return 0


@cli.command()
@click.argument("name", metavar="RUN", default="latest", shell_complete=complete_folders)
@click.option(
    "-o",
    "--output-dir",
    default="reports",
    metavar="FOLDER",
    shell_complete=complete_folders,
    help="Where runs are looked for.",
)
@click.option("--confusion/--no-confusion", default=True, help="Show the confusion matrices.")
@click.option("--per-class/--no-per-class", default=True, help="Show the best strategy's scores by class.")
@click.option("--sort", type=click.Choice(SORT_KEYS), default="f1_macro", help="Order by this, scores on validation.")
@click.option("--json", "as_json", is_flag=True, help="Print run.json.")
@click.option("--debug", is_flag=True, help="Print the tracebacks of failed strategies.")
def show(name: str, output_dir: str, confusion: bool, per_class: bool, sort: str, as_json: bool, debug: bool) -> int:
    """Show a run again: 'latest', its folder, or its folder's name."""
    from harness.records import read_run
    from harness.rendering import make_console, print_run
    from harness.storage import find_run

    result = read_run(find_run(name, Path(output_dir)))
    if as_json:
        _echo_json(result.model_dump(mode="json"))
    else:
        print_run(result, make_console(), sort=sort, confusion=confusion, per_class=per_class)
    if debug:
        _echo_tracebacks(result)
    return 0


@cli.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> int:
    """Print the completion script of a shell: eval "$(harness completion bash)"."""
    click.echo(completion_script(cli, shell))
    return 0


def main(argv: Sequence[str] | None = None, plugins: Sequence[object] = ()) -> int:
    """Run the command line in this process.

    Args:
        argv: Arguments without the program's name, those of the process by default.
        plugins: Modules or objects with hooks, besides the installed plugins.

    Returns:
        The exit code: 0 all asked for is there, 1 a strategy failed, 2 usage, 3 data or model, 4 disk,
        permission or network, 5 internal, 130 and 143 signals.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    state = {"plugins": plugins, "argv": ["harness", *arguments]}
    debug = "--debug" in arguments
    try:
        with warnings.catch_warnings():
            return int(cli.main(arguments, prog_name="harness", standalone_mode=False, obj=state) or 0)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.Abort, KeyboardInterrupt) as stop:
        click.echo("Stopped.", err=True)
        return EXIT_SIGTERM if isinstance(stop.__cause__, _Terminated) else EXIT_SIGINT
    except HarnessError as error:
        return _report(error, str(error), error.exit_code, debug)
    except (BrokenPipeError, SystemExit):  # rich and click exit where the reader of a pipe went away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        command = shlex.join(state["argv"])  # type: ignore[arg-type]
        fault = f"A fault of the harness itself: {type(error).__name__}: {error}."
        return _report(error, f"{fault} Run '{command} --debug' and report it.", EXIT_INTERNAL, debug)


def _report(error: Exception, message: str, code: int, debug: bool) -> int:
    from harness.rendering import print_error

    print_error(message)
    if debug:
        import traceback

        click.echo("".join(traceback.format_exception(error)), err=True)
    return code
