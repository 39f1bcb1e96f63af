"""RunRecord and Run: the JSON on disk, its schema published as harness/results/schema/run-v1.json."""

from collections.abc import Sequence
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, ValidationError

from harness.config.run_config import RunConfig
from harness.config.strategy_spec import base_name
from harness.data.audit import Audit
from harness.encoding.pooling import PoolingSource
from harness.errors import UserError
from harness.evaluation.evidence import Evidence
from harness.evaluation.metric import Selection
from harness.evaluation.metrics import METRIC_VERSION, Evaluation
from harness.evaluation.search_evidence import Search
from harness.frozen_model import Count, Fraction, FrozenModel, Money, Score, Seconds, why_unreadable
from harness.results.agreement import first_contradiction
from harness.results.latency import Latency
from harness.results.run_directory import RUN_FILE, UNFINISHED_FILE, RunDirectory

SCHEMA_VERSION = 1


class Failure(FrozenModel):
    """Why a trial has no scores: where it stopped, the message, the traceback."""

    stage: Literal["load plugin", "fit", "predict", "score", "save"]
    message: str
    traceback: str


def trial_name(strategy: str, seed: int, train_size: int | None) -> str:
    """Return the name of a trial, as in the names of its files; `train_size` is None for all of train."""
    size = "" if train_size is None else f"-train{train_size}"
    return f"{strategy}-seed{seed}{size}"


class Fingerprint(FrozenModel):
    """What must be equal where the scores of two records are to be compared.

    `test_sha256` is of the test texts and labels in order. `truncation` is the number of tokens that texts were
    cut at, 0 where the strategy reads tokens and no text was cut, None where it reads no tokens.
    """

    test_sha256: str
    label_names: tuple[str, ...]
    metric_version: Count
    limit: Count | None
    truncation: Count | None


class RunRecord(FrozenModel):
    """One strategy with one seed, on all of train, on `train_size` rows of it or on `per_class` of each class.

    `groups` are those of `--strategies` that it belongs to, `all` apart. `params` are those of the configuration that
    was kept; `configurations_tried` says of how many, and `optimism` by how much choosing it flatters the score on
    validation, None where unknown. It is by `selection`, or f1_macro. `search` says that `--budget` drew the
    configurations, which `history` then holds in that order. Seconds are wall time. `encode_seconds` is what the one
    pass over the encoder for its features took, in this run or an earlier one, as `features` says; both None where it
    reads none. `predict_seconds` is for the test texts, without encoding. `deterministic`: every seed predicts the
    same. `undertrained`: it had learnt next to nothing. `total_parameters` are the weights needed to predict, the
    frozen encoder's among them. `latency` is measured in one trial of each strategy, `spent` the price of answers.
    `model_bytes` are those of the classifier's files, `encoder_bytes` those of an encoder that it needs besides; both
    None where it was not saved. `members` maps each strategy that it combines -> its weight; its costs hold theirs.
    """

    strategy: str
    plugin: str
    plugin_version: str | None = None
    groups: tuple[str, ...] = ()
    params: dict[str, Any] = Field(default_factory=dict)
    configurations_tried: Count = 1
    optimism: Fraction | None = None
    selection: Selection | None = None
    search: Search | None = None
    seed: Count = 0
    train_size: Count | None = None
    per_class: Count | None = None
    status: Literal["ok", "failed", "interrupted", "skipped"]
    validation: Evaluation | None = None
    test: Evaluation | None = None
    error: Failure | None = None
    features: Literal["computed", "cached", "partly cached"] | None = None
    encode_seconds: Seconds | None = None
    fit_seconds: Seconds | None = None
    predict_seconds: Seconds | None = None
    peak_memory_bytes: Count | None = None
    trainable_parameters: Count | None = None
    total_parameters: Count | None = None
    latency: Latency | None = None
    spent: Money | None = None
    model_bytes: Count | None = None
    encoder_bytes: Count | None = None
    predictions_sha256: str | None = None
    members: dict[str, Score] = Field(default_factory=dict)
    history: list[dict[str, float]] = Field(default_factory=list)
    degradations: list[str] = Field(default_factory=list)
    undertrained: bool = False
    deterministic: bool = False
    fingerprint: Fingerprint | None = None

    @property
    def base(self) -> str:
        """Name of the strategy without the parameters of a variant and the number of a run."""
        return base_name(self.strategy)

    @property
    def validation_score(self) -> float:
        """The validation score that chooses, such that the largest is the best."""
        chosen_by = self.selection.metric if self.selection else "f1_macro"
        if self.validation is None or (value := self.validation.score(chosen_by)) is None:
            return -inf
        return self.selection.oriented(value) if self.selection else value

    @property
    def is_scored(self) -> bool:
        """Whether it holds scores to show."""
        return self.status == "ok" and self.validation is not None and self.test is not None

    @property
    def seconds(self) -> float | None:
        """What the strategy cost, encoding, fitting and predicting test, None where that is not known."""
        if self.fit_seconds is None or self.predict_seconds is None:
            return None
        return (self.encode_seconds or 0.0) + self.fit_seconds + self.predict_seconds

    @property
    def trial(self) -> str:
        """Name of the trial, as in the names of its files."""
        return trial_name(self.strategy, self.seed, self.train_size)


