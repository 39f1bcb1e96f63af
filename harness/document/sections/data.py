"""The data audit: whether the data can carry the conclusion."""

from collections.abc import Iterator, Sequence

from harness.data.audit import Audit, Lengths, SplitAudit
from harness.data.near_duplicates import NearTexts
from harness.data.same_texts import RepeatedTexts, SharedTexts
from harness.document import numbers
from harness.document.model import Block, Column, Heading, Paragraph, Phrase, Row, Section, Table
from harness.document.subject import Subject
from harness.document.text import shorten
from harness.wording import quantities
from harness.wording.languages import Say

MOST_CLASSES = 100
LONGEST_NAME = 32
MANY_TIMES = 5  # as many rows in the largest class as in the smallest: weights of classes are worth a try
MOST_NAMES = 5  # of classes that a sentence lists
# What flatters or blurs the scores most comes first.
LEAKS = (("train", "test"), ("train", "validation"), ("validation", "test"))
QUANTILE_HEADINGS = {
    "minimum": "min",
    "q05": "5 %",
    "q25": "25 %",
    "median": "median",
    "q75": "75 %",
    "q95": "95 %",
    "maximum": "max",
}
UNITS = ("characters", "words", "tokens")


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
        blocks += [*finding_blocks(audit, subject.say), *audit_blocks(audit, subject.say)]
    return Section("data", subject.say("Data audit"), blocks) if blocks else None


def finding_blocks(audit: Audit, say: Say) -> Iterator[Paragraph]:
    """Yield balance and lengths in a sentence, then a warning for each thing that a reader of scores should know."""
    yield Paragraph(_shape(audit, say))
    yield from (Paragraph(absent, "warning") for absent in _absent_classes(audit, say))
    yield from (Paragraph(advice, "note") for advice in _unequal_classes(audit, say))
    found = list(_findings(audit, say))
    yield from (Paragraph(finding, "warning") for finding in found)
    if not found:
        yield Paragraph(say("No text comes twice, within a split or in two, and none has two labels."), "note")


def _findings(audit: Audit, say: Say) -> Iterator[Phrase]:
    for first, second in LEAKS:
        yield from _leak(audit, first, second, say)
    for first, second in LEAKS if audit.near else ():
        yield from _near_leak(audit, first, second, say)
    yield from _truncation(audit, say)
    yield from _unknown(audit, say)
    for split, of_split in audit.splits.items():
        repeated = audit.normalised.within[split]
        values = {"total": numbers.count(of_split.n_rows), "split": say(split)}
        if repeated.n_rows:
            told = say("{n} of {total} {split} rows repeat an earlier text{labels}.")
            labels = _under_two_labels(repeated, say)
            yield Phrase(told, {"n": numbers.count(repeated.n_rows), "labels": labels, **values})
        if of_split.n_empty:
            told = say("{n} of {total} {split} texts are empty.")
            yield Phrase(told, {"n": numbers.count(of_split.n_empty), **values})


def _absent_classes(audit: Audit, say: Say) -> Iterator[Phrase]:
    """Name the classes that no row is of, and those that a split has none of."""
    counts = {split: of_split.class_counts for split, of_split in audit.splits.items()}
    everywhere = [sum(of_class) for of_class in zip(*counts.values(), strict=True)]
    if nowhere := [name for name, n in zip(audit.label_names, everywhere, strict=True) if n == 0]:
        yield Phrase(say("No row is of {names}, which the data name as a class."), {"names": _listed(nowhere, say)})
    for split, of_split in counts.items():
        gone = [name for name, n, total in zip(audit.label_names, of_split, everywhere, strict=True) if total and not n]
        if gone:
            values = {"split": say(split), "names": _listed(gone, say)}
            yield Phrase(say("No {split} row is of {names}: scores on {split} say nothing of it."), values)


def _unequal_classes(audit: Audit, say: Say) -> Iterator[Phrase]:
    """Suggest weights of classes where the largest class of train has many times the rows of the smallest."""
    counts = [n for n in audit.splits["train"].class_counts if n]
    if counts and max(counts) >= MANY_TIMES * min(counts):
        told = (
            "The largest class of train has {times} times the rows of the smallest: {setting} lets each class count "
            "the same in the loss of a probe, TF-IDF or fine-tuning."
        )
        values = {"times": f"{max(counts) / min(counts):.0f}", "setting": "--set STRATEGY.class_weight=balanced"}
        yield Phrase(say(told), values)


