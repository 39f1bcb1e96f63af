"""All checks over one strategy: the result as data, or as one AssertionError."""

import time
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from unittest import SkipTest

from harness.errors import UserError, did_you_mean
from harness.strategies.strategy import Strategy
from harness.testing.bench import Bench, open_bench
from harness.testing.documentation import check_declares_only_what_is_read, check_documents_its_parameters
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
from harness.testing.use_of_texts import (
    check_answers_the_same_when_asked_again,
    check_judges_each_text_alone,
    check_learns_nothing_from_validation,
)

Check = Callable[[Strategy, Bench], str | None] | Callable[[Strategy, Bench], None]
"""Raises AssertionError with what was expected and what came, or SkipTest where it cannot tell; may return a note."""

CHECKS: tuple[Check, ...] = (
    check_scores_a_trial,
    check_gives_probabilities_in_class_order,
    check_never_reaches_test_labels,
    check_same_seed_same_predictions,
    check_learns_nothing_from_validation,
    check_answers_the_same_when_asked_again,
    check_judges_each_text_alone,
    check_fit_leaves_the_strategy_unchanged,
    check_leaves_shared_data_unchanged,
    check_leaves_other_strategies_alone,
    check_computes_on_the_device_it_is_given,
    check_renamed_classes_change_nothing,
    check_reordered_classes_reorder_predictions,
    check_save_and_load_predict_the_same,
    check_copes_with_a_class_missing_from_train,
    check_copes_with_one_row_per_class,
    check_copes_with_odd_texts,
    check_documents_its_parameters,
    check_declares_only_what_is_read,
)


@dataclass(frozen=True)
class CheckResult:
    """What came of one check.

    Attributes:
        name: Of the check, without `check_`, such as "same_seed_same_predictions".
        says: What holds where it passes, one sentence.
        problem: What was expected and what came, None where it passes or could not tell.
        seconds: How long it took; what several checks need is counted with the first.
        note: What a reader should know besides: why it could not tell, what it compared instead.
        skipped: Whether it could not tell, or was left out.
        details: The traceback of what a strategy raised, "" where there is none.
    """

    name: str
    says: str
    problem: str | None
    seconds: float
    note: str | None = None
    skipped: bool = False
    details: str = ""


def run_checks(strategy: Strategy, bench: Bench | None = None, leave_out: Collection[str] = ()) -> list[CheckResult]:
    """Run every check of `CHECKS`, on the CPU and without a network.

    Args:
        strategy: What to check.
        bench: What to check it on, to be shared by many strategies; by default one of its own.
        leave_out: Names of checks that are not run, such as "renamed_classes_change_nothing" for a strategy that reads
            the names of classes on purpose.

    Returns:
        One result for each check, in the order of `CHECKS`.

    Raises:
        UserError: Where there is no check of a name in `leave_out`.
    """
    if bench is None:
        with open_bench() as own:
            return list(each_check(strategy, own, leave_out))
    return list(each_check(strategy, bench, leave_out))


def each_check(strategy: Strategy, bench: Bench, leave_out: Collection[str] = ()) -> Iterator[CheckResult]:
    """Return the results of `run_checks` as they come, one after the other."""
    names = [name_of(check) for check in CHECKS]
    for name in leave_out:
        if name not in names:
            raise UserError(f"There is no check {name!r}. {did_you_mean(name, names)}")
    return (_result(check, strategy, bench, name_of(check) in leave_out) for check in CHECKS)


def check_strategy(strategy: Strategy, bench: Bench | None = None, leave_out: Collection[str] = ()) -> None:
    """Run every check of `CHECKS` on a tiny task and a tiny encoder, on the CPU and without a network.

    Args:
        strategy: What to check.
        bench: As in `run_checks`.
        leave_out: As in `run_checks`.

    Raises:
        AssertionError: Naming each check that failed, what was expected and what came.
    """
    if failures := told_failures(strategy, run_checks(strategy, bench, leave_out)):
        raise AssertionError(failures)


def told_failures(strategy: Strategy, results: Sequence[CheckResult]) -> str:
    """Return the failures of a strategy as lines of text, "" where there are none."""
    failed = [result for result in results if result.problem]
    if not failed:
        return ""
    lines = [f"{result.name}: {result.problem}" for result in failed]
    details = list(dict.fromkeys(result.details for result in failed if result.details))
    first = f"Strategy {strategy.name!r} fails {len(failed)} of {len(results)} checks:"
    return "\n".join([first, *lines, *details])


def name_of(check: Check) -> str:
    """Return the name of a check as in results."""
    return check.__name__.removeprefix("check_")


def _says(check: Check) -> str:
    return (check.__doc__ or "").strip().splitlines()[0]


def _result(check: Check, strategy: Strategy, bench: Bench, is_left_out: bool) -> CheckResult:
    if is_left_out:
        return CheckResult(name_of(check), _says(check), None, 0.0, "left out", skipped=True)
    started = time.perf_counter()
    problem, note, skipped, details = None, None, False, ""
    try:
        note = check(strategy, bench)
    except SkipTest as reason:
        note, skipped = str(reason), True
    except KeyboardInterrupt:
        raise
    except AssertionError as error:
        problem, details = str(error), _details(error)
    except BaseException as error:  # what a strategy raises that the check did not expect
        problem, details = f"{type(error).__name__}: {error}", "".join(traceback.format_exception(error))
    seconds = time.perf_counter() - started
    return CheckResult(name_of(check), _says(check), problem, seconds, note, skipped, details)


def _details(error: AssertionError) -> str:
    if error.__cause__:
        return "".join(traceback.format_exception(error.__cause__))
    return "\n".join(getattr(error, "__notes__", ()))
