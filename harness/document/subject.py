"""The subject of a report: a study and its language, seen the way that sections need it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean

from harness.analysis.study import Studied, Study
from harness.document import numbers
from harness.evaluation.intervals import Interval, Span
from harness.evaluation.metrics import METRICS, TESTED
from harness.evaluation.trial_evidence import TrialEvidence
from harness.results.records import Run
from harness.results.row_facts import RowFacts, read_row_facts
from harness.wording.languages import Say

NAMED = 8  # of a list of strategies in a sentence; then "and 12 more"


@dataclass(frozen=True)
class Subject:
    """A study to report on.

    Attributes:
        study: The study.
        say: Translates fixed phrases.
        with_texts: Whether rows of the data may be shown.
    """

    study: Study
    say: Say
    with_texts: bool = True

    @property
    def best(self) -> Studied:
        """The best strategy by validation."""
        return self.study.strategy(self.study.evidence.conclusion.best)

    @cached_property
    def trials(self) -> dict[tuple[str, int], TrialEvidence]:
        """Strategy and seed -> what is known of the scores."""
        return {(trial.strategy, trial.seed): trial for trial in self.study.evidence.trials}

    def trial(self, studied: Studied) -> TrialEvidence | None:
        """Return what is known of the scores of a strategy's lowest seed."""
        return self.trials.get((studied.name, studied.records[0].seed))

    @property
    def metrics(self) -> tuple[str, ...]:
        """All metrics that the table has, those that were asked for besides at the end."""
        return (*METRICS, *self.study.metrics)

    @property
    def chosen_by(self) -> str:
        """Name of the metric that chooses."""
        return self.study.strategies[0].chosen_by if self.study.strategies else "f1_macro"

    def heading(self, metric: str) -> str:
        """Return what a metric is called; those that were asked for by name are called that."""
        return self.say(metric) if metric in METRICS else metric

    def has_letters(self, metric: str) -> bool:
        """Return whether strategies have rank letters by a metric."""
        if metric in METRICS:
            return metric in TESTED and bool(self.study.evidence.letters)
        by = self.study.evidence.metric(metric)
        return by is not None and any(each.letters for each in by.strategies)

    def letters(self, studied: Studied, metric: str) -> str:
        """Return the rank letters of a strategy by a metric, "" where it has none."""
        if metric in METRICS:
            return getattr(self.study.evidence.letters.get(studied.name), metric, "")
        by = self.study.evidence.metric(metric)
        known = by.strategy(studied.name) if by else None
        return known.letters if known else ""

    def interval(self, studied: Studied, metric: str) -> Interval | Span | None:
        """Return the interval of a strategy's mean test score over its seeds, None where there is none."""
        if metric not in METRICS:
            by = self.study.evidence.metric(metric)
            return by.interval(studied.name) if by else None
        known = self.study.evidence.strategy(studied.name)
        if known is None and len(studied.records) == 1:  # a run of an older version
            found: Interval | None = getattr(self.trial(studied), metric, None)
            return found
        of_mean: Interval | None = getattr(known, metric).interval if known else None
        return of_mean

    def interval_of_seed(self, studied: Studied, seed: int, metric: str) -> Interval | Span | None:
        """Return the interval of the test score of one seed, None where there is none."""
        if metric not in METRICS:
            by = self.study.evidence.metric(metric)
            return by.interval(studied.name, seed) if by else None
        found: Interval | None = getattr(self.trials.get((studied.name, seed)), metric, None)
        return found

    def run(self, studied: Studied) -> Run:
        """Return the run that a strategy is of."""
        return self.study.runs[studied.run_index]

    def label_names(self, studied: Studied) -> list[str]:
        """Return the class names of a strategy's run: those of runs that cannot be compared may differ."""
        return self.run(studied).task.label_names

    def comparable(self, studied: Studied) -> list[Studied]:
        """Return the strategies that were scored on the same rows as this one, itself among them."""
        if not self.study.watermark:
            return list(self.study.strategies)
        return [other for other in self.study.strategies if other.run_index == studied.run_index]

    def facts(self, studied: Studied) -> RowFacts | None:
        """Return what a strategy's run kept of its test rows."""
        return read_row_facts(self.study.directories[studied.run_index]) if self.study.watermark else self.study.facts

    def where(self, run_index: int) -> str:
        """Return which of several runs this is, "" where there is one."""
        return self.say("run {number}").format(number=run_index + 1) if len(self.study.runs) > 1 else ""

    def names(self, names: Sequence[str]) -> str:
        """Write a list of names, the rest of a long one as a number."""
        listed = self.say(", ").join(names[:NAMED])
        rest = len(names) - NAMED
        return self.say("{names} and {n} more").format(names=listed, n=rest) if rest > 0 else listed

    def cost(self, studied: Studied) -> str:
        """Write what a strategy gives and takes: its score on test, seconds and trained weights, means over seeds."""
        record, known = studied.records[0], [each.seconds for each in studied.records if each.seconds is not None]
        parts = [f"{self.say('test')} {self.heading(studied.chosen_by)} {numbers.score(studied.test_score)}"]
        if len(known) == len(studied.records):
            parts.append(f"{numbers.seconds(fmean(known))}\N{NO-BREAK SPACE}{self.say('s')}")
        if record.trainable_parameters is not None:
            trained = numbers.parameters(record.trainable_parameters)
            parts.append(self.say("{count} trained weights").format(count=trained))
        return self.say(", ").join(parts)
