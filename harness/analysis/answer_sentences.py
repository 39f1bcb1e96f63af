"""The sentences of the answer, each of which says no more than a test carries."""

from collections.abc import Mapping

from harness.analysis.answer_notes import Said, verdict_in_words
from harness.analysis.learning_curve import Crossing
from harness.analysis.ranking import Kind, Standing
from harness.analysis.test_scores import floor_ahead, gap, written
from harness.evaluation.conclusion import Comparison, Conclusion, Verdict
from harness.wording.languages import Say

SMALLEST_GAP = 0.005  # of f1_macro; less is written as 0.00
SMALLEST_SHARE = 0.01  # of the seconds; less is written as less than that
FEW_TIMES = 9.95  # as long; from there on written without decimals
CHEAPER = 0.75  # of the seconds: what costs more than that is no cheaper alternative


class Sentences:
    """The sentences, each a method.

    Only the best by validation was tested against the others, so each sentence sets something against it: it is the
    `subject`, what is taken is named beside it. Where what is taken is of another kind, that is what the question asks
    for, and the sentence is about it, against the best.
    """

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
        self.best, self.taken = standings[conclusion.best], self.cheapest_above_floors()
        self.is_of_other_kind = self.taken is not None and self.taken.kind != self.best.kind
        self.subject = self.taken if self.taken and self.is_of_other_kind else self.best
        self.rival = self.best if self.is_of_other_kind else self.rival_of_best()

    def first(self) -> Said:
        """Name what to take and the gap to the best probe, or of a probe to the best fine-tuning."""
        say, subject, rival = self.say, self.subject, self.rival
        values = {"metric": subject.chosen_by, "score": written(subject), "best": subject.name}
        if not self.fair:
            told = "Take none of these: by validation nothing is better than answering without reading the texts."
            return Said(say(told))
        if subject.test_score is None:
            told = (
                "Best by validation {metric}: {best}; on these test rows {metric} has no value, so nothing is compared."
            )
            return Said(say(told), values)
        if self.taken is None:  # an older version, or runs that cannot be compared
            return Said(say("Best by validation {metric}: {best} (test {metric} {score})."), values)
        values["answer"] = subject.name
        if floor := self.floor_ahead():
            told = (
                "By validation {answer}, but its test {metric} ({score}) is not above that of {other} ({other_score})."
            )
            return Said(say(told), values | {"other": floor.name, "other_score": written(floor)})
        if rival is None:
            return Said(say("{answer}: test {metric} {score}; nothing ran that it could be compared with."), values)
        values |= {"other": rival.name, "rival": self.called(rival), "take": self.take(subject)}
        values |= dict(zip(("score", "other_score"), _distinct(subject, rival), strict=True))
        values |= {"margin": f"{self.conclusion.margin:g}", "n": f"{self.n_rows:,}"}
        return Said(self.pattern(rival), values)

    def pattern(self, rival: Standing) -> str:
        """Return the sentence that holds its subject against its rival."""
        say, verdict, ahead = self.say, self.verdict(rival.name), gap(self.subject, rival)
        if self.is_of_other_kind and ahead > 0:
            return say("{take} ({answer}): test {metric} {score}, not behind {rival}, {other} ({other_score}).")
        if verdict == "worse":
            return say("{take} ({answer}): test {metric} {score} against {other_score} for {rival} ({other}).")
        # As good is what is not far behind: it may be far ahead, though not beyond chance.
        if verdict == "as good" and ahead > -(self.conclusion.margin or 0.0):
            told = "{take} ({answer}): test {metric} {score}, within {margin} of {rival}, {other} ({other_score})."
            return say(told)
        if verdict == "as good":
            told = "By validation {answer} (test {metric} {score}); {rival}, {other}, is not behind: {other_score}."
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
            return say("A probe is enough") if self.first_of("trained") else say("Take a probe")
        if taken.kind == "combined":
            return say("Combine several")
        if "zero_shot" in taken.first.groups:
            return say("No training needed")
        return say("No encoder needed") if self.first_of("trained") else say("Take it")

    def rival_of_best(self) -> Standing | None:
        """Return the best probe, for a probe the best fine-tuning, or else the runner-up."""
        wanted: Kind = "trained" if self.best.kind == "frozen" else "frozen"
        others = [self.standings[name] for name in self.fair if name != self.best.name]
        return self.first_of(wanted) or (others[0] if others else None)

    def first_of(self, kind: Kind) -> Standing | None:
        """Return the best by validation of a kind."""
        return next((self.standings[name] for name in self.fair if self.standings[name].kind == kind), None)

    def cheapest_above_floors(self) -> Standing | None:
        """Return what is taken: the cheapest of what is as good, the best where that one is not above a floor on test.

        None where nothing was compared.
        """
        name = self.conclusion.recommended if self.conclusion.margin is not None else None
        if name is None:
            return None
        cheapest = self.standings[name]
        return self.standings[self.conclusion.best] if floor_ahead(cheapest, self.standings.values()) else cheapest

    def recommended(self) -> str | None:
        """Name what is taken, or the best by validation of what nobody compared; None where a floor does as well."""
        if not self.fair or self.floor_ahead():
            return None
        return (self.taken or self.best).name

    def floor_ahead(self) -> Standing | None:
        """Return the floor that the subject is not above on test, None where it is above all."""
        return floor_ahead(self.subject, self.standings.values())

    def called(self, rival: Standing) -> str:
        """Return what a rival is: the best of its kind, or the next by validation."""
        say = self.say
        if rival is self.first_of("frozen"):
            return say("the best probe")
        if rival is self.first_of("trained"):
            return say("the best fine-tuning")
        return say("the best by validation") if rival is self.best else say("the next best")

    def verdict(self, name: str) -> Verdict:
        """Return what is known of a strategy against the best by validation."""
        return self.compared[name].verdict if name in self.compared else "as good"

    def more(self) -> list[Said]:
        """Return what else belongs into the sentence, the most important first."""
        if self.taken is None or self.conclusion.margin is None or self.floor_ahead():
            return []
        told = [self.taken_beside(), self.better(), self.change(), self.time_of_rival(), self.cheaper()]
        return [said for said in told if said]

    def change(self) -> Said | None:
        """Say between which numbers of train rows the answer changes from a probe to fine-tuning.

        Curves are of f1_macro and hold unpaired scores against each other: only what the tests of the largest number of
        rows bear out is said.
        """
        say, crossing = self.say, self.crossing
        if crossing is None or crossing.by is None or self.conclusion.selection or not self.is_fine_tuning_ahead():
            return None
        values = {"by": f"{crossing.by:,}", "after": f"{crossing.after or 0:,}"}
        if crossing.after is None:
            return Said(say("Fine-tuning is ahead from {by} rows of train on, if not before."), values)
        return Said(say("Fine-tuning overtakes probes between {after} and {by} rows of train."), values)

    def is_fine_tuning_ahead(self) -> bool:
        """Return whether the tests say that the best fine-tuning is better than the best probe."""
        trained, probe = self.first_of("trained"), self.first_of("frozen")
        if trained is None or probe is None:
            return False
        if trained is self.best:
            return self.verdict(probe.name) == "worse"
        return probe is self.best and self.verdict(trained.name) == "better"

    def better(self) -> Said | None:
        """Name what is better on test than the best by validation."""
        rival = self.rival
        names = [name for name in self.conclusion.better if rival is None or name != rival.name]
        if not names:
            return None
        also = self.standings[names[0]]
        score = max((_distinct(also, each)[0] for each in (self.subject, rival) if each), key=len)
        return Said(
            self.say("On test {also} is better beyond chance: {also_score}."), {"also": also.name, "also_score": score}
        )

    def taken_beside(self) -> Said | None:
        """Name what is taken where that is not what the sentence is about: what costs less and is as good."""
        if self.taken is None or self.taken is self.subject:
            return None
        ratio, share = self.ratio(self.taken, self.best), self.share(self.taken, self.best)
        values = {"also": self.taken.name, "margin": f"{self.conclusion.margin:g}"}
        if ratio is not None and share is not None and ratio <= CHEAPER:
            told = self.say("{also} is as good within {margin} and takes {share} of the time.")
            return Said(told, values | {"share": share})
        if ratio is None or ratio < 1:
            return Said(self.say("{also} is as good within {margin} and costs less."), values)
        return Said(self.say("{also} is as good within {margin}, with fewer trained weights."), values)

    def time_of_rival(self) -> Said | None:
        """Say what a rival takes that cannot be told from the best, where that is clearly more or less."""
        rival, ratio, share = self.rival, self.ratio(self.rival, self.subject), self.share(self.rival, self.subject)
        is_told = self.is_of_other_kind or rival is None or self.verdict(rival.name) in ("worse", "better")
        if is_told or rival is None or ratio is None or share is None:
            return None
        if ratio > 1 / CHEAPER:
            times = f"{ratio:.1f}" if ratio < FEW_TIMES else f"{ratio:.0f}"
            return Said(self.say("{other} takes {n} times as long."), {"other": rival.name, "n": times})
        if ratio > CHEAPER:
            return None
        return Said(self.say("{other} takes {share} of the time."), {"other": rival.name, "share": share})

    def cheaper(self) -> Said | None:
        """Name the best of what is behind and cheaper."""
        if self.is_of_other_kind:  # which was not tested against the others
            return None
        for name in self.fair:
            other, ratio = self.standings[name], self.ratio(self.standings[name], self.best)
            share, behind = self.share(other, self.best), gap(self.best, other)
            if other in (self.best, self.taken, self.rival) or self.verdict(name) not in ("worse", "unclear"):
                continue
            if ratio is None or share is None or ratio > CHEAPER or behind < SMALLEST_GAP:
                continue
            told = verdict_in_words(self.verdict(name), self.say)
            values = {"also": name, "gap": f"{behind:.2f}", "verdict": told, "share": share}
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


def _distinct(one: Standing, other: Standing) -> tuple[str, str]:
    """Write two scores with as many decimals as show that they differ, two to four."""
    pair = one.test_score or 0.0, other.test_score or 0.0
    for decimals in (2, 3, 4):
        first, second = (f"{score:.{decimals}f}" for score in pair)
        if first != second:
            return first, second
    return f"{pair[0]:.2f}", f"{pair[1]:.2f}"
