"""The data audit: whether the data can carry the conclusion."""

from collections.abc import Iterator, Sequence

from harness.data.audit import Audit
from harness.document import numbers
from harness.document.model import Block, Cell, Column, Heading, Paragraph, Phrase, Row, Section, Table
from harness.document.subject import Subject

MOST_CLASSES = 100


def data_section(subject: Subject) -> Section | None:
    """Lay out the audits of the runs, equal ones once; None where no run holds one."""
    audits: list[tuple[int, Audit]] = []
    for index, run in enumerate(subject.study.runs):
        if run.audit and run.audit not in [audit for _, audit in audits]:
            audits.append((index, run.audit))
    blocks: list[Block] = []
    for index, audit in audits:
        if len(audits) > 1:
            blocks.append(Heading(subject.where(index)))
        blocks += _blocks(subject, audit)
    return Section("data", subject.say("Data audit"), blocks) if blocks else None


def _blocks(subject: Subject, audit: Audit) -> Iterator[Block]:
    yield from _verdict(subject, audit)
    yield _splits(subject, audit)
    yield _same_texts(subject, audit)
    note = subject.say(
        "Normalised: but for case, spacing and Unicode form. Repeated rows are all but the first of each text; "
        "rows of a shared text are those of the second split. Two labels: different texts with two labels or more."
    )
    yield Paragraph(note, "note")
    if audit.near:
        yield _near(subject, audit)
    yield _classes(subject, audit)


def _verdict(subject: Subject, audit: Audit) -> Iterator[Paragraph]:
    shared, say = audit.normalised.shared("train", "test"), subject.say
    total = {"total": numbers.count(audit.splits["test"].n_rows)}
    if shared.second_rows:
        sentence = "Test rows whose text also stands in train, which reward remembering: {n} of {total}."
        yield Paragraph(Phrase(say(sentence), {"n": numbers.count(shared.second_rows), **total}), "warning")
    if audit.normalised.n_two_labels:
        sentence = "Different texts with two labels or more, on which no strategy can always be right: {n}."
        yield Paragraph(Phrase(say(sentence), {"n": numbers.count(audit.normalised.n_two_labels)}), "warning")
    truncated = audit.splits["test"].n_truncated
    if truncated and audit.max_length:
        sentence = "Test texts longer than the {tokens} tokens that the encoder reads: {n} of {total}."
        values = {"n": numbers.count(truncated), **total, "tokens": numbers.count(audit.max_length)}
        yield Paragraph(Phrase(say(sentence), values), "warning")


def _splits(subject: Subject, audit: Audit) -> Table:
    say, words = subject.say, subject.say("words of a text")
    columns = [Column(say("split"), kind="name"), Column(say("rows")), Column(say("empty texts"))]
    columns += [Column(say(heading), words) for heading in ("minimum", "median", "95 %", "maximum")]
    columns += [Column(say("truncated"))]
    rows = [
        Row(
            [
                Cell(say(split)),
                Cell(numbers.count(each.n_rows)),
                Cell(numbers.count(each.n_empty)),
                *(Cell(numbers.count(getattr(each.words, name))) for name in ("minimum", "median", "q95", "maximum")),
                Cell(numbers.count(each.n_truncated)),
            ]
        )
        for split, each in audit.splits.items()
    ]
    return Table(say("Splits"), columns, rows)


def _same_texts(subject: Subject, audit: Audit) -> Table:
    say = subject.say
    columns = [Column(say("where"), kind="name")]
    for group in (say("letter by letter"), say("normalised")):
        columns += [Column(say(heading), group) for heading in ("texts", "rows", "two labels")]
    rows = []
    for split in audit.splits:
        within = (audit.exact.within[split], audit.normalised.within[split])
        where = Phrase(say("repeated in {split}"), {"split": say(split)})
        rows.append(_row(where, [(each.n_texts, each.n_rows, each.n_two_labels) for each in within]))
    for exact, alike in zip(audit.exact.across, audit.normalised.across, strict=True):
        where = Phrase(say("in {first} and {second}"), {"first": say(exact.first), "second": say(exact.second)})
        rows.append(_row(where, [(each.n_texts, each.second_rows, each.n_two_labels) for each in (exact, alike)]))
    overall = [(None, None, each.n_two_labels) for each in (audit.exact, audit.normalised)]
    rows.append(_row(Phrase(say("in all splits together")), overall))
    return Table(say("Texts that come more than once"), columns, rows)


def _row(where: Phrase, counts: Sequence[tuple[int | None, ...]]) -> Row:
    return Row([Cell(where), *(Cell(numbers.count(n)) for group in counts for n in group)])


def _near(subject: Subject, audit: Audit) -> Table:
    say = subject.say
    columns = [Column(say("first"), kind="name"), Column(say("second"), kind="name")]
    columns += [Column(say("rows of first")), Column(say("rows of second"))]
    pairs = audit.near.pairs if audit.near else []
    rows = [
        Row(
            [
                Cell(say(pair.first)),
                Cell(say(pair.second)),
                Cell(numbers.count(pair.first_rows)),
                Cell(numbers.count(pair.second_rows)),
            ]
        )
        for pair in pairs
    ]
    return Table(say("Texts that are nearly the same"), columns, rows)


def _classes(subject: Subject, audit: Audit) -> Table:
    say = subject.say
    columns = [Column(say("class"), kind="name")]
    for split in audit.splits:
        columns += [Column(say("rows"), say(split)), Column(say("share"), say(split))]
    largest = sorted(range(len(audit.label_names)), key=lambda k: -audit.splits["train"].class_counts[k])
    shown = sorted(largest[:MOST_CLASSES])
    rows = [
        Row(
            [
                Cell(audit.label_names[k]),
                *(
                    cell
                    for each in audit.splits.values()
                    for cell in (
                        Cell(numbers.count(each.class_counts[k])),
                        Cell(numbers.share(each.class_counts[k] / each.n_rows)),
                    )
                ),
            ]
        )
        for k in shown
    ]
    if len(shown) == len(audit.label_names):
        return Table(say("Classes"), columns, rows)
    values = {"n": numbers.count(len(shown)), "total": numbers.count(len(audit.label_names))}
    return Table(Phrase(say("The {n} largest of {total} classes"), values), columns, rows)
