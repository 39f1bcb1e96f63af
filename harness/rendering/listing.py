"""What there is and what is about to happen: strategies, plugins, the plan of a run."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.offers import Plugin
from harness.rendering.console import Page
from harness.rendering.report import label_value_lines
from harness.rendering.scores import STACKED_BELOW
from harness.strategy import parameters


def print_strategies(plugins: Sequence[Plugin], console: Console) -> None:
    """Print every strategy with its plugin and hyperparameters, then the broken plugins in red."""
    page = Page(console)
    rows = sorted(
        (strategy.name, plugin.origin, _assignments(parameters(strategy)))
        for plugin in plugins
        for strategy in plugin.strategies
    )
    page.write(_table(("strategy", "plugin", "parameters"), rows, page) if rows else [Text("no strategies")])
    for plugin in plugins:
        if plugin.error is not None:
            page.write(_broken(plugin, plugin.error, page))


def print_plan(
    plan_lines: Sequence[tuple[str, str]],
    trials: Sequence[tuple[str, int, Mapping[str, Any]]],
    console: Console,
) -> None:
    """Print what a run would do.

    Args:
        plan_lines: Labels and values.
        trials: Strategy, seed and hyperparameters of each trial.
        console: Where.
    """
    page = Page(console)
    rows = [(strategy, f"seed {seed}", _assignments(params)) for strategy, seed, params in trials]
    page.write([label_value_lines(plan_lines, page), Text("")])
    page.write(_table(("strategy", "seed", "parameters"), rows, page) if rows else [Text("no trials")])


def _assignments(params: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in params.items())


def _table(
    headings: tuple[str, str, str], rows: Sequence[tuple[str, str, str]], page: Page
) -> Iterator[RenderableType]:
    if page.width < STACKED_BELOW:
        for name, middle, params in rows:
            yield page.text(name, "bold")
            for line in filter(None, (middle, params)):
                yield Padding(page.text(line), (0, 0, 0, 2))
        return
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for name, middle, params in rows:
        table.add_row(page.text(name, "bold"), page.text(middle), page.text(params))
    yield table


def _broken(plugin: Plugin, error: str, page: Page) -> Iterator[RenderableType]:
    origin = f" ({plugin.origin})" if plugin.distribution else ""
    yield Text("")
    yield page.text(f"broken plugin {plugin.name}{origin}", "bold red")
    yield Padding(page.text(error.strip(), "red"), (0, 0, 0, 2))
