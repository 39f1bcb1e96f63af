"""The objects a plugin deals with: Strategy, Classifier, RunContext."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, get_type_hints, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from harness.data.task import Split
from harness.encoding.encoder import Features, Progress
from harness.encoding.pooling import AUTO
from harness.errors import UserError, did_you_mean, reasons
from harness.evaluation.metric import Metric
from harness.strategies.member import Member
from harness.strategies.tags import tags_of

if TYPE_CHECKING:
    from pydantic import TypeAdapter


TellEpoch = Callable[[Mapping[str, float]], None]
"""Told an entry of a history, such as loss and scores of an epoch, by the names that `history` has."""


def tell_nobody(entry: Mapping[str, float]) -> None:
    """Tell nobody of an epoch."""


@dataclass(frozen=True)
class RunContext:
    """All that a strategy may use besides its data.

    Attributes:
        encode: `encode(texts, features)` -> float32 (n, width), the frozen state of n texts, private to the caller.
        standardised: `standardised(texts, features)` -> a fitted scikit-learn `StandardScaler` and float32
            (n, width), the frozen state standardised by it; built once for all strategies of a run.
        label_names: Name of class i at position i.
        model: Local folder of the checkpoint, fit for `from_pretrained`; "" where the strategy declares
            `uses_model = False`.
        revision: Commit of a hub checkpoint, None for a folder.
        max_length: Tokens to truncate texts at.
        device: cpu, cuda or mps.
        dtype: float32 or bfloat16, to compute in.
        seed: Seeds everything random; Python, numpy and torch were seeded with it before `fit`.
        workdir: An empty folder for temporary files, removed after the trial.
        progress: `progress(what, done, total)`, to be called as often as one likes.
        n_layers: Number of the encoder's blocks, 0 where the strategy declares `uses_model = False`.
        pooling: What `Features(pooling="auto")` is for this encoder.
        epoch: `epoch(entry)`, to be called with each entry of the history as soon as it is known, for whoever watches.
        select_by: The metric that chooses on validation, such as among epochs; None where nobody named one, and a
            strategy chooses as it always does.
        members: The classifiers that it combines, two or more where the strategy declares `combines = True`.
    """

    encode: Callable[[Sequence[str], Features], NDArray[np.float32]]
    standardised: Callable[[Sequence[str], Features], tuple[Any, NDArray[np.float32]]]
    label_names: tuple[str, ...]
    model: str
    revision: str | None
    max_length: int
    device: str
    dtype: str
    seed: int
    workdir: Path
    progress: Progress
    n_layers: int = 0
    pooling: str = "cls"
    epoch: TellEpoch = tell_nobody
    select_by: Metric | None = None
    members: tuple[Member, ...] = ()

    @property
    def n_classes(self) -> int:
        """Number of classes, k."""
        return len(self.label_names)

    def resolved(self, features: Features) -> Features:
        """Return the state that is meant: `auto` as the encoder pools."""
        return replace(features, pooling=self.pooling) if features.pooling == AUTO else features


@runtime_checkable
class Classifier(Protocol):
    """What `fit` returns.

    It may also declare what `ClassifierTags` of `harness.strategies.tags` lists, such as its number of weights.
    """

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return class probabilities, float32 (n, k), for n texts, columns in the task's class order."""

    def save(self, directory: Path) -> None:
        """Write everything that `Strategy.load` needs into an existing, empty folder, without pickle."""


@runtime_checkable
class Strategy(Protocol):
    """A way of turning a pre-trained encoder into a classifier: a frozen dataclass of hyperparameters.

    It may also declare what `StrategyTags` of `harness.strategies.tags` lists, such as the frozen states that it reads.
    """

    @property
    def name(self) -> str:
        """Unique name, as in `--strategies`."""

    def fit(self, train: Split, validation: Split, context: RunContext) -> Classifier:
        """Fit on train, select on validation, leave the strategy itself unchanged."""

    def load(self, directory: Path, context: RunContext) -> Classifier:
        """Return the classifier that was saved to `directory`; it predicts the same as before."""


def wanted_features(strategy: Strategy, n_layers: int = 0) -> tuple[Features, ...]:
    """Return the frozen states a strategy declares, none by default.

    Args:
        strategy: The strategy.
        n_layers: Number of the encoder's blocks; without it, one that reads all layers only tells that it reads some.
    """
    return tags_of(strategy, n_layers).features


def uses_model(strategy: Strategy) -> bool:
    """Return whether a strategy needs the encoder's checkpoint; it does unless it says otherwise."""
    return tags_of(strategy).uses_model


def saves_encoder(strategy: Strategy) -> bool:
    """Return whether what a strategy saves holds the encoder's weights, too, so that loading it needs no encoder."""
    return tags_of(strategy).saves_encoder


def parameters(strategy: Strategy) -> dict[str, Any]:
    """Return field -> value of a strategy's hyperparameters, {} where it has none."""
    if not is_dataclass(strategy):
        return {}
    return {field.name: getattr(strategy, field.name) for field in fields(strategy)}


def with_parameters(strategy: Strategy, values: dict[str, Any], given_by: str = "--set") -> Strategy:
    """Return the strategy with some hyperparameters replaced.

    Args:
        strategy: A strategy that is a dataclass.
        values: Field -> value; text is converted to the field's type, `none` to None where the field may be None.
        given_by: The option they come from, for messages.

    Raises:
        UserError: For a field it does not have or a value that does not fit, naming both.
    """
    from pydantic import ValidationError

    known = parameters(strategy)
    checked = {}
    for field, value in values.items():
        if field not in known:
            raise UserError(f"Strategy {strategy.name!r} has no parameter {field!r}. {did_you_mean(field, known)}")
        try:
            converted = checked[field] = _converted(value, _type_of(type(strategy), field))
            if isinstance(converted, float) and not math.isfinite(converted):
                raise UserError(f"{given_by} {strategy.name}.{field}: expected a finite number, got {value!r}.")
        except ValidationError as error:
            why = reasons(problem["msg"] for problem in error.errors())
            raise UserError(f"{given_by} {strategy.name}.{field}: {why}, got {value!r}.") from error
    return replace(strategy, **checked) if checked else strategy  # type: ignore[type-var]


@lru_cache(maxsize=512)
def _type_of(kind: type, field: str) -> "TypeAdapter[Any]":
    """Return what checks values of a field; a search asks for the same one over and over."""
    from pydantic import TypeAdapter

    return TypeAdapter(get_type_hints(kind, include_extras=True)[field])


def _converted(value: Any, adapter: "TypeAdapter[Any]") -> Any:
    from pydantic import ValidationError

    if isinstance(value, str) and value.casefold() == "none":
        with suppress(ValidationError):
            return adapter.validate_python(None)
    return adapter.validate_python(value)


def recorded_parameters(strategy: Strategy) -> dict[str, Any]:
    """Return field -> value of a strategy's hyperparameters; a value that JSON cannot hold as its text."""
    return as_recorded(parameters(strategy))


def as_recorded(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as JSON holds them, others as their text."""
    return {name: _recordable(value) for name, value in params.items()}


def _recordable(value: Any) -> Any:
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        return str(value)
