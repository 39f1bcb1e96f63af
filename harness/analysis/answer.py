"""The answer: one sentence in the words of the question, whether a probe is enough or one must fine-tune."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.analysis.answer_notes import Said, notes, verdict_in_words
from harness.analysis.learning_curve import Crossing
from harness.analysis.ranking import Kind, Standing
from harness.analysis.within_latency import said_of_latency
from harness.evaluation.conclusion import Comparison, Conclusion, Verdict
from harness.wording.languages import Say

MOST_WORDS = 30  # of the sentence
SMALLEST_GAP = 0.005  # of f1_macro; less is written as 0.00
SMALLEST_SHARE = 0.01  # of the seconds; less is written as less than that
FEW_TIMES = 9.95  # as long; from there on written without decimals
CHEAPER = 0.75  # of the seconds: what costs more than that is no cheaper alternative


@dataclass(frozen=True)
class Answer:
    """What to take.

    Attributes:
        recommended: The cheapest of what is as good as the best by validation; None where nothing is better than
            answering without reading the texts, or where nobody compared.
        sentences: The answer, at most `MOST_WORDS` words in English, and one more where a latency was asked for.
        notes: What else has to be known to believe it.
    """

    recommended: str | None
    sentences: tuple[Said, ...]
    notes: tuple[Said, ...] = ()

    def text(self, say: Say) -> str:
        """Return the sentences in one line."""
        return say(" ").join(map(str, self.sentences))


def answer(
    conclusion: Conclusion,
    standings: Sequence[Standing],
    n_rows: int,
    say: Say,
    crossing: Crossing | None = None,
    max_latency: float | None = None,
) -> Answer:
    """Say what to take, and what the numbers carry of it.

    Args:
        conclusion: What the tests came to.
        standings: All strategies that were scored.
        n_rows: Number of test rows.
        say: Translates fixed phrases.
        crossing: Where fine-tuning overtakes the probes, where a run learnt on several numbers of rows.
        max_latency: Seconds that a single text may take, None where nobody asked.
    """
    told = _Sentences(conclusion, {standing.name: standing for standing in standings}, n_rows, say, crossing)
    sentences = [told.first()]
    for more in told.more():
        if len(" ".join(map(str, [*sentences, more])).split()) <= MOST_WORDS:
            sentences.append(more)
    if max_latency is not None:  # somebody asked, so it is said whatever else there is room for
        sentences.append(said_of_latency(standings, conclusion, max_latency, say))
    recommended = conclusion.recommended if conclusion.margin is not None else None
    return Answer(recommended, tuple(sentences), tuple(notes(conclusion, told.standings, n_rows, say)))


class _Sentences:
    """The sentences, each a method."""

    def __init__(
        self,
        conclusion: Conclusion,
        standings: Mapping[str, Standing],
        n_rows: int,
        say: Say,
        crossing: Crossing | None,
    ) -> None:
        self.conclusion, self.standings, self.n_rows, self.say = conclusion, standings, n_rows, say
        self.crossing = crossing
        self.compared: dict[str, Comparison] = {each.other: each for each in conclusion.comparisons}
        self.fair = [] if conclusion.best in conclusion.left_out else [conclusion.best, *self.compared]
        name = conclusion.recommended if conclusion.margin is not None else None
        self.taken = standings[name] if name else None

    def first(self) -> Said:
        """Name what to take and the gap to the best probe, or of a probe to the best fine-tuning."""
        say, best = self.say, self.standings[self.conclusion.best]
        if self.conclusion.margin is None:  # an older version, or runs that cannot be compared
            values = {"best": best.name, "metric": best.chosen_by, "score": _score(best)}
            return Said(say("Best by validation {metric}: {best} (test {metric} {score})."), values)
        if self.taken is None:
            return Said(say("Take none of these: nothing is better than answering without reading the texts."))
        rival = self.rival(self.taken)
        if rival is None:
            values = {"answer": self.taken.name, "metric": self.taken.chosen_by, "score": _score(self.taken)}
            return Said(say("{answer} is the only one to take: test {metric} {score}; nothing else compares."), values)
        values = {"answer": self.taken.name, "other": rival.name, "rival": self.called(rival)}
        values |= dict(zip(("score", "other_score"), _distinct(self.taken, rival), strict=True))
        values |= {"take": self.take(self.taken), "margin": f"{self.conclusion.margin:g}", "n": f"{self.n_rows:,}"}
        values["metric"] = self.taken.chosen_by
        return Said(self.pattern(self.verdict(rival.name)), values)

    def pattern(self, verdict: Verdict) -> str:
        """Return the sentence that holds what is taken against its rival."""
        say = self.say
        if verdict == "worse":
            return say("{take} ({answer}): test {metric} {score} against {other_score} for {rival} ({other}).")
        if verdict == "as good":
            told = "{take} ({answer}): test {metric} {score}, within {margin} of {rival}, {other} ({other_score})."
            return say(told)
        if verdict == "better":
            told = "By validation {answer} (test {metric} {score}), on test {rival}, {other}, is better: {other_score}."
            return say(told)
        return say("These {n} rows cannot tell {answer} (test {metric} {score}) from {rival}, {other} ({other_score}).")

    def take(self, taken: Standing) -> str:
        """Return what the answer is, in the words of the question."""
        say = self.say
        if taken.kind == "trained":
            return say("Fine-tune")
        if taken.kind == "frozen":
            return say("A probe is enough")
        if taken.kind == "combined":
            return say("Combine several")
        return say("No encoder needed") if self.first_of("frozen") or self.first_of("trained") else say("Take it")

    def rival(self, taken: Standing) -> Standing | None:
        """Return the best probe, for a probe the best fine-tuning, or else the runner-up."""
        wanted: Kind = "trained" if taken.kind == "frozen" else "frozen"
        others = [self.standings[name] for name in self.fair if name != taken.name]
        return self.first_of(wanted) or (others[0] if others else None)

    def first_of(self, kind: Kind) -> Standing | None:
        """Return the best by validation of a kind."""
        return next((self.standings[name] for name in self.fair if self.standings[name].kind == kind), None)

    def called(self, rival: Standing) -> str:
        """Return what a rival is: the best of its kind, or the next by validation."""
        say = self.say
        if rival is self.first_of("frozen"):
            return say("the best probe")
        return say("the best fine-tuning") if rival is self.first_of("trained") else say("the next best")

    def verdict(self, name: str) -> Verdict:
        """Return what is known of a strategy against the best, which what is taken is as good as."""
        return self.compared[name].verdict if name in self.compared else "as good"

    def more(self) -> list[Said]:
        """Return what else belongs into the sentence, the most important first."""
        if self.taken is None or self.conclusion.margin is None:
            return []
        rival = self.rival(self.taken)
        costs = [self.as_good(rival), self.time_of_rival(rival), self.cheaper(rival)]
        known = [self.better(rival), self.change(), *costs]
        return [said for said in known if said]

    def change(self) -> Said | None:
        """Say between which numbers of train rows the answer changes from a probe to fine-tuning."""
        say, crossing = self.say, self.crossing
        if crossing is None or crossing.by is None:
            return None
        values = {"by": f"{crossing.by:,}", "after": f"{crossing.after or 0:,}"}
        if crossing.after is None:
            return Said(say("Fine-tuning is ahead from {by} rows of train on, if not before."), values)
        return Said(say("Fine-tuning overtakes probes between {after} and {by} rows of train."), values)

    def better(self, rival: Standing | None) -> Said | None:
        """Name what is better on test than the best by validation."""
        names = [name for name in self.conclusion.better if rival is None or name != rival.name]
        if not names:
            return None
        values = {"also": names[0], "also_score": _score(self.standings[names[0]])}
        return Said(self.say("On test {also} is better beyond chance: {also_score}."), values)

    def as_good(self, rival: Standing | None) -> Said | None:
        """Say what the best by validation would cost, where something cheaper is as good."""
        best = self.standings[self.conclusion.best]
        share = self.share(self.taken, best)
        if best in (self.taken, rival) or share is None:
            return None
        values = {"best": best.name, "share": share, "margin": f"{self.conclusion.margin:g}"}
        return Said(self.say("It takes {share} of the time of {best}, and is as good within {margin}."), values)

    def time_of_rival(self, rival: Standing | None) -> Said | None:
        """Say what a rival takes that cannot be told from the answer, where that is clearly more or less."""
        ratio, share = self.ratio(rival, self.taken), self.share(rival, self.taken)
        if rival is None or ratio is None or share is None or self.verdict(rival.name) != "unclear":
            return None
        if ratio > 1 / CHEAPER:
            times = f"{ratio:.1f}" if ratio < FEW_TIMES else f"{ratio:.0f}"
            return Said(self.say("The latter takes {n} times as long."), {"n": times})
        if ratio > CHEAPER:
            return None
        return Said(self.say("The latter takes {share} of the time."), {"share": share})

    def cheaper(self, rival: Standing | None) -> Said | None:
        """Name the best of what is behind and cheaper."""
        for name in self.fair:
            other, share = self.standings[name], self.share(self.standings[name], self.taken)
            if other in (self.taken, rival) or share is None or self.verdict(name) not in ("worse", "unclear"):
                continue
            seconds, own = other.headline.all_seconds, self.taken.headline.all_seconds if self.taken else None
            gap = _gap(self.taken, other)
            if seconds is None or own is None or seconds > CHEAPER * own or gap < SMALLEST_GAP:
                continue
            told = verdict_in_words(self.verdict(name), self.say)
            values = {"also": name, "gap": f"{gap:.2f}", "verdict": told, "share": share}
            return Said(self.say("{also} costs {gap} ({verdict}) and takes {share} of the time."), values)
        return None

    def ratio(self, one: Standing | None, other: Standing | None) -> float | None:
        """Return the seconds of one as a multiple of those of another."""
        seconds = [each.headline.all_seconds if each else None for each in (one, other)]
        return None if seconds[0] is None or not seconds[1] else seconds[0] / seconds[1]

    def share(self, one: Standing | None, other: Standing | None) -> str | None:
        """Return the same in percent, written."""
        ratio = self.ratio(one, other)
        if ratio is None:
            return None
        return f"{100 * ratio:.0f} %" if ratio >= SMALLEST_SHARE else "< 1 %"


def _score(standing: Standing) -> str:
    return f"{standing.test_score or 0.0:.2f}"


def _gap(taken: Standing | None, other: Standing) -> float:
    """Return by how much what is taken is better on test."""
    if taken is None or taken.test_score is None or other.test_score is None:
        return 0.0
    gap = taken.test_score - other.test_score
    return taken.selection.oriented(gap) if taken.selection else gap


def _distinct(one: Standing, other: Standing) -> tuple[str, str]:
    """Write two scores with as many decimals as show that they differ, two to four."""
    pair = one.test_score or 0.0, other.test_score or 0.0
    for decimals in (2, 3, 4):
        first, second = (f"{score:.{decimals}f}" for score in pair)
        if first != second:
            return first, second
    return f"{pair[0]:.2f}", f"{pair[1]:.2f}"
