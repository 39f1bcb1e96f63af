"""The answer in one sentence: the best by validation, what it is tied with, the cheapest of these, and their cost."""

from harness.document import numbers
from harness.document.model import Block, Name, Paragraph, Phrase, Section
from harness.document.subject import NAMED, Subject


def answer_section(subject: Subject) -> Section:
    """Say which strategy to choose."""
    say = subject.say
    blocks: list[Block] = [Paragraph(the_answer(subject), "lead")]
    if subject.study.evidence.pairs:
        blocks.append(Paragraph(_what_tied_means(subject), "note"))
    return Section("answer", say("Answer"), blocks)


def the_answer(subject: Subject) -> Phrase:
    """Return the sentence that names the best strategy, its ties, the cheapest of these, and the cost of each."""
    say = subject.say
    if not subject.study.strategies:
        return Phrase(say("No strategy was scored."))
    best = subject.best
    values: dict[str, str] = {"best": Name(best.name), "cost": subject.cost(best)}
    if subject.study.watermark:
        sentence = "{best} is best by validation f1_macro ({cost}), but these runs cannot be compared."
        return Phrase(say(sentence), values)
    if len(subject.study.strategies) == 1:
        return Phrase(say("{best} is the only strategy that was scored ({cost})."), values)
    if not subject.study.evidence.trials:
        return Phrase(say("{best} is best by validation f1_macro ({cost}); nothing was tested."), values)
    tied = [name for name in subject.study.evidence.conclusion.tied if name != best.name]
    if not tied:
        sentence = "{best} is best by validation f1_macro ({cost}), and no other strategy is tied with it on test."
        return Phrase(say(sentence), values)
    return _with_ties(subject, tied, values)


def _with_ties(subject: Subject, tied: list[str], values: dict[str, str]) -> Phrase:
    say, cheapest = subject.say, subject.study.strategy(subject.study.evidence.conclusion.cheapest)
    values |= {"tied": _with_costs(subject, tied)}
    if cheapest is subject.best:
        sentence = (
            "{best} is best by validation f1_macro ({cost}), tied on test with {tied}, and the cheapest of these."
        )
        return Phrase(say(sentence), values)
    values |= {"cheapest": Name(cheapest.name), "cheapest_cost": subject.cost(cheapest)}
    if tied == [cheapest.name]:
        sentence = (
            "{best} is best by validation f1_macro ({cost}) and tied on test with {cheapest}, "
            "which is cheaper ({cheapest_cost})."
        )
        return Phrase(say(sentence), values)
    sentence = (
        "{best} is best by validation f1_macro ({cost}) and tied on test with {tied}; "
        "the cheapest of these is {cheapest} ({cheapest_cost})."
    )
    return Phrase(say(sentence), values)


def _with_costs(subject: Subject, names: list[str]) -> str:
    told = [f"{name} ({subject.cost(subject.study.strategy(name))})" for name in names[:NAMED]]
    return subject.names([*told, *names[NAMED:]])


def _what_tied_means(subject: Subject) -> Phrase:
    evidence = subject.study.evidence
    return Phrase(
        subject.say(
            "Tied: on the same {n_rows} test rows the difference in f1_macro is no larger than chance would make it "
            "(p of 5 % or more after Holm's correction for the comparisons with the best)."
        ),
        {"n_rows": numbers.count(evidence.n_rows)},
    )
