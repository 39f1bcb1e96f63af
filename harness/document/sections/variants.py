"""Variants of exported classifiers: a row beside their parent in the table of scores, and what they lose and gain."""

from collections.abc import Iterator, Sequence

from harness.analysis.study import Studied
from harness.document import numbers
from harness.document.model import Block, Cell, Column, Name, Paragraph, Phrase, Row, Section, Table
from harness.document.subject import Subject
from harness.evaluation.metrics import METRICS
from harness.results.latency import Latency
from harness.results.variants import Cost, Variant
from harness.wording import quantities


def variant_name(subject: Subject, studied: Studied, variant: Variant) -> str:
    """Return what a variant is called: its parent, with its seed where it has several, and its number format."""
    seed = subject.say("seed {seed}").format(seed=variant.seed) if len(studied.records) > 1 else ""
    return subject.say(", ").join(filter(None, (studied.name, seed, variant.number_format)))


def variant_rows(subject: Subject, studied: Studied, columns: Sequence[Column]) -> Iterator[Row]:
    """Yield a row of the table of scores for each variant of a strategy; what is not known of it is empty."""
    say, test = subject.say, subject.say("test, with 95 % interval")
    for variant in studied.variants:
        cost = variant.variant
        known = {(test, say(metric)): Cell(numbers.score(getattr(variant.test, metric))) for metric in METRICS}
        known[say("ms"), say("a text")] = Cell(numbers.milliseconds(_per_text(cost)))
        known[say("ms"), say("alone")] = latency_cell(cost)
        known[say("size"), say("on disk")] = Cell(numbers.size(cost.size_bytes))
        name = Cell(variant_name(subject, studied, variant), say("a variant, not ranked"))
        yield Row([name, *(known.get((each.group, each.text), Cell("")) for each in columns[1:])], "muted")


def variants_section(subject: Subject) -> Section | None:
    """Lay out what variants lose and gain against their parents; None where there are none."""
    pairs = [(studied, variant) for studied in subject.study.strategies for variant in studied.variants]
    if not pairs:
        return None
    say = subject.say
    rows = [row for studied, variant in pairs for row in _pair_of_rows(subject, studied, variant)]
    blocks: list[Block] = [Table(say("Variants beside their parents"), _columns(subject), rows)]
    blocks += [Paragraph(_flips(subject, studied, variant), "note") for studied, variant in pairs]
    explained = (
        "Variants are exported classifiers with weights in another number format. They are not ranked, and the answer "
        "leaves them out. Each is held against its parent on the same {n} test rows: that it is less than the margin "
        "behind is proven where the interval of the difference ends below the margin, refuted where it begins above, "
        "else not decided."
    )
    blocks.append(Paragraph(Phrase(say(explained), {"n": numbers.count(pairs[0][1].scores.n_rows)}), "note"))
    if timed := max(variant.variant.n_texts for _, variant in pairs):
        how = (
            "Size and times are those of the exported folder, on the machine of the export: a text alone, the median "
            "and 95th percentile of {n} test texts, and texts in batches."
        )
        blocks.append(Paragraph(Phrase(say(how), {"n": numbers.count(timed)}), "note"))
    return Section("variants", say("Variants"), blocks)


def _columns(subject: Subject) -> list[Column]:
    say = subject.say
    return [
        Column(say("classifier"), kind="name"),
        Column(say("f1_macro"), say("test")),
        Column(say("behind by"), say("test")),
        Column(say("less than the margin"), say("test"), "name"),
        Column(say("other labels"), say("rows")),
        Column(say("on disk"), say("size")),
        Column(say("alone"), say("ms")),
        Column(say("texts/s"), say("in batches")),
    ]


def _pair_of_rows(subject: Subject, studied: Studied, variant: Variant) -> Iterator[Row]:
    say, scores = subject.say, variant.scores
    parent = variant_name(subject, studied, variant.model_copy(update={"number_format": "float32"}))
    yield Row([Cell(parent), Cell(numbers.score(scores.parent)), *[Cell("")] * 3, *_costs(variant.parent)], "muted")
    margin = say("margin {margin}").format(margin=f"{scores.margin:g}")
    yield Row(
        [
            Cell(variant_name(subject, studied, variant)),
            Cell(numbers.score(scores.variant)),
            Cell(numbers.difference(scores.difference), numbers.difference_interval(*_ends(variant))),
            Cell(say(scores.verdict), margin),
            Cell(numbers.count(scores.n_flips)),
            *_costs(variant.variant),
        ]
    )


def _ends(variant: Variant) -> tuple[float, float]:
    return variant.scores.interval.low, variant.scores.interval.high


def _costs(cost: Cost) -> list[Cell]:
    rate = "" if cost.texts_per_second is None else quantities.rate(cost.texts_per_second)
    return [Cell(numbers.size(cost.size_bytes)), latency_cell(cost), Cell(rate or numbers.MISSING)]


def latency_cell(timed: Cost | Latency) -> Cell:
    """Return the milliseconds of a text that comes alone: the median, and below it the 95th percentile."""
    p50, p95 = (None if value is None else 1000 * value for value in (timed.p50_seconds, timed.p95_seconds))
    return Cell(numbers.milliseconds(p50), "" if p95 is None else f"p95 {numbers.milliseconds(p95)}")


def _per_text(cost: Cost) -> float | None:
    return None if cost.texts_per_second is None else 1000 / cost.texts_per_second


def _flips(subject: Subject, studied: Studied, variant: Variant) -> Phrase:
    say, scores = subject.say, variant.scores
    values: dict[str, str] = {"variant": Name(variant_name(subject, studied, variant)), "form": variant.form}
    if not scores.n_flips:
        return Phrase(say("{variant} ({form}) gives every test row the label that its parent gives."), values)
    values |= {"n": numbers.count(scores.n_flips), "fixed": numbers.count(scores.fixed)}
    values["broken"] = numbers.count(scores.broken)
    values["rows"] = say(", ").join(str(row + 1) for row in scores.flips)
    told = (
        "{variant} ({form}) gives another label to {n} test rows: {fixed} are right now, {broken} were before. "
        "The first are rows {rows} (counted from 1)."
    )
    return Phrase(say(told), values)
