"""Findings of a run once its trials are over: facts of the test rows, samples of features, evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from harness.analysis.study import Studied, evidence_of, studied_strategies
from harness.config.run_config import RunConfig
from harness.data.audit import Audit, audit_task
from harness.data.same_texts import normalised
from harness.data.task import Split, Task
from harness.encoding.encoder import Encoder
from harness.encoding.unknown_tokens import many_unknown
from harness.evaluation.evidence import Evidence
from harness.evaluation.metric import Metric
from harness.evaluation.metrics import METRIC_VERSION
from harness.evaluation.validation_excess import Accuracies, far_above_test
from harness.results.records import Fingerprint, ModelInfo, RunRecord
from harness.results.row_facts import row_facts, write_row_facts
from harness.results.run_directory import RunDirectory


@dataclass(frozen=True)
class Findings:
    """What is known once all trials are over.

    Attributes:
        audit: Of the data.
        evidence: None where nothing was scored.
        doubts: Strategy -> what its scores are to be doubted for, one sentence.
    """

    audit: Audit | None = None
    evidence: Evidence | None = None
    doubts: Mapping[str, str] = field(default_factory=dict)


def gather_findings(
    task: Task,
    encoder: Encoder | None,
    model: ModelInfo | None,
    records: Sequence[RunRecord],
    directory: RunDirectory,
    config: RunConfig,
    metrics: Sequence[Metric] = (),
) -> Findings:
    """Audit the data, keep the facts of the test rows, and test the differences between strategies.

    Args:
        task: The data.
        encoder: Tells which texts it cuts, None where no strategy needs one.
        model: The encoder's record, its truncated texts counted.
        records: The records of all trials.
        directory: Folder of the run, with the predictions of its trials.
        config: Says whether the test texts are written to that folder, and how far behind is as good.
        metrics: Metrics that were asked for besides.

    Raises:
        UnavailableError: Where the disk refuses.
    """
    truncated = model.truncated_texts if model else None
    facts = row_facts(task, encoder if truncated and truncated["test"] else None, keep_texts=config.save_texts)
    if truncated and not truncated["test"]:  # no need to count the tokens of each text again
        facts = replace(facts, truncated=np.zeros(len(task.test), bool))
    write_row_facts(directory, facts)
    strategies = studied_strategies(records, directory)
    unknown = many_unknown(encoder.directory, task.train.texts) if encoder else None
    return Findings(
        audit=audit_task(task, truncated, model.max_length if model else None, unknown_tokens=unknown),
        evidence=evidence_of(strategies, facts, config.margin, metrics) if strategies else None,
        doubts=_doubts(strategies, task),
    )


def _doubts(strategies: Sequence[Studied], task: Task) -> dict[str, str]:
    """Say of each strategy whose validation score is too good to be true how good it is."""
    accuracies = {
        each.name: Accuracies(each.validation("accuracy"), each.test("accuracy"))
        for each in strategies
        if not each.is_floor
    }
    found = far_above_test(accuracies, _n_texts(task.validation), _n_texts(task.test))
    return {
        name: f"validation accuracy {accuracies[name].validation:.3f} is far above test {accuracies[name].test:.3f} "
        f"(beyond chance, p {p:.2g}): it was fitted on validation, or chosen among too many on it, or the splits are "
        "not alike. 'harness plugins test' looks for the first, 'harness audit' for the last"
        for name, p in found.items()
    }


def _n_texts(split: Split) -> int:
    return len({normalised(text) for text in split.texts})


def fingerprinted(
    records: Sequence[RunRecord],
    task: Task,
    limit: int | None,
    model: ModelInfo | None,
    reads_tokens: Mapping[str, bool],
) -> list[RunRecord]:
    """Return the scored records with what their scores depend on besides the strategy.

    Args:
        records: Records of a run.
        task: Its data.
        limit: Rows of each split that were used at most.
        model: Its encoder, the truncated texts counted.
        reads_tokens: Strategy -> whether it reads tokens of the encoder's tokenizer.
    """
    cut = model is not None and any(model.truncated_texts.values())
    shared = Fingerprint(
        test_sha256=task.test_hash(),
        label_names=task.label_names,
        metric_version=METRIC_VERSION,
        limit=limit,
        truncation=model.max_length if model and cut else 0,
    )
    without = shared.model_copy(update={"truncation": None})
    return [
        record.model_copy(update={"fingerprint": shared if reads_tokens.get(record.strategy) else without})
        if record.is_scored
        else record
        for record in records
    ]
