"""The kit for plugin authors finds what is wrong with a strategy, and nothing wrong with a good one."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.naive_bayes import GaussianNB

from harness import RunContext, SklearnProbe, Split, Strategy
from harness.plugin_manager import PluginManager
from harness.testing import (
    CHECKS,
    Bench,
    check_copes_with_a_class_missing_from_train,
    check_copes_with_odd_texts,
    check_fit_leaves_the_strategy_unchanged,
    check_never_reaches_test_labels,
    check_same_seed_same_predictions,
    check_save_and_load_predict_the_same,
    check_scores_a_trial,
    check_strategy,
)


@dataclass(frozen=True)
class Answer:
    """The same answer to everything."""

    shares: NDArray[np.floating[Any]]  # (k,)

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.tile(self.shares, (len(texts), 1)).astype(np.float32)

    def save(self, directory: Path) -> None:
        np.save(directory / "shares.npy", self.shares)


@dataclass(frozen=True)
class Good:
    """Answers with the shares of train."""

    name: ClassVar[str] = "wrong"
    uses_model: ClassVar[bool] = False

    def fit(self, train: Split, validation: Split, context: RunContext) -> Answer:
        return Answer(np.bincount(train.labels, minlength=context.n_classes) / len(train))

    def load(self, directory: Path, context: RunContext) -> Answer:
        return Answer(np.load(directory / "shares.npy"))


class RaisesInFit(Good):
    def fit(self, train: Split, validation: Split, context: RunContext) -> Answer:
        raise ValueError("never works")


class PeeksAtTestLabels(Good):
    def fit(self, train: Split, validation: Split, context: RunContext) -> Answer:
        frame = inspect.currentframe()
        while frame and "trial" not in frame.f_locals:
            frame = frame.f_back
        shares = np.full(context.n_classes, 0.1, np.float32)
        if frame:
            shares[frame.f_locals["trial"].task.test.labels[0]] = 0.8
        return Answer(shares)


class GivesLogitsAway(Good):
    def fit(self, train: Split, validation: Split, context: RunContext) -> Answer:
        return Answer(np.ones(context.n_classes, np.float32))


class DrawsWithoutSeed(Good):
    def fit(self, train: Split, validation: Split, context: RunContext) -> Answer:
        return Answer(np.random.default_rng().dirichlet(np.ones(context.n_classes)))


@dataclass(frozen=True)
class RemembersInItsFields(Good):
    seen: list[str] = field(default_factory=list)

    def fit(self, train: Split, validation: Split, context: RunContext) -> Answer:
        self.seen.append(train.texts[0])
        return super().fit(train, validation, context)


class SavesNothing(Good):
    def fit(self, train: Split, validation: Split, context: RunContext) -> Answer:
        class Forgetful(Answer):
            def save(self, directory: Path) -> None:
                del directory

        return Forgetful(super().fit(train, validation, context).shares)


class SavesPickle(Good):
    def fit(self, train: Split, validation: Split, context: RunContext) -> Answer:
        class Pickler(Answer):
            def save(self, directory: Path) -> None:
                super().save(directory)
                (directory / "model.pkl").write_bytes(b"")

        return Pickler(super().fit(train, validation, context).shares)


class LoadsSomethingElse(Good):
    def load(self, directory: Path, context: RunContext) -> Answer:
        return Answer(super().load(directory, context).shares[[1, 0, 2]] * [0.5, 1.5, 1])


class KnowsOnlyClassesOfTrain(Good):
    def fit(self, train: Split, validation: Split, context: RunContext) -> Answer:
        counts = np.unique(train.labels, return_counts=True)[1]
        return Answer(counts / len(train))


class DividesByTheLengthOfTheText(Good):
    def fit(self, train: Split, validation: Split, context: RunContext) -> Answer:
        class Divider(Answer):
            def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
                return super().predict_proba([text for text in texts if 1 / len(text.strip())])

        return Divider(super().fit(train, validation, context).shares)


Check = Callable[[Strategy, Bench], None]
WRONG: list[tuple[Any, Check, str]] = [
    (RaisesInFit, check_scores_a_trial, "never works"),
    (GivesLogitsAway, check_scores_a_trial, "sum to 1"),
    (PeeksAtTestLabels, check_never_reaches_test_labels, "same predictions for other test labels"),
    (DrawsWithoutSeed, check_same_seed_same_predictions, "two fits with seed 0 differ"),
    (RemembersInItsFields, check_fit_leaves_the_strategy_unchanged, "fit changed the strategy's fields"),
    (SavesNothing, check_save_and_load_predict_the_same, "expected save to write a file"),
    (SavesPickle, check_save_and_load_predict_the_same, "expected no pickle, got model.pkl"),
    (LoadsSomethingElse, check_save_and_load_predict_the_same, "after loading, predictions differ"),
    (KnowsOnlyClassesOfTrain, check_copes_with_a_class_missing_from_train, "must return shape (24, 3), got (24, 2)"),
    (DividesByTheLengthOfTheText, check_copes_with_odd_texts, "division by zero"),
]


@pytest.mark.parametrize(("wrong", "check", "message"), WRONG, ids=lambda value: getattr(value, "__name__", ""))
def test_the_check_for_it_finds_what_is_wrong(wrong: Any, check: Check, message: str, bench: Bench) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - a check may let the strategy's own exception through
        check(wrong(), bench)
    assert message in str(caught.value)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_check_has_a_strategy_that_fails_it_and_one_that_does_not(check: Check, bench: Bench) -> None:
    assert check in {each for _, each, _ in WRONG}
    check(Good(), bench)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(AssertionError) as caught:
        check_strategy(DrawsWithoutSeed())
    first, *failures = str(caught.value).splitlines()
    assert first == f"Strategy 'wrong' fails {len(failures)} checks:"
    assert any(line.startswith("check_same_seed_same_predictions: AssertionError") for line in failures)


def test_a_probe_of_a_few_lines_passes() -> None:
    @dataclass(frozen=True)
    class Bayes(SklearnProbe):
        name: ClassVar[str] = "bayes"

        def estimator(self, seed: int) -> Any:
            return GaussianNB()

    check_strategy(Bayes())


def test_fitting_reaches_neither_the_task_nor_the_test_labels(bench: Bench) -> None:
    check_never_reaches_test_labels(PluginManager().offers["logreg_probe"].strategy, bench)
