"""`--per-class N` fits on a balanced draw of train that goes by the seed, and the record says so."""

import json
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier

from harness import RunContext, SklearnStrategy, Split, hookimpl

from .commands import Harness


@dataclass(frozen=True)
class Noting(SklearnStrategy):
    """Notes what it is fitted on."""

    name: ClassVar[str] = "noting"
    deterministic: ClassVar[bool] = True
    seen: ClassVar[list[Split]] = []

    def estimator(self, seed: int) -> DummyClassifier:
        return DummyClassifier()

    def fit(self, train: Split, validation: Split, context: RunContext) -> Any:
        self.seen.append(train)
        return super().fit(train, validation, context)


class Plugin:
    @hookimpl
    def harness_strategies(self) -> list[SklearnStrategy]:
        return [Noting()]


@pytest.fixture(autouse=True)
def _forget() -> None:
    Noting.seen.clear()


def test_every_seed_draws_as_many_rows_of_each_class_and_others_than_the_next(run: Harness) -> None:
    known = {"strategies": "noting", "plugins": [Plugin()]}
    made = run("--per-class", "3", "--seeds", "0,1", "--no-save-models", **known).run
    first, second = Noting.seen
    assert [np.bincount(split.labels).tolist() for split in (first, second)] == [[3, 3, 3]] * 2
    assert {*first.texts} != {*second.texts}
    assert [record.per_class for record in made.records] == [3, 3]
    assert not any(record.deterministic for record in made.records), "the draw is chance, too"
    assert "every seed draws 3 rows of each class of train to fit on" in made.notes
    run("--per-class", "3", "--seeds", "0", "--no-save-models", "--fresh", **known)
    assert Noting.seen[2].texts == first.texts


def test_a_class_with_fewer_rows_gives_all_and_is_named(run: Harness) -> None:
    made = run("--per-class", "1000", "--no-save-models", strategies="noting", plugins=[Plugin()]).run
    assert len(Noting.seen[0]) == made.task.n_rows("train")
    assert any("train has fewer of 'busy', 'calm', 'glad'" in note for note in made.notes)


def test_it_stands_in_the_plan_and_goes_with_no_other_number_of_rows(run: Harness) -> None:
    planned = run("--per-class", "3", "--dry-run", "--json", strategies="majority")
    assert ["note", "every seed draws 3 rows of each class of train to fit on"] in json.loads(planned.out)["plan"]
    refused = run("--per-class", "3", "--train-sizes", "12,all", strategies="majority")
    assert refused.code == 2
    assert "leave out --train-sizes" in refused.err
