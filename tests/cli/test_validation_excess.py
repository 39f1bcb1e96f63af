"""A run says so where a strategy's validation score is too good to be true."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from harness import RunContext, Split, hookimpl

from .commands import Harness


@dataclass(frozen=True)
class Memory:
    """Knows the texts of one split by heart, and answers the first class to all others."""

    known: dict[str, int]
    n_classes: int

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.eye(self.n_classes, dtype=np.float32)[[self.known.get(text, 0) for text in texts]]

    def save(self, directory: Path) -> None:
        (directory / "nothing.json").write_text("{}")


@dataclass(frozen=True)
class KnowsValidation:
    name: ClassVar[str] = "knows_validation"
    uses_model: ClassVar[bool] = False

    def fit(self, train: Split, validation: Split, context: RunContext) -> Memory:
        return Memory(dict(zip(validation.texts, validation.labels.tolist(), strict=True)), context.n_classes)

    def load(self, directory: Path, context: RunContext) -> Memory:
        return Memory({}, context.n_classes)


class Plugin:
    @hookimpl
    def harness_strategies(self) -> list[KnowsValidation]:
        return [KnowsValidation()]


@pytest.mark.slow
def test_validation_far_above_test_is_a_note_of_that_row_and_of_no_other(run: Harness, harness: Harness) -> None:
    outcome = run(strategies="knows_validation,tfidf_logreg,majority", plugins=[Plugin()])
    assert outcome.code == 0, outcome.err
    noted = {record.strategy: record.degradations for record in outcome.run.records}
    assert [name for name, notes in noted.items() if notes] == ["knows_validation"]
    assert "validation accuracy 1.000 is far above test 0.333 (beyond chance" in noted["knows_validation"][0]
    assert "knows_validation, seed 0: validation accuracy 1.000" in harness("show", "latest", "--lang", "en").out
    assert harness("verify", "-o", str(outcome.folder), "latest").code == 0
