"""Plan -> trials -> records -> Run on disk."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from harness.data.task import SPLITS, class_counts
from harness.encoding.encoder import Features, pooling_of
from harness.features.cache import FeatureCache
from harness.features.directory import cache_directory
from harness.huggingface import weights_hash
from harness.huggingface.network import offline_hub
from harness.plugin_system.offers import Offer, Plugin
from harness.results.feature_sample import write_feature_samples
from harness.results.records import Failure, ModelInfo, Run, RunRecord, TaskInfo
from harness.results.run_directory import RunDirectory
from harness.runs.findings import Findings, fingerprinted, gather_findings
from harness.runs.planning import Plan
from harness.runs.trial import Trial, run_trial
from harness.strategies.strategy import uses_model
from harness.system.device import PeakMemory, describe


class Reporter(Protocol):
    """Whoever wants to know how far a run is."""

    def stage(self, name: str, number: int, total: int) -> None:
        """A stage begins, `number` of `total`."""

    def progress(self, what: str, done: int, total: int) -> None:
        """So much of the stage is done."""

    def finished(self, record: RunRecord) -> None:
        """A trial is over."""


class Silence:
    """A reporter that shows nothing."""

    def stage(self, name: str, number: int, total: int) -> None:
        """Show nothing."""

    def progress(self, what: str, done: int, total: int) -> None:
        """Show nothing."""

    def finished(self, record: RunRecord) -> None:
        """Show nothing."""


@dataclass
class _Shared:
    """What trials share: the features of all of them, what they cost, and what went wrong there."""

    features: FeatureCache | None = None
    encode_peak_bytes: int = 0
    running: str | None = None
    notes: list[str] = field(default_factory=list)


def execute(
    plan: Plan, reporter: Reporter | None = None, command: Sequence[str] = ()
) -> tuple[Run, Path, KeyboardInterrupt | None]:
    """Run all trials of a plan and write the run directory.

    Args:
        plan: What to run.
        reporter: Told how far it is; None for nobody.
        command: The command line, for the record; empty for a call from Python.

    Returns:
        The run, its folder and, where the user stopped it, the interrupt that did.

    Raises:
        UnavailableError: Where the disk refuses; what was written stays.
    """
    with offline_hub(plan.offline):
        return _execute(plan, reporter or Silence(), list(command))


def _execute(plan: Plan, reporter: Reporter, command: list[str]) -> tuple[Run, Path, KeyboardInterrupt | None]:
    started, clock = datetime.now(UTC), time.perf_counter()
    task, model = _task_info(plan), _model_info(plan)  # now, so that nothing is left to fail after the trials
    environment = describe(plan.device, plan.dtype)
    directory = RunDirectory.create(Path(plan.config.output_dir), plan.task.name, model.name if model else None)
    shared, records, interrupt = _Shared(), [_broken_record(p) for p in plan.broken], None
    for record in records:
        directory.write_record(record.trial, record.model_dump(mode="json"))
    findings = Findings()
    try:
        for record in _run_trials(plan, shared, directory, reporter):
            records.append(record)
        model = _as_used(model, plan, shared.features, count=True)
        findings = _find(plan, shared, model, records, directory)
    except KeyboardInterrupt as stop:
        interrupt = stop
        model = _as_used(model, plan, shared.features, count=False)
    records += _unfinished(plan, shared, records, directory)
    reads_tokens = {offer.name: uses_model(offer.strategy) for offer in plan.offers}
    records = fingerprinted(records, plan.task, plan.config.limit, model, reads_tokens)
    for record in records:
        if record.fingerprint:
            directory.write_record(record.trial, record.model_dump(mode="json"))
    bad = any(record.status != "ok" for record in records)
    run = Run(
        status="interrupted" if interrupt else "failed" if bad else "complete",
        started=started.isoformat(timespec="seconds"),
        wall_seconds=round(time.perf_counter() - clock, 3),
        command=command,
        config=plan.config,
        environment=environment,
        task=task,
        model=model,
        fallback=plan.fallback,
        notes=[*plan.notes, *plan.task.provenance.notes, *getattr(plan.encoder, "notes", ()), *_encoding_notes(shared)],
        records=records,
        audit=findings.audit,
        evidence=findings.evidence,
        files=directory.checksums(),
    )
    directory.write_run(run.model_dump(mode="json"))
    return run, directory.path, interrupt


def _run_trials(plan: Plan, shared: _Shared, directory: RunDirectory, reporter: Reporter) -> Iterator[RunRecord]:
    if plan.broken and plan.config.fail_fast:
        return
    wanted = plan.wanted_features
    stages = len(plan.trials) + bool(wanted)
    number = 0
    for offer, seed, train_size in plan.trials:
        if plan.encoder and shared.features is None and uses_model(offer.strategy):
            shared.features = FeatureCache(plan.encoder, cache_directory(plan.config), plan.task.name)
            if wanted:
                number += 1
                reporter.stage("features", number, stages)  # whether they must be encoded is not known yet
                _encode(plan, shared, shared.features, wanted, reporter)
        number += 1
        trial = _trial(plan, shared, directory, offer, seed, train_size)
        shared.running = trial.name
        size = "" if train_size is None else f", {train_size:,} rows"
        reporter.stage(f"{offer.name} seed {seed}{size}", number, stages)
        record = run_trial(trial, reporter.progress)
        shared.running = None
        reporter.finished(record)
        yield record
        if record.status == "failed" and plan.config.fail_fast:
            return


def _encode(plan: Plan, shared: _Shared, features: FeatureCache, wanted: list[Features], reporter: Reporter) -> None:
    """Compute the features of all strategies in one pass; where it fails, a pass for each state that does not.

    All texts go in together even then: other batches would change the last digits of everybody's features.
    """
    splits = [getattr(plan.task, split).texts for split in SPLITS]
    with PeakMemory(plan.device) as memory:
        try:
            features.fill(splits, wanted, reporter.progress)
        except Exception as error:
            shared.notes.append(f"the shared pass over the encoder failed, so each frozen state got its own: {error}")
            for each in wanted:
                with contextlib.suppress(Exception):  # who wants this one meets the error in its own trial
                    features.fill(splits, [each], reporter.progress)
    shared.encode_peak_bytes = memory.bytes


def _find(
    plan: Plan, shared: _Shared, model: ModelInfo | None, records: list[RunRecord], directory: RunDirectory
) -> Findings:
    keep_texts = plan.config.save_texts
    if shared.features and any(record.is_scored and record.features for record in records):
        kept = [state for state in plan.wanted_features if shared.features.cost([state])]
        write_feature_samples(directory, plan.task.test, kept, shared.features.encode)
    return gather_findings(plan.task, plan.encoder, model, records, directory, keep_texts=keep_texts)


def _trial(
    plan: Plan, shared: _Shared, directory: RunDirectory, offer: Offer, seed: int, train_size: int | None
) -> Trial:
    return Trial(
        strategy=offer.strategy,
        plugin=offer.plugin.distribution or offer.plugin.name,
        plugin_version=offer.plugin.version,
        seed=seed,
        label=offer.label,
        groups=offer.named_groups,
        train_size=train_size,
        task=plan.task if train_size is None else plan.task.with_train_rows(train_size, seed),
        encoder=plan.encoder,
        features=shared.features,
        encode_peak_bytes=shared.encode_peak_bytes,
        encode_degradations=tuple(getattr(plan.encoder, "degradations", ())),
        device=plan.device,
        dtype=plan.dtype,
        batch_tokens=None if plan.config.batch_tokens == "auto" else plan.config.batch_tokens,
        directory=directory.path,
        save_model=plan.config.save_models,
    )


def _broken_record(plugin: Plugin) -> RunRecord:
    failure = Failure(stage="load plugin", message=plugin.error or "", traceback=plugin.traceback)
    return RunRecord(
        strategy=plugin.name,
        plugin=plugin.distribution or plugin.name,
        plugin_version=plugin.version,
        status="failed",
        error=failure,
    )


def _unfinished(plan: Plan, shared: _Shared, records: list[RunRecord], directory: RunDirectory) -> list[RunRecord]:
    """Return a record for each trial that did not finish: the one that was stopped, and those after it."""
    finished = {record.trial for record in records}
    blank = [_trial(plan, shared, directory, *each).blank_record("skipped") for each in plan.trials]
    return [
        record.model_copy(update={"status": "interrupted"}) if record.trial == shared.running else record
        for record in blank
        if record.trial not in finished
    ]


def _task_info(plan: Plan) -> TaskInfo:
    task = plan.task
    return TaskInfo(
        name=task.name,
        source=task.provenance.source,
        revision=task.provenance.revision,
        content_sha256=task.content_hash(),
        label_names=list(task.label_names),
        class_counts={s: list(class_counts(getattr(task, s), task.n_classes)) for s in SPLITS},
    )


def _model_info(plan: Plan) -> ModelInfo | None:
    encoder = plan.encoder
    if encoder is None:
        return None
    fingerprint = getattr(encoder, "fingerprint", None) or {}
    return ModelInfo(
        name=encoder.name,
        revision=encoder.revision,
        weights_sha256=fingerprint.get("weights") or weights_hash(encoder.directory),
        width=encoder.width,
        max_length=encoder.max_length,
        n_parameters=encoder.n_parameters,
        pooling=pooling_of(encoder),
        pooling_source=getattr(encoder, "pooling_source", None),
        prompt=getattr(encoder, "prompt", ""),
    )


def _encoding_notes(shared: _Shared) -> list[str]:
    return [*shared.notes, *(shared.features.notes if shared.features else ())]


def _as_used(model: ModelInfo | None, plan: Plan, features: FeatureCache | None, count: bool) -> ModelInfo | None:
    """Add what is known after the trials; truncated texts were counted when their features were computed.

    The others are counted now, but not where the user wants the run to end.
    """
    if model is None or plan.encoder is None:
        return model
    texts = {split: getattr(plan.task, split).texts for split in SPLITS}
    counted = {split: features.truncated_texts(texts[split]) if features else None for split in SPLITS}
    if count:
        counted = {s: plan.encoder.count_truncated(texts[s]) if n is None else n for s, n in counted.items()}
    truncated = {split: n for split, n in counted.items() if n is not None}
    budget = getattr(plan.encoder, "token_budget", None)
    return model.model_copy(update={"truncated_texts": truncated, "token_budget": budget})
