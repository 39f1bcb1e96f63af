"""The record of a run: data, encoder and machine at the start, trials as they come, `run.json` at the end."""

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from harness.data.task import SPLITS, Task, class_counts
from harness.encoding.encoder import Encoder
from harness.encoding.tags import encoder_tags
from harness.features.cache import FeatureCache
from harness.huggingface import weights_hash
from harness.plugin_system.offers import Plugin
from harness.results.feature_sample import write_feature_samples
from harness.results.predictions import set_labels
from harness.results.records import (
    Failure,
    ModelInfo,
    Run,
    RunRecord,
    TaskInfo,
    Unfinished,
    at_largest_train_size,
    read_unfinished,
)
from harness.results.run_directory import RunDirectory
from harness.results.unfinished_runs import remove_never_begun
from harness.runs.combining import reads_encoder
from harness.runs.findings import Findings, fingerprinted, gather_findings
from harness.runs.metric_scores import with_metrics, without_changed, write_labels
from harness.runs.planning import Plan
from harness.runs.trial_key import changed_parts, trial_keys
from harness.system.device import describe


class Recording:
    """The record of a run while it runs.

    Args:
        plan: What is run.
        command: The command line, empty for a call from Python.

    Attributes:
        records: Of the trials that are over, and of plugins that could not be loaded.
        keys: Name of each trial -> what its numbers depend on, by name.
        notes: What is to be known of a run that was resumed, one sentence each.
    """

    def __init__(self, plan: Plan, command: Sequence[str]) -> None:
        self._plan, self._command = plan, list(command)
        self._started, self._clock = datetime.now(UTC).isoformat(timespec="seconds"), time.perf_counter()
        # All of this now, so that nothing is left to fail after the trials.
        self._task, self._model = task_info(plan.task, plan.costs), _model_info(plan.encoder)
        self._environment = environment_of(plan)
        self._findings = Findings()
        self.records = [_broken_record(plugin) for plugin in plan.broken]
        self.notes: list[str] = []

    def new_directory(self) -> AbstractContextManager[RunDirectory]:
        """Make the folder of a new run, claimed for the block; errors as of `RunDirectory.create`."""
        remove_never_begun(parent := Path(self._plan.config.output_dir))
        return RunDirectory.create(parent, self._plan.task.name, self._model.name if self._model else None)

    def begin(self, directory: RunDirectory, *, retry_failed: bool) -> dict[str, RunRecord]:
        """Write what is known before the trials; of a run that is resumed, keep what still holds.

        Args:
            directory: Folder of the run, new or of a run to resume.
            retry_failed: Whether trials that failed before are to be run again.

        Returns:
            Name -> record of the trials that are finished.

        Raises:
            UserError: Where the run to resume cannot be read.
            UnavailableError: Where the disk refuses.
        """
        self.directory = directory
        self.keys = keys = keys_of(self._plan)
        finished = self._still_valid(keys, retry_failed) if directory.is_unfinished else {}
        blank = [trial.blank_record("skipped") for trial in self._plan.trials]
        begun = Unfinished(run=self._run("interrupted", [*self.records, *blank]), trials=keys)
        directory.write_unfinished(begun.model_dump(mode="json"))
        for record in self.records:
            self._write(record)
        return finished

    def _still_valid(self, keys: Mapping[str, dict[str, str]], retry_failed: bool) -> dict[str, RunRecord]:
        """Return the finished trials of the run that is resumed whose numbers would come out the same, drop others."""
        before = read_unfinished(self.directory)
        self.directory.remove_half_written()
        self._started, self._command = before.run.started, before.run.command
        over = {
            r.trial: r for r in before.run.records if r.status == "ok" or (r.status == "failed" and not retry_failed)
        }
        finished = {}
        for name in before.trials.keys() - keys.keys():
            self.directory.discard(name)
        for name, changed in changed_parts(self._plan.trials, keys, before.trials, over).items():
            if name in over and not changed:
                set_labels(self.directory, name, None)  # a run that was stopped has them
                finished[name] = over[name]
                continue
            self.directory.discard(name)
            if name in over:
                self.notes.append(f"{name} was run again, as what it depends on changed: {', '.join(changed)}")
        self.notes.append(f"resumed: {len(finished)} of {len(keys)} trials were finished before")
        return finished

    def conclude(self, features: FeatureCache | None) -> None:
        """Count what the encoder cut, look the data over and test differences: once all trials are over.

        Args:
            features: The frozen features of the run, None where no trial needed them.
        """
        plan = self._plan
        self._score_on_test()
        self._model = _as_used(self._model, plan, features, count=True)
        if features and any(record.is_scored and record.features for record in self.records):
            kept = [state for state in plan.wanted_features if features.cost([state])]
            write_feature_samples(self.directory, plan.task.test, kept, features.encode)
        self._findings = gather_findings(
            plan.task, plan.encoder, self._model, self._in_order(), self.directory, plan.config, plan.metrics
        )

    def finish(
        self, features: FeatureCache | None, notes: Sequence[str], stopped_in: Collection[str], stopped: bool
    ) -> Run:
        """Write what is left, `run.json` last.

        Args:
            features: The frozen features of the run, None where no trial needed them.
            notes: What went otherwise than planned, one sentence each.
            stopped_in: Names of the trials that were under way when the run was stopped.
            stopped: Whether the user stopped the run.

        Returns:
            The run.

        Raises:
            UnavailableError: Where the disk refuses; what was written stays.
        """
        plan = self._plan
        if stopped:
            self._score_on_test()
            self._model = _as_used(self._model, plan, features, count=False)
        else:
            self.directory.write_keys(self.keys)
        records = self._with_fingerprints([*self._in_order(), *self._unfinished(stopped_in)])
        bad = any(record.status != "ok" for record in records)
        now, sealed = self.directory.checksums(), self.directory.sealed
        changed = [file for file, digest in sealed.items() if now.get(file) != digest]
        told = [*notes, *([_told_of_changed(changed)] if changed else ())]
        run = self._run("interrupted" if stopped else "failed" if bad or changed else "complete", records, told)
        run = run.model_copy(update={"files": now | sealed})
        self.directory.write_run(run.model_dump(mode="json"))
        if not stopped:
            self.directory.remove_unfinished()
        return run

    def unsaved(self, notes: Sequence[str], stopped_in: Collection[str]) -> Run:
        """Return what is known of the run, none of which is written; arguments as of `finish`."""
        return self._run("interrupted", [*self._in_order(), *self._unfinished(stopped_in)], notes)

    def _in_order(self) -> list[RunRecord]:
        """Return the records in the order of the plan: of several trials at a time the shortest ends first."""
        place = {trial.name: number for number, trial in enumerate(self._plan.trials)}
        return sorted(self.records, key=lambda record: place.get(record.trial, -1))

    def _score_on_test(self) -> None:
        """Put the labels into the files of predictions and score by `--metrics`, now that no strategy runs any more."""
        task = self._plan.task
        self.records = without_changed(self.records, self.directory, task.label_names)
        write_labels(self.directory, task, [record.trial for record in self.records if record.predictions_sha256])
        self.records, told = with_metrics(self.records, self._plan.metrics, self.directory)
        self.notes += [note for note in told if note not in self.notes]

    def _run(
        self, status: Literal["complete", "failed", "interrupted"], records: list[RunRecord], notes: Sequence[str] = ()
    ) -> Run:
        plan = self._plan
        return Run(
            status=status,
            started=self._started,
            wall_seconds=round(time.perf_counter() - self._clock, 3),
            command=self._command,
            config=plan.config,
            environment=self._environment,
            task=self._task,
            model=self._model,
            fallback=plan.fallback,
            notes=[*plan.notes, *plan.task.provenance.notes, *encoder_tags(plan.encoder).notes, *self.notes, *notes],
            records=records,
            audit=self._findings.audit,
            evidence=self._findings.evidence,
        )

    def _unfinished(self, stopped_in: Collection[str]) -> list[RunRecord]:
        """Return a record for each trial that did not finish: the one that was stopped, and those after it."""
        finished = {record.trial for record in self.records}
        return [
            trial.blank_record("interrupted" if trial.name in stopped_in else "skipped")
            for trial in self._plan.trials
            if trial.name not in finished
        ]

    def _with_fingerprints(self, records: list[RunRecord]) -> list[RunRecord]:
        reads_tokens = {offer.name: reads_encoder(offer, self._plan.offers) for offer in self._plan.offers}
        records = fingerprinted(records, self._plan.task, self._plan.config.limit, self._model, reads_tokens)
        largest = {record.trial for record in at_largest_train_size([r for r in records if r.is_scored])}
        records = [self._doubted(record) if record.trial in largest else record for record in records]
        for record in records:
            if record.fingerprint:
                self._write(record)
        return records

    def _doubted(self, record: RunRecord) -> RunRecord:
        """Return a record with what its scores are to be doubted for, where they are."""
        doubts = [doubt] if (doubt := self._findings.doubts.get(record.strategy)) else []
        return record.model_copy(update={"degradations": [*dict.fromkeys([*record.degradations, *doubts])]})

    def _write(self, record: RunRecord) -> None:
        self.directory.write_record(record.trial, record.model_dump(mode="json"))


