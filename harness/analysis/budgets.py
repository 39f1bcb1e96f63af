"""Records of searches -> what each strategy finds within a budget."""

from collections.abc import Sequence

from harness.analysis.ranking import Standing
from harness.evaluation.search_evidence import Searched, SearchEvidence, search_evidence
from harness.results.records import RunRecord


def evidence_of_searches(strategies: Sequence[Standing]) -> SearchEvidence | None:
    """Return the tuning curves of strategies that were searched within a budget, None where none was.

    Of several seeds, which all try the same configurations, the lowest is looked at.

    Args:
        strategies: The strategies of a run, chosen by one metric.
    """
    searches = [
        Searched(each.name, _scores(each.first), each.first.fit_seconds or 0.0)
        for each in strategies
        if each.first.search
    ]
    by_time = any(each.first.search and each.first.search.seconds for each in strategies)
    selection = strategies[0].selection if strategies else None
    better = selection is None or selection.higher_is_better
    return search_evidence(searches, by_time=by_time, higher_is_better=better)


def _scores(record: RunRecord) -> list[float | None]:
    """Return the validation score of each configuration by the metric that chose, None where it has none."""
    chosen_by = record.selection.metric if record.selection else "f1_macro"
    return [configuration.get(f"validation_{chosen_by}") for configuration in record.history]
