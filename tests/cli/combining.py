"""Strategies for tests of those that combine others: one that fails, one that meddles, two that combine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from harness import RunContext, Split, hookimpl

MEMBERS = "tfidf_logreg(C=1),tfidf_logreg(C=100)"


@dataclass(frozen=True)
class Guess:
    k: int

    def predict_proba(self, texts: Sequence[str]) -> Any:
        return np.full((len(texts), self.k), 1 / self.k, np.float32)

    def save(self, directory: Path) -> None:
        (directory / "guess.json").write_text("{}")


@dataclass(frozen=True)
class Moody:
    """Fails while a file is there.

    Args:
        file: Its path.
    """

    name: ClassVar[str] = "moody"
    uses_model: ClassVar[bool] = False
    file: str = ""

    def fit(self, train: Split, validation: Split, context: RunContext) -> Guess:
        if Path(self.file).exists():
            raise RuntimeError("not today")
        return Guess(context.n_classes)

    def load(self, directory: Path, context: RunContext) -> Guess:
        return Guess(context.n_classes)


class MoodyPlugin:
    def __init__(self, file: Path) -> None:
        self.file = file

    @hookimpl
    def harness_strategies(self) -> list[Moody]:
        return [Moody(str(self.file))]


class Meddling:
    """Changes what another predicted, once it is there."""

    name = "meddling"
    uses_model = False

    def fit(self, train: Split, validation: Split, context: RunContext) -> Guess:
        work = context.workdir.resolve()
        while work.name != ".work":
            work = work.parent
        for file in work.parent.glob("predictions/*.parquet"):
            table = pq.read_table(file)
            *others, first, second = table.column_names
            pq.write_table(table.select([*others, second, first]).rename_columns(table.column_names), file)
        return Guess(context.n_classes)

    def load(self, directory: Path, context: RunContext) -> Guess:
        return Guess(context.n_classes)


class MeddlingPlugin:
    @hookimpl
    def harness_strategies(self) -> list[Meddling]:
        return [Meddling()]


@dataclass(frozen=True)
class BothClassifier:
    """The plain mean of all."""

    context: RunContext

    own_parameters = 0

    @property
    def members(self) -> dict[str, float]:
        return {member.name: 1.0 for member in self.context.members}

    def predict_proba(self, texts: Sequence[str]) -> Any:
        return np.mean([member.predict_proba(texts) for member in self.context.members], axis=0)

    def save(self, directory: Path) -> None:
        (directory / "nothing.json").write_text("{}")


class Both:
    """Combines all that there are alike."""

    name = "both"
    uses_model = False
    combines = True

    def fit(self, train: Split, validation: Split, context: RunContext) -> BothClassifier:
        return BothClassifier(context)

    def load(self, directory: Path, context: RunContext) -> BothClassifier:
        return BothClassifier(context)


class BothPlugin:
    @hookimpl
    def harness_strategies(self) -> list[Both]:
        return [Both()]


class Peeking:
    """Combines others, and tells what its worker can see."""

    name = "peeking"
    uses_model = False
    combines = True

    def fit(self, train: Split, validation: Split, context: RunContext) -> Any:
        work = context.workdir.resolve()
        while work.name != ".work":
            work = work.parent
        seen = []
        for file in (work / "data").iterdir():
            if not file.read_bytes().startswith(b"\x93NUMPY"):
                with pa.memory_map(str(file)) as source:
                    seen.append(sorted(pa.ipc.open_file(source).schema.names))
        for file in work.parent.glob("predictions/*.parquet"):
            assert "label" not in pq.read_schema(file).names
        assert [member.name for member in context.members] == MEMBERS.split(",")
        assert ["text"] in seen
        assert sum("label" in names for names in seen) <= 2  # of train and validation
        member = context.members[0]
        return PeekingClassifier(member.predict_proba, {member.name: 1.0})

    def load(self, directory: Path, context: RunContext) -> Any:
        return PeekingClassifier(context.members[0].predict_proba, {})


@dataclass(frozen=True)
class PeekingClassifier:
    predict_proba: Any
    members: dict[str, float]

    def save(self, directory: Path) -> None:
        (directory / "nothing.json").write_text("{}")


class PeekingPlugin:
    @hookimpl
    def harness_strategies(self) -> list[Peeking]:
        return [Peeking()]


class StoppingPlugin:
    """Stops the run once a strategy is over.

    Args:
        strategy: Its name.
    """

    def __init__(self, strategy: str) -> None:
        self.strategy = strategy

    @hookimpl
    def harness_trial_finished(self, record: Mapping[str, Any]) -> None:
        if record["strategy"] == self.strategy:
            raise KeyboardInterrupt