def _listed(names: Sequence[str], say: Say) -> str:
    shown = [shorten(name, LONGEST_NAME) for name in names[:MOST_NAMES]]
    return say(", ").join([*shown, *(["..."] if len(names) > MOST_NAMES else [])])


def _shape(audit: Audit, say: Say) -> Phrase:
    train = audit.splits["train"]
    values = {
        "words": numbers.count(train.words.median),
        "low": numbers.count(train.words.minimum),
        "high": numbers.count(train.words.maximum),
        "balance": _balance(train, audit.label_names, say),
    }
    return Phrase(say("train: {words} words a text in the median, {low} to {high}; {balance}"), values)


def _balance(split: SplitAudit, label_names: list[str], say: Say) -> str:
    counts = split.class_counts
    most, least = max(counts), min(counts)
    if most == least:
        return say("{k} classes of equal size").format(k=len(counts))
    return say("largest class {largest} ({most}), smallest {smallest} ({least})").format(
        largest=shorten(label_names[counts.index(most)], LONGEST_NAME),
        most=quantities.share(most, split.n_rows),
        smallest=shorten(label_names[counts.index(least)], LONGEST_NAME),
        least=quantities.share(least, split.n_rows),
    )


def _leak(audit: Audit, first: str, second: str, say: Say) -> Iterator[Phrase]:
    shared, exact = audit.normalised.shared(first, second), audit.exact.shared(first, second)
    if not shared.second_rows:
        return
    values = {
        "n": numbers.count(shared.second_rows),
        "total": numbers.count(audit.splits[second].n_rows),
        "split": say(second),
        "other": say(first),
        "but": _but_for_case(shared, exact, say),
        "labels": _under_two_labels(shared, say),
    }
    yield Phrase(say("{n} of {total} {split} texts also stand in {other}{but}{labels}."), values)


def _but_for_case(shared: SharedTexts, exact: SharedTexts, say: Say) -> str:
    """Say how many are equal letter by letter, where not all are."""
    if shared.second_rows == exact.second_rows:
        return ""
    return say(", {n} of them letter by letter").format(n=numbers.count(exact.second_rows))


def _under_two_labels(same: SharedTexts | RepeatedTexts, say: Say) -> str:
    """Say how many different texts carry two labels, where any does."""
    n = same.n_two_labels
    return say(" (texts with two labels: {n})").format(n=numbers.count(n)) if n else ""


def _near_leak(audit: Audit, first: str, second: str, say: Say) -> Iterator[Phrase]:
    near = _near_texts(audit, first, second)
    if audit.near and near and near.second_rows:
        values = {
            "n": numbers.count(near.second_rows),
            "total": numbers.count(audit.splits[second].n_rows),
            "split": say(second),
            "other": say(first),
            "threshold": str(audit.near.threshold),
        }
        told = say("{n} of {total} {split} texts nearly stand in {other} (similarity {threshold} or more).")
        yield Phrase(told, values)


def _near_texts(audit: Audit, first: str, second: str) -> NearTexts | None:
    pairs = audit.near.pairs if audit.near else []
    return next((pair for pair in pairs if (pair.first, pair.second) == (first, second)), None)


def _truncation(audit: Audit, say: Say) -> Iterator[Phrase]:
    template = say("{n} of {total} {split} ({share})")
    cut = [
        template.format(
            n=numbers.count(n),
            total=numbers.count(of_split.n_rows),
            split=say(split),
            share=quantities.share(n, of_split.n_rows),
        )
        for split, of_split in audit.splits.items()
        if (n := of_split.n_truncated)
    ]
    if cut:
        values = {"n": numbers.count(audit.max_length), "listed": say(", ").join(cut)}
        yield Phrase(say("Texts longer than the {n} tokens that the encoder reads: {listed}."), values)


def _unknown(audit: Audit, say: Say) -> Iterator[Phrase]:
    if share := audit.unknown_tokens:
        told = say(
            "{share} of the tokens of train are unknown to the encoder, which was made for other texts: it reads them "
            "all alike. Choose one for this language."
        )
        yield Phrase(told, {"share": quantities.share(round(share * 1000), 1000)})


