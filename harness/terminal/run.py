"""A whole run on the page: what was compared, the table, the failures, the matrices."""

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console, RenderableType
from rich.text import Text

from harness.analysis.learning_curve import learning_curves
from harness.analysis.ranking import Standing, by_validation
from harness.analysis.study import study_of_record
from harness.document.model import Section
from harness.document.sections.answer import answer_notes, the_answer
from harness.document.sections.budget import budget_section
from harness.document.sections.confusions import classes_section
from harness.document.sections.curves import curves_section
from harness.document.sections.data import finding_blocks
from harness.document.sections.differences import differences_section
from harness.document.sections.learning import history_section
from harness.document.sections.remarks import degradations
from harness.document.sections.scores import scores_section
from harness.document.sections.variants import variants_section
from harness.document.subject import Subject
from harness.results.records import ModelInfo, Run
from harness.results.variants import Variant
from harness.terminal.confusion import confusion_matrix, side_by_side
from harness.terminal.console import Page, folding
from harness.terminal.document import section_lines, words
from harness.terminal.layout import NAME_WIDTH, banner, label_value_lines
from harness.terminal.learning_curve import curves_picture
from harness.terminal.scatter import cost_against_quality
from harness.wording.text import assignments


def print_run(
    run: Run,
    console: Console,
    *,
    sort: str | None = None,
    confusion: bool = True,
    per_class: bool = True,
    pairs: bool = False,
    history: bool = False,
    variants: Mapping[str, tuple[Variant, ...]] | None = None,
    language: str = "en",
) -> None:
    """Print a run.

    Args:
        run: What to print.
        console: Where.
        sort: Order of the strategies, one of `SORT_KEYS`, None for the score that chooses; scores are of validation,
            never of test.
        confusion: Show the confusion matrices on the test split.
        per_class: Show the per-class scores of the best strategy on the test split.
        pairs: Show the difference of every two strategies.
        history: Show the epochs of training, and what else was tried on validation.
        variants: Trial -> variants of its exported classifier.
        language: Of headings and fixed phrases, one of `harness.wording.languages.LANGUAGES`.

    Raises:
        UserError: For a sort key that does not exist.
    """
    page = Page(console, language)
    subject = Subject(study_of_record(run, variants).sorted_by(sort), page.say)
    page.write(_head(run, subject, page))
    if run.audit:
        found = list(finding_blocks(run.audit, page.say))
        page.write(section_lines(Section("data", page.say("Data audit"), found), page))
    page.write(result_lines(subject, page, pairs=pairs))
    page.write(section_lines(budget_section(subject), page))
    if curves := learning_curves(run):
        page.write(section_lines(curves_section(subject), page))
        page.write([Text(""), *curves_picture(curves, page)])
    if history:
        page.write(section_lines(history_section(subject), page))
    if subject.study.strategies and confusion:
        page.write(_matrices(run, subject.study.strategies, page))
    if subject.study.strategies and per_class:
        page.write(section_lines(classes_section(subject), page))


def print_summary(
    run: Run, console: Console, language: str = "en", variants: Mapping[str, tuple[Variant, ...]] | None = None
) -> None:
    """Print the answer, what was compared, the table and what failed of a run."""
    page = Page(console, language)
    subject = Subject(study_of_record(run, variants), page.say)
    page.write(_head(run, subject, page))
    page.write(summary_lines(subject, page))


def print_banner(message: str, console: Console) -> None:
    """Print in a frame that something else stands in for what was asked for."""
    page = Page(console)
    page.write([banner(message, page)])


def _head(run: Run, subject: Subject, page: Page) -> Iterator[RenderableType]:
    yield from _banners(run, page)
    yield words(the_answer(subject), page)
    yield Text("")
    yield _heading(run, page)


def _banners(run: Run, page: Page) -> Iterator[RenderableType]:
    if run.fallback is not None:
        yield banner(page.say_message(run.fallback), page)
    if run.status == "interrupted":
        n_finished = sum(record.status in ("ok", "failed") for record in run.records)
        told = page.say("STOPPED: {n} of {total} trials were finished; what follows is of these alone.")
        yield banner(told.format(n=n_finished, total=len(run.records)), page)


def _heading(run: Run, page: Page) -> RenderableType:
    seeds = _seeds(run)
    sizes = {split: run.task.n_rows(split) for split in run.task.class_counts}
    lines = [
        ("data set", data_set_line(run.task.name, sizes, len(run.task.label_names), page)),
        ("model", _model(run.model, page)),
        *_reading(run, page),
        ("device", f"{run.environment.get('device', 'unknown')}, {run.environment.get('dtype', 'unknown')}"),
        ("seeds" if len(seeds) > 1 else "seed", ", ".join(map(str, seeds))),
    ]
    lines += [("settings", text) for text in _settings(run)]
    lines += [("note", page.say_message(note)) for note in run.notes]
    return label_value_lines([(page.say(label), value) for label, value in lines], page)


