"""Remarks on results that are worse or different than asked for: degradations, notes, fallbacks."""

from collections.abc import Iterator

from harness.document.model import Listing, Paragraph, Phrase, Section
from harness.document.subject import Subject
from harness.results.records import Run
from harness.wording.languages import Say


def remarks_section(subject: Subject) -> Section:
    """List every degradation and note, or say that there is none."""
    say = subject.say
    remarks = [*_remarks(subject)]
    block = Listing(remarks) if remarks else Paragraph(say("Nothing was degraded and nothing stood in for anything."))
    return Section("remarks", say("Degradations and notes"), [block])


def _remarks(subject: Subject) -> Iterator[Phrase]:
    say = subject.say
    for index, run in enumerate(subject.study.runs):
        place = subject.where(index)
        for note in [run.fallback, *run.notes, *_truncation(run, say)]:
            if note:
                yield Phrase("{place}: {note}" if place else "{note}", {"place": place, "note": say(note)})
    yield from degradations(subject)


def degradations(subject: Subject) -> Iterator[Phrase]:
    """Yield what made a result worse or different than asked for, one sentence each."""
    say = subject.say
    named = [record for studied in subject.study.strategies for record in studied.records]
    for record in [*named, *(record for _, record in subject.study.failures)]:
        for degradation in record.degradations:
            values = {"strategy": record.strategy, "seed": str(record.seed), "degradation": say(degradation)}
            yield Phrase(say("{strategy}, seed {seed}: {degradation}"), values)


def _truncation(run: Run, say: Say) -> Iterator[str]:
    if run.model is None:
        return
    for split, n in run.model.truncated_texts.items():
        if n:
            values = {"n": f"{n:,}", "split": say(split), "tokens": f"{run.model.max_length:,}"}
            yield say("texts of {split} that were cut at {tokens} tokens: {n}").format(**values)
