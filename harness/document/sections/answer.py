"""The answer: one sentence, what has to be known to believe it, and the best against each of the others."""

from harness.analysis.answer import Answer, answer
from harness.analysis.answer_notes import NAMES, Said, verdict_in_words
from harness.analysis.learning_curve import find_crossing, learning_curves
from harness.document import numbers
from harness.document.model import Block, Cell, Column, Name, Paragraph, Phrase, Row, Section, Table
from harness.document.subject import Subject
from harness.evaluation.comparisons import ALPHA
from harness.evaluation.conclusion import Comparison, Difference, ScoreDifference


def answer_section(subject: Subject) -> Section:
    """Say which strategy to take, and what that rests on."""
    say = subject.say
    blocks: list[Block] = [Paragraph(the_answer(subject), "lead")]
    blocks += [Paragraph(note, "note") for note in answer_notes(subject)]
    if compared := subject.study.evidence.conclusion.comparisons:
        blocks.append(_table(subject, compared))
    return Section("answer", say("Answer"), blocks)


def the_answer(subject: Subject) -> Phrase:
    """Return the sentence that says what to take."""
    if not subject.study.strategies:
        return Phrase(subject.say("No strategy was scored."))
    if subject.study.watermark:
        pattern = "{best} is best by validation {metric} ({cost}), but these runs cannot be compared."
        values = {"best": Name(subject.best.name), "metric": subject.chosen_by, "cost": subject.cost(subject.best)}
        return Phrase(subject.say(pattern), values)
    said = [_phrase(each) for each in given_answer(subject).sentences]
    values = {}
    patterns = []
    for i, each in enumerate(said):  # places of different sentences may have the same name
        patterns.append(each.pattern.replace("{", f"{{s{i}_"))
        values |= {f"s{i}_{place}": value for place, value in each.values.items()}
    return Phrase(subject.say(" ").join(patterns), values)


def answer_notes(subject: Subject) -> list[Phrase]:
    """Return what has to be known to believe the answer."""
    if subject.study.watermark or not subject.study.strategies:
        return []
    return [_phrase(note) for note in given_answer(subject).notes]


def given_answer(subject: Subject) -> Answer:
    """Return the answer to what a study asks, where a strategy was scored."""
    study = subject.study
    crossing = find_crossing(learning_curves(study.runs[0])) if len(study.runs) == 1 else None
    n_rows, max_latency = study.evidence.n_rows, study.runs[0].config.max_latency
    return answer(study.evidence.conclusion, study.strategies, n_rows, subject.say, crossing, max_latency)


def _phrase(said: Said) -> Phrase:
    return Phrase(said.pattern, {k: Name(value) if k in NAMES else value for k, value in said.values.items()})


def _table(subject: Subject, compared: list[Comparison]) -> Table:
    """Lay out the best by validation against each of the others."""
    say, best = subject.say, subject.best
    caption = Phrase(say("{best}, the best by validation, minus each of the others on test"), {"best": Name(best.name)})
    selected = [subject.chosen_by] if compared[0].selected else []
    columns = [Column(say("strategy"), kind="name"), Column(say("verdict"), kind="name")]
    columns += [
        Column(heading, metric)
        for metric in (*selected, say("f1_macro"), say("accuracy"))
        for heading in (say("difference"), say("p"))
    ]
    columns += [Column(say("as good, p")), Column(say("seconds"))]
    rows = [
        Row.of(
            each.other,
            verdict_in_words(each.verdict, say),
            *(_difference(each.selected) if each.selected else ()),
            *_difference(each.f1_macro),
            *_difference(each.accuracy),
            numbers.p_value(each.p_margin),
            numbers.seconds(subject.study.strategy(each.other).headline.all_seconds),
        )
        for each in compared
    ]
    return Table(caption, columns, rows)


def _difference(difference: Difference | ScoreDifference) -> list[Cell]:
    small = numbers.difference_interval(difference.interval.low, difference.interval.high)
    bold = difference.p_holm < ALPHA
    return [
        Cell(numbers.difference(difference.value), small, bold=bold),
        Cell(numbers.p_value(difference.p_holm), bold=bold),
    ]
