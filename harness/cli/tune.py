"""`harness tune`: the hyperparameters of one strategy, chosen on validation."""

from pathlib import Path
from typing import Any

import click

from harness.cli import options
from harness.cli.command import Command
from harness.cli.completion import complete_folders, complete_strategy
from harness.cli.planning import config_from, plan_of
from harness.cli.printing import echo_json
from harness.errors import ExitCode, UserError


# fmt: off
@click.command(cls=Command)
@click.argument("strategy", metavar="STRATEGY", shell_complete=complete_strategy)
@options.what_encodes
@click.option("--space", metavar="RANGES",
              help='What to search, such as "C=0.001..100:log, pooling=cls|mean".  [default: the strategy\'s]')
@click.option("--trials", type=click.IntRange(min=1), metavar="N",
              help="Configurations in all, with those of an earlier search.  [default: 20, none with --minutes]")
@click.option("--minutes", type=options.Finite(min=0, min_open=True), metavar="M",
              help="Begin no new one after that.")
@click.option("--select-by", metavar="NAME", help="The metric that chooses, such as mcc.  [default: the configuration "
              "file's, or f1_macro]")
@click.option("--seed", type=click.IntRange(min=0), metavar="K",
              help="Seeds the search and every fit.  [default: the configuration file's, or 0]")
@click.option("--train-size", metavar="N", help="Rows of train to search on, or 'all'.  "
              "[default: the configuration file's, or all]")
@click.option("-o", "--output-dir", metavar="FOLDER", shell_complete=complete_folders,
              help="Where searches are kept, to be resumed.  [default: reports]")
@options.cache_dir
@options.as_json
@options.language
@options.verbose
@options.quiet
@options.debug
@click.pass_context
def tune(
    ctx: click.Context,
    /,
    strategy: str,
    config_file: Path | None,
    space: str | None,
    trials: int | None,
    minutes: float | None,
    seed: int | None,
    train_size: str | None,
    as_json: bool,
    language: str,
    verbose: bool,
    quiet: bool,
    **flags: Any,
) -> int:
    """Search the hyperparameters of one strategy for the best validation score; test is never touched.

    The same command goes on where it stopped. Standard output is a configuration file that repeats the winner:
    > tuned.toml, then harness run -c tuned.toml.
    """
    from harness.reporting import plain_values
    from harness.runs.search_space import search_space
    from harness.runs.tuned_config import as_toml
    from harness.runs.tuning import Tried, left_to_search, only_strategy, refuse_impossible_space
    from harness.runs.tuning import tune as search
    from harness.terminal import make_console, print_tuning
    from harness.wording.text import assignments

    if flags.pop("strategies", None):
        raise UserError("Tuning takes its strategy as the argument: leave out --strategies.")
    config = config_from(flags | {"strategies": strategy, "seeds": seed, "train_sizes": train_size}, config_file)
    plan = plan_of(ctx, config, quiet=quiet, verbose=verbose)
    found = left_to_search(plan, search_space(only_strategy(plan).strategy, space), named=space is not None)
    if space is not None:
        refuse_impossible_space(plan, found)
    errors = make_console(stderr=True)

    def tell(number: int, tried: Tried) -> None:
        if not quiet:
            score = tried.problem if tried.shown is None else f"{tried.shown:.4f}"
            errors.print(f"{number}: {score}  {assignments(tried.params)}", soft_wrap=True)

    n_trials = trials if trials or minutes else 20
    tuning = search(plan, found, n_trials=n_trials, seconds=minutes and minutes * 60, tell=tell)
    if as_json:
        echo_json(plain_values.of_tuning(tuning, plan))
    else:
        print_tuning(tuning, errors, language)
        if tuning.best:
            click.echo(as_toml(plan, tuning.best))
    return ExitCode.OK if tuning.best else ExitCode.FAILED
# fmt: on
