"""The weights of a blend."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness import Member, RunContext, Split, UserError
from harness.executors.assignment import no_progress, refuse_to_encode
from harness.plugin_system.manager import PluginManager
from harness.strategies.member import KnownAnswers

LABELS = np.array([0, 1, 0, 1, 0, 1, 0, 1])
TEXTS = tuple(f"text {i}" for i in range(len(LABELS)))


def right_with(*probability: float) -> NDArray[np.float32]:
    """Return a table that gives the right class these probabilities in turn."""
    right = np.resize(probability, len(LABELS))
    table: NDArray[np.float32] = np.where(np.eye(2)[LABELS].astype(bool), right[:, None], 1 - right[:, None])
    return table.astype(np.float32)


def a_context(*tables: NDArray[np.float32]) -> RunContext:
    splits = [((TEXTS, table),) for table in tables]
    members = tuple(Member(f"m{i}", KnownAnswers(known)) for i, known in enumerate(splits))
    empty = (refuse_to_encode, refuse_to_encode, ("a", "b"), "", None, 0, "cpu", "float32", 0, Path(), no_progress)
    return replace(RunContext(*empty), members=members)


def fitted(context: RunContext, **fields: int) -> Any:
    blend: Any = PluginManager().offers["blend"].strategy
    return replace(blend, **fields).fit(Split((), np.array([], np.int64)), Split(TEXTS, LABELS), context)


def test_a_member_that_is_always_better_has_all_the_weight() -> None:
    assert fitted(a_context(right_with(0.6), right_with(0.9))).members == {"m1": 1.0}


def test_members_that_err_on_different_rows_share_it() -> None:
    """The best mean of two that are 0.9 and 0.2 sure by turns has the lowest log loss at one half each."""
    blend = fitted(a_context(right_with(0.9, 0.9, 0.2, 0.2), right_with(0.2, 0.2, 0.9, 0.9)))
    assert blend.members == {"m0": 0.5, "m1": 0.5}
    assert blend.predict_proba(TEXTS)[:, 0] == pytest.approx(np.where(LABELS == 0, 0.55, 0.45))


def test_weights_are_those_of_the_likeliest_mixture() -> None:
    """Many rounds come as near to the best weights as a search of all of them does."""
    rng = np.random.default_rng(0)
    tables = [right_with(*rng.uniform(0.05, 0.95, len(LABELS))) for _ in range(2)]
    right = np.stack([table[np.arange(len(LABELS)), LABELS] for table in tables])
    grid = np.linspace(0, 1, 1001)
    losses = [-np.log(w * right[0] + (1 - w) * right[1]).mean() for w in grid]
    found = fitted(a_context(*tables), rounds=1000).members
    assert found.get("m0", 0.0) == pytest.approx(grid[int(np.argmin(losses))], abs=0.01)


def test_what_choosing_flatters_its_members_counts_by_their_weights() -> None:
    context = a_context(right_with(0.6), right_with(0.9))
    members = tuple(replace(member, optimism=0.04) for member in context.members)
    bare, flattered = fitted(context).optimism, fitted(replace(context, members=members)).optimism
    assert flattered - bare == pytest.approx(0.04)


def test_a_member_of_a_run_says_what_it_predicted_and_refuses_other_texts() -> None:
    (member,) = a_context(right_with(0.9)).members
    assert member.predict_proba([TEXTS[3], TEXTS[0]]) == pytest.approx(np.array([[0.1, 0.9], [0.9, 0.1]]))
    assert member.predict_proba([]).shape == (0, 2)
    with pytest.raises(UserError, match="knows the texts of validation and test alone"):
        member.predict_proba(["another"])
