"""The answer in one sentence: the best by validation, what is tied with it, the cheapest of these, and their cost."""

from collections.abc import Mapping, Sequence

from harness.evidence import Conclusion
from harness.languages import Say
from harness.records import RunRecord
from harness.rendering import quantities


def answer(conclusion: Conclusion, records: Mapping[str, RunRecord], say: Say) -> str:
    """Say which strategy to choose.

    Args:
        conclusion: What the tests came to.
        records: Strategy -> the record of its lowest seed.
        say: Translates fixed phrases.
    """
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


def _cost(record: RunRecord, say: Say) -> str:
    parts = []
    if record.test:
        parts.append(f"{say('test f1_macro')} {quantities.score(record.test.f1_macro)}")
    if record.seconds is not None:
        parts.append(f"{quantities.seconds(record.seconds)} {say('s')}")
    if record.trainable_parameters is not None:
        trained = quantities.parameter_count(record.trainable_parameters)
        parts.append(say("{count} trained weights").format(count=trained))
    return say(", ").join(parts)


def _listed(names: Sequence[str], say: Say, shown: int = 6) -> str:
    rest = len(names) - shown
    return say(", ").join(names[:shown]) + (f" + {rest}" if rest > 0 else "")
