"""A strategy and a seed by name, among those that a run has scored."""

from collections.abc import Sequence

from harness.analysis.ranking import best_by_validation
from harness.analysis.study import Studied
from harness.errors import UserError, did_you_mean
from harness.results.records import RunRecord


def choose_strategy(strategies: Sequence[Studied], records: Sequence[RunRecord], name: str | None) -> Studied:
    """Return a strategy by its name in the run, or by that of its plugin's strategy where one variant only is of it.

    Args:
        strategies: The scored ones.
        records: All records of the run, to say why another has no scores.
        name: Such as logreg_probe(C=0.1), or logreg_probe where that is the only one of its kind; None for the best by
            validation.

    Raises:
        UserError: Where there is none of that name.
    """
    by_name = {each.name: each for each in strategies}
    if not by_name:
        raise UserError("No strategy of this run was scored, so there are no predictions to look at.")
    if name is None:
        return best_by_validation(strategies)
    if isinstance(name, str) and name in by_name:
        return by_name[name]
    if failed := next((record for record in records if record.strategy == name and not record.is_scored), None):
        reason = f": {failed.error.message}" if failed.error else ""
        raise UserError(f"Strategy {name!r} has no scores in this run, it is {failed.status}{reason}")
    variants = [each for each in strategies if each.base == name]
    if len(variants) == 1:
        return variants[0]
    raise UserError(f"This run has no strategy {name!r}. {did_you_mean(name, by_name)}")


def choose_record(studied: Studied, seed: int | None = None) -> RunRecord:
    """Return the record of a seed of a strategy, of the lowest by default.

    Raises:
        UserError: Where the strategy has no scores with that seed.
    """
    by_seed = {record.seed: record for record in studied.records}
    if seed is not None and seed not in by_seed:
        scored = ", ".join(map(str, by_seed))
        raise UserError(f"Strategy {studied.name!r} has no scores with seed {seed} in this run. There are: {scored}.")
    return studied.records[0] if seed is None else by_seed[seed]
