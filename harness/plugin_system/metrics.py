"""Metrics that plugins offer: checking them, and choosing those that a run asks for."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from harness.errors import PluginError, UserError, did_you_mean
from harness.evaluation.costs import EXPECTED_COST
from harness.evaluation.metric import Metric
from harness.evaluation.metrics import METRICS
from harness.evaluation.shipped_metrics import shipped_metrics
from harness.plugin_system.faults import Fault, FaultyPluginError

if TYPE_CHECKING:
    from harness.plugin_system.offers import Plugin


def check_metrics(returned: object) -> tuple[Metric, ...]:
    """Return what the hook `harness_metrics` of a plugin returned.

    Raises:
        PluginError: Where it is no list of metrics, saying what was expected and what came.
    """
    if not isinstance(returned, Sequence) or isinstance(returned, str):
        raise FaultyPluginError([Fault("a list of metrics", f"{returned!r}"[:80], "Return [harness.Metric(...)].")])
    if faults := [fault for each in returned for fault in _faults_of(each)]:
        raise FaultyPluginError(faults)
    return tuple(returned)


def _faults_of(metric: object) -> Iterable[Fault]:
    if not isinstance(metric, Metric):
        yield Fault("a harness.Metric", f"{metric!r}"[:80], "Return harness.Metric(name, function).")
        return
    name = metric.name
    if not (isinstance(name, str) and name.isidentifier()):
        yield Fault("a metric with a name of letters, digits and _", f"one called {name!r}"[:80], "Rename it.")
    if not callable(metric.function):
        yield Fault(
            f"metric {name!r} to have a function", f"{metric.function!r}"[:80], "Give it function(labels, answers)."
        )
    if not _are_bounds(metric.bounds):
        advice = "Give (lowest, highest), or leave bounds out."
        yield Fault(
            f"metric {name!r} to have bounds of two numbers, the lower first", f"{metric.bounds!r}"[:80], advice
        )


def _are_bounds(bounds: object) -> bool:
    match bounds:
        case (int() | float() as low, int() | float() as high) if isinstance(bounds, tuple):
            return bool(low < high)  # which is false of NaN
    return False


def known_metrics(plugins: Iterable["Plugin"]) -> dict[str, Metric]:
    """Return all metrics by name: those of the program, then those of plugins.

    Raises:
        PluginError: Where two have one name.
    """
    known, owners = shipped_metrics(), dict.fromkeys((*shipped_metrics(), EXPECTED_COST), "the harness itself")
    for plugin in plugins:
        for metric in plugin.metrics:
            if metric.name in owners:
                raise PluginError(
                    f"Two plugins offer a metric {metric.name!r}: {owners[metric.name]} and {plugin.name} "
                    f"({plugin.origin}). Rename one or leave one plugin out."
                )
            known[metric.name], owners[metric.name] = metric, f"{plugin.name} ({plugin.origin})"
    return known


def choose_metrics(names: Sequence[str], known: Mapping[str, Metric]) -> tuple[Metric, ...]:
    """Return the metrics of `--metrics` and `--select-by`, without those that every table has.

    Raises:
        UserError: For one that nobody offers.
    """
    for name in names:
        if name == EXPECTED_COST and name not in known:
            raise UserError("expected_cost is known where --costs names a file of what each mistake costs.")
        if name not in known:
            raise UserError(f"There is no metric {name!r}. {did_you_mean(name, known)}")
    return tuple(known[name] for name in names if name not in METRICS)
