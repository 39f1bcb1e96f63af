"""The answer in one sentence: the best by validation, what is tied with it, the cheapest of these, and their cost."""

from collections.abc import Sequence

from harness.analysis.ranking import Standing
from harness.evaluation.conclusion import Conclusion
from harness.wording import quantities
from harness.wording.languages import Say


def answer(conclusion: Conclusion, standings: Sequence[Standing], say: Say) -> str:
    """Say which strategy to choose.

    Args:
        conclusion: What the tests came to.
        standings: The strategies; scores and costs of several seeds are their means.
        say: Translates fixed phrases.
    """
    records = {standing.name: standing for standing in standings}
    best, others = conclusion.best, [name for name in conclusion.tied if name != conclusion.best]
    first = say("Best by validation f1_macro: {best} ({cost}).").format(best=best, cost=_cost(records[best], say))
    if len(records) == 1:
        return first
    if not others:
        return first + say(" ") + say("No other strategy is tied with it in test f1_macro.")
    tied = say("Tied with it in test f1_macro: {names}.").format(names=_listed(others, say))
    cheapest = conclusion.cheapest
    if cheapest == best:
        return say(" ").join((first, tied, say("It is the cheapest of these.")))
    told = say("The cheapest of these: {cheapest} ({cost}).").format(
        cheapest=cheapest, cost=_cost(records[cheapest], say)
    )
    return say(" ").join((first, tied, told))


def _cost(standing: Standing, say: Say) -> str:
    entry, comma = standing.headline, say(", ")
    parts = [f"{say('test f1_macro')} {quantities.score(entry.test.f1_macro)}"]
    if entry.kind == "mean":
        parts.append(say("mean of {n} seeds").format(n=len(standing.records)))
    if entry.all_seconds is not None:
        parts.append(f"{quantities.seconds(entry.all_seconds)} {say('s')}")
    if standing.first.trainable_parameters is not None:
        trained = quantities.parameter_count(standing.first.trainable_parameters)
        parts.append(say("{count} trained weights").format(count=trained))
    return comma.join(parts)


def _listed(names: Sequence[str], say: Say, shown: int = 6) -> str:
    rest = len(names) - shown
    return say(", ").join(names[:shown]) + (f" + {rest}" if rest > 0 else "")
