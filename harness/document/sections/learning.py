"""The section on training: its history, and how far the probabilities can be believed."""

from collections.abc import Iterator
from functools import partial

from harness.analysis.study import Studied
from harness.document import numbers
from harness.document.figures.history import SETTING, history_figure, is_drawable
from harness.document.figures.reliability import Bin, reliability_figure
from harness.document.model import (
    Bar,
    Block,
    Cell,
    Column,
    Fold,
    Gallery,
    Paragraph,
    Phrase,
    Picture,
    Row,
    Section,
    Table,
)
from harness.document.sections.confusions import title
from harness.document.subject import Subject
from harness.evaluation.calibration import Calibration, ReliabilityBin
from harness.wording.languages import Say

# What the strategies that come along keep in a history; names that others keep are shown as they are.
KNOWN = ("epoch", "step", "configuration", "layer", "loss", "log_loss", "accuracy", "f1_macro", "f1_weighted")


def learning_section(subject: Subject) -> Section | None:
    """Draw the history of each trained strategy's lowest seed; None where none kept one."""
    pictures = [picture for studied in subject.study.strategies if (picture := history_picture(subject, studied))]
    return Section("learning", subject.say("Learning history"), [Gallery(pictures)]) if pictures else None


def history_picture(subject: Subject, studied: Studied) -> Picture | None:
    """Draw the learning history of a strategy's lowest seed; None where it kept none."""
    history = studied.records[0].history
    if not is_drawable(history):
        return None
    last = subject.say(", ").join(f"{name} {value:.4g}" for name, value in history[-1].items())
    alternative = Phrase(
        subject.say("Learning history of {name} over {n} entries; the last: {last}."),
        {"name": studied.name, "n": numbers.count(len(history)), "last": last},
    )
    return Picture(partial(history_figure, history), alternative, title(subject, studied))


def history_section(subject: Subject) -> Section:
    """Lay out the epochs, or what else was tried, of each strategy's lowest seed in tables."""
    kept = [studied for studied in subject.study.strategies if is_drawable(studied.records[0].history)]
    blocks: list[Block] = [_history_table(subject, studied) for studied in kept]
    nothing = Paragraph(subject.say("No strategy kept a history of its training."), "note")
    return Section("history", subject.say("Learning history"), blocks or [nothing])


def _history_table(subject: Subject, studied: Studied) -> Table:
    history = studied.records[0].history
    names = list(dict.fromkeys(name for entry in history for name in entry))
    columns = [_history_column(name, subject.say) for name in names]
    rows = [Row.of(*(_measured(name, entry.get(name)) for name in names)) for entry in history]
    return Table(title(subject, studied), columns, rows)


def _history_column(name: str, say: Say) -> Column:
    """Return the heading of a number, that of a split under the split's name."""
    split = next((split for split in ("validation", "train") if name.startswith(f"{split}_")), "")
    measured = name.removeprefix(f"{split}_").removeprefix(SETTING)
    heading = next((say(known) for known in KNOWN if known == measured), measured)
    return Column(heading, say(split) if split else "")


def _measured(name: str, value: float | None) -> str:
    if value is None:
        return numbers.MISSING
    return f"{value:.4f}" if name.startswith(("validation_", "train_")) else f"{value:g}"


def calibration_section(subject: Subject) -> Section | None:
    """Draw the reliability curve of every strategy, with the expected calibration error."""
    say = subject.say
    pictures = [picture for studied in subject.study.strategies if (picture := calibration_picture(subject, studied))]
    if not pictures:
        return None
    note = say(
        "Accuracy of test rows that a strategy is about equally sure of, against its confidence; larger dots are more "
        "rows. On the diagonal probabilities can be taken at their word. ECE, the expected calibration error, is the "
        "mean distance from it, weighted by rows (Guo et al., 2017)."
    )
    return Section("calibration", say("Calibration"), [Paragraph(note, "note"), Gallery(pictures)])


def calibration_picture(subject: Subject, studied: Studied) -> Picture | None:
    """Draw the reliability curve of a strategy's lowest seed; None where nothing is known of its probabilities."""
    say, trial = subject.say, subject.trial(studied)
    if trial is None:
        return None
    calibration = trial.calibration
    n_rows = sum(each.n for each in calibration.bins)
    bins = [Bin(each.n / n_rows, each.confidence, each.accuracy) for each in calibration.bins]
    draw = partial(reliability_figure, bins, say("confidence"), say("accuracy"))
    values = {"name": str(title(subject, studied)), "ece": numbers.score(calibration.ece)}
    caption = Phrase(say("{name}: ECE {ece}"), values)
    alternative = Phrase(say("Reliability curve of {name}: expected calibration error {ece}."), values)
    below = Fold(say("Numbers"), list(calibration_blocks(studied.name, calibration, say)))
    return Picture(draw, alternative, caption, [below])


def calibration_blocks(name: str, calibration: Calibration, say: Say) -> Iterator[Block]:
    """Yield confidence and accuracy of rows that a strategy is about equally sure of, a bar from one to the other."""
    columns = [Column(say("confidence")), Column(say("accuracy")), Column(say("rows"))]
    rows = [
        Row.of(
            numbers.score(each.confidence), Cell(numbers.score(each.accuracy), bar=_gap(each)), numbers.count(each.n)
        )
        for each in calibration.bins
    ]
    values = {"name": name, "ece": numbers.score(calibration.ece)}
    yield Table(Phrase(say("Reliability curve of {name}: expected calibration error {ece}."), values), columns, rows)
    yield Paragraph(say("The bar runs from confidence to accuracy, which the dot marks."), "note")


def _gap(each: ReliabilityBin) -> Bar:
    ends = sorted((each.confidence, each.accuracy))
    return Bar(ends[0], each.accuracy, ends[1], 0.0, 1.0)
