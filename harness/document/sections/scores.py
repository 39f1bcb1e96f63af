"""The main table: scores with intervals and rank letters, spread over seeds, unseen rows, cost, and failures."""

from collections.abc import Iterator
from dataclasses import replace

from harness.analysis.ranking import MAJORITY, Standing, is_no_better_than_majority
from harness.analysis.study import Studied
from harness.document import numbers
from harness.document.model import Bar, Block, Cell, Column, Fold, Paragraph, Phrase, Row, Section, Table
from harness.document.subject import Subject
from harness.evaluation.evidence import TrialEvidence
from harness.evaluation.intervals import Interval
from harness.evaluation.metrics import METRICS, TESTED, Evaluation
from harness.results.records import RunRecord

LONGEST_REASON = 600  # characters; the whole message is in run.json


def scores_section(subject: Subject) -> Section:
    """Lay out the scores and costs of all strategies, the best by validation first."""
    say = subject.say
    table = Table(
        caption=say("Scores and costs, best validation f1_macro first"),
        columns=_columns(subject),
        rows=[*_scored_rows(subject), *_failure_rows(subject)],
        style="scores",
    )
    blocks: list[Block] = [table, *(Paragraph(note, "note") for note in _notes(subject))]
    if _has_spread(subject):
        blocks.append(Fold(say("Every seed"), [_every_seed(subject)]))
    return Section("scores", say("Scores"), blocks)


def _columns(subject: Subject) -> list[Column]:
    say = subject.say
    test, seconds, parameters = say("test, with 95 % interval"), say("seconds"), say("parameters")
    columns = [Column(say("strategy"), kind="name"), Column(say("f1_macro"), say("validation"))]
    for metric in METRICS:
        columns.append(Column(say(metric), test))
        if metric in TESTED and subject.study.evidence.letters:
            columns.append(Column(say("rank"), test, "letters"))
    if _n_unseen(subject) is not None:
        columns += [Column(say(metric), say("test rows not in train")) for metric in TESTED]
    columns += [Column(say(stage), seconds) for stage in ("encode", "fit", "predict")]
    return columns + [Column(say(kind), parameters) for kind in ("trainable", "total")]


def _scored_rows(subject: Subject) -> Iterator[Row]:
    for studied in subject.study.strategies:
        yield Row(_cells(subject, studied, studied.records[0]), "good" if studied is subject.best else "")
        if spread := _spread_cells(subject, studied):
            yield Row(spread, "muted")


def _cells(subject: Subject, studied: Studied, record: RunRecord) -> list[Cell]:
    trial = subject.trials.get((studied.name, record.seed))
    is_best = studied is subject.best
    cells = [Cell(studied.name, _remark(subject, studied), bold=is_best)]
    cells.append(Cell(numbers.score(record.validation.f1_macro if record.validation else None)))
    letters = subject.study.evidence.letters
    for metric, cell in zip(METRICS, _test_cells(subject, record.test, trial), strict=True):
        cells.append(_with_bar(cell, subject, studied) if metric == "f1_macro" else cell)
        if metric in TESTED and letters:
            cells.append(Cell(getattr(letters.get(studied.name), metric, "")))
    if _n_unseen(subject) is not None:
        unseen = trial.unseen if trial else None
        cells += [Cell(numbers.score(getattr(unseen, metric) if unseen else None)) for metric in TESTED]
    seconds = (record.encode_seconds, record.fit_seconds, record.predict_seconds)
    cells += [Cell(numbers.seconds(value)) for value in seconds]
    return cells + [Cell(numbers.parameters(n)) for n in (record.trainable_parameters, record.total_parameters)]


def _test_cells(subject: Subject, test: Evaluation | None, trial: TrialEvidence | None) -> list[Cell]:
    cells = []
    for metric in METRICS:
        interval: Interval | None = getattr(trial, metric) if trial else None
        value = getattr(test, metric) if test else None
        small = numbers.interval(interval.low, interval.high) if interval else ""
        cells.append(Cell(numbers.score(value), small))
    return cells


def _with_bar(cell: Cell, subject: Subject, studied: Studied) -> Cell:
    """Add the interval of f1_macro to draw, on the scale of all strategies that have learnt something."""
    learnt = [s for s in subject.study.strategies if s.base != MAJORITY and not _is_no_better(subject, s)]
    trials = {studied.name: subject.trial(studied) for studied in learnt}
    intervals = [trial.f1_macro for trial in trials.values() if trial]
    mine, test = trials.get(studied.name), studied.records[0].test
    if mine is None or test is None:
        return cell
    low, high = min(interval.low for interval in intervals), max(interval.high for interval in intervals)
    return replace(cell, bar=Bar(mine.f1_macro.low, test.f1_macro, mine.f1_macro.high, low, high))