class TaskInfo(FrozenModel):
    """The data set of a run; `class_counts` maps split -> rows of each class.

    `costs` are what answering each class to a text of each class costs, a row a true class; None where nobody said.
    """

    name: str
    source: str
    revision: str | None
    content_sha256: str
    label_names: list[str]
    class_counts: dict[str, list[Count]]
    costs: list[list[Score]] | None = None

    def n_rows(self, split: str) -> int:
        """Return the number of rows of a split."""
        return sum(self.class_counts[split])

    def majority_accuracy(self, split: str) -> float:
        """Return the accuracy on `split` of always answering the largest class of train."""
        largest = int(np.argmax(self.class_counts["train"]))
        return self.class_counts[split][largest] / self.n_rows(split)


class ModelInfo(FrozenModel):
    """The encoder of a run.

    `pooling` is what `pooling=auto` was, `pooling_source` why. `engine` computed frozen features in `dtype` (None: that
    of the run). `truncated_texts` maps split -> texts longer than `max_length`; `token_budget` is the tokens a batch.
    """

    name: str
    revision: str | None
    weights_sha256: str | None
    width: Count
    max_length: Count
    n_parameters: Count
    pooling: str | None = None
    pooling_source: PoolingSource | None = None
    prompt: str = ""
    engine: str = "torch"
    dtype: str | None = None
    truncated_texts: dict[str, Count] = Field(default_factory=dict)
    token_budget: Count | None = None


class Run(FrozenModel):
    """One comparison: what was asked, where it ran, what came out. `files` maps path -> sha256.

    `audit` is None in a run that was stopped, `evidence` there and where nothing was scored.
    """

    schema_version: Literal[1] = 1
    metric_version: Count = METRIC_VERSION
    status: Literal["complete", "failed", "interrupted"]
    started: str
    wall_seconds: Seconds
    command: list[str]
    config: RunConfig
    environment: dict[str, str | int]
    task: TaskInfo
    model: ModelInfo | None
    fallback: str | None = None
    notes: list[str] = Field(default_factory=list)
    records: list[RunRecord]
    audit: Audit | None = None
    evidence: Evidence | None = None
    files: dict[str, str] = Field(default_factory=dict)

    def with_max_latency(self, seconds: float | None) -> "Run":
        """Return it as if `--max-latency` had been asked for, as it is for None."""
        if seconds is None:
            return self
        return self.model_copy(update={"config": self.config.model_copy(update={"max_latency": seconds})})

    def milliseconds_per_text(self, record: RunRecord) -> float | None:
        """Return what predicting a test text took in a trial, its share of the encoding included, None where unknown.

        Texts come in batches here; one that comes alone takes longer.
        """
        if record.predict_seconds is None:
            return None
        encoded = sum(map(self.task.n_rows, self.task.class_counts))
        encoding = (record.encode_seconds or 0.0) / max(encoded, 1)
        return 1000 * (encoding + record.predict_seconds / max(self.task.n_rows("test"), 1))


class Unfinished(FrozenModel):
    """The record of a run that has begun, from which it is resumed or shown after it was killed.

    `run` is the run as it stands then, all its trials skipped. `trials` maps the name of a trial -> what its numbers
    depend on, by name.
    """

    run: Run
    trials: dict[str, dict[str, str]]


def at_largest_train_size(records: Sequence[RunRecord]) -> list[RunRecord]:
    """Return the records that were trained on the most rows of train; where no size was asked for, all."""
    sizes = [inf if record.train_size is None else record.train_size for record in records]
    return [record for record, size in zip(records, sizes, strict=True) if size == max(sizes)]


def read_unfinished(directory: RunDirectory) -> Unfinished:
    """Read what an unfinished run left when it began, with the records of the trials that are over.

    Raises:
        UserError: Where it cannot be read.
    """
    file = directory.path / UNFINISHED_FILE
    try:
        begun = Unfinished.model_validate(directory.read_json(file))
    except (OSError, ValueError, UserError) as error:
        raise UserError(f"{file} cannot be read: {why_unreadable(error)}. Run the comparison again.") from error
    records = [_record_on_disk(directory, record) for record in begun.run.records]
    begun = begun.model_copy(update={"run": begun.run.model_copy(update={"records": records})})
    _refuse_contradiction(begun.run, file)
    return begun


def _record_on_disk(directory: RunDirectory, blank: RunRecord) -> RunRecord:
    with suppress(OSError, ValueError):
        record = RunRecord.model_validate(directory.read_json(directory.record_file(blank.trial)))
        if record.trial == blank.trial and record.status in ("ok", "failed"):
            return record
    return blank


def read_run(directory: RunDirectory) -> Run:
    """Read a run from disk; of one that was killed, what it had finished.

    Raises:
        UserError: Where `run.json` is missing or is not a run this version can read.
    """
    if directory.is_unfinished and not (directory.path / RUN_FILE).exists():
        return read_unfinished(directory).run
    content = directory.read_run()
    version = content.get("schema_version")
    if version != SCHEMA_VERSION:
        raise UserError(
            f"{directory.path}: run.json has schema version {version!r}, this program reads {SCHEMA_VERSION}. "
            "Use the version of strategy-harness that wrote it."
        )
    try:
        run = Run.model_validate(content)
    except (ValidationError, UserError) as error:
        raise UserError(f"{directory.path}: run.json is damaged: {why_unreadable(error)}.") from error
    _refuse_contradiction(run, directory.path / RUN_FILE)
    return run


def _refuse_contradiction(run: Run, file: Path) -> None:
    if contradiction := first_contradiction(run):
        raise UserError(f"{file} is damaged: {contradiction}. Restore it or run the comparison again.")
