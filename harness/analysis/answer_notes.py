"""Notes on the answer: how fine the test rows are, what was trained once, what is left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.analysis.ranking import Standing
from harness.evaluation.comparisons import ALPHA
from harness.evaluation.conclusion import Conclusion, Verdict
from harness.wording import quantities
from harness.wording.languages import Say

NAMED = 6  # of a list of strategies; then "+ 3"


@dataclass(frozen=True)
class Said:
    """A translated sentence with `{places}`; those in `names` hold names of strategies."""

    pattern: str
    values: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.pattern.format(**self.values)


NAMES = frozenset({"answer", "other", "also", "best", "names"})
"""Places that hold names of strategies."""


def verdict_in_words(verdict: Verdict, say: Say) -> str:
    """Return what a verdict means for the strategy that is compared with the best."""
    if verdict == "as good":
        return say("as good within the margin")
    if verdict == "worse":
        return say("worse beyond chance")
    return say("better beyond chance") if verdict == "better" else say("may be chance")


def notes(conclusion: Conclusion, standings: Mapping[str, Standing], n_rows: int, say: Say) -> list[Said]:
    """Return what has to be known to believe the answer.

    Args:
        conclusion: What the tests came to.
        standings: All strategies that were scored, by name.
        n_rows: Number of test rows.
        say: Translates fixed phrases.
    """
    if conclusion.margin is None:
        return []
    told = (_detectable(conclusion, n_rows, say), _by_accuracy(conclusion, say), _once(conclusion, standings, say))
    return [said for said in (*told, *_left_out(conclusion, say)) if said]


def _detectable(conclusion: Conclusion, n_rows: int, say: Say) -> Said | None:
    """Say how small a difference the rows show."""
    if conclusion.detectable is None:
        return None
    values = {"n": f"{n_rows:,}", "smallest": f"{conclusion.detectable:.3f}"}
    values |= {"margin": f"{conclusion.margin:g}", "metric": conclusion.chosen_by}
    told = (
        "As good: less than {margin} behind. The smallest difference in {metric} that {n} rows show in four of "
        "five cases: {smallest}."
    )
    return Said(say(told), values)


def _by_accuracy(conclusion: Conclusion, say: Say) -> Said | None:
    """Name those of which accuracy says what f1_macro does not."""
    names = [
        each.other
        for each in conclusion.comparisons
        if (each.accuracy.p_holm < ALPHA) and (each.decisive.p_holm >= ALPHA)
    ]
    told = "In accuracy, though not in {metric}, these differ from the best beyond chance: {names}."
    return Said(say(told), {"metric": conclusion.chosen_by, "names": _listed(names, say)}) if names else None


def _once(conclusion: Conclusion, standings: Mapping[str, Standing], say: Say) -> Said | None:
    """Say of what was trained once that chance in training is unknown, and what it would cost to know it."""
    names = [name for name in conclusion.one_training if name in standings]
    if not names:
        return None
    alone = [standings[name] for name in names if not standings[name].first.members]  # others' costs hold theirs
    known = [each.headline.seconds[1:] for each in alone]
    seconds = 4 * sum(each or 0.0 for pair in known for each in pair)
    values = {"names": _listed(names, say), "seconds": quantities.seconds(seconds)}
    told = "Chance of training unknown (one seed): {names}. --seeds 0-4 would tell, for about {seconds} s more."
    return Said(say(told), values)


def _left_out(conclusion: Conclusion, say: Say) -> list[Said]:
    """Name what is not compared because it has not learnt."""
    found = conclusion.left_out
    idle = [name for name, reason in found.items() if reason == "not learnt"]
    poor = [name for name, reason in found.items() if reason == "no better than majority"]
    told = []
    if idle:
        why = say("Not compared, since training has not learnt: {names}. Try more steps or another rate (--set).")
        told.append(Said(why, {"names": _listed(idle, say)}))
    if poor:
        why = say("Not compared, since no better than always answering the largest class: {names}.")
        told.append(Said(why, {"names": _listed(poor, say)}))
    return told


def _listed(names: Sequence[str], say: Say) -> str:
    """Write names, the rest of a long list as a number."""
    rest = len(names) - NAMED
    return say(", ").join(names[:NAMED]) + (f" + {rest}" if rest > 0 else "")
