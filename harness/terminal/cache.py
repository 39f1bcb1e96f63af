"""The cache on the page: what is in it, what a run would find there, what was removed."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path

from rich.console import Console, RenderableType
from rich.text import Text

from harness.document.plan import cache_summary
from harness.features.cache import OWN_PARTS
from harness.features.directory import DIGEST, StoredEntry
from harness.features.pruning import Removed
from harness.runs.cache_explanation import Difference, Explanation, Finding
from harness.terminal.console import Page
from harness.terminal.grid import GAP_BETWEEN_GROUPS, Grid, Heading
from harness.terminal.layout import STACKED_BELOW, label_value_lines
from harness.wording import quantities

HASH_LENGTH = 8
VALUE_LENGTH = 40
NAMES = {"encoding": "encoding code", "format": "format of the cache"}


def print_cache(root: Path, entries: Sequence[StoredEntry], console: Console, language: str = "en") -> None:
    """Print what is in a cache, by encoder, the most recently used first.

    Args:
        root: Folder of the cache.
        entries: What is in it.
        console: Where.
        language: Of what is printed.
    """
    page = Page(console, language)
    if not entries:
        page.write([page.text(page.say_message(f"The cache in {root} is empty."))])
        return
    by_encoder: dict[str, list[StoredEntry]] = {}
    for entry in entries:
        by_encoder.setdefault(_encoder(entry), []).append(entry)
    for encoder, of_encoder in by_encoder.items():
        page.write([page.text(encoder, "bold")])
        page.write(_stacked(of_encoder, page) if page.width < STACKED_BELOW else _table(of_encoder, page))
        page.write([Text("")])
    saved = quantities.seconds(_seconds_saved(entries))
    told = f"{cache_total(entries)}, saving {saved} s of encoding, in {root}"
    page.write([page.text(page.say_message(told))])


def cache_total(entries: Sequence[StoredEntry]) -> str:
    """Return number and size of entries."""
    return f"{_counted(len(entries))}, {quantities.size(sum(entry.bytes for entry in entries))}"


def print_cache_explanation(explanation: Explanation, console: Console, language: str = "en") -> None:
    """Print what a run would find in the cache, one line for each frozen state and split."""
    page = Page(console, language)
    if explanation.unused is not None:
        page.write([page.text(page.say_message(explanation.unused))])
        return
    for features, findings in groupby(explanation.findings, key=lambda finding: finding.features):
        readers = ", ".join((explanation.readers or {}).get(features, ()))
        told = f"layer {features.layer}, {features.pooling}: {readers}"
        page.write([page.text(page.say_message(told), "bold")])
        lines = [(page.say(finding.split), page.say_message(_verdict(finding, page))) for finding in findings]
        page.write([label_value_lines(lines, page), Text("")])
    page.write([page.text(page.say_message(f"{cache_summary(explanation)}, in {explanation.root}"))])


def print_removed(
    root: Path, removed: Removed, left: Sequence[StoredEntry], console: Console, language: str = "en"
) -> None:
    """Print what was removed from a cache.

    Args:
        root: Folder of the cache.
        removed: What was removed.
        left: What is in it now.
        console: Where.
        language: Of what is printed.
    """
    page = Page(console, language)
    reasons = ", ".join(f"{n} {reason}" for reason, n in removed.entries.items() if reason != "all")
    number = removed.entries.total()
    entries = (_counted(number) if number else "leftovers") + (f" ({reasons})" if reasons else "")
    freed = f"Removed {entries} and freed {quantities.size(removed.bytes)} in {root}."
    told = freed if number or removed.bytes else f"Nothing to remove in {root}."
    page.write([page.text(page.say_message(told))])
    if removed.in_use:
        verb = "is" if len(removed.in_use) == 1 else "are"
        told = f"{_counted(len(removed.in_use))} {verb} in use by a run and stayed."
        page.write([page.text(page.say_message(told), "yellow")])
    if left:
        page.write([page.text(page.say_message(f"Left: {cache_total(left)}."))])


def _counted(entries: int) -> str:
    return "1 entry" if entries == 1 else f"{entries:,} entries"


def _encoder(entry: StoredEntry) -> str:
    if not entry.key:
        return "of an unknown model"
    shown = {name: str(part) for name, part in entry.key.items() if name in ("device", "dtype")}
    weights, torch = entry.key.get("weights"), entry.key.get("torch")
    details = [*([f"weights {_short(weights)}"] if weights else []), *shown.values()]
    details += [f"torch {torch}"] if torch else []
    return f"{entry.about.get('model') or 'unnamed model'} ({', '.join(details)})"


def _seconds_saved(entries: Sequence[StoredEntry]) -> float:
    """Return what the entries save; states of the same texts come from one pass, so only the slowest counts."""
    saved: dict[str, float] = {}
    for entry in entries:
        of_pass = str([entry.key.get("texts"), *(part for n, part in entry.key.items() if n not in OWN_PARTS)])
        saved[of_pass] = max(saved.get(of_pass, 0.0), entry.seconds or 0.0)
    return sum(saved.values())


def _table(entries: Sequence[StoredEntry], page: Page) -> Iterator[RenderableType]:
    titles = ("layer", "pooling", "texts x width", "size", "saves", "last used")
    headings = [Heading(page.say(title)) for title in titles]
    cells = [_cells(entry) for entry in entries]
    taken = Grid(headings, [(row, "") for row in cells]).width
    names = [page.short(_data(entry), page.width - taken - GAP_BETWEEN_GROUPS) for entry in entries]
    rows = [([name, *row], _style(entry)) for name, row, entry in zip(names, cells, entries, strict=True)]
    yield from Grid([Heading(page.say("data"), is_name=True), *headings], rows).lines(page.glyphs.rule)


def _stacked(entries: Sequence[StoredEntry], page: Page) -> Iterator[RenderableType]:
    for entry in entries:
        layer, pooling, shape, size, saves, used = _cells(entry)
        saved = f"saves {saves}" if entry.state == "complete" else saves
        yield page.text(page.short(f"{_data(entry)}, layer {layer}, {pooling}", page.width), _style(entry))
        yield page.text(f"  {shape}, {size}", _style(entry))
        yield page.text(f"  {saved}, used {used}", _style(entry))


def _cells(entry: StoredEntry) -> list[str]:
    saves = f"{quantities.seconds(entry.seconds)} s" if entry.state == "complete" else entry.state
    layer, pooling = (str(entry.key.get(name, quantities.MISSING)) for name in ("layer", "pooling"))
    shape = f"{entry.rows:,} x {entry.width:,}" if entry.rows else quantities.MISSING
    used = datetime.fromtimestamp(entry.used).strftime("%Y-%m-%d")
    return [layer, pooling, shape, quantities.size(entry.bytes), saves, used]


def _data(entry: StoredEntry) -> str:
    return entry.about.get("data") or _short(entry.folder.name)


def _style(entry: StoredEntry) -> str:
    return "" if entry.state == "complete" else "yellow"


def _verdict(finding: Finding, page: Page) -> str:
    if finding.verdict == "hit":
        return f"hit: saves {quantities.seconds(finding.seconds)} s"
    if finding.verdict == "damaged":
        return f"damaged: {finding.damage}; a run computes it again"
    if finding.verdict == "unfinished":
        return f"unfinished: {finding.rows_done:,} of {finding.rows:,} texts are there; a run computes the rest"
    if finding.nearest is None:
        return "miss: nothing like it is cached"
    differences = "; ".join(_difference(difference, finding, page) for difference in finding.differences)
    names = ", ".join(filter(None, (finding.nearest.about.get("data"), finding.nearest.about.get("model"))))
    return f"miss: {differences}" + (f" (nearest: {names})" if names else "")


def _difference(difference: Difference, finding: Finding, page: Page) -> str:
    part, values = difference.part, (difference.cached, difference.planned)
    if part == "texts":
        there = finding.nearest.rows if finding.nearest else 0
        return "texts differ" + (f" ({there:,} there, {finding.rows:,} here)" if there != finding.rows else "")
    change = f" {page.glyphs.arrow} ".join(page.short(_short(value), VALUE_LENGTH) for value in values)
    if all(DIGEST.fullmatch(str(value)) for value in values):
        return f"{part} {'differ' if part.endswith('s') else 'differs'}: sha256 {change}"
    return f"{NAMES.get(part, part)}: {change}"


def _short(value: object) -> str:
    """Write a part of a key; of a sha256 its beginning."""
    if value is None:
        return "none"
    return str(value)[:HASH_LENGTH] if DIGEST.fullmatch(str(value)) else str(value)
