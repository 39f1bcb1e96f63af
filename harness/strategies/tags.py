"""Tags of strategies and classifiers: what they may declare besides the contract; `tags_of` alone reads them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

from harness.data.task import Split
from harness.encoding.encoder import Features
from harness.encoding.tags import misspelt_tags, read_tags

CONTENT_HASH = "content_hash"
"""The method that returns the hash of files that it reads besides data and encoder: `content_hash()`."""
DEPENDS_ON_DEPTH = "features_of"
"""The method that a strategy may have in place of `features`: `features_of(n_layers)`."""
COMPARE = "compare"
"""The method that answers validation with several settings of a strategy for less than fitting each: `compare(
candidates, train, validation, context)`, or None."""
EXPENSE = "expense"
"""The method that says what it costs to ask about texts, for `--dry-run`: `expense(texts, label_names)`."""
FORECAST = "forecast"
"""The method that says what its fit will take: `forecast(train, validation, context)`, a `FitForecast`."""
REFUSAL = "refusal"
"""The method that says why its settings cannot be with an encoder: `refusal(model, n_layers, label_names)`."""


@dataclass(frozen=True)
class FitForecast:
    """What fitting a strategy will take.

    Attributes:
        seconds: Of the fit, where it does not stop early.
        seconds_a_text: Of predicting with what was fitted.
    """

    seconds: float
    seconds_a_text: float


@dataclass(frozen=True)
class StrategyTags:
    """What a `Strategy` may declare, as class attributes or properties of the same names.

    Attributes:
        features: The frozen states it will ask `context.encode` for. Where they depend on how many blocks the encoder
            has, the strategy has a method `features_of(n_layers)` instead.
        uses_model: Whether it needs the encoder's checkpoint at all.
        saves_encoder: Whether what its classifier saves holds the encoder's weights, too: `load` then needs no encoder.
        groups: Groups of `--strategies` it belongs to besides those that its inputs tell.
        requires: Module that must be installed -> extra of its distribution that brings it.
        must_be_set: Fields that have no default to run with: while one is None, groups leave the strategy out.
        search_space: What `harness tune` searches where nobody says, and `harness run --budget`, "" for nothing.
        imports: Modules that are loaded before the clock starts.
        deterministic: Whether it predicts the same with every seed, so that one seed says all of its training.
        reads_label_names: Whether it goes by what the names of the classes mean.
        address: The URL that it asks over the network, "" for none.
        combines: Whether it predicts from what the other strategies of its run predict, which are then its
            `context.members`. Its trials begin when the others are over, and their costs count among its own.
    """

    features: tuple[Features, ...] = ()
    uses_model: bool = True
    saves_encoder: bool = False
    groups: tuple[str, ...] = ()
    requires: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    must_be_set: tuple[str, ...] = ()
    search_space: str = ""
    imports: tuple[str, ...] = ()
    deterministic: bool = False
    reads_label_names: bool = False
    address: str = ""
    combines: bool = False


@dataclass(frozen=True)
class ClassifierTags:
    """What a `Classifier` may declare, as attributes or properties of the same names; all of it goes into the record.

    Attributes:
        trainable_parameters: Number of weights that it trained, None where it has none to count.
        own_parameters: Number of weights that it holds, the frozen encoder's left out, None as above.
        history: One mapping name -> number an epoch.
        params: The hyperparameters it used, where `fit` chose among several configurations on validation or by a rule.
        configurations_tried: How many configurations `fit` chose among.
        optimism: By how much that flatters its f1_macro on validation, a fraction, as `selection_optimism` has it.
        spent: What its answers so far cost, in the currency that its prices are in.
        text_seconds: What each text took that it answered, where its answers do not come from this machine.
        members: Name of each of the `context.members` that it predicts from -> its weight, a number that is shown.
    """

    trainable_parameters: int | None = None
    own_parameters: int | None = None
    history: Sequence[Mapping[str, float]] = ()
    params: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    configurations_tried: int = 1
    optimism: float | None = None
    spent: float | None = None
    text_seconds: Sequence[float] = ()
    members: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


def tags_of(strategy: object, n_layers: int = 0) -> StrategyTags:
    """Return the tags of a strategy.

    Args:
        strategy: The strategy.
        n_layers: Number of the encoder's blocks; without it, one that reads all layers only tells that it reads some.
    """
    tags = read_tags(strategy, StrategyTags)
    features = getattr(strategy, DEPENDS_ON_DEPTH, lambda n_layers: tags.features)(n_layers)
    return replace(tags, features=tuple(features), groups=tuple(tags.groups), imports=tuple(tags.imports))


def depends_on_depth(strategy: object) -> bool:
    """Return whether a strategy reads states that only the encoder's number of blocks decides."""
    return hasattr(strategy, DEPENDS_ON_DEPTH)


