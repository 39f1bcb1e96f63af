"""`harness run --dry-run`: what a run would do and take."""

from typing import TYPE_CHECKING

from harness.cli.printing import echo_json

if TYPE_CHECKING:
    from harness.document.plan import PlanSummary
    from harness.runs.planning import Plan


def summary_with_cost(plan: "Plan", language: str, *, quiet: bool) -> "PlanSummary":
    """Return what a plan would do and take, after a few timed texts and steps, which is told unless `quiet`."""
    from harness.document.plan import summary_of_plan
    from harness.runs.cost_forecast import forecast_costs
    from harness.terminal import print_note

    if not quiet:
        print_note("Timing a few texts and steps; nothing of it is kept.", language=language)
    return summary_of_plan(plan, forecast_costs(plan))


def echo_plan(plan: "Plan", language: str, *, as_json: bool, quiet: bool) -> None:
    """Print what a plan would do and take."""
    from harness.reporting import plain_values
    from harness.terminal import make_console, print_plan

    summary = summary_with_cost(plan, language, quiet=quiet)
    if as_json:
        echo_json(plain_values.of_plan(summary))
    else:
        print_plan(summary, make_console(), language)
