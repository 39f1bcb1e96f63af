"""The main table: scores with intervals and rank letters, spread over seeds, unseen rows, cost, and failures."""

from collections.abc import Iterator
from dataclasses import replace
from statistics import fmean

from harness.analysis.ranking import MAJORITY, Standing
from harness.analysis.study import Studied
from harness.document import numbers
from harness.document.model import Bar, Block, Cell, Column, Fold, Name, Paragraph, Phrase, Row, Section, Table
from harness.document.sections.flattery import flattery, is_shown, said_of_flattery
from harness.document.sections.variants import latency_cell, variant_rows
from harness.document.subject import Subject
from harness.evaluation.intervals import FEW_ROWS
from harness.evaluation.metrics import TESTED
from harness.results.latency import Latency
from harness.results.records import RunRecord
from harness.wording import quantities

LONGEST_REASON = 600  # characters; the whole message is in run.json


def scores_section(subject: Subject) -> Section:
    """Lay out the scores and costs of all strategies, the best by validation first."""
    say = subject.say
    blocks: list[Block] = [scores_table(subject), *(Paragraph(note, "note") for note in _notes(subject))]
    if _has_spread(subject):
        blocks.append(Fold(say("Every seed"), [_every_seed(subject)]))
    return Section("scores", say("Scores"), blocks)


def scores_table(subject: Subject) -> Table:
    """Return the table of scores and costs."""
    return Table(
        caption=subject.say("Scores and costs, best validation {metric} first").format(metric=subject.chosen_by),
        columns=_columns(subject),
        rows=[*_scored_rows(subject), *_failure_rows(subject)],
        style="scores",
    )


def _columns(subject: Subject) -> list[Column]:
    say = subject.say
    test, seconds, parameters = say("test, with 95 % interval"), say("seconds"), say("parameters")
    columns = [Column(say("strategy"), kind="name"), Column(subject.heading(subject.chosen_by), say("validation"))]
    for metric in subject.metrics:
        columns.append(Column(subject.heading(metric), test))
        if subject.has_letters(metric):
            columns.append(Column(say("rank"), test, "letters"))
    if _n_unseen(subject) is not None:
        columns += [Column(say(metric), say("test rows not in train")) for metric in TESTED]
    columns += [Column(say(stage), seconds) for stage in ("encode", "fit", "predict")]
    columns.append(Column(say("a text"), say("ms")))
    if _is_known(subject, "latency"):
        columns.append(Column(say("alone"), say("ms")))
    if _is_known(subject, "model_bytes"):
        columns.append(Column(say("on disk"), say("size")))
    if _is_known(subject, "spent"):
        columns.append(Column(say("of answers"), say("price")))
    columns += [Column(say(kind), parameters) for kind in ("trainable", "total")]
    return [*columns, Column(say("memory"), say("peak"))]


def _scored_rows(subject: Subject) -> Iterator[Row]:
    for studied in subject.study.strategies:
        yield Row(_cells(subject, studied), "good" if studied is subject.best else "")
        if spread := _spread_cells(subject, studied):
            yield Row(spread, "muted")
        yield from variant_rows(subject, studied, _columns(subject))


def _cells(subject: Subject, studied: Studied) -> list[Cell]:
    """Return the row that stands for a strategy: means over its seeds, with intervals over rows and seeds."""
    headline, record = studied.headline, studied.records[0]
    cells = [Cell(studied.name, _remark(subject, studied), bold=studied is subject.best)]
    flattered = flattery(studied.optimism, is_loss=bool(studied.selection and not studied.selection.higher_is_better))
    cells.append(Cell(numbers.score(headline.validation.of(subject.chosen_by)), flattered))
    for metric in subject.metrics:
        interval = subject.interval(studied, metric)
        small = numbers.interval(interval.low, interval.high) if interval else ""
        cell = Cell(numbers.score(headline.test.of(metric)), small)
        cells.append(_with_bar(cell, subject, studied) if metric == "f1_macro" else cell)
        if subject.has_letters(metric):
            cells.append(Cell(subject.letters(studied, metric)))
    if _n_unseen(subject) is not None:
        cells += [Cell(numbers.score(_unseen(subject, studied, metric))) for metric in TESTED]
    cells += [Cell(numbers.seconds(value)) for value in headline.seconds]
    cells.append(Cell(numbers.milliseconds(_milliseconds_per_text(subject, studied))))
    cells += _serving_cells(subject, studied)
    cells += [Cell(numbers.parameters(n)) for n in (record.trainable_parameters, record.total_parameters)]
    return [*cells, Cell(numbers.memory(record.peak_memory_bytes))]


