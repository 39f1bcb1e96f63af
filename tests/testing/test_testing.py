"""The kit for plugin authors finds what is wrong with a strategy, says it, and finds nothing wrong with a good one."""

import os
import random
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import pytest
import sklearn
import torch
from annotated_types import Gt
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline

from harness import RunContext, SklearnClassifier, SklearnProbe, SklearnStrategy, Split
from harness.plugin_system.manager import PluginManager
from harness.testing import (
    CHECKS,
    Bench,
    CheckResult,
    check_leaves_other_strategies_alone,
    check_never_reaches_test_labels,
    check_reordered_classes_reorder_predictions,
    check_save_and_load_predict_the_same,
    run_checks,
)
from harness.testing.predictions import judge_column_order

pytest_plugins = "harness.testing.pytest_plugin"


def failed(results: Sequence[CheckResult]) -> dict[str, str]:
    return {result.name: result.problem for result in results if result.problem}


FITS: list[str] = []  # what fitted, in this process
ACTS: dict[str, Callable[[], Any]] = {
    "nothing": lambda: None,
    "numpy.seterr": lambda: np.seterr(all="raise"),
    "sklearn.set_config": lambda: sklearn.set_config(working_memory=1),
    "torch.set_default_device": lambda: torch.set_default_device("meta"),
    "torch.set_float32_matmul_precision": lambda: torch.set_float32_matmul_precision("medium"),
    "sys.path": lambda: sys.path.append("/nowhere"),
    "sys.setrecursionlimit": lambda: sys.setrecursionlimit(5000),
}
RESTORED: dict[str, Callable[[], Any]] = {
    "generators": lambda: (random.seed(9), np.random.seed(9), torch.manual_seed(9)),
    "threads": lambda: torch.set_num_threads(3),
    "gradients": lambda: torch.set_grad_enabled(False),
    "environment": lambda: os.environ.update(HARNESS_ODD="1"),
    "directory": lambda: os.chdir("/"),
}


@dataclass(frozen=True)
class Counts(SklearnStrategy):
    """Naive Bayes on words.

    Args:
        act: What it does to the process in its fit.
        alpha: Added to every count.
    """

    name: ClassVar[str] = "counts"
    act: str = "nothing"
    alpha: Annotated[float, Gt(0)] = 1.0

    def estimator(self, seed: int) -> Any:
        FITS.append(self.name)
        {**ACTS, **RESTORED}[self.act]()
        return make_pipeline(CountVectorizer(), MultinomialNB(alpha=self.alpha))


class Slanted(SklearnClassifier):
    """Answers class 0 for every other text."""

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        probabilities = super().predict_proba(texts)
        probabilities[::2] = np.eye(self.n_classes)[0]
        return probabilities


@dataclass(frozen=True)
class DrawsSlanted(SklearnStrategy):
    name: ClassVar[str] = "draws_slanted"
    slant: ClassVar[bool] = True

    def fit(self, train: Split, validation: Split, context: RunContext) -> SklearnClassifier:
        fitted = super().fit(train, validation, context)
        return (Slanted if self.slant else SklearnClassifier)(fitted.estimator, fitted.inputs, fitted.n_classes)

    def estimator(self, seed: int) -> Any:
        return make_pipeline(
            CountVectorizer(), MLPClassifier(4, max_iter=10, learning_rate_init=0.05, random_state=seed)
        )


class Draws(DrawsSlanted):
    name: ClassVar[str] = "draws"
    slant: ClassVar[bool] = False


class EndsTheProcess(Counts):
    def load(self, directory: Path, context: RunContext) -> SklearnClassifier:
        os._exit(3)


class SavesNothing(Counts):
    def fit(self, train: Split, validation: Split, context: RunContext) -> SklearnClassifier:
        class Forgetful(SklearnClassifier):
            def save(self, directory: Path) -> None:
                del directory

        fitted = super().fit(train, validation, context)
        return Forgetful(fitted.estimator, fitted.inputs, fitted.n_classes)