def keys_of(plan: Plan) -> dict[str, dict[str, str]]:
    """Return the name of each trial of a plan -> what its numbers depend on."""
    return trial_keys(plan, _model_info(plan.encoder), plan.task.content_hash(), environment_of(plan))


def environment_of(plan: Plan) -> dict[str, str | int]:
    """Return what a reader needs to know of where the trials of a plan run."""
    threads = plan.executor.threads
    return describe(plan.device, plan.dtype) | ({} if threads is None else {"threads": threads})


def _told_of_changed(files: Sequence[str]) -> str:
    return (
        f"somebody changed {', '.join(files)} after the trial that wrote it had ended: what is loaded from there is "
        "not what was scored, and 'harness verify' says so, too"
    )


def _broken_record(plugin: Plugin) -> RunRecord:
    return RunRecord(
        strategy=plugin.name,
        plugin=plugin.distribution or plugin.name,
        plugin_version=plugin.version,
        status="failed",
        error=Failure(stage="load plugin", message=plugin.error or "", traceback=plugin.traceback),
    )


def task_info(task: Task, costs: list[list[float]] | None = None) -> TaskInfo:
    """Return what a run records of its data, and of what mistakes cost there."""
    return TaskInfo(
        name=task.name,
        source=task.provenance.source,
        revision=task.provenance.revision,
        content_sha256=task.content_hash(),
        label_names=list(task.label_names),
        class_counts={s: list(class_counts(getattr(task, s), task.n_classes)) for s in SPLITS},
        costs=costs,
    )


def _model_info(encoder: Encoder | None) -> ModelInfo | None:
    if encoder is None:
        return None
    fingerprint = (tags := encoder_tags(encoder)).fingerprint or {}
    return ModelInfo(
        name=encoder.name,
        revision=encoder.revision,
        weights_sha256=fingerprint.get("weights") or weights_hash(encoder.directory),
        width=encoder.width,
        max_length=encoder.max_length,
        n_parameters=encoder.n_parameters,
        **{name: getattr(tags, name) for name in ("pooling", "pooling_source", "prompt", "engine", "dtype")},
    )


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
    budget = encoder_tags(plan.encoder).token_budget
    return model.model_copy(update={"truncated_texts": truncated, "token_budget": budget})