def _serving_cells(subject: Subject, studied: Studied) -> Iterator[Cell]:
    """Yield what single texts take, the size on disk, that of the encoder below it, and what was paid."""
    if _is_known(subject, "latency"):
        yield latency_cell(studied.latency or Latency())
    if _is_known(subject, "model_bytes"):
        own, encoder = studied.records[0].model_bytes, studied.records[0].encoder_bytes
        small = subject.say("encoder {size}").format(size=quantities.size(encoder)) if encoder else ""
        yield Cell(numbers.size(own), small)
    if _is_known(subject, "spent"):
        yield Cell(numbers.money(studied.records[0].spent))


def _is_known(subject: Subject, field: str) -> bool:
    return any(getattr(record, field) is not None for each in subject.study.strategies for record in each.records)


def _milliseconds_per_text(subject: Subject, studied: Studied) -> float | None:
    """Return what predicting a text takes, the mean over the seeds, None where it is not known of all."""
    taken = [subject.run(studied).milliseconds_per_text(record) for record in studied.records]
    known = [value for value in taken if value is not None]
    return fmean(known) if len(known) == len(taken) else None


def _unseen(subject: Subject, studied: Studied, metric: str) -> float | None:
    """Return the mean score over the seeds on the rows whose text train does not hold, None where it has none."""
    trials = [subject.trials.get((studied.name, record.seed)) for record in studied.records]
    scores = [getattr(trial.unseen, metric) for trial in trials if trial and trial.unseen]
    return fmean(scores) if scores and None not in scores else None


def _test_cells(subject: Subject, studied: Studied, record: RunRecord) -> list[Cell]:
    """Return the cells of one seed, with intervals over the test rows."""
    cells = []
    for metric in subject.metrics:
        interval = subject.interval_of_seed(studied, record.seed, metric)
        value = record.test.score(metric) if record.test else None
        small = numbers.interval(interval.low, interval.high) if interval else ""
        cells.append(Cell(numbers.score(value), small))
    return cells


def _with_bar(cell: Cell, subject: Subject, studied: Studied) -> Cell:
    """Add the interval of f1_macro to draw, on the scale of all strategies that have learnt something."""
    learnt = [s for s in subject.study.strategies if s.base != MAJORITY and not s.is_no_better_than_majority]
    intervals = {each.name: known for each in learnt if (known := subject.interval(each, "f1_macro"))}
    if (mine := intervals.get(studied.name)) is None:
        return cell
    low, high = min(each.low for each in intervals.values()), max(each.high for each in intervals.values())
    return replace(cell, bar=Bar(mine.low, studied.test("f1_macro"), mine.high, low, high))


def _remark(subject: Subject, studied: Studied) -> str:
    say, record, remarks = subject.say, studied.records[0], [subject.where(studied.run_index)]
    if studied is subject.best:
        remarks.append(say("best by validation"))
    if studied.deterministic:
        remarks.append(say("deterministic"))
    elif len(studied.records) > 1:
        remarks.append(say("mean of {n} seeds").format(n=len(studied.records)))
    if record.configurations_tried > 1:
        remarks.append(say("{n} tried").format(n=record.configurations_tried))
    if studied.is_no_better_than_majority:
        remarks.append(say("no better than the largest class"))
    return say(", ").join(filter(None, remarks))


