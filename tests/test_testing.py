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
from annotated_types import Ge, Gt
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline

from harness import RunContext, SklearnClassifier, SklearnProbe, SklearnStrategy, Split, Strategy, UserError
from harness.plugin_files import NamedPlugin
from harness.plugin_manager import PluginManager
from harness.testing import (
    CHECKS,
    Bench,
    CheckResult,
    check_documents_its_parameters,
    check_leaves_other_strategies_alone,
    check_never_reaches_test_labels,
    check_reordered_classes_reorder_predictions,
    check_save_and_load_predict_the_same,
    check_strategy,
    run_checks,
)
from harness.testing.predictions import judge_column_order

pytest_plugins = "harness.testing.pytest_plugin"

FOLDER = Path(__file__).parent / "wrong_plugins"
REFUSED = "predict_proba must return rows of non-negative numbers that sum to 1"
WRONG: dict[str, dict[str, str]] = {  # file -> every check that fails -> what its message says
    "raises_in_fit": {"scores_a_trial": "could not convert string to float"},
    "gives_logits": {  # a run refuses it, so it is not scored either
        "scores_a_trial": REFUSED,
        "gives_probabilities_in_class_order": REFUSED,
    },
    "reverses_the_columns": {  # with other ids and with fewer classes it reverses them, too
        "gives_probabilities_in_class_order": "0.33 so, but of 1.00 with the columns in the order 2, 1, 0",
        "reordered_classes_reorder_predictions": "got other ones for 100% of the rows",
        "copes_with_a_class_missing_from_train": "0.00 so, but of 1.00 with the columns in the order 2, 1, 0",
    },
    "reaches_test_labels": {"never_reaches_test_labels": "expected the same predictions for other test labels"},
    "draws_without_seed": {"same_seed_same_predictions": "expected two fits with seed 0 to predict the same"},
    "remembers_in_itself": {"fit_leaves_the_strategy_unchanged": "of the strategy n_features_in_ is new: 48"},
    "spoils_shared_labels": {  # other strategies learn from them
        "leaves_shared_data_unchanged": "train.labels changed in 16 of 48 rows",
        "leaves_other_strategies_alone": "got other predictions of another from changed data after it",
    },
    "spoils_shared_features": {  # other strategies read them
        "leaves_shared_data_unchanged": "features of layer -1 cls of train changed in 48 of 48 rows",
        "leaves_other_strategies_alone": "got other predictions of another from changed data after it",
    },
    "leaves_settings_changed": {
        "leaves_other_strategies_alone": "sklearn.set_config changed: enable_metadata_routing was False and is True"
    },
    "chooses_its_own_device": {
        "computes_on_the_device_it_is_given": "it calls torch.cuda.is_available in chooses_its_own_device.py, line 17"
    },
    "reads_class_names": {"renamed_classes_change_nothing": "depends on context.label_names"},
    "prefers_the_first_class": {"reordered_classes_reorder_predictions": "an id is taken for more than a name"},
    "keeps_the_model_in_memory": {"save_and_load_predict_the_same": "in a fresh process, got KeyError"},
    "knows_only_classes_of_train": {"copes_with_a_class_missing_from_train": "shape (16, 3), got (16, 2)"},
    "needs_two_rows_of_each_class": {"copes_with_one_row_per_class": "least populated classes in y have only 1 member"},
    "divides_by_the_length_of_texts": {"copes_with_odd_texts": "got ZeroDivisionError"},
    "documents_nothing": {
        "documents_its_parameters": "no line for alpha under Args: in the docstring of DocumentsNothing; no type for "
        "fit_prior"
    },
}


def wrong(name: str) -> Strategy:
    (strategy,) = NamedPlugin(str(FOLDER / f"{name}.py")).load().harness_strategies()
    assert isinstance(strategy, Strategy)
    return strategy


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


class HidesPickle(Counts):
    def fit(self, train: Split, validation: Split, context: RunContext) -> SklearnClassifier:
        class Pickler(SklearnClassifier):
            def save(self, directory: Path) -> None:
                super().save(directory)
                torch.save({}, directory / "weights.dat")

        fitted = super().fit(train, validation, context)
        return Pickler(fitted.estimator, fitted.inputs, fitted.n_classes)


class SavesNothing(Counts):
    def fit(self, train: Split, validation: Split, context: RunContext) -> SklearnClassifier:
        class Forgetful(SklearnClassifier):
            def save(self, directory: Path) -> None:
                del directory

        fitted = super().fit(train, validation, context)
        return Forgetful(fitted.estimator, fitted.inputs, fitted.n_classes)


@pytest.mark.parametrize("name", WRONG)
def test_the_kit_fails_for_a_wrong_plugin_by_the_check_for_it_and_by_no_other(name: str, strategy_bench: Bench) -> None:
    found = failed(run_checks(wrong(name), strategy_bench))
    assert found.keys() == WRONG[name].keys()
    for check, told in WRONG[name].items():
        assert told in found[check]


