"""Study -> Report: all sections in the order in which they are read."""

from collections.abc import Iterator

from harness.analysis.study import Study
from harness.document import numbers
from harness.document.model import Facts, Phrase, Report, Section, Words
from harness.document.sections.answer import answer_section
from harness.document.sections.budget import budget_section
from harness.document.sections.confusions import classes_section, confusions_section
from harness.document.sections.curves import curves_section
from harness.document.sections.data import data_section
from harness.document.sections.differences import differences_section
from harness.document.sections.errors import errors_section
from harness.document.sections.features import features_section
from harness.document.sections.learning import calibration_section, learning_section
from harness.document.sections.remarks import remarks_section
from harness.document.sections.reproduction import reproduction_section
from harness.document.sections.scores import scores_section
from harness.document.sections.tradeoff import tradeoff_section
from harness.document.sections.variants import variants_section
from harness.document.subject import Subject
from harness.results.records import Run
from harness.wording.languages import Say

SECTIONS = (
    answer_section,
    scores_section,
    variants_section,
    budget_section,
    tradeoff_section,
    differences_section,
    confusions_section,
    classes_section,
    learning_section,
    curves_section,
    features_section,
    calibration_section,
    errors_section,
    data_section,
    remarks_section,
    reproduction_section,
)


def compose(study: Study, say: Say, language: str, *, texts: bool = True) -> Report:
    """Put a report together.

    Args:
        study: What it is about.
        say: Translates fixed phrases.
        language: Their language.
        texts: Show rows of the data, where the runs kept them.

    Returns:
        The report, without sections that would be empty.
    """
    subject = Subject(study, say, texts)
    sections: list[Section | None] = [section(subject) for section in SECTIONS]
    names = say(", ").join(dict.fromkeys(run.task.name for run in study.runs))
    values = {"n": numbers.count(len(study.strategies)), "data_set": names}
    title = say("{n} strategies on {data_set}") if len(study.strategies) != 1 else say("One strategy on {data_set}")
    return Report(
        language=language,
        title=Phrase(title, values),
        facts=Facts(list(_facts(subject))),
        banners=list(banners(study, say)),
        sections=[section for section in sections if section],
    )


def _facts(subject: Subject) -> Iterator[tuple[str, Words]]:
    say, study = subject.say, subject.study
    for index, run in enumerate(study.runs):
        label = subject.where(index) or say("run")
        yield label, Phrase(say("{data_set}; {model}; {started}"), _run_values(subject, run))


def _run_values(subject: Subject, run: Run) -> dict[str, str]:
    say = subject.say
    sizes = {split: numbers.count(run.task.n_rows(split)) for split in run.task.class_counts}
    rows = " / ".join(say("{n} {split}").format(n=n, split=say(split)) for split, n in sizes.items())
    classes = say("{n} classes").format(n=numbers.count(len(run.task.label_names)))
    return {
        "data_set": say(", ").join((run.task.name, rows, classes)),
        "model": run.model.name if run.model else say("no encoder"),
        "started": run.started[:10],
    }


def banners(study: Study, say: Say) -> Iterator[str]:
    """Yield what must be known before anything else: what forbids to compare, what stands in for what."""
    if study.watermark:
        yield say(study.watermark)
    yield from (say(run.fallback) for run in study.runs if run.fallback)
