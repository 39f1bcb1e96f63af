"""Examination of one strategy: a watched trial and a few fits, each made once, however many checks read it."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from unittest import SkipTest

import numpy as np
from numpy.typing import NDArray

from harness.data.task import SPLITS, Split, Task
from harness.encoding.encoder import Features
from harness.errors import HarnessError
from harness.evaluation.metrics import checked_probabilities
from harness.features.cache import FeatureCache
from harness.results.records import RunRecord
from harness.results.run_directory import RunDirectory
from harness.runs.session import Session, Trial
from harness.runs.trial import run_trial
from harness.strategies.strategy import Classifier, RunContext, Strategy, uses_model, wanted_features
from harness.strategies.tags import tags_of
from harness.testing.answers import Answers, ask
from harness.testing.bench import Bench
from harness.testing.expecting import expecting
from harness.testing.process_state import contained
from harness.testing.reference import READS, Reference
from harness.testing.snapshots import changes, own_state, shared_data, snapshot
from harness.testing.tiny import many_texts
from harness.testing.watching import WatchedStrategy, asking_for_devices

OTHER_NAMES = ("first", "second", "third")
"""For the classes of the tiny task; by the alphabet they stand in another order than the names they replace."""


@dataclass(frozen=True)
class WatchedTrial:
    """One trial of the strategy, run as `harness run` does, between two trials of the reference.

    Attributes:
        session: What it was run with.
        trial: What was run.
        record: What came of it.
        saved: Folder that the classifier was saved to.
        given: What `fit` was given.
        answers: What `predict_proba` returned for the texts of validation and of test, as far as it came.
        own: What it changed of itself, in words.
        data: What it changed of the data and features that others are given, too.
        process: What it left changed in the process.
        misspelt: Attributes of its classifier that nothing reads, and what they were probably meant to be.
        devices: Where it asked for devices, and what it put on another than the context's.
        reference: Records of the reference before and after it.
    """

    session: Session
    trial: Trial
    record: RunRecord
    saved: Path
    given: list[Any]
    answers: list[Any]
    own: list[str]
    data: list[str]
    process: list[str]
    misspelt: dict[str, str]
    devices: list[str]
    reference: tuple[RunRecord, RunRecord]

    @property
    def is_scored(self) -> bool:
        """Whether it was fitted and predicted; saving may have failed."""
        return self.record.error is None or self.record.error.stage == "save"


class Examination:
    """What is known of a strategy on a bench.

    Args:
        strategy: What is examined.
        bench: What it is fitted on; the strategy gets copies of its task.
    """

    def __init__(self, strategy: Strategy, bench: Bench) -> None:
        self.strategy, self.bench = strategy, bench
        self.task = copied(bench.task)

    @cached_property
    def watched(self) -> WatchedTrial:
        """The watched trial with seed 0, whether it failed or not."""
        with contained():  # the reference reads frozen features, whether the strategy does or not
            features = self._features()
        return _watch(self.strategy, self.bench, copied(self.task), features)

    @property
    def first(self) -> WatchedTrial:
        """The same, where it predicted.

        Raises:
            SkipTest: Where it did not, so that no other check can tell anything.
        """
        if not self.watched.is_scored:
            raise SkipTest("not judged, as there are no predictions")
        return self.watched

    @cached_property
    def probabilities(self) -> NDArray[np.float32]:
        """What the watched trial predicted for validation and test, float32 (n, k)."""
        return np.vstack([np.asarray(answer, np.float32) for answer in self.first.answers[:2]])

    @cached_property
    def with_all_irrelevant_changed(self) -> NDArray[np.float32] | None:
        """The same of another fit, with other test labels and class names, neither of which may matter.

        None where it fails; what differs or fails here is then looked for with one change at a time.
        """
        try:
            with expecting("predictions"):
                return self.predictions(renamed(with_other_test_labels(self.task)))
        except AssertionError:
            return None

    @cached_property
    def again(self) -> NDArray[np.float32]:
        """The same of another fit with nothing changed."""
        return self.predictions(self.task)

    @cached_property
    def with_another_seed(self) -> NDArray[np.float32]:
        """The same of a fit with seed 1."""
        return self.predictions(self.task, seed=1)

    @cached_property
    def answers(self) -> Answers | AssertionError:
        """What another fit answers to calls of many kinds; the failure where it does not answer one of them."""
        # What asks over the network costs by the text, and knows those of the task from fits before.
        own = (*self.task.validation.texts, *self.task.test.texts)
        others = own if tags_of(self.strategy).address else many_texts()
        with self.fitted(self.task) as (classifier, _):
            try:
                return ask(partial(self.checked, classifier), self.task.test.texts, others)
            except AssertionError as failure:
                return failure

    @property
    def repeats(self) -> bool:
        """Whether two fits with one seed predict the same, bit for bit."""
        return not self._all_irrelevant_matters or np.array_equal(self.probabilities, self.again)

    @property
    def _all_irrelevant_matters(self) -> bool:
        changed = self.with_all_irrelevant_changed
        return changed is None or not np.array_equal(self.probabilities, changed)

    def is_moved_by(self, task: Task) -> bool:
        """Return whether a change of the task that may not matter changes predictions.

        Raises:
            SkipTest: Where they change with nothing changed at all.
        """
        if not self._all_irrelevant_matters:
            return False
        if not self.repeats:
            raise SkipTest("not judged, as two fits with one seed differ with nothing changed at all")
        with expecting("the same predictions"):
            return not np.array_equal(self.probabilities, self.predictions(task))

    def predictions(self, task: Task, seed: int = 0) -> NDArray[np.float32]:
        """Fit on a copy of a task and predict validation and test, in two calls as a run does, float32 (n, k)."""
        with self.fitted(task, seed) as (classifier, _):
            return np.vstack([self.checked(classifier, split.texts) for split in (task.validation, task.test)])

    @contextmanager
    def fitted(self, task: Task, seed: int = 0) -> Iterator[tuple[Classifier, RunContext]]:
        """Fit on a copy of a task and give the classifier and its context."""
        own = copied(task)
        with contained():
            features = self._features() if uses_model(self.strategy) else None
            with self.bench.fitted(self.strategy, own, seed, features) as fitted:
                yield fitted

    def checked(self, classifier: Classifier, texts: Sequence[str]) -> NDArray[np.float32]:
        """Predict and refuse what are no probabilities."""
        return checked_probabilities(classifier.predict_proba(list(texts)), len(texts), self.task.n_classes)

    def _features(self) -> FeatureCache:
        """Return frozen features of the task that nobody else holds, computed in one pass as in a run."""
        cache, splits = FeatureCache(self.bench.encoder), [getattr(self.task, name).texts for name in SPLITS]
        try:
            cache.fill(splits, _states(self.strategy, self.bench))
        except HarnessError:  # a state that the encoder does not have: the strategy will be told so when it asks
            cache.fill(splits, [READS])
        return cache


def examine(strategy: Strategy, bench: Bench) -> Examination:
    """Return what is known of a strategy on this bench, begun where nothing is."""
    # It keeps the strategy, too, so that no other one gets the same id.
    known = bench.examinations.setdefault(id(strategy), Examination(strategy, bench))
    assert isinstance(known, Examination)
    return known


def copied(task: Task) -> Task:
    """Return the task with labels of its own, which a strategy may spoil for nobody else."""
    splits = {name: Split(split.texts, split.labels) for name, split in vars(task).items() if isinstance(split, Split)}
    return replace(task, **splits)  # type: ignore[arg-type]


def with_other_test_labels(task: Task) -> Task:
    """Return the task with the test labels in reverse order."""
    return replace(task, test=Split(task.test.texts, task.test.labels[::-1]))


def renamed(task: Task) -> Task:
    """Return the task with other names for its classes."""
    return replace(task, label_names=OTHER_NAMES[: task.n_classes])


def _states(strategy: Strategy, bench: Bench) -> list[Features]:
    """Return the frozen states that the strategy or the reference reads, each once."""
    return list(dict.fromkeys([*wanted_features(strategy, bench.encoder.n_layers), READS]))


def _watch(strategy: Strategy, bench: Bench, task: Task, features: FeatureCache) -> WatchedTrial:
    """Run the trial, and look at everything else before and after."""
    directory = RunDirectory(Path(tempfile.mkdtemp(prefix="run-", dir=bench.folder)))
    watched = WatchedStrategy(strategy)
    session, trial = bench.prepare(strategy, task, features=features)
    watched_trial = replace(trial, offer=replace(trial.offer, strategy=watched))
    reference = bench.prepare(Reference(), task, features=features)
    read = features if uses_model(strategy) else None
    states = [state for state in _states(strategy, bench) if features.cost([state])]
    with contained() as process:
        before = run_trial(*reference)
        own, data = snapshot(own_state(strategy)), snapshot(shared_data(task, read, states))
        with asking_for_devices(strategy) as asked:
            record = run_trial(replace(session, directory=directory), watched_trial)
        after = run_trial(*reference)
        left = process.changes()
    return WatchedTrial(
        session=session,
        trial=trial,
        record=record,
        saved=directory.model_path(trial.name),
        given=watched.given,
        answers=watched.answers,
        own=changes(own, own_state(strategy)),
        data=changes(data, shared_data(task, read, states)),
        process=left,
        misspelt=watched.misspelt,
        devices=[*asked, *watched.elsewhere],
        reference=(before, after),
    )
