"""Listings on the page: strategies, plugins, the plan of a run."""

from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.document.plan import PlanSummary
from harness.plugin_system.offers import Offer, Plugin
from harness.strategies.description import StrategyDescription
from harness.strategies.strategy import parameters, wanted_features
from harness.strategies.tags import depends_on_depth, tags_of
from harness.terminal.console import Page, folding
from harness.terminal.layout import STACKED_BELOW, banner, label_value_lines
from harness.wording import quantities
from harness.wording.text import assignments


def print_strategies(
    plugins: Sequence[Plugin], console: Console, group: str | None = None, language: str = "en"
) -> None:
    """Print every strategy, or those of a group, with plugin, groups and parameters, then broken plugins in red."""
    page = Page(console, language)
    every = (Offer(strategy, plugin) for plugin in plugins for strategy in plugin.strategies)
    offers = sorted((offer for offer in every if group is None or group in offer.groups), key=lambda offer: offer.name)
    rows = [(o.name, o.plugin.origin, _groups(o), assignments(parameters(o.strategy))) for o in offers]
    headings = [page.say(heading) for heading in ("strategy", "plugin", "groups", "parameters")]
    page.write(table(headings, rows, page) if rows else [page.text(page.say("no strategies"))])
    missing = [(offer.name, offer.not_ready) for offer in offers if offer.not_ready]
    page.write([Text("")] if missing else [])
    page.write(
        folding(page.text(f"{name}{page.say(': ')}{page.say_message(told)}", "yellow")) for name, told in missing
    )
    for plugin in plugins:
        if plugin.error is not None:
            page.write(broken_plugin(plugin, plugin.error, page))


def print_strategy(offer: Offer, description: StrategyDescription, console: Console, language: str = "en") -> None:
    """Print what one strategy is, where it comes from, and each of its parameters."""
    page = Page(console, language)
    page.write([page.text(offer.name, "bold")])
    paragraphs = [" ".join(text.split()) for text in description.meaning.split("\n\n")]
    page.write([*(folding(page.text(page.say_message(text))) for text in paragraphs if text), Text("")])
    known = [f"{page.say('layer')} {features.layer} {features.pooling}" for features in wanted_features(offer.strategy)]
    reads = page.say("several layers") if depends_on_depth(offer.strategy) else ", ".join(known)
    search_space = tags_of(offer.strategy).search_space
    source = f", {page.say_message(offer.plugin.source)}" if offer.plugin.distribution else ""
    lines = [
        (page.say("plugin"), f"{offer.plugin.origin}{source}"),
        (page.say("groups"), ", ".join(offer.all_groups)),
        *([(page.say("reads"), page.say("frozen features: {states}").format(states=reads))] if reads else []),
        *([(page.say("tuned over"), search_space)] if search_space else []),
        *([(page.say("needs"), page.say_message(offer.not_ready.removeprefix("needs ")))] if offer.not_ready else []),
    ]
    page.write([label_value_lines(lines, page), Text("")])
    page.write(_parameters(offer, description, page))


def _parameters(offer: Offer, description: StrategyDescription, page: Page) -> Iterator[RenderableType]:
    if not description.parameters:
        yield page.text(page.say("It has no parameters."))
        return
    either = f" {page.say('or')} "
    rows = [
        (p.name, str(p.default), p.values.replace(" or ", either), page.say_message(p.meaning))
        for p in description.parameters
    ]
    headings = [page.say(heading) for heading in ("parameter", "default", "values", "meaning")]
    yield from table(headings, rows, page)
    yield Text("")
    told = page.say_message(f"To change one: harness run -s '{offer.name}({rows[0][0]}=VALUE)'")
    yield folding(page.text(told, "dim"))


def _groups(offer: Offer) -> str:
    return ", ".join(offer.named_groups)


def print_plan(summary: PlanSummary, console: Console, language: str = "en") -> None:
    """Print what a run would do."""
    page = Page(console, language)
    rows = [[name, page.say_message(f"seed {seed}"), assignments(params)] for name, seed, params in summary.trials]
    page.write([banner(page.say_message(summary.fallback), page)] if summary.fallback else [])
    facts = [(page.say_message(label), page.say_message(value)) for label, value in summary.facts]
    page.write([label_value_lines(facts, page), Text("")])
    headings = [page.say(heading) for heading in ("strategy", "seed", "parameters")]
    if summary.cost:
        headings.insert(2, page.say("about"))
        for row, seconds in zip(rows, summary.cost.trials.values(), strict=True):
            row.insert(2, quantities.MISSING if seconds is None else quantities.duration(seconds))
    page.write(table(headings, rows, page) if rows else [page.text(page.say("no trials"))])


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], page: Page) -> Iterator[RenderableType]:
    """Yield a table of text; on a narrow page the cells below one another, the first for a heading."""
    if page.width < STACKED_BELOW:
        for name, *cells in rows:
            yield page.text(name, "bold")
            for line in filter(None, cells):
                yield Padding(page.text(line), (0, 0, 0, 2))
        return
    grid = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for heading in headings:
        grid.add_column(heading, overflow="fold")
    for name, *cells in rows:
        grid.add_row(page.text(name, "bold"), *map(page.text, cells))
    yield grid


def broken_plugin(plugin: Plugin, error: str, page: Page) -> Iterator[RenderableType]:
    """Yield a plugin that could not be loaded, and why, in red."""
    origin = f" ({plugin.origin})" if plugin.distribution else ""
    yield Text("")
    yield page.text(page.say_message(f"broken plugin {plugin.name}{origin}"), "bold red")
    yield Padding(page.text(page.say_message(error.strip()), "red"), (0, 0, 0, 2))