def audit_blocks(audit: Audit, say: Say, most_classes: int = MOST_CLASSES) -> Iterator[Block]:
    """Yield all that was counted: classes, lengths, and texts that come more than once."""
    yield _classes(audit, say, most_classes)
    yield _lengths(audit, say)
    yield _same_texts(audit, say)
    told = say(
        "Normalised: but for case, spacing and Unicode form. Repeated rows are all but the first of each text; "
        "rows of a shared text are those of the second split. Two labels: different texts with two labels or more."
    )
    yield Paragraph(told, "note")
    if audit.near:
        yield _near(audit, say)
        values = {"n": str(audit.near.shingle), "threshold": str(audit.near.threshold)}
        near = say(
            "Nearly the same: of a similarity of {threshold} or more, the Jaccard index of all runs of {n} characters "
            "of the normalised texts."
        )
        yield Paragraph(Phrase(near, values), "note")


def _lengths(audit: Audit, say: Say) -> Table:
    columns = [Column(say("texts"), kind="name"), *(Column(say(heading)) for heading in QUANTILE_HEADINGS.values())]
    rows = []
    for unit in UNITS:
        of_unit: dict[str, Lengths | None] = {split: getattr(each, unit) for split, each in audit.splits.items()}
        rows += [
            Row.of(
                Phrase("{unit}: {split}", {"unit": say(unit), "split": say(split)}),
                *(numbers.count(getattr(lengths, name)) for name in QUANTILE_HEADINGS),
            )
            for split, lengths in of_unit.items()
            if lengths is not None
        ]
    return Table(say("Lengths"), columns, rows)


def _same_texts(audit: Audit, say: Say) -> Table:
    columns = [Column(say("where"), kind="name")]
    for group in (say("letter by letter"), say("normalised")):
        columns += [Column(say(heading), group) for heading in ("texts", "rows", "two labels")]
    rows = []
    for split in audit.splits:
        within = (audit.exact.within[split], audit.normalised.within[split])
        rows.append(
            _row(_place(split, split, say), [(each.n_texts, each.n_rows, each.n_two_labels) for each in within])
        )
    for exact, alike in zip(audit.exact.across, audit.normalised.across, strict=True):
        where = _place(exact.first, exact.second, say)
        rows.append(_row(where, [(each.n_texts, each.second_rows, each.n_two_labels) for each in (exact, alike)]))
    overall = [(None, None, each.n_two_labels) for each in (audit.exact, audit.normalised)]
    rows.append(_row(Phrase(say("in all splits together")), overall))
    return Table(say("Texts that come more than once"), columns, rows)


def _row(where: Phrase, counts: Sequence[tuple[int | None, ...]]) -> Row:
    return Row.of(where, *(numbers.count(n) for group in counts for n in group))


def _near(audit: Audit, say: Say) -> Table:
    columns = [Column(say("where"), kind="name"), Column(say("rows of first")), Column(say("rows of second"))]
    rows = [
        _row(_place(pair.first, pair.second, say), [(pair.first_rows, pair.second_rows)])
        for pair in (audit.near.pairs if audit.near else ())
    ]
    return Table(say("Texts that are nearly the same"), columns, rows)


def _place(first: str, second: str, say: Say) -> Phrase:
    if first == second:
        return Phrase(say("repeated in {split}"), {"split": say(first)})
    return Phrase(say("in {first} and {second}"), {"first": say(first), "second": say(second)})


def _classes(audit: Audit, say: Say, most: int) -> Table:
    columns = [Column(say("class"), kind="name")]
    for split in audit.splits:
        columns += [Column(say("rows"), say(split)), Column(say("share"), say(split))]
    largest = sorted(range(len(audit.label_names)), key=lambda k: -audit.splits["train"].class_counts[k])
    shown = sorted(largest[:most])
    rows = [
        Row.of(
            audit.label_names[k],
            *(
                cell
                for each in audit.splits.values()
                for cell in (numbers.count(each.class_counts[k]), quantities.share(each.class_counts[k], each.n_rows))
            ),
        )
        for k in shown
    ]
    if len(shown) == len(audit.label_names):
        return Table(say("Classes"), columns, rows)
    values = {"n": numbers.count(len(shown)), "total": numbers.count(len(audit.label_names))}
    return Table(Phrase(say("The {n} largest of {total} classes"), values), columns, rows)