def _spread_cells(subject: Subject, standing: Standing) -> list[Cell]:
    """Return the row of standard deviations over the seeds; [] where there is no spread."""
    sd = next((entry for entry in standing.entries if entry.kind == "sd"), None)
    if sd is None:
        return []
    cells = [Cell(subject.say("sd over {n} seeds").format(n=len(standing.records)))]
    cells.append(Cell(numbers.score(sd.validation.of(subject.chosen_by))))
    for metric in subject.metrics:
        cells.append(Cell(numbers.score(sd.test.of(metric))))
        cells += [Cell("")] * subject.has_letters(metric)
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
    sampling = "95 % intervals tell how far chance in the choice of {n} test rows may have moved a score."
    yield Phrase(say(sampling), {"n": _n_rows(subject)})
    if any(each.f1_macro.interval is None for each in evidence.strategies):
        few = "f1_macro has no interval where a class has fewer than {n} test rows: its F1 may be anything."
        yield Phrase(say(few), {"n": numbers.count(FEW_ROWS)})
    if lowest := [each.metric for each in evidence.metrics if not each.higher_is_better]:
        yield Phrase(say("Of {names} the lowest value is the best."), {"names": say(", ").join(lowest)})
    if any(is_shown(each.optimism) for each in subject.study.strategies):
        yield Phrase(said_of_flattery(say))
    if evidence.letters:
        yield Phrase(say("Strategies that share a rank letter cannot be told apart on these test rows."))
    if _has_spread(subject):
        spread = (
            "Scores of several seeds are their means; sd tells how far chance in training moves a score, and the "
            "intervals hold this, too. A deterministic strategy predicts the same with every seed."
        )
        yield Phrase(say(spread))
    if (n_unseen := _n_unseen(subject)) is not None and not subject.study.watermark:
        unseen = "Test rows not in train: the {n} of {total} test rows whose text train does not hold."
        yield Phrase(say(unseen), {"n": numbers.count(n_unseen), "total": numbers.count(evidence.n_rows)})
        if any(trial.unseen and trial.unseen.lost_classes for trial in evidence.trials):
            yield Phrase(say("They have no f1_macro, since a class has no row among them."))
    yield from _notes_on_combined(subject)
    yield from _notes_on_serving(subject)
    if any(r.features in ("cached", "partly cached") for s in subject.study.strategies for r in s.records):
        yield Phrase(say("Seconds of encoding are what computing the features took once, also where they were cached."))


def _notes_on_combined(subject: Subject) -> Iterator[Phrase]:
    """Say of each strategy that combines others which, with what weights, and that their costs are in its own."""
    told = (
        "{strategy} (seed {seed}) combines {members}. Its row counts their costs, too: fitting all that it chose "
        "among, and predicting with each of these."
    )
    for record in (each.records[0] for each in subject.study.strategies):
        if heaviest := sorted(record.members.items(), key=lambda member: -member[1]):
            members = subject.say(", ").join(f"{weight:.2f} {name}" for name, weight in heaviest)
            values = {"strategy": Name(record.strategy), "seed": str(record.seed), "members": members}
            yield Phrase(subject.say(told), values)


def _notes_on_serving(subject: Subject) -> Iterator[Phrase]:
    say, timed = subject.say, [each.latency for each in subject.study.strategies if each.latency]
    if n_texts := max((latency.n_texts for latency in timed), default=0):
        alone = (
            "Alone: a text that comes by itself, encoder included: the median and 95th percentile of up to {n} texts "
            "of validation, on the machine of the run ({machine})."
        )
        machine = str(subject.study.runs[0].environment.get("device_name") or "")
        yield Phrase(say(alone), {"n": numbers.count(n_texts), "machine": machine})
    if _is_known(subject, "model_bytes"):
        yield Phrase(say("On disk: the saved classifier, then the encoder that it needs besides."))
    for each in subject.study.strategies:
        if each.latency and each.latency.problem:
            values = {"strategy": Name(each.name), "problem": each.latency.problem}
            yield Phrase(say("{strategy}: what single texts take was not measured: {problem}"), values)


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
    columns = [Column(say("strategy"), kind="name"), Column(say("seed"))]
    columns.append(Column(subject.heading(subject.chosen_by), say("validation")))
    rows = [
        Row.of(
            studied.name,
            str(record.seed),
            numbers.score(record.validation.score(subject.chosen_by) if record.validation else None),
            *_test_cells(subject, studied, record),
        )
        for studied in subject.study.strategies
        for record in (studied.records[:1] if studied.deterministic else studied.records)
    ]
    return Table(
        say("Scores of every seed"),
        columns + [Column(subject.heading(metric), test) for metric in subject.metrics],
        rows,
    )
