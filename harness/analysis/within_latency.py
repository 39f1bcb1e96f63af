"""The best of what answers single texts within a latency, as `--max-latency` asks, and the sentence that names it."""

from collections.abc import Iterable, Sequence

from harness.analysis.answer_notes import Said
from harness.analysis.ranking import AnyStanding, Standing, by_validation
from harness.analysis.test_scores import floor_ahead, written
from harness.evaluation.conclusion import Conclusion
from harness.wording import quantities
from harness.wording.languages import Say


def best_within(standings: Iterable[AnyStanding], conclusion: Conclusion, seconds: float) -> AnyStanding | None:
    """Return the best by validation of what answers 95 of 100 single texts within so many seconds, None where none is.

    What the conclusion leaves out, such as floors, is never it.
    """
    within = [each for each in _timed(standings, conclusion) if _p95(each) <= seconds]
    return by_validation(within)[0] if within else None


def said_of_latency(standings: Sequence[Standing], conclusion: Conclusion, seconds: float, say: Say) -> Said:
    """Return the sentence that names the best within a latency, or says that none is, or that it is worth nothing."""
    timed, limit = _timed(standings, conclusion), quantities.latency(seconds)
    if not timed:
        return Said(say("What single texts take was not measured, so nothing is known to stay within {limit}."),
                    {"limit": limit})  # fmt: skip
    found = best_within(timed, conclusion, seconds)
    if found is None:
        fastest = min(timed, key=lambda each: (_p95(each), each.name))
        told = (
            "None of those compared answers 95 of 100 single texts within {limit}; the fastest, {also}, takes {time}."
        )
        return Said(say(told), {"limit": limit, "also": fastest.name, "time": quantities.latency(_p95(fastest))})
    values = {"limit": limit, "also": found.name, "time": quantities.latency(_p95(found))}
    values |= {"metric": found.chosen_by, "score": written(found)}
    if floor := floor_ahead(found, standings):
        told = (
            "Within {limit} for 95 of 100 single texts, {also} is the best by validation, but its test {metric} "
            "({score}) is not above that of {other} ({other_score})."
        )
        return Said(say(told), values | {"other": floor.name, "other_score": written(floor)})
    return Said(say("Within {limit} for 95 of 100 single texts, take {also}: test {metric} {score}, {time}."), values)


def _timed(standings: Iterable[AnyStanding], conclusion: Conclusion) -> list[AnyStanding]:
    fair = (each for each in standings if each.name not in conclusion.left_out and not each.is_floor)
    return [each for each in fair if each.latency and each.latency.p95_seconds is not None]


def _p95(standing: Standing) -> float:
    known = standing.latency.p95_seconds if standing.latency else None
    return float("inf") if known is None else known
