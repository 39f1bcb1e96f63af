"""What the differences are worth: intervals as numbers and bars, rank letters, and all pairs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text

from harness.analysis.ranking import Standing
from harness.evaluation.comparisons import ALPHA
from harness.evaluation.conclusion import Difference
from harness.evaluation.evidence import Evidence, StrategyEvidence, TrialEvidence
from harness.evaluation.intervals import FEW_ROWS, Interval
from harness.terminal.bars import interval_bars
from harness.terminal.console import Page, folding
from harness.terminal.grid import GAP_BETWEEN_GROUPS, Grid, Heading
from harness.terminal.layout import NAME_WIDTH, STACKED_BELOW
from harness.wording import quantities

WIDEST_BAR, NARROWEST_BAR = 32, 8  # columns
METRICS = {"accuracy": "acc", "f1_macro": "F1m"}
SAMPLING = "95 % intervals: chance of the test rows"
SPREAD = "95 % intervals: chance of the test rows and of training; scores are means over seeds"
FEW = "no interval of f1_macro where a class has fewer than {n} test rows"
PAIRS_LEGEND = "* differs beyond chance (Holm-corrected p < 0.05)"
Pairs = Mapping[tuple[str, str], tuple[int, Difference]]
"""First and second strategy -> the sign to read the difference with, and the difference."""


@dataclass(frozen=True)
class _Row:
    """One strategy: its test scores, means over seeds, their intervals and its rank letters."""

    standing: Standing
    trial: TrialEvidence
    known: StrategyEvidence | None
    letters: Mapping[str, str]

    def score(self, metric: str) -> float:
        return float(getattr(self.standing.headline.test, metric))

    def interval(self, metric: str) -> Interval | None:
        if self.known:
            found: Interval | None = getattr(self.known, metric).interval
            return found
        return getattr(self.trial, metric) if len(self.standing.records) == 1 else None  # a run of an older version

    @property
    def bar(self) -> tuple[float, Interval | None]:
        return self.score("f1_macro"), self.interval("f1_macro")


def evidence_lines(evidence: Evidence, standings: Sequence[Standing], page: Page) -> Iterator[Text]:
    """Yield the test scores with their intervals as numbers and bars, rank letters, and what they mean.

    Args:
        evidence: Of the strategies in `standings`.
        standings: The strategies in the order of the rows.
        page: Where it is printed.
    """
    trials = {trial.strategy: trial for trial in reversed(evidence.trials)}  # the lowest seed stays
    letters = {name: each.model_dump() for name, each in evidence.letters.items()}
    rows = [
        _Row(each, trials[each.name], evidence.strategy(each.name), letters.get(each.name, {}))
        for each in standings
        if each.name in trials
    ]
    if not rows:
        return
    yield page.text(page.say("Test scores with 95 % intervals"), "bold underline")
    yield from _stacked(rows, page) if page.width < STACKED_BELOW else _table(rows, page)
    several = any(len(row.standing.entries) > 1 for row in rows)
    yield folding(page.text(page.say(SPREAD if several else SAMPLING), "dim"))
    if any(row.known and row.interval("f1_macro") is None for row in rows):
        yield folding(page.text(page.say(FEW).format(n=FEW_ROWS), "dim"))
    yield from _unseen_lines(rows, evidence, page)


def letters_of(evidence: Evidence | None) -> dict[str, str]:
    """Return strategy -> rank letters by test f1_macro, {} where nothing was tested."""
    return {name: letters.f1_macro for name, letters in evidence.letters.items()} if evidence else {}


def _table(rows: Sequence[_Row], page: Page) -> Iterator[Text]:
    headings = [Heading(page.say("strategy"), is_name=True)]
    for metric in METRICS:
        headings += [Heading(page.say("score"), page.say(metric)), Heading(page.say("95 %"), page.say(metric))]
        headings += [Heading(page.say("rank"), page.say(metric), is_name=True)] if rows[0].letters else []
    cells = [[page.short(row.standing.name, NAME_WIDTH), *_numbers(row)] for row in rows]
    taken = Grid(headings, [(each, "") for each in cells]).width + GAP_BETWEEN_GROUPS
    if (width := min(page.width - taken, WIDEST_BAR)) >= NARROWEST_BAR:
        headings.append(Heading("", is_name=True))
        bars = interval_bars([row.bar for row in rows], width, page)
        cells = [[*each, bar] for each, bar in zip(cells, bars, strict=True)]
    yield from Grid(headings, [(each, "") for each in cells]).lines(page.glyphs.rule)


def _numbers(row: _Row) -> Iterator[str]:
    for metric in METRICS:
        yield quantities.score(row.score(metric))
        yield _ends(row.interval(metric))
        if row.letters:
            yield row.letters[metric]


def _stacked(rows: Sequence[_Row], page: Page) -> Iterator[Text]:
    bars = interval_bars([row.bar for row in rows], page.width - 3, page)
    for row, bar in zip(rows, bars, strict=True):
        yield page.text(row.standing.name)
        for metric, short in METRICS.items():
            score, ends = quantities.short_score(row.score(metric)), _ends(row.interval(metric))
            yield Text(f"  {short:3} {score} {ends} {row.letters.get(metric, '')}")
        yield Text(f"  {bar}", style="dim", no_wrap=True, overflow="crop")


def _ends(interval: Interval | None) -> str:
    return f"{quantities.short_score(interval.low)}-{quantities.short_score(interval.high)}" if interval else "-"


def _unseen_lines(rows: Sequence[_Row], evidence: Evidence, page: Page) -> Iterator[Text]:
    """Yield the scores without the test rows whose text stands in train, too, where there are such rows."""
    unseen = [(row, row.trial.unseen) for row in rows if row.trial.unseen is not None]
    if not unseen or all(scores.n_rows == evidence.n_rows for _, scores in unseen):
        return
    n_seen = evidence.n_rows - unseen[0][1].n_rows
    title = page.say("Test scores without rows whose text also stands in train")
    yield Text("")
    yield folding(page.text(f"{title} ({n_seen:,} / {evidence.n_rows:,})", "bold underline"))
    in_full = page.width >= STACKED_BELOW
    headings = [Heading(page.say("strategy"), is_name=True)]
    headings += [Heading(page.say(metric) if in_full else short) for metric, short in METRICS.items()]
    write = quantities.score if in_full else quantities.short_score
    longest = NAME_WIDTH if in_full else page.width - 14
    cells = [
        [page.short(row.standing.name, longest), *(_written(getattr(scores, metric), write) for metric in METRICS)]
        for row, scores in unseen
    ]
    yield from Grid(headings, [(each, "") for each in cells]).lines(page.glyphs.rule)
    if any(scores.lost_classes for _, scores in unseen):
        yield folding(page.text(page.say("They have no f1_macro, since a class has no row among them."), "dim"))


def _written(score: float | None, write: Callable[[float], str]) -> str:
    return "-" if score is None else write(score)


def pair_lines(evidence: Evidence, order: Sequence[str], page: Page, metric: str = "f1_macro") -> Iterator[Text]:
    """Yield the difference of every two strategies on the same test rows, a matrix where it fits, else a list.

    Args:
        evidence: With the pairs.
        order: The strategies in the order of rows and columns.
        page: Where it is printed.
        metric: accuracy or f1_macro.
    """
    title = page.say("Differences in test {metric}, row minus column").format(metric=page.say(metric))
    yield page.text(title, "bold underline")
    pairs = {(pair.first, pair.second): (1, getattr(pair, metric)) for pair in evidence.pairs}
    pairs |= {(pair.second, pair.first): (-1, getattr(pair, metric)) for pair in evidence.pairs}
    shown = [name for name in order if any(name == first for first, _ in pairs)]
    grid = _pair_matrix(pairs, shown, page)
    yield from (grid if grid.width <= page.width else _pair_list(pairs, shown, page)).lines(page.glyphs.rule)
    yield folding(page.text(page.say(PAIRS_LEGEND), "dim"))


def _pair_matrix(pairs: Pairs, names: Sequence[str], page: Page) -> Grid:
    headings = [Heading(page.say("strategy"), is_name=True), *(Heading(str(i + 1)) for i in range(len(names)))]
    rows = []
    for i, first in enumerate(names):
        found = [pairs.get((first, second)) for second in names]
        name = f"{i + 1} {page.short(first, NAME_WIDTH)}"
        rows.append(([name, *(_signed(each) if each else "" for each in found)], ""))
        rows.append((["", *(f"{_p_value(each)} " if each else "" for each in found)], "dim"))
    return Grid(headings, rows)


def _pair_list(pairs: Pairs, names: Sequence[str], page: Page) -> Grid:
    longest = max((page.width - 25) // 2, 4)
    headings = [Heading(page.say("row"), is_name=True), Heading(page.say("column"), is_name=True)]
    headings += [Heading(page.say("difference")), Heading("p")]
    rows = [
        ([page.short(first, longest), page.short(second, longest), _signed(each), _p_value(each)], "")
        for i, first in enumerate(names)
        for second in names[i + 1 :]
        for each in [pairs[first, second]]
    ]
    return Grid(headings, rows)


def _signed(pair: tuple[int, Difference]) -> str:
    sign, difference = pair
    return f"{sign * difference.value:+.4f}{'*' if difference.p_holm < ALPHA else ' '}"


def _p_value(pair: tuple[int, Difference]) -> str:
    p = pair[1].p_holm
    return "p<.001" if p < 0.001 else f"p{p:.3f}".replace("0.", ".", 1)  # noqa: PLR2004
