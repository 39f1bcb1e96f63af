"""Each wrong plugin fails the checks of the kit that are for it, and no other."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from harness import Strategy, UserError
from harness.plugin_system.files import NamedPlugin
from harness.testing import CHECKS, Bench, CheckResult, check_strategy, run_checks

pytest_plugins = "harness.testing.pytest_plugin"

FOLDER = Path(__file__).parents[1] / "wrong_plugins"
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
    "denies_that_it_draws": {"same_seed_same_predictions": "as it declares deterministic = True, got"},
    "fits_on_validation": {
        "learns_nothing_from_validation": "known by heart, and other labels for the same texts, too"
    },
    "fits_on_half_of_validation": {
        "learns_nothing_from_validation": "known by heart, and other labels for the same texts, too"
    },
    "leaves_dropout_on": {  # so what was loaded draws otherwise, too
        "answers_the_same_when_asked_again": "predict_proba draws at random, counts calls, or learns from what",
        "save_and_load_predict_the_same": "expected the same predictions after loading",
    },
    "learns_from_what_it_is_asked": {  # what was loaded has learnt from one call more
        "answers_the_same_when_asked_again": "predict_proba draws at random, counts calls, or learns from what",
        "save_and_load_predict_the_same": "expected the same predictions after loading",
    },
    "answers_otherwise_in_time": {
        "answers_the_same_when_asked_again": "predict_proba draws at random, counts calls, or learns"
    },
    "centres_over_the_call": {"judges_each_text_alone": "predict_proba uses the other texts of the call"},
    "carries_over_from_the_text_before": {"judges_each_text_alone": "predict_proba uses the other texts of the call"},
    "centres_long_calls": {"judges_each_text_alone": "for 317 texts in one call as in calls of 24, got"},
    "drops_the_last_batch": {  # calls of fewer than 32 it answers like a floor, of which no other check tells
        "judges_each_text_alone": "or answers otherwise for texts that do not fill a batch"
    },
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
    "misspells_what_it_declares": {
        "declares_only_what_is_read": "trainable_parameter, which nothing reads: did you mean trainable_parameters?"
    },
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


def test_all_that_is_wrong_is_said_at_once_with_the_traceback() -> None:
    with pytest.raises(AssertionError) as caught:
        check_strategy(wrong("divides_by_the_length_of_texts"))
    first, second, *details = str(caught.value).splitlines()
    assert first == f"Strategy 'divides_by_the_length_of_texts' fails 1 of {len(CHECKS)} checks:"
    assert second.startswith("copes_with_odd_texts: expected fit to cope with empty")
    assert any('divides_by_the_length_of_texts.py", line' in line for line in details)


def test_a_check_may_be_left_out_by_its_name(strategy_bench: Bench) -> None:
    strategy = wrong("reads_class_names")
    results = run_checks(strategy, strategy_bench, leave_out=["renamed_classes_change_nothing"])
    assert failed(results) == {}
    assert [result.name for result in results if result.note == "left out"] == ["renamed_classes_change_nothing"]
    with pytest.raises(UserError, match="Did you mean 'renamed_classes_change_nothing'"):
        run_checks(strategy, strategy_bench, leave_out=["renamed_classes"])