def _remark(subject: Subject, studied: Studied) -> str:
    say, record, remarks = subject.say, studied.records[0], [subject.where(studied.run_index)]
    if studied is subject.best:
        remarks.append(say("best by validation"))
    if studied.deterministic:
        remarks.append(say("deterministic"))
    elif len(studied.records) > 1:
        remarks.append(say("seed {seed}").format(seed=record.seed))
    if record.configurations_tried > 1:
        remarks.append(say("{n} tried").format(n=record.configurations_tried))
    if _is_no_better(subject, studied):
        remarks.append(say("no better than the largest class"))
    return say(", ").join(filter(None, remarks))


def _is_no_better(subject: Subject, studied: Studied) -> bool:
    majority, validation = subject.run(studied).task.majority_accuracy("validation"), studied.records[0].validation
    return validation is not None and is_no_better_than_majority(studied.base, validation.accuracy, majority)


def _spread_cells(subject: Subject, standing: Standing) -> list[Cell]:
    """Return the row of means over the seeds, the standard deviations below them; [] where there is no spread."""
    by_kind = {entry.kind: entry for entry in standing.entries}
    if "sd" not in by_kind:
        return []
    mean, sd = by_kind["mean"], by_kind["sd"]

    def cell(part: str, metric: str) -> Cell:
        value, deviation = (getattr(getattr(entry, part), metric) for entry in (mean, sd))
        return Cell(numbers.score(value), subject.say("sd {deviation}").format(deviation=numbers.score(deviation)))

    cells = [Cell(subject.say("mean and sd over {n} seeds").format(n=len(standing.records)))]
    cells.append(cell("validation", "f1_macro"))
    for metric in METRICS:
        cells.append(cell("test", metric))
        cells += [Cell("")] * (metric in TESTED and bool(subject.study.evidence.letters))
    return cells + [Cell("")] * (len(_columns(subject)) - len(cells))


def _failure_rows(subject: Subject) -> Iterator[Row]:
    for run_index, record in subject.study.failures:
        seed = subject.say("seed {seed}").format(seed=record.seed)
        remark = subject.say(", ").join(filter(None, [subject.where(run_index), seed]))
        cells = [Cell(record.strategy, remark), Cell(_why(subject, record), span=len(_columns(subject)) - 1)]
        yield Row(cells, "failed")


def _why(subject: Subject, record: RunRecord) -> str | Phrase:
    if record.error is None:
        return subject.say("the record holds no scores" if record.status == "ok" else record.status)
    values = {"stage": subject.say(record.error.stage), "message": record.error.message.strip()[:LONGEST_REASON]}
    return Phrase(subject.say("failed in {stage}: {message}"), values)


def _notes(subject: Subject) -> Iterator[Phrase]:
    say, evidence = subject.say, subject.study.evidence
    sampling = (
        "95 % intervals tell how far chance in the choice of {n} test rows may have moved a score "
        "(Wilson for accuracy, bootstrap of {resamples} resamples for f1)."
    )
    yield Phrase(say(sampling), {"n": _n_rows(subject), "resamples": numbers.count(evidence.n_resamples)})
    if evidence.letters:
        yield Phrase(say("Strategies that share a rank letter cannot be told apart on these test rows."))
    if _has_spread(subject):
        spread = (
            "Mean and sd over seeds tell how far chance in training moves a score; this is not part of the intervals. "
            "A deterministic strategy predicts the same with every seed."
        )
        yield Phrase(say(spread))
    if (n_unseen := _n_unseen(subject)) is not None and not subject.study.watermark:
        unseen = "Test rows not in train: the {n} of {total} test rows whose text train does not hold."
        yield Phrase(say(unseen), {"n": numbers.count(n_unseen), "total": numbers.count(evidence.n_rows)})
    if any(r.features in ("cached", "partly cached") for s in subject.study.strategies for r in s.records):
        yield Phrase(say("Seconds of encoding are what computing the features took once, also where they were cached."))


def _n_rows(subject: Subject) -> str:
    """Return how many test rows the runs have: one number unless they cannot be compared."""
    return " / ".join(dict.fromkeys(numbers.count(run.task.n_rows("test")) for run in subject.study.runs))


def _n_unseen(subject: Subject) -> int | None:
    """Return how many test rows hold a text that train does not, None where all do or nobody knows."""
    n_rows = {trial.unseen.n_rows for trial in subject.trials.values() if trial.unseen}
    return min(n_rows) if n_rows and min(n_rows) < subject.study.evidence.n_rows else None


def _has_spread(subject: Subject) -> bool:
    return any(len(studied.records) > 1 for studied in subject.study.strategies)


def _every_seed(subject: Subject) -> Table:
    say = subject.say
    test = say("test, with 95 % interval")
    columns = [Column(say("strategy"), kind="name"), Column(say("seed")), Column(say("f1_macro"), say("validation"))]
    rows = [
        Row(
            [
                Cell(studied.name),
                Cell(str(record.seed)),
                Cell(numbers.score(record.validation.f1_macro if record.validation else None)),
                *_test_cells(subject, record.test, subject.trials.get((studied.name, record.seed))),
            ]
        )
        for studied in subject.study.strategies
        for record in studied.records
    ]
    return Table(say("Scores of every seed"), columns + [Column(say(metric), test) for metric in METRICS], rows)
