"""Tags: attributes that an encoder, a strategy or a classifier may have, each with a type and a default.

As with scikit-learn's estimator tags, one function reads them all, and what is not declared has its default. A misspelt
one would have its default in silence; `misspelt_tags` finds it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from difflib import get_close_matches
from inspect import isroutine
from typing import Any, Literal, TypeVar

from harness.encoding.pooling import PoolingSource

ALIKE = 0.85  # difflib's measure; `serach_space` is 0.92 alike, `grouped` and `groups` are 0.77
OURS = ("harness", "builtins")

Tags = TypeVar("Tags")


@dataclass(frozen=True)
class EncoderTags:
    """What an `Encoder` may declare.

    Attributes:
        notes: Warnings for whoever reads its scores, one sentence each; they stand in the run's record.
        degradations: What went otherwise than planned while it encoded, one sentence each, read after the pass.
        token_budget: Tokens in one of its batches, padding included; None where it does not count them.
        fingerprint: As in `Encoder`; without it the features are never kept on disk.
        pooling: What `Features(pooling="auto")` is for it.
        pooling_source: Where that comes from, None where it does not say.
        prompt: The text that it puts before each text.
        engine: What computes its states: `torch`, or another engine and its version, such as `openvino 2026.4.1`.
        dtype: What its products are computed in; None where it does not say.
    """

    notes: tuple[str, ...] = ()
    degradations: tuple[str, ...] = ()
    token_budget: int | None = None
    fingerprint: Mapping[str, str | None] | None = None
    pooling: str = "cls"
    pooling_source: PoolingSource | None = None
    prompt: str = ""
    engine: str = "torch"
    dtype: Literal["float32", "bfloat16"] | None = None


def read_tags(item: object, kind: type[Tags]) -> Tags:
    """Return the tags of an object; one that is missing or None has its default.

    Args:
        item: An encoder, a strategy or a classifier.
        kind: The dataclass of its tags.
    """
    found = {field.name: getattr(item, field.name, None) for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in found.items() if value is not None})


def encoder_tags(encoder: object) -> EncoderTags:
    """Return the tags of an encoder, the defaults for None."""
    tags = read_tags(encoder, EncoderTags)
    dtype = tags.dtype if tags.dtype in ("float32", "bfloat16") else None  # a library's own may be of any type
    return replace(tags, notes=tuple(tags.notes), degradations=tuple(tags.degradations), dtype=dtype)


def misspelt_tags(item: object, kind: type, methods: tuple[str, ...] = ()) -> dict[str, str]:
    """Return attribute -> the tag that it was probably meant to be.

    Hyperparameters are not looked at, nor private names, nor what a library declares. A name that is like a tag is fine
    where that tag is declared, too.

    Args:
        item: An encoder, a strategy or a classifier.
        kind: The dataclass of its tags.
        methods: Tags that are methods.
    """
    values = {field.name for field in fields(kind)}
    declared = dict(_declared(item))
    found = {}
    for name, value in declared.items():
        allowed = {*methods} if isroutine(value) else values
        close = get_close_matches(name.lower(), sorted(allowed - declared.keys()), n=1, cutoff=ALIKE)
        if close and name not in values and name not in methods:
            found[name] = close[0]
    return found


def said_of_misspelt(called: str, misspelt: dict[str, str]) -> str:
    """Say what is wrong, such as "strategy 'x' has serach_space, which nothing reads: did you mean search_space?"."""
    told = "; ".join(f"{name}, which nothing reads: did you mean {meant}?" for name, meant in misspelt.items())
    return f"{called} has {told}"


def _declared(item: object) -> Iterator[tuple[str, Any]]:
    """Yield the attributes of an object and of those of its classes that the harness did not write."""
    hyperparameters = {field.name for field in fields(item)} if is_dataclass(item) else set()
    classes = [kind for kind in type(item).__mro__ if kind.__module__.partition(".")[0] not in OURS]
    for owner in (*reversed(classes), item):
        for name, value in getattr(owner, "__dict__", {}).items():
            if not name.startswith("_") and name not in hyperparameters:
                yield name, value
