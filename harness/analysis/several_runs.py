"""What runs must agree in to be looked at together, and what their strategies are then called."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.evaluation.costs import EXPECTED_COST, expected_cost
from harness.evaluation.metric import Metric
from harness.evaluation.metrics import METRICS
from harness.evaluation.shipped_metrics import shipped_of
from harness.results.records import Run, TaskInfo
from harness.results.run_directory import RunDirectory

if TYPE_CHECKING:
    from harness.analysis.study import Studied

FINGERPRINT = {
    "test_sha256": "the test rows",
    "label_names": "the label names",
    "metric_version": "the version of the metrics",
    "limit": "the limit on rows",
    "truncation": "the number of tokens that texts are cut at",
}
"""Field of a record's fingerprint -> what it is, for messages."""

LONGEST_VALUE = 24  # characters of a value in a message


def have_several_encoders(runs: Sequence[Run]) -> bool:
    """Return whether encoders are part of what is compared: strategies then carry their names."""
    return len({(run.model.name, run.model.revision) for run in runs if run.model}) > 1


def shared_metrics(runs: Sequence[Run]) -> tuple[str, ...]:
    """Return the metrics that all runs were scored by, besides those of every table, in the order of the first."""
    same_costs = all(run.task.costs == runs[0].task.costs for run in runs)
    left_out = METRICS if same_costs else (*METRICS, EXPECTED_COST)
    asked = (name for name in runs[0].config.asked_metrics if name not in left_out)
    return tuple(name for name in asked if all(name in run.config.asked_metrics for run in runs))


def metrics_at_hand(names: Iterable[str], task: TaskInfo) -> list[Metric]:
    """Return those of some metrics that can be computed: the program's own, not those of plugins, which are code.

    Args:
        names: Of the metrics.
        task: The record of the data, with the costs that were given.
    """
    asked = list(names)
    of_costs = [expected_cost(task.costs)] if task.costs and EXPECTED_COST in asked else []
    return [*shipped_of(asked), *of_costs]


def named_apart(of_runs: Sequence[Sequence["Studied"]], runs: Sequence[Run]) -> "list[list[Studied]]":
    """Give the strategies of several runs names of their own.

    Over several encoders, what reads one carries its name, and what reads none stands there once where all runs have
    the same predictions of it. What then still has one name carries the number of its run.

    Args:
        of_runs: The scored strategies of each run.
        runs: The runs.
    """
    numbered = [[replace(each, run_index=index) for each in strategies] for index, strategies in enumerate(of_runs)]
    if have_several_encoders(runs):
        numbered = _with_encoders(_once(numbered), runs)
    times = Counter(each.name for strategies in numbered for each in strategies)
    return [
        [_renamed(each, f"{each.name} ({each.run_index + 1})" if times[each.name] > 1 else each.name) for each in mine]
        for mine in numbered
    ]


def _once(of_runs: "Sequence[Sequence[Studied]]") -> "list[list[Studied]]":
    """Leave out what another run has with the same predictions and perhaps more seeds, if it reads no encoder."""
    kept: list[Studied] = []
    for each in (each for strategies in of_runs for each in strategies):
        if any(_holds(other, each) for other in kept):
            continue
        kept = [other for other in kept if not _holds(each, other)]
        kept.append(each)
    return [[each for each in kept if each.run_index == index] for index in range(len(of_runs))]


def _holds(one: "Studied", other: "Studied") -> bool:
    """Return whether one strategy has all predictions of another of its name, and neither reads an encoder."""
    if one.name != other.name or reads_encoder(one) or reads_encoder(other):
        return False
    return _predicted(other) <= _predicted(one)


def _predicted(studied: "Studied") -> set[tuple[object, ...]]:
    return {(each.seed, each.train_size, each.predictions_sha256) for each in studied.records}


def _with_encoders(of_runs: "Sequence[Sequence[Studied]]", runs: Sequence[Run]) -> "list[list[Studied]]":
    names = short_names([run.model.name if run.model else "" for run in runs])
    return [
        [_renamed(each, f"{each.name} ({names[each.run_index]})") if reads_encoder(each) else each for each in mine]
        for mine in of_runs
    ]


def short_names(names: Sequence[str]) -> list[str]:
    """Return the last parts of encoders' names, whole names where these would be the same."""
    last = [name.rstrip("/").rpartition("/")[2] for name in names]
    of_last = {part: {name for name, other in zip(names, last, strict=True) if other == part} for part in last}
    return [part if len(of_last[part]) == 1 else name for name, part in zip(names, last, strict=True)]


def reads_encoder(studied: "Studied") -> bool:
    """Return whether a strategy reads the encoder of its run."""
    prints = [record.fingerprint for record in studied.records]
    return any(each is None or each.truncation is not None for each in prints)


def _renamed(studied: "Studied", name: str) -> "Studied":
    records = tuple(record.model_copy(update={"strategy": name}) for record in studied.records)
    return replace(studied, name=name, records=records)


def difference_of(runs: Sequence[Run], directories: Sequence[RunDirectory]) -> str | None:
    """Say in which fields of their fingerprints the runs differ, None where in none.

    How many tokens an encoder reads is part of that encoder: with several, each has its own.
    """
    fields = [field for field in FINGERPRINT if field != "truncation" or not have_several_encoders(runs)]
    first = _fingerprint_values(runs[0])
    for run, directory in zip(runs[1:], directories[1:], strict=True):
        differing = list(_differing(first, _fingerprint_values(run), fields))
        if (one := runs[0].config.select_by) != (other := run.config.select_by):
            values = f"{_short(one)} in the first, {_short(other)} in the other"
            differing.append(f"the metric that chooses (select_by: {values})")
        if runs[0].config.select_by == EXPECTED_COST and run.task.costs != runs[0].task.costs:
            differing.append("the costs that choose")
        if differing:
            pair = f"{directories[0].path.name} and {directory.path.name}"
            return f"The runs {pair} cannot be compared: they differ in {' and in '.join(differing)}."
    return None


def _differing(first: dict[str, Any], other: dict[str, Any], fields: Sequence[str]) -> Iterator[str]:
    for field in fields:
        if field in first and field in other and first[field] != other[field]:
            values = f"{_short(first[field])} in the first, {_short(other[field])} in the other"
            yield f"{FINGERPRINT[field]} ({field}: {values})"


def _fingerprint_values(run: Run) -> dict[str, Any]:
    """Return field -> value of a run; truncation only where a strategy of it reads tokens."""
    prints = [record.fingerprint for record in run.records if record.fingerprint]
    values = {field: getattr(prints[0], field) for field in FINGERPRINT} if prints else {}
    values.pop("truncation", None)
    cut_at = [each.truncation for each in prints if each.truncation is not None]
    return {**values, "truncation": max(cut_at)} if cut_at else values


def _short(value: Any) -> str:
    if value is None:
        return "none"
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."
