"""A run again, from its own record: what comes out otherwise, in scores and in environment."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harness.config.run_config import RunConfig
from harness.data.task import IN_MEMORY, SPLITS, Task
from harness.errors import DataError, UserError
from harness.evaluation.metrics import METRICS
from harness.results.records import Run, RunRecord

HAND_OVER = "Hand them over: data=... in Python, or --dataset with a folder of the same splits as files."


@dataclass(frozen=True)
class ScoreChange:
    """One score of one trial, then and now, fractions 0-1; None where the trial was not scored."""

    trial: str
    split: str
    metric: str
    then: float | None
    now: float | None

    def within(self, tolerance: float) -> bool:
        """Return whether both are there and differ by no more than `tolerance`."""
        return self.then is not None and self.now is not None and abs(self.now - self.then) <= tolerance


@dataclass(frozen=True)
class Reproduction:
    """A run and its repetition.

    Attributes:
        scores: Every score of every trial that the first run scored.
        same_predictions: Trial -> whether all probabilities are equal bit for bit.
        surroundings: What differs in data, model or environment: name, then, now.
    """

    scores: tuple[ScoreChange, ...]
    same_predictions: dict[str, bool]
    surroundings: tuple[tuple[str, str, str], ...]

    def describe(self, tolerance: float) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        return {
            "reproduced": self.succeeded(tolerance),
            "tolerance": tolerance,
            "scores": [asdict(change) for change in self.scores],
            "same_predictions": self.same_predictions,
            "surroundings": [{"name": name, "then": then, "now": now} for name, then, now in self.surroundings],
        }

    def succeeded(self, tolerance: float) -> bool:
        """Return whether every score differs by no more than `tolerance`."""
        return all(change.within(tolerance) for change in self.scores)


def config_to_reproduce(run: Run, output_dir: str | None = None, dataset: str | None = None) -> RunConfig:
    """Return the configuration that repeats a run.

    The strategies are named one by one with all their recorded hyperparameters, so that neither a new plugin nor a
    new default changes anything; batches get the recorded number of tokens, and features are computed anew.

    Args:
        run: What to repeat.
        output_dir: Where the new run goes, None for where the old one went.
        dataset: Where the data are now, None for where they were.

    Raises:
        UserError: Where they were in memory and nobody says where they are now.
    """
    if dataset is None:
        refuse_memory(run, HAND_OVER)
    scored = [record for record in run.records if record.is_scored]
    tokens, params = run.model.token_budget if run.model else None, _params_of_all(scored)
    searched = any(record.search and _searched(record) - params.get(record.strategy, {}).keys() for record in scored)
    return run.config.model_copy(
        update={
            "strategies": tuple(dict.fromkeys(record.strategy for record in scored)),
            "seeds": tuple(dict.fromkeys(record.seed for record in scored)),
            # The name of a variant holds its own parameters; the rest of them stand in the run's own settings.
            "set": {**run.config.set, **params},
            "budget": run.config.budget if searched else None,  # of what is set nothing is left to search
            "batch_tokens": tokens or run.config.batch_tokens,
            "cache": False,
            "output_dir": output_dir or run.config.output_dir,
            "dataset": dataset or run.config.dataset,
        }
    )


def refuse_memory(run: Run, advice: str) -> None:
    """Refuse to load by its name what a run was handed over as an object: that name may be another data set's.

    Raises:
        UserError: With the advice.
    """
    if run.task.source == IN_MEMORY:
        raise UserError(
            f"The data of the run, {run.task.name!r}, were in memory, so they cannot be loaded by that name. {advice}"
        )


def refuse_other_data(run: Run, task: Task) -> None:
    """Refuse data that lie elsewhere and are not those of a run.

    Raises:
        DataError: Where names of labels, texts or labels of a split are others, or in another order.
    """
    if (found := task.content_hash()) == run.task.content_sha256:
        return
    rows = {split: (run.task.n_rows(split), len(getattr(task, split))) for split in SPLITS}
    counts = ", ".join(f"{split} {then:,} and {now:,}" for split, (then, now) in rows.items())
    raise DataError(
        f"{task.name} does not hold the data of the run: expected label names, texts and labels with the sha256 "
        f"{run.task.content_sha256[:16]}..., got {found[:16]}... (rows then and now: {counts}). Name the folder "
        "that the run read, as it was then."
    )


def _params_of_all(records: Sequence[RunRecord]) -> dict[str, dict[str, Any]]:
    """Return strategy -> hyperparameters that all its records share; what depends on the rows is left to its rule.

    What is chosen on validation is chosen together: where records differ in some of it, none of it is set.
    """
    shared: dict[str, dict[str, Any]] = {}
    of_strategy: dict[str, list[RunRecord]] = {}
    for record in records:
        if record.strategy == record.base:
            of_strategy.setdefault(record.strategy, []).append(record)
    for strategy, its_records in of_strategy.items():
        first = its_records[0].params
        differ = {name for record in its_records for name in first if record.params.get(name) != first[name]}
        searched = {name for record in its_records for name in _searched(record)}
        left = differ | searched if differ & searched else differ
        shared[strategy] = {name: value for name, value in first.items() if name not in left}
    return shared


def _searched(record: RunRecord) -> set[str]:
    """Return the hyperparameters that a record's history names as those of its configurations."""
    columns = {column.removeprefix("param_") for row in record.history for column in row if column.startswith("param_")}
    return {name for name in record.params if any(c == name or c.startswith(f"{name}_") for c in columns)}


def compare_runs(then: Run, now: Run) -> Reproduction:
    """Compare a run with its repetition."""
    again = {record.trial: record for record in now.records}
    scored = [record for record in then.records if record.is_scored]
    return Reproduction(
        scores=tuple(change for record in scored for change in _changes(record, again.get(record.trial))),
        same_predictions={
            record.trial: record.trial in again
            and record.predictions_sha256 == again[record.trial].predictions_sha256
            and record.predictions_sha256 is not None
            for record in scored
        },
        surroundings=tuple(_surroundings(then, now)),
    )


def _changes(then: RunRecord, now: RunRecord | None) -> Sequence[ScoreChange]:
    return [
        ScoreChange(then.trial, split, metric, _score(then, split, metric), _score(now, split, metric))
        for split in ("validation", "test")
        for metric in METRICS
    ]


def _score(record: RunRecord | None, split: str, metric: str) -> float | None:
    evaluation = getattr(record, split) if record else None
    return None if evaluation is None else float(getattr(evaluation, metric))


def _surroundings(then: Run, now: Run) -> list[tuple[str, str, str]]:
    old, new = _described(then), _described(now)
    names = dict.fromkeys((*old, *new))
    return [(n, str(old.get(n, "-")), str(new.get(n, "-"))) for n in names if old.get(n) != new.get(n)]


def _described(run: Run) -> dict[str, Any]:
    model = {"model": run.model.weights_sha256, "max_length": run.model.max_length} if run.model else {}
    plugins = {f"plugin of {record.strategy}": f"{record.plugin} {record.plugin_version}" for record in run.records}
    return {"data": run.task.content_sha256, **model, **run.environment, **plugins}
