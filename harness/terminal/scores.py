"""The table of scores and costs: one table, two, or a few short lines a row, whatever the width allows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.text import Text

from harness.analysis.ranking import Entry, Scores, Standing, best_by_validation, is_no_better_than_majority
from harness.evaluation.metrics import METRICS
from harness.terminal.console import Page, folding
from harness.terminal.grid import Grid, Heading
from harness.terminal.layout import NAME_WIDTH, STACKED_BELOW
from harness.wording import quantities
from harness.wording.text import left


@dataclass(frozen=True)
class _Wording:
    metrics: tuple[str, ...]
    says_majority: bool


_FULL = _Wording(METRICS, says_majority=True)
_NO_WORD = _Wording(_FULL.metrics, says_majority=False)
_SHORT = _Wording(("acc", "F1m", "F1w"), says_majority=False)
_SHORT_LEGEND = "acc = accuracy, F1m = f1_macro, F1w = f1_weighted"

LETTERS_LEGEND = "a, b: strategies that share a letter do not differ in test f1_macro beyond chance"
_MAJORITY_LEGEND = "majority: validation accuracy no better than the {accuracy} of always answering the largest class"
_CACHED_LEGEND = "features read from the cache; what computing them took once"


@dataclass(frozen=True)
class ScoreTable:
    """What goes into the table.

    Attributes:
        standings: The strategies in the order of the rows, at least one.
        majority: Validation accuracy of always answering the largest class, a fraction.
        with_seeds: Whether the run has several seeds.
        letters: Strategy -> rank letters by test f1_macro; {} where nothing was tested.
    """

    standings: Sequence[Standing]
    majority: float
    with_seeds: bool
    letters: Mapping[str, str] = field(default_factory=dict)

    @property
    def entries(self) -> list[Entry]:
        """All rows."""
        return [entry for standing in self.standings for entry in standing.entries]

    def is_best(self, entry: Entry) -> bool:
        """Return whether a row is the best by validation."""
        return entry is best_by_validation(self.standings).headline

    def is_no_better(self, entry: Entry) -> bool:
        """Return whether a row has learnt nothing that shows in its validation accuracy."""
        scores = entry.kind != "sd"
        return scores and is_no_better_than_majority(entry.base, entry.validation.accuracy, self.majority)

    def lines(self, page: Page) -> Iterator[Text]:
        """Yield the table in the widest layout that fits, then its legend."""
        wording, grids = self._layout(page)
        if not grids:
            for entry in self.entries:
                yield from self._stacked(entry, page)
            yield Text("")
        for grid in grids:
            yield from grid.lines(page.glyphs.rule)
            yield Text("")
        yield from self._legend(page, explain=wording is _SHORT)

    def _layout(self, page: Page) -> tuple[_Wording, list[Grid]]:
        if page.width < STACKED_BELOW:
            return _SHORT, []
        for wording in (_FULL, _NO_WORD):
            whole = self._grid(page, wording, quality=True, cost=True)
            if whole.width <= page.width:
                return wording, [whole]
        for wording in (_FULL, _NO_WORD, _SHORT):
            two = [self._grid(page, wording, quality=True), self._grid(page, wording, cost=True)]
            if max(grid.width for grid in two) <= page.width:
                return wording, two
        return _SHORT, []

    def _grid(self, page: Page, wording: _Wording, *, quality: bool = False, cost: bool = False) -> Grid:
        say = page.say
        columns = [Heading(say("strategy"), is_name=True)]
        if self.with_seeds:
            columns.append(Heading(say("seed"), is_name=True))
        if quality:
            groups = (say("validation"), say("test"))
            columns += [Heading(say(name), group) for group in groups for name in wording.metrics]
        if cost:
            columns += [Heading(say(name), say("seconds")) for name in ("encode", "fit", "predict")]
            columns += [Heading(say(name), say("parameters")) for name in ("trainable", "total")]
            columns += [Heading(say("memory"), say("peak"))]
        rows = []
        for entry in self.entries:
            cells = [" ".join([page.short(entry.strategy, NAME_WIDTH), *self._marks(entry, page, wording)])]
            cells += [page.say(entry.seed)] if self.with_seeds else []
            cells += self._quality(entry) if quality else []
            cells += self._cost(entry, page) if cost else []
            rows.append((cells, self._style(entry)))
        return Grid(columns, rows)

    def _quality(self, entry: Entry) -> list[str]:
        parts = (entry.validation, entry.test)
        cells = [quantities.score(s) for part in parts for s in (part.accuracy, part.f1_macro, part.f1_weighted)]
        if self.letters:
            widest = max(map(len, self.letters.values()))
            cells[-2] += f" {self._letters_of(entry):{widest}}"
        return cells

    def _letters_of(self, entry: Entry) -> str:
        """Return the rank letters of a strategy on the one row that stands for it."""
        headline = any(entry is standing.headline for standing in self.standings)
        return self.letters.get(entry.strategy, "") if headline else ""

    def _marks(self, entry: Entry, page: Page, wording: _Wording) -> list[str]:
        at_most = f"{page.glyphs.at_most} {page.say('majority')}" if wording.says_majority else page.glyphs.at_most
        tried = page.say("{n} tried").format(n=entry.tried)
        marks = [page.glyphs.star] * self.is_best(entry) + [at_most] * self.is_no_better(entry)
        return [*marks, tried] if entry.tried > 1 else marks

    def _cost(self, entry: Entry, page: Page) -> list[str]:
        encode, fit, predict = map(quantities.seconds, entry.seconds)
        if any(each.cached for each in self.entries):  # below each other, though not all are marked
            encode += page.glyphs.cached if entry.cached else " "
        if entry.kind in ("mean", "sd"):
            return [encode, fit, predict, "", "", ""]  # the rows of the seeds say it
        counts = [quantities.parameter_count(value) for value in (entry.trainable, entry.total)]
        return [encode, fit, predict, *counts, quantities.memory(entry.memory)]

    def _style(self, entry: Entry) -> str:
        if self.is_best(entry):
            return "bold"
        if self.is_no_better(entry):
            return "yellow"
        return "dim" if entry.kind == "sd" else ""

    def _stacked(self, entry: Entry, page: Page) -> Iterator[Text]:
        style = self._style(entry)
        seed = page.say("seed {seed}").format(seed=entry.seed) if entry.kind == "seed" else page.say(entry.seed)
        title = [entry.strategy, *([f" {seed}"] if self.with_seeds else []), *self._marks(entry, page, _FULL)]
        title += [f" {letters}"] if (letters := self._letters_of(entry)) else []
        yield page.text(" ".join(title), style)
        yield Text(_short_scores(page.say("valid."), entry.validation), style=style)
        yield Text(_short_scores(page.say("test"), entry.test), style=style)
        for line in _packed(page.say("cost"), _cost_pieces(entry, page), page.width):
            yield Text(line, style=style)

    def _legend(self, page: Page, *, explain: bool) -> Iterator[Text]:
        yield page.text(f"{page.glyphs.star} {page.say('best validation f1_macro')}", "dim")
        if self.letters:
            yield folding(page.text(page.say(LETTERS_LEGEND), "dim"))
        if any(map(self.is_no_better, self.entries)):
            meaning = page.say(_MAJORITY_LEGEND).format(accuracy=quantities.score(self.majority))
            yield folding(page.text(f"{page.glyphs.at_most} {meaning}", "yellow"))
        if any(entry.cached for entry in self.entries):
            yield folding(page.text(f"{page.glyphs.cached} {page.say(_CACHED_LEGEND)}", "dim"))
        if explain:
            yield Text(page.say(_SHORT_LEGEND), style="dim")


def _short_scores(label: str, scores: Scores) -> str:
    write = quantities.short_score
    shown = f"acc {write(scores.accuracy)} F1m {write(scores.f1_macro)} F1w {write(scores.f1_weighted)}"
    return f"  {left(label, 6)} {shown}"


def _cost_pieces(entry: Entry, page: Page) -> list[str]:
    s = page.say("s")
    units = (f"{s}{page.glyphs.cached}" if entry.cached else s, s, s)
    stages = zip(("encode", "fit", "predict"), entry.seconds, units, strict=True)
    named = [(page.say(stage), value, unit) for stage, value, unit in stages]
    pieces = [f"{stage} {quantities.seconds(value)} {unit}" for stage, value, unit in named if value is not None]
    if entry.total is not None:
        total = quantities.parameter_count(entry.total)
        trained = quantities.parameter_count(entry.trainable)
        pieces.append(page.say("trains {n} of {total}").format(n=trained, total=total))
    return [*pieces, quantities.memory(entry.memory)] if entry.memory is not None else pieces


def _packed(label: str, pieces: Sequence[str], width: int) -> list[str]:
    lines = [f"  {left(label, 6)}"] if pieces else []
    for i, piece in enumerate(pieces):
        ended = f" {piece}," if i < len(pieces) - 1 else f" {piece}"
        if cell_len(lines[-1] + ended) > width:
            lines.append(" " * 8)
        lines[-1] += ended
    return lines