def test_the_page_for_authors_tells_of_every_check() -> None:
    page = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text(encoding="utf-8")
    table = page.split("\n## Testing\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [c.__name__.removeprefix("check_") for c in CHECKS]


def test_a_good_strategy_passes_every_check_and_each_of_them_can_tell(strategy_bench: Bench) -> None:
    results = run_checks(Counts(), strategy_bench)
    assert failed(results) == {}
    assert [(result.name, result.note) for result in results if result.note] == []
    assert [result.name for result in results] == [check.__name__.removeprefix("check_") for check in CHECKS]
    assert all(result.says.endswith(".") and result.seconds > 0 for result in results)


def test_one_fit_serves_many_checks(strategy_bench: Bench) -> None:
    FITS.clear()
    strategy = Counts()
    for _ in range(2):
        run_checks(strategy, strategy_bench)
    # The trial and the repetition with all irrelevant changed; each time other ids, the three hard cases, validation
    # with labels drawn at random; once a classifier that is asked in many ways.
    assert len(FITS) == 3 + 2 * 5


def test_a_strategy_that_only_this_process_knows_is_loaded_here_and_that_is_told(strategy_bench: Bench) -> None:
    @dataclass(frozen=True)
    class Bayes(SklearnProbe):
        name: ClassVar[str] = "bayes"

        def estimator(self, seed: int) -> Any:
            return GaussianNB()

    results = {result.name: result for result in run_checks(Bayes(), strategy_bench)}
    assert failed(list(results.values())) == {}
    note = results["save_and_load_predict_the_same"].note
    assert note is not None
    assert note.startswith("loaded in this process: no other process can be given it")
    assert "<locals>.Bayes" in note


def test_a_strategy_that_ends_the_fresh_process_fails_and_the_next_one_has_another(strategy_bench: Bench) -> None:
    with pytest.raises(AssertionError, match="got the end of that process with code 3"):
        check_save_and_load_predict_the_same(EndsTheProcess(), strategy_bench)
    assert check_save_and_load_predict_the_same(Counts(), strategy_bench) is None


def test_what_is_saved_is_in_files(strategy_bench: Bench) -> None:
    with pytest.raises(AssertionError, match="expected save to write a file into its folder, got none"):
        check_save_and_load_predict_the_same(SavesNothing(), strategy_bench)


@pytest.mark.parametrize("act", [act for act in ACTS if act != "nothing"])
def test_a_setting_that_is_left_changed_is_named_and_set_again(act: str, strategy_bench: Bench) -> None:
    before = (np.geterr(), sklearn.get_config(), torch.get_default_device(), torch.get_float32_matmul_precision())
    path, limit = list(sys.path), sys.getrecursionlimit()
    with pytest.raises(AssertionError, match=rf"{act} (was|changed)"):
        check_leaves_other_strategies_alone(Counts(act), strategy_bench)
    after = (np.geterr(), sklearn.get_config(), torch.get_default_device(), torch.get_float32_matmul_precision())
    assert (after, sys.path, sys.getrecursionlimit()) == (before, path, limit)


@pytest.mark.parametrize("act", RESTORED)
def test_what_the_harness_restores_after_every_trial_may_be_changed(act: str, strategy_bench: Bench) -> None:
    check_leaves_other_strategies_alone(Counts(act), strategy_bench)


def test_where_classes_have_other_ids_what_draws_may_change_as_much_as_by_another_seed(strategy_bench: Bench) -> None:
    told = check_reordered_classes_reorder_predictions(Draws(), strategy_bench)
    assert told == "compared with what another seed changes, as it draws at random"
    with pytest.raises(AssertionError, match=r"of the rows, and for \d+% with another seed: an id is taken for more"):
        check_reordered_classes_reorder_predictions(DrawsSlanted(), strategy_bench)


def test_the_order_of_columns_is_judged_only_where_something_is_learnt() -> None:
    labels = np.arange(30) % 3
    right = np.eye(3, dtype=np.float32)[labels]
    assert judge_column_order(right, labels) is None
    with pytest.raises(
        AssertionError, match=r"accuracy of 0\.00 so, but of 1\.00 with the columns in the order 1, 2, 0"
    ):
        judge_column_order(right[:, [2, 0, 1]], labels)
    guessed = np.random.default_rng(0).dirichlet(np.ones(3), len(labels)).astype(np.float32)
    assert "shows only where more is learnt" in (judge_column_order(guessed, labels) or "")


def test_fitting_reaches_neither_the_task_nor_the_test_labels(strategy_bench: Bench) -> None:
    check_never_reaches_test_labels(PluginManager().offers["logreg_probe"].strategy, strategy_bench)


class KnowsTheNamesOfClasses(Counts):
    name: ClassVar[str] = "knows_the_names"

    def fit(self, train: Split, validation: Split, context: RunContext) -> SklearnClassifier:
        assert {"calm": 0, "busy": 1, "glad": 2}[context.label_names[0]] < 3
        return super().fit(train, validation, context)


def test_a_change_that_ends_in_an_error_is_told_by_the_check_for_it(strategy_bench: Bench) -> None:
    assert failed(run_checks(KnowsTheNamesOfClasses(), strategy_bench)) == {
        "renamed_classes_change_nothing": "expected the same predictions, got KeyError: 'first'"
    }


def test_without_a_process_to_share_one_is_started_for_the_check(bench: Bench) -> None:
    assert bench.fresh_process is None
    assert check_save_and_load_predict_the_same(Counts(), bench) is None
