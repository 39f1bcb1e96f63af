"""A suite opened again: the scores of its cells, and what they say of strategies and of encoders."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean

import numpy as np

from harness.analysis.several_runs import metrics_at_hand, reads_encoder, shared_metrics, short_names
from harness.analysis.study import Studied, Study, evidence_of, open_study, study_of_record
from harness.analysis.suite_ranking import Ranking, rank
from harness.errors import UserError
from harness.evaluation.comparisons import ALPHA
from harness.evaluation.conclusion import Difference, ScoreDifference
from harness.evaluation.evidence import Evidence
from harness.evaluation.ranks import FEWEST_SETS
from harness.evaluation.signed_rank import SignedRank, signed_rank
from harness.results.records import read_run
from harness.results.run_directory import RunDirectory
from harness.results.suite_record import SuiteDirectory, SuiteRecord


@dataclass(frozen=True)
class StudiedCell:
    """A cell of a suite whose run has an end.

    What reads no encoder is run once a data set, unless something combines it with what reads one, and stands beside
    the strategies of each of its cells, so that nothing depends on the order of the encoders.

    Attributes:
        data_set: What the data set is called in the suite.
        encoder: What the encoder is called in the suite, "" where no strategy of the cell reads one.
        study: Its run.
        fold: Which fold of a cross-validation tests, None where there is none.
        beside: What reads no encoder and was run in another cell of the data set.
    """

    data_set: str
    encoder: str
    study: Study
    fold: str | None = None
    beside: tuple[Studied, ...] = ()

    @cached_property
    def evidence(self) -> Evidence:
        """Intervals, tests and conclusion of all that stands in the cell."""
        if not self.beside or not self.study.strategies:
            return self.study.evidence
        run, together = self.study.runs[0], [*self.study.strategies, *self.beside]
        metrics = metrics_at_hand(shared_metrics([run]), run.task)
        return evidence_of(together, self.study.facts, run.config.margin, metrics)

    def find(self, strategy: str) -> Studied | None:
        """Return a strategy by its name, None where it has no score on the data set with this encoder."""
        return next((each for each in (*self.study.strategies, *self.beside) if each.name == strategy), None)

    def is_among_best(self, strategy: str) -> bool:
        """Return whether a strategy is the best of the cell by validation, or tied with it on test."""
        conclusion = self.evidence.conclusion
        return strategy in {conclusion.best, *conclusion.tied}

    def sign(self, strategy: str, other: str) -> int | None:
        """Return 1 where a strategy is better than another beyond chance, -1 where worse, 0 where that cannot be told.

        By the metric that chooses, paired, p values by Holm; None where that was not tested.
        """
        selection = self.study.strategies[0].selection if self.study.strategies else None
        by, turned = selection.metric if selection else "f1_macro", bool(selection and not selection.higher_is_better)
        measured = self.evidence.metric(by)
        pairs: list[tuple[str, str, Difference | ScoreDifference | None]]
        pairs = [(each.first, each.second, getattr(each, by, None)) for each in self.evidence.pairs]
        if measured:
            pairs = [(each.first, each.second, each) for each in measured.pairs]
        for first, second, found in pairs:
            if {first, second} == {strategy, other} and found:
                sign = int(np.sign(found.value)) if found.p_holm < ALPHA else 0
                return sign if (first == strategy) != turned else -sign
        return None


@dataclass(frozen=True)
class Against:
    """In how many cells a strategy is better than another beyond chance, cannot be told from it, or is worse."""

    better: int
    tied: int
    worse: int


@dataclass(frozen=True)
class SuiteStudy:
    """A suite.

    Attributes:
        directory: Its folder.
        record: What suite.json holds.
        cells: Those that were scored, in the order that they ran.
        rope: Up to which difference scores count as the same in the Bayesian test, None where nobody asked for it.
    """

    directory: SuiteDirectory
    record: SuiteRecord
    cells: tuple[StudiedCell, ...]
    rope: float | None = None

    @property
    def metric(self) -> str:
        """Name of the metric that strategies are ranked by: the one that chooses, f1_macro unless another was named."""
        return self._one.chosen_by

    @property
    def data_sets(self) -> tuple[str, ...]:
        """What the data sets are called, in the order that they ran."""
        return tuple(dict.fromkeys(cell.data_set for cell in self.cells))

    @property
    def encoders(self) -> tuple[str, ...]:
        """What the encoders are called, in the order that they ran."""
        return tuple(dict.fromkeys(cell.encoder for cell in self.cells if cell.encoder))

    @property
    def unfinished(self) -> int:
        """How many cells are still to be run, or were being run again when somebody stopped them."""
        ended = {cell.key for cell, _ in self.directory.finished_runs()}
        return sum(
            cell.status != "empty" and (cell.status == "open" or cell.key not in ended) for cell in self.record.cells
        )

    @cached_property
    def strategies(self) -> tuple[str, ...]:
        """All scored strategies: the ranked ones, the best first, then the others."""
        return tuple(dict.fromkeys((*self.ranking.names, *self._names())))

    @cached_property
    def ranking(self) -> Ranking:
        """The strategies ranked over data sets, each by its mean score over the encoders."""
        return rank({name: self.scores(name) for name in self._names() if not self.is_floor(name)})

    @cached_property
    def against_first(self) -> dict[str, SignedRank]:
        """How probably each ranked strategy is better than the first, the same within the rope, or worse.

        Empty where nobody asked for it, and with fewer data sets than ranks are tested of.
        """
        if self.rope is None or len(self.data_sets) < FEWEST_SETS or not self.ranking.names:
            return {}
        first, others = self.ranking.scores[:, 0], self.ranking.scores[:, 1:].T
        pairs = zip(self.ranking.names[1:], others, strict=True)
        return {name: signed_rank(scores - first, self.rope) for name, scores in pairs}

    def score(self, strategy: str, data_set: str, encoder: str | None = None) -> float | None:
        """Return a test score by the metric that chooses, None where there is none.

        Args:
            strategy: The strategy.
            data_set: The data set.
            encoder: The encoder, by default the mean over all with which it was scored.
        """
        found = [cell.find(strategy) for cell in self.cells_of(data_set) if encoder in (None, cell.encoder)]
        scores = [each.test_score for each in found if each]
        known = [score for score in scores if score is not None]
        return fmean(known) if known and len(known) == len(scores) else None

    def cells_of(self, data_set: str) -> list[StudiedCell]:
        """Return the cells of a data set, an encoder each."""
        return [cell for cell in self.cells if cell.data_set == data_set]

    def reads_encoder(self, strategy: str) -> bool:
        """Return whether a strategy reads an encoder."""
        return any(reads_encoder(each) for cell in self.cells if (each := cell.find(strategy)))

    def is_floor(self, strategy: str) -> bool:
        """Return whether a strategy reads no texts, and is therefore not ranked."""
        return any(each.is_floor for cell in self.cells if (each := cell.find(strategy)))

    def seconds(self, strategy: str) -> float | None:
        """Return what encoding, fitting and predicting took over all cells and seeds, None where one is not known."""
        own = [each for cell in self.cells for each in cell.study.strategies if each.name == strategy]
        found = [record.seconds for each in own for record in each.records]
        known = [seconds for seconds in found if seconds is not None]
        return sum(known) if len(known) == len(found) else None

    def against(self, strategy: str, other: str) -> Against:
        """Count the cells in which a strategy is better or worse than another beyond chance.

        Two that read no encoder are held against each other once a data set.
        """
        once = not self.reads_encoder(strategy) and not self.reads_encoder(other)
        signs: dict[tuple[str | None, ...], int | None] = {}
        for cell in self.cells:
            signs.setdefault((cell.data_set, cell.fold, *([] if once else [cell.encoder])), cell.sign(strategy, other))
        return Against(*(sum(sign == wanted for sign in signs.values()) for wanted in (1, 0, -1)))

    def oriented(self, score: float) -> float:
        """Return a score by the metric that chooses such that the largest is the best."""
        selection = self._one.selection
        return selection.oriented(score) if selection else score

    def scores(self, strategy: str, encoder: str | None = None) -> list[float | None]:
        """Return the score of a strategy on each data set such that the largest is the best, as `score` has it."""
        found = (self.score(strategy, data_set, encoder) for data_set in self.data_sets)
        return [None if score is None else self.oriented(score) for score in found]

    def _names(self) -> Iterable[str]:
        return dict.fromkeys(each.name for cell in self.cells for each in cell.study.strategies)

    @property
    def _one(self) -> Studied:
        """Any strategy that was scored: all were chosen by the same metric."""
        return next(each for cell in self.cells for each in cell.study.strategies)


def open_suite_study(directory: SuiteDirectory, rope: float | None = None) -> SuiteStudy:
    """Open a suite, as far as its cells are finished; `rope` as of `SuiteStudy`.

    Raises:
        UserError: Where its record or a run cannot be read, nothing was scored, or a `rope` is of no data sets.
    """
    record, studies = directory.read(), list[tuple[str, str, Study, str | None]]()
    if rope is not None and record.has_folds:
        raise UserError(f"--rope is of several data sets, and {directory.path} is a cross-validation. Leave it out.")
    for cell, run in directory.finished_runs():
        study = _study_of(run)
        model = study.runs[0].model
        studies.append((cell.dataset or study.runs[0].task.name, model.name if model else "", study, cell.fold))
    if not any(study.strategies for _, _, study, _ in studies):
        raise UserError(f"{directory.path}: no cell of the suite has been scored yet. Go on with it by --resume.")
    data_sets, encoders = [each[0] for each in studies], [each[1] for each in studies]
    called = dict(zip(data_sets, short_names(data_sets), strict=True))
    named = dict(zip(encoders, short_names(encoders), strict=True))
    cells = tuple(StudiedCell(called[d], named[e], study, fold) for d, e, study, fold in studies)
    return SuiteStudy(directory, record, tuple(_with_others(cell, cells) for cell in cells), rope)


def _study_of(run: RunDirectory) -> Study:
    """Open the run of a cell, of which nothing need have been scored."""
    record = read_run(run)
    if any(each.is_scored for each in record.records):
        return open_study([run])
    return replace(study_of_record(record), directories=(run,))


def _with_others(cell: StudiedCell, cells: Iterable[StudiedCell]) -> StudiedCell:
    """Set beside a cell what reads no encoder and was run with another encoder of its data set and fold."""
    own = {each.name for each in cell.study.strategies}
    others = (each for each in cells if (each.data_set, each.fold) == (cell.data_set, cell.fold) and each is not cell)
    found = {
        each.name: each
        for other in others
        for each in other.study.strategies
        if each.name not in own and not reads_encoder(each) and cell.study.strategies
    }
    return replace(cell, beside=tuple(found.values()))
