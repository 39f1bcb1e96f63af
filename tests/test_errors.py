"""Messages say what is allowed, and every exception has its exit code."""

import re

import pytest

import harness.errors
from harness import DataError, HarnessError, ModelError, PluginError, StrategyError, UnavailableError, UserError
from harness.errors import did_you_mean, rows_named


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (HarnessError, 5),
        (UserError, 2),
        (PluginError, 2),
        (DataError, 3),
        (ModelError, 3),
        (UnavailableError, 4),
        (StrategyError, 1),
    ],
)
def test_every_error_has_its_exit_code_and_stands_in_the_tree(kind: type[HarnessError], code: int) -> None:
    assert kind.exit_code == code
    assert re.search(rf"\b{kind.__name__} +{code} ", harness.errors.__doc__ or "")


def test_the_tree_draws_every_error() -> None:
    defined = {name for name in vars(harness.errors) if name.endswith("Error")}
    assert set(re.findall(r"\w+Error", harness.errors.__doc__ or "")) == defined


def test_a_plugins_fault_is_the_users_to_mend_and_every_error_is_one_of_the_harness() -> None:
    assert issubclass(PluginError, UserError)
    for kind in (UserError, DataError, ModelError, UnavailableError, StrategyError):
        assert issubclass(kind, HarnessError)


@pytest.mark.parametrize(
    ("given", "allowed", "sentence"),
    [
        ("majorty", ["mlp_probe", "majority"], "Did you mean 'majority'? There are: majority, mlp_probe."),
        ("xyz", ["b", "a"], "There are: a, b."),
        ("xyz", [], "There are: none."),
    ],
)
def test_a_close_name_is_suggested_before_all_are_listed(given: str, allowed: list[str], sentence: str) -> None:
    assert did_you_mean(given, allowed) == sentence


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([2], "row 3"),
        ([7, 2], "rows 3 and 8"),
        ([0, 1, 2, 3, 4], "rows 1, 2, 3, 4 and 5"),
        (range(7), "rows 1, 2, 3, 4, 5 and 2 more"),
    ],
)
def test_rows_are_counted_from_one_and_long_lists_are_cut(rows: list[int], words: str) -> None:
    assert rows_named(rows) == words