def data_set_line(name: str, sizes: Mapping[str, int], n_classes: int, page: Page) -> str:
    """Write what a data set is called and how large it is; `sizes` maps split -> rows."""
    rows = " / ".join(_of_split(n, split, page) for split, n in sizes.items())
    return page.say("{data_set}: {rows} rows, {k} classes").format(data_set=name, rows=rows, k=n_classes)


def model_line(name: str, max_length: int, page: Page) -> str:
    """Write what an encoder is called and how many tokens of a text it reads."""
    return page.say("{model}, at most {n} tokens a text").format(model=name, n=f"{max_length:,}")


def _of_split(n: int, split: str, page: Page) -> str:
    return page.say("{n} {split}").format(n=f"{n:,}", split=page.say(split))


def _settings(run: Run) -> Iterator[str]:
    """Yield the parameters that the run set otherwise than their defaults, for the strategies it has."""
    names = {record.base for record in run.records}
    for strategy, fields in run.config.set.items():
        if strategy in names and fields:
            yield f"{strategy} {', '.join(f'{field}={value}' for field, value in fields.items())}"


def _model(model: ModelInfo | None, page: Page) -> str:
    if model is None:
        return page.say("none")
    line = model_line(model.name, model.max_length, page)
    cut = [_of_split(n, split, page) for split, n in model.truncated_texts.items() if n]
    return line + page.say(", truncated texts: {listed}").format(listed=page.say(", ").join(cut)) if cut else line


def _reading(run: Run, page: Page) -> Iterator[tuple[str, str]]:
    """Yield how probes pool where they leave it to the encoder, and the prompt before each text."""
    model, frozen = run.model, [record for record in run.records if record.features]
    if model is None or not frozen:
        return
    if model.pooling and model.pooling_source:
        undeclared = (
            "{pooling}, since the encoder reads from left to right"
            if model.pooling_source == "left to right"
            else "{pooling}, since the checkpoint declares none"
        )
        told = "{pooling}, as the checkpoint says" if model.pooling_source == "checkpoint" else undeclared
        yield "pooling", page.say(told).format(pooling=model.pooling)
    if model.prompt:
        yield "prompt", model.prompt
    of_run = str(run.environment.get("dtype", "unknown"))
    dtype = model.dtype or of_run
    if model.engine != "torch" or dtype != of_run:
        told = page.say("frozen features are computed by {engine}, {dtype}")
        yield "engine", told.format(engine=model.engine, dtype=f"int8, {dtype}" if "int8" in model.engine else dtype)


def result_lines(subject: Subject, page: Page, *, pairs: bool) -> Iterator[RenderableType]:
    """Yield what `summary_lines` yields, on demand pairs, and the cost plot."""
    yield from summary_lines(subject, page)
    if pairs:
        yield from section_lines(differences_section(subject), page)
    if subject.study.strategies:
        yield Text("")
        yield from cost_against_quality(subject.study.strategies, page)


def summary_lines(subject: Subject, page: Page) -> Iterator[RenderableType]:
    """Yield scores and costs, what the answer rests on, and what came out otherwise than asked."""
    yield from section_lines(scores_section(subject), page, unfolded=True)
    yield from section_lines(variants_section(subject), page)
    if notes := answer_notes(subject):
        yield Text("")
        yield from (words(note, page, "dim") for note in notes)
    for studied in subject.study.strategies:
        if studied.first.configurations_tried > 1 and studied.name != studied.base:  # a grid of the user's
            kept = assignments(studied.first.params)
            told = page.say("{strategy}: validation kept {params}").format(strategy=studied.name, params=kept)
            yield folding(page.text(told, "dim"))
    yield from (words(told, page, "yellow") for told in degradations(subject))


def _seeds(run: Run) -> list[int]:
    return list(dict.fromkeys((*run.config.seeds, *(record.seed for record in run.records))))


def _matrices(run: Run, standings: Sequence[Standing], page: Page) -> Iterator[RenderableType]:
    matrices = [
        confusion_matrix(standing.first.test, run.task.label_names, _title(standing, page), page.console, page.language)
        for standing in by_validation(standings)
        if standing.first.test is not None
    ]
    yield Text("")
    yield page.text(page.say("Confusion on the test split"), "bold underline")
    yield side_by_side(matrices, page.console)


def _title(standing: Standing, page: Page) -> str:
    several = len(standing.records) > 1 and not standing.deterministic
    name = page.short(standing.name, NAME_WIDTH)
    return page.say("{name}, seed {seed}").format(name=name, seed=standing.first.seed) if several else name