def test_every_check_has_a_wrong_plugin_and_every_wrong_plugin_is_checked() -> None:
    names = {check.__name__.removeprefix("check_") for check in CHECKS}
    assert names == {check for checks in WRONG.values() for check in checks}
    assert {file.stem for file in FOLDER.glob("*.py")} == WRONG.keys()


def test_the_page_for_authors_tells_of_every_check() -> None:
    page = (Path(__file__).parents[1] / "docs" / "plugins.md").read_text(encoding="utf-8")
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
    # The trial and the repetition with all irrelevant changed; other ids and the three hard cases each time.
    assert len(FITS) == 2 + 2 * 4


def test_all_that_is_wrong_is_said_at_once_with_the_traceback() -> None:
    with pytest.raises(AssertionError) as caught:
        check_strategy(wrong("divides_by_the_length_of_texts"))
    first, second, *details = str(caught.value).splitlines()
    assert first == f"Strategy 'divides_by_the_length_of_texts' fails 1 of {len(CHECKS)} checks:"
    assert second.startswith("copes_with_odd_texts: expected fit to cope with empty")
    assert any('divides_by_the_length_of_texts.py", line' in line for line in details)


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


@pytest.mark.parametrize(
    ("strategy", "told"),
    [
        (SavesNothing(), "expected save to write a file into its folder, got none"),
        (HidesPickle(), "expected no pickle, got weights.dat"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_saved_is_in_files_and_none_of_them_is_a_pickle_by_content(
    strategy: Strategy, told: str, strategy_bench: Bench
) -> None:
    with pytest.raises(AssertionError, match=told):
        check_save_and_load_predict_the_same(strategy, strategy_bench)


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


@dataclass(frozen=True)
class Bounded(Counts):
    """Counts, and how often.

    Args:
        times: How often, at least once.
    """

    times: Annotated[int, Ge(1)] = 0


@dataclass
class Thawed(SklearnStrategy):
    name: ClassVar[str] = "thawed"


class Attributed(SklearnStrategy):
    name: ClassVar[str] = "attributed"

    def __init__(self) -> None:
        self.alpha = 1.0


class KnowsTheNamesOfClasses(Counts):
    name: ClassVar[str] = "knows_the_names"

    def fit(self, train: Split, validation: Split, context: RunContext) -> SklearnClassifier:
        assert {"calm": 0, "busy": 1, "glad": 2}[context.label_names[0]] < 3
        return super().fit(train, validation, context)


class Undecorated(Counts):
    size: int = 1


@dataclass(frozen=True)
class Needy(SklearnStrategy):
    """Wants to be told.

    Args:
        size: How much.
    """

    name: ClassVar[str] = "needy"
    size: int

    def estimator(self, seed: int) -> Any:
        return MultinomialNB()


@pytest.mark.parametrize(
    ("strategy", "told"),
    [
        (Bounded(), "counts.times: Input should be greater than or equal to 1, got 0"),
        (Thawed(), "Write @dataclass.frozen=True. above Thawed"),
        (Attributed(), "a class with attributes alpha. Write @dataclass"),
        (
            Undecorated(),
            "size, which is annotated but no field, as @dataclass.frozen=True. is missing above Undecorated",
        ),
        (Needy(3), "no default for size"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_parameters_are_fields_with_a_default_that_fits(strategy: Strategy, told: str, bench: Bench) -> None:
    with pytest.raises(AssertionError, match=told):
        check_documents_its_parameters(strategy, bench)


def test_a_number_without_a_range_is_a_remark(bench: Bench) -> None:
    @dataclass(frozen=True)
    class Unbounded(Counts):
        """More.

        Args:
            size: How much.
        """

        size: int = 1

    assert check_documents_its_parameters(Unbounded(), bench) == (
        "better with a range, such as Annotated[int, Ge(1)]: size"
    )


def test_a_change_that_ends_in_an_error_is_told_by_the_check_for_it(strategy_bench: Bench) -> None:
    assert failed(run_checks(KnowsTheNamesOfClasses(), strategy_bench)) == {
        "renamed_classes_change_nothing": "expected the same predictions, got KeyError: 'first'"
    }


def test_without_a_process_to_share_one_is_started_for_the_check(bench: Bench) -> None:
    assert bench.fresh_process is None
    assert check_save_and_load_predict_the_same(Counts(), bench) is None


def test_a_check_may_be_left_out_by_its_name(strategy_bench: Bench) -> None:
    strategy = wrong("reads_class_names")
    results = run_checks(strategy, strategy_bench, leave_out=["renamed_classes_change_nothing"])
    assert failed(results) == {}
    assert [result.name for result in results if result.note == "left out"] == ["renamed_classes_change_nothing"]
    with pytest.raises(UserError, match="Did you mean 'renamed_classes_change_nothing'"):
        run_checks(strategy, strategy_bench, leave_out=["renamed_classes"])
