"""A whole run on the page: what was compared, the table, the failures, the matrices."""

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console, RenderableType
from rich.text import Text

from harness.analysis.learning_curve import learning_curves
from harness.analysis.ranking import Standing, best_by_validation, by_validation, rank
from harness.document.model import Section
from harness.document.sections.data import finding_blocks
from harness.evaluation.evidence import Evidence
from harness.evaluation.metrics import TESTED
from harness.results.records import ModelInfo, Run
from harness.terminal.answer import answer
from harness.terminal.confusion import confusion_matrix, side_by_side
from harness.terminal.console import Page, folding
from harness.terminal.document import section_lines
from harness.terminal.evidence import evidence_lines, letters_of, pair_lines
from harness.terminal.failures import failure_lines, not_scored
from harness.terminal.grid import GAP_BETWEEN_GROUPS, Grid, Heading
from harness.terminal.layout import NAME_WIDTH, banner, label_value_lines
from harness.terminal.learning_curve import learning_curve_lines
from harness.terminal.scatter import cost_against_quality
from harness.terminal.scores import ScoreTable
from harness.wording import quantities

PER_CLASS_IN_FULL = 56  # columns; the headings are shortened below


def print_run(
    run: Run,
    console: Console,
    *,
    sort: str = "f1_macro",
    confusion: bool = True,
    per_class: bool = True,
    pairs: bool = False,
    language: str = "en",
) -> None:
    """Print a run.

    Args:
        run: What to print.
        console: Where.
        sort: Order of the strategies, one of `SORT_KEYS`; scores are of validation, never of test.
        confusion: Show the confusion matrices on the test split.
        per_class: Show the per-class scores of the best strategy on the test split.
        pairs: Show the difference of every two strategies.
        language: Of headings and fixed phrases, one of `harness.wording.languages.LANGUAGES`.

    Raises:
        UserError: For a sort key that does not exist.
    """
    page = Page(console, language)
    standings = rank(run.records, sort)
    page.write(_heading(run, page))
    if run.audit:
        found = list(finding_blocks(run.audit, page.say))
        page.write(section_lines(Section("data", page.say("Data audit"), found), page))
    page.write(_results(run, standings, page))
    if run.evidence:
        page.write(evidence_section(run.evidence, standings, page, pairs=pairs))
    if curves := learning_curves(run):
        page.write([Text(""), *learning_curve_lines(curves, page)])
    if standings and confusion:
        page.write(_matrices(run, standings, page))
    if standings and per_class:
        page.write([] if confusion else [Text("")])  # below the matrices there is an empty line already
        page.write(_per_class(run, best_by_validation(standings), page))


def print_banner(message: str, console: Console) -> None:
    """Print, in a frame nobody overlooks, that something else stands in for what was asked for."""
    page = Page(console)
    page.write([banner(message, page)])


def _heading(run: Run, page: Page) -> Iterator[RenderableType]:
    if run.fallback is not None:
        yield banner(run.fallback, page)
    if run.status == "interrupted":
        n_finished = sum(record.status in ("ok", "failed") for record in run.records)
        told = page.say("STOPPED: {n} of {total} trials were finished; what follows is of these alone.")
        yield banner(told.format(n=n_finished, total=len(run.records)), page)
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
    lines += [("note", note) for note in run.notes]
    yield label_value_lines([(page.say(label), value) for label, value in lines], page)


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


def _results(run: Run, standings: Sequence[Standing], page: Page) -> Iterator[RenderableType]:
    yield Text("")
    if standings:
        majority = run.task.majority_accuracy("validation")
        yield from ScoreTable(standings, majority, len(_seeds(run)) > 1, letters_of(run.evidence)).lines(page)
    if left_out := not_scored(run.records):
        if standings:
            yield Text("")
        yield from failure_lines(left_out, page)
    yield Text("")
    yield folding(page.text(_verdict(run.evidence, standings, page)))
    for standing in standings:
        if standing.first.configurations_tried > 1 and standing.name != standing.base:  # a grid of the user's
            kept = ", ".join(f"{name}={value}" for name, value in standing.first.params.items())
            told = page.say("{strategy}: validation kept {params}").format(strategy=standing.name, params=kept)
            yield folding(page.text(told, "dim"))
    for record in run.records:
        for degradation in record.degradations:
            told = page.say("{strategy} seed {seed}: {degradation}")
            values = {"strategy": record.strategy, "seed": record.seed, "degradation": degradation}
            yield folding(page.text(told.format(**values), "yellow"))


def _seeds(run: Run) -> list[int]:
    return list(dict.fromkeys((*run.config.seeds, *(record.seed for record in run.records))))


def _verdict(evidence: Evidence | None, standings: Sequence[Standing], page: Page) -> str:
    if not standings:
        return page.say("No strategy was scored.")
    if evidence:
        return answer(evidence.conclusion, standings, page.say)
    best = best_by_validation(standings)
    test = best.headline.test
    name = best.name
    if best.headline.kind == "mean":
        name = page.say("{name} (mean of {n} seeds)").format(name=name, n=len(best.records))
    told = page.say("Best by validation f1_macro: {best}, with test accuracy {accuracy} and test f1_macro {f1_macro}")
    scores = {"accuracy": quantities.score(test.accuracy), "f1_macro": quantities.score(test.f1_macro)}
    verdict = told.format(best=name, **scores)
    frozen = [standing for standing in standings if standing.frozen]
    if not frozen or best.frozen:
        return verdict + page.say(".")
    runner_up = best_by_validation(frozen)
    behind = test.accuracy - runner_up.headline.test.accuracy
    told = page.say(
        "; the best on frozen features, {name}, is {gap} behind in test accuracy."
        if behind >= 0
        else "; the best on frozen features, {name}, is {gap} ahead in test accuracy."
    )
    return verdict + told.format(name=runner_up.name, gap=quantities.score(abs(behind)))


def evidence_section(
    evidence: Evidence, standings: Sequence[Standing], page: Page, *, pairs: bool
) -> Iterator[RenderableType]:
    """Yield intervals, on demand the difference of every two strategies, and cost against quality."""
    yield Text("")
    yield from evidence_lines(evidence, standings, page)
    if pairs:
        for metric in reversed(TESTED):
            yield Text("")
            yield from pair_lines(evidence, [standing.name for standing in standings], page, metric)
    yield Text("")
    yield from cost_against_quality(standings, page)


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


def _per_class(run: Run, best: Standing, page: Page) -> Iterator[RenderableType]:
    if best.first.test is None:
        return
    in_full = page.width >= PER_CLASS_IN_FULL
    headings = [page.say(h) for h in ("precision" if in_full else "prec.", "recall", "f1", "support")]
    write = quantities.score if in_full else quantities.short_score
    numbers = [
        [*map(write, (of_class.precision, of_class.recall, of_class.f1)), f"{of_class.support:,}"]
        for of_class in best.first.test.per_class
    ]
    taken = Grid([Heading(heading) for heading in headings], [(cells, "") for cells in numbers]).width
    names = [page.short(name, page.width - taken - GAP_BETWEEN_GROUPS) for name in run.task.label_names]
    rows = [([name, *cells], "") for name, cells in zip(names, numbers, strict=True)]
    yield page.text(page.say("Scores of each class on the test split"), "bold underline")
    yield folding(page.text(_title(best, page), "bold"))
    columns = [Heading(page.say("class"), is_name=True), *(Heading(heading) for heading in headings)]
    yield from Grid(columns, rows).lines(page.glyphs.rule)
