"""The section on reproduction: command, versions, seeds, hashes, machine."""

import json
import shlex
from collections.abc import Iterator

from harness.document import numbers
from harness.document.model import Block, Code, Column, Facts, Fold, Heading, Phrase, Row, Section, Table, Words
from harness.document.subject import Subject
from harness.results.records import Run

MACHINE = ("platform", "device", "device_name", "dtype", "threads", "logical_cores")


def reproduction_section(subject: Subject) -> Section:
    """Tell for each run how it was made."""
    blocks: list[Block] = []
    for index, (run, directory) in enumerate(zip(subject.study.runs, subject.study.directories, strict=True)):
        if len(subject.study.runs) > 1:
            values = {"run": subject.where(index), "folder": directory.path.name}
            blocks.append(Heading(Phrase(subject.say("{run}: {folder}"), values)))
        blocks += how_it_was_made(subject, run, directory.path.name)
    return Section("reproduction", subject.say("How to reproduce it"), blocks)


def how_it_was_made(subject: Subject, run: Run, folder: str | None = None) -> Iterator[Block]:
    """Yield command, circumstances and trials of a run, and the hashes of the files of its folder."""
    say = subject.say
    yield Code(shlex.join(run.command))
    yield Facts(list(_facts(subject, run, folder)))
    yield _trials(subject, run)
    if run.files:
        columns = [Column(say("file"), kind="name"), Column("sha256", kind="name")]
        rows = [Row.of(file, digest) for file, digest in run.files.items()]
        yield Fold(say("Hashes of the files of the run"), [Table(say("Files"), columns, rows)])


def _facts(subject: Subject, run: Run, folder: str | None) -> Iterator[tuple[str, Words]]:
    say, environment = subject.say, run.environment
    if folder:
        yield say("run"), folder
    yield say("started"), run.started
    yield say("wall time"), f"{numbers.seconds(run.wall_seconds)}\N{NO-BREAK SPACE}{say('s')}"
    yield say("data set"), run.task.name
    yield say("source"), _with_revision(run.task.source, run.task.revision)
    yield say("sha256 of the data"), run.task.content_sha256
    if run.model:
        yield say("model"), _with_revision(run.model.name, run.model.revision)
        if run.model.weights_sha256:
            yield say("sha256 of the weights"), run.model.weights_sha256
        yield say("longest text"), Phrase(say("{n} tokens"), {"n": numbers.count(run.model.max_length)})
        if run.model.token_budget:
            yield say("batch"), Phrase(say("{n} tokens"), {"n": numbers.count(run.model.token_budget)})
    yield say("seeds"), say(", ").join(map(str, run.config.seeds))
    yield say("machine"), say(", ").join(f"{key} {environment[key]}" for key in MACHINE if key in environment)
    versions = [f"{key} {value}" for key, value in environment.items() if key not in MACHINE]
    yield say("versions"), say(", ").join(versions)
    yield say("metric version"), str(run.metric_version)


def _with_revision(name: str, revision: str | None) -> str:
    return f"{name} @ {revision}" if revision else name


def _trials(subject: Subject, run: Run) -> Table:
    say = subject.say
    sized = any(record.train_size is not None for record in run.records)
    columns = [Column(say("strategy"), kind="name"), Column(say("seed"))]
    columns += [Column(say("rows of train"))] * sized + [Column(say("plugin"), kind="name")]
    columns += [Column(say("parameters"), kind="name"), Column(say("peak memory"))]
    columns.append(Column(say("sha256 of the predictions"), kind="name"))
    rows = [
        Row.of(
            record.strategy,
            str(record.seed),
            *[numbers.count(record.train_size)] * sized,
            f"{record.plugin} {record.plugin_version or ''}".strip(),
            _parameters(record.params),
            numbers.memory(record.peak_memory_bytes),
            (record.predictions_sha256 or numbers.MISSING)[:16],
        )
        for record in run.records
    ]
    return Table(say("Trials"), columns, rows, style="texts")


def _parameters(params: dict[str, object]) -> str:
    written = [f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in params.items()]
    return ", ".join(written) or numbers.MISSING