def refusal_of(strategy: object, model: str, n_layers: int, label_names: Sequence[str]) -> str | None:
    """Return why a strategy, set as it is, cannot be tried, as far as its options and the config.json tell.

    Args:
        strategy: The strategy.
        model: Local folder of the encoder's checkpoint; "" where the strategy declares `uses_model = False`.
        n_layers: Number of the encoder's blocks, 0 as above.
        label_names: Name of class i at position i.

    Returns:
        A sentence, None where nothing is known against it.
    """
    say_why: Callable[..., str | None] = getattr(strategy, REFUSAL, lambda *known: None)
    return say_why(model, n_layers, label_names)


def content_hash_of(strategy: object) -> str:
    """Return the hash of files that a strategy reads besides data and encoder, "" where it reads none."""
    told: Callable[[], str] = getattr(strategy, CONTENT_HASH, lambda: "")
    return told()


def forecast_of(strategy: object, train: Split, validation: Split, context: Any) -> FitForecast | None:
    """Return what fitting a strategy will take, None where it does not tell; the rest as its `fit` takes it."""
    told: Callable[..., FitForecast | None] = getattr(strategy, FORECAST, lambda *known: None)
    return told(train, validation, context)


def expense_of(strategy: object, texts: Sequence[str], label_names: Sequence[str]) -> str | None:
    """Return what asking about texts costs, as a strategy tells it; None where it asks nobody.

    Args:
        strategy: The strategy.
        texts: Those to be predicted.
        label_names: Name of class i at position i.
    """
    tell: Callable[..., str | None] = getattr(strategy, EXPENSE, lambda *known: None)
    return tell(texts, label_names)


def classifier_tags(classifier: object) -> ClassifierTags:
    """Return the tags of a classifier."""
    return read_tags(classifier, ClassifierTags)


def misspelt_in_strategy(strategy: object) -> dict[str, str]:
    """Return attribute of a strategy -> the tag that it was probably meant to be."""
    return misspelt_tags(
        strategy, StrategyTags, methods=(CONTENT_HASH, COMPARE, DEPENDS_ON_DEPTH, EXPENSE, FORECAST, REFUSAL)
    )


def misspelt_in_classifier(classifier: object) -> dict[str, str]:
    """Return attribute of a classifier -> the tag that it was probably meant to be."""
    return misspelt_tags(classifier, ClassifierTags)


def wrong_type(strategy: object) -> tuple[str, str, Any] | None:
    """Return name, what is expected and what came of the first tag that has another type, None where there is none."""
    tags = read_tags(strategy, StrategyTags)
    for name in (each.name for each in fields(StrategyTags)):
        expected, holds = _TYPES[name]
        if not holds(value := getattr(tags, name)):
            return name, expected, value
    return None


def _is_list_of(kind: type) -> Callable[[Any], bool]:
    return lambda value: (
        not isinstance(value, str) and isinstance(value, Sequence) and all(isinstance(each, kind) for each in value)
    )


_TYPES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "features": ("harness.Features, such as (Features(layer=-1, pooling='mean'),)", _is_list_of(Features)),
    "uses_model": ("True or False", lambda value: isinstance(value, bool)),
    "saves_encoder": ("True or False", lambda value: isinstance(value, bool)),
    "groups": ("names, such as ('fast',)", _is_list_of(str)),
    "requires": (
        "a mapping of modules to extras, such as {'peft': 'lora'}",
        lambda value: isinstance(value, Mapping) and all(isinstance(x, str) for x in (*value, *value.values())),
    ),
    "must_be_set": ("names of fields, such as ('model',)", _is_list_of(str)),
    "search_space": ('text, such as "C=0.001..100:log"', lambda value: isinstance(value, str)),
    "imports": ("names of modules, such as ('torch._dynamo',)", _is_list_of(str)),
    "deterministic": ("True or False", lambda value: isinstance(value, bool)),
    "reads_label_names": ("True or False", lambda value: isinstance(value, bool)),
    "address": ("a URL, such as 'https://host/v1'", lambda value: isinstance(value, str)),
    "combines": ("True or False", lambda value: isinstance(value, bool)),
}
