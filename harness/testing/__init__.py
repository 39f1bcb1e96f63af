"""For plugin authors: a tiny task, a tiny encoder, and `check_strategy`, which every strategy should pass.

def test_my_probe_keeps_the_contract():
    check_strategy(MyProbe())

`run_checks` gives the same as data, `harness plugins test` as a list on the screen, and
`harness.testing.pytest_plugin` as tests.
"""

from harness.testing.bench import Bench, open_bench
from harness.testing.documentation import check_documents_its_parameters
from harness.testing.hard_cases import (
    check_copes_with_a_class_missing_from_train,
    check_copes_with_odd_texts,
    check_copes_with_one_row_per_class,
)
from harness.testing.predictions import (
    check_gives_probabilities_in_class_order,
    check_never_reaches_test_labels,
    check_renamed_classes_change_nothing,
    check_reordered_classes_reorder_predictions,
    check_same_seed_same_predictions,
    check_scores_a_trial,
)
from harness.testing.saving import check_save_and_load_predict_the_same
from harness.testing.side_effects import (
    check_computes_on_the_device_it_is_given,
    check_fit_leaves_the_strategy_unchanged,
    check_leaves_other_strategies_alone,
    check_leaves_shared_data_unchanged,
)
from harness.testing.suite import CHECKS, Check, CheckResult, check_strategy, run_checks
from harness.testing.tiny import ODD_TEXTS, tiny_encoder, tiny_task
from harness.testing.use_of_texts import (
    check_answers_the_same_when_asked_again,
    check_judges_each_text_alone,
    check_learns_nothing_from_validation,
)

__all__ = [
    "CHECKS",
    "ODD_TEXTS",
    "Bench",
    "Check",
    "CheckResult",
    "check_answers_the_same_when_asked_again",
    "check_computes_on_the_device_it_is_given",
    "check_copes_with_a_class_missing_from_train",
    "check_copes_with_odd_texts",
    "check_copes_with_one_row_per_class",
    "check_documents_its_parameters",
    "check_fit_leaves_the_strategy_unchanged",
    "check_gives_probabilities_in_class_order",
    "check_judges_each_text_alone",
    "check_learns_nothing_from_validation",
    "check_leaves_other_strategies_alone",
    "check_leaves_shared_data_unchanged",
    "check_never_reaches_test_labels",
    "check_renamed_classes_change_nothing",
    "check_reordered_classes_reorder_predictions",
    "check_same_seed_same_predictions",
    "check_save_and_load_predict_the_same",
    "check_scores_a_trial",
    "check_strategy",
    "open_bench",
    "run_checks",
    "tiny_encoder",
    "tiny_task",
]
