"""`harness plugins test`: the conformance kit, with a list of what holds and what does not."""

import click

from harness.cli import options
from harness.cli.command import Command
from harness.cli.completion import complete_strategy
from harness.cli.planning import quiet_libraries
from harness.cli.printing import echo_json, echo_traceback
from harness.errors import ExitCode


@click.command("test", cls=Command)
@click.argument("names", metavar="NAME|FILE...", nargs=-1, required=True, shell_complete=complete_strategy)
@options.plugins
@click.option(
    "--leave-out", multiple=True, metavar="CHECK", help="Leave out a check by its name in --json; repeatable."
)
@options.as_json
@options.language
@options.debug_value
@click.pass_context
def test(
    ctx: click.Context,
    names: tuple[str, ...],
    plugins: tuple[str, ...] | None,
    leave_out: tuple[str, ...],
    as_json: bool,
    language: str,
    debug: bool,
) -> int:
    """Check strategies against the contract: by name, group, or all of a Python file.

    Fits them on a tiny task and a tiny encoder, which takes seconds. Says of each check whether it holds, and if not,
    what was expected and what came. Exits with 1 where one fails.
    """
    quiet_libraries(ctx)
    from harness.terminal import make_console, print_conformance, print_conformance_total
    from harness.testing import open_bench
    from harness.testing.finding import find_offers
    from harness.testing.isolation import WorkerTrials
    from harness.testing.suite import CheckResult, each_check

    offers = find_offers(names, ctx.obj["plugins"], plugins or ())
    console, found = make_console(), dict[str, list[CheckResult]]()
    with open_bench() as bench, WorkerTrials(bench) as workers:
        for offer in offers:
            results = workers.checked_first(offer.strategy, each_check(offer.strategy, bench, leave_out))
            found[offer.name] = list(results if as_json else print_conformance(offer.name, results, console, language))
    if as_json:
        echo_json([{"strategy": name, "checks": [vars(r) for r in results]} for name, results in found.items()])
    else:
        print_conformance_total(found, console, language)
    failed = [result for results in found.values() for result in results if result.problem]
    for details in dict.fromkeys(result.details for result in failed) if debug else ():
        echo_traceback(details)
    return ExitCode.FAILED if failed else ExitCode.OK
