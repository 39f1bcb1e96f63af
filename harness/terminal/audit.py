"""What a data audit found, in a few lines: what a reader of the scores should know, and nothing where all is well."""

from collections.abc import Iterator

from rich.text import Text

from harness.data.audit import Audit, SplitAudit
from harness.data.near_duplicates import NearTexts
from harness.data.same_texts import RepeatedTexts, SharedTexts
from harness.terminal.console import Page, folding
from harness.terminal.scores import NAME_WIDTH
from harness.wording import quantities

# What flatters or blurs the scores most comes first.
LEAKS = (("train", "test"), ("train", "validation"), ("validation", "test"))


def audit_lines(audit: Audit, page: Page) -> Iterator[Text]:
    """Yield what is to be known of the data: balance and lengths in one line, then a line for each thing found.

    Args:
        audit: What was found.
        page: Where it is printed.
    """
    yield page.text(page.say("Data audit"), "bold underline")
    yield folding(page.text(_shape(audit, page)))
    found = list(findings(audit, page))
    for finding in found:
        yield folding(page.text(finding, "yellow"))
    if not found:
        yield folding(
            page.text(page.say("No text comes twice, within a split or in two, and none has two labels."), "dim")
        )


def findings(audit: Audit, page: Page) -> Iterator[str]:
    """Yield a sentence for each thing that a reader of the scores should know; none where all is well."""
    for first, second in LEAKS:
        yield from _leak(audit, first, second, page)
    for first, second in LEAKS if audit.near else ():
        yield from _near_leak(audit, first, second, page)
    yield from _truncation(audit, page)
    for split, of_split in audit.splits.items():
        repeated = audit.normalised.within[split]
        if repeated.n_rows:
            template = page.say("{n} of {total} {split} rows repeat an earlier text{labels}.")
            yield template.format(
                n=f"{repeated.n_rows:,}",
                total=f"{of_split.n_rows:,}",
                split=page.say(split),
                labels=_under_two_labels(repeated, page),
            )
        if of_split.n_empty:
            template = page.say("{n} of {total} {split} texts are empty.")
            yield template.format(n=f"{of_split.n_empty:,}", total=f"{of_split.n_rows:,}", split=page.say(split))


def _shape(audit: Audit, page: Page) -> str:
    train = audit.splits["train"]
    template = page.say("train: {words} words a text in the median, {low} to {high}; {balance}")
    return template.format(
        words=f"{train.words.median:,}",
        low=f"{train.words.minimum:,}",
        high=f"{train.words.maximum:,}",
        balance=_balance(train, audit.label_names, page),
    )


def _balance(split: SplitAudit, label_names: list[str], page: Page) -> str:
    counts = split.class_counts
    most, least = max(counts), min(counts)
    if most == least:
        return page.say("{k} classes of equal size").format(k=len(counts))
    return page.say("largest class {largest} ({most}), smallest {smallest} ({least})").format(
        largest=page.short(label_names[counts.index(most)], NAME_WIDTH),
        most=quantities.share(most, split.n_rows),
        smallest=page.short(label_names[counts.index(least)], NAME_WIDTH),
        least=quantities.share(least, split.n_rows),
    )


def _leak(audit: Audit, first: str, second: str, page: Page) -> Iterator[str]:
    shared, exact = audit.normalised.shared(first, second), audit.exact.shared(first, second)
    if not shared.second_rows:
        return
    template = page.say("{n} of {total} {split} texts also stand in {other}{but}{labels}.")
    yield template.format(
        n=f"{shared.second_rows:,}",
        total=f"{audit.splits[second].n_rows:,}",
        split=page.say(second),
        other=page.say(first),
        but=_but_for_case(shared, exact, page),
        labels=_under_two_labels(shared, page),
    )


def _but_for_case(shared: SharedTexts, exact: SharedTexts, page: Page) -> str:
    """Say how many are equal letter by letter, where not all are."""
    if shared.second_rows == exact.second_rows:
        return ""
    return page.say(", {n} of them letter by letter").format(n=f"{exact.second_rows:,}")


def _under_two_labels(same: SharedTexts | RepeatedTexts, page: Page) -> str:
    """Say how many different texts carry two labels, where any does."""
    return page.say(" (texts with two labels: {n})").format(n=f"{same.n_two_labels:,}") if same.n_two_labels else ""


def _near_leak(audit: Audit, first: str, second: str, page: Page) -> Iterator[str]:
    near = near_texts(audit, first, second)
    if audit.near and near and near.second_rows:
        template = page.say("{n} of {total} {split} texts nearly stand in {other} (similarity {threshold} or more).")
        yield template.format(
            n=f"{near.second_rows:,}",
            total=f"{audit.splits[second].n_rows:,}",
            split=page.say(second),
            other=page.say(first),
            threshold=audit.near.threshold,
        )


def near_texts(audit: Audit, first: str, second: str) -> NearTexts | None:
    """Return the near-duplicates of two splits, None where nobody looked for them."""
    pairs = audit.near.pairs if audit.near else []
    return next((pair for pair in pairs if (pair.first, pair.second) == (first, second)), None)


def _truncation(audit: Audit, page: Page) -> Iterator[str]:
    cut = [(split, of_split, of_split.n_truncated) for split, of_split in audit.splits.items() if of_split.n_truncated]
    if not cut:
        return
    template = page.say("{n} of {total} {split} ({share})")
    listed = page.say(", ").join(
        template.format(
            n=f"{n:,}",
            total=f"{of_split.n_rows:,}",
            split=page.say(split),
            share=quantities.share(n, of_split.n_rows),
        )
        for split, of_split, n in cut
    )
    yield page.say("Texts longer than the {n} tokens that the encoder reads: {listed}.").format(
        n=quantities.MISSING if audit.max_length is None else f"{audit.max_length:,}", listed=listed
    )
