"""What a strategy says of itself is read from its annotations and docstrings, those of its bases included."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Optional

import pytest
from annotated_types import Ge, Gt, Interval, MinLen
from pydantic import Field

from harness import Pooling, SklearnProbe
from harness.strategies.description import describe_strategy, write_type


@dataclass(frozen=True)
class Documented(SklearnProbe):
    """Does one thing.

    It does it well.

    Args:
        strength (float): How much of it,
            in parts of one: a fraction.
        pooling: Another meaning than its base's.

    Attributes:
        depth: How deep.

    Raises:
        undescribed: Never.
    """

    name: ClassVar[str] = "documented"
    strength: Annotated[float, Interval(gt=0, le=1)] = 0.5
    depth: Annotated[int, Ge(1)] = 2
    undescribed: bool = False


@dataclass(frozen=True)
class Bare(SklearnProbe):
    name: ClassVar[str] = "bare"


def test_meaning_and_parameters_come_from_docstring_annotations_and_bases() -> None:
    described = describe_strategy(Documented(depth=3))
    assert described.meaning == "Does one thing.\n\nIt does it well."
    told = {p.name: (p.values, p.default, p.meaning) for p in described.parameters}
    assert told == {
        "layer": ("int", -1, "Hidden layer, 0 for the embeddings, negative counted from the last."),
        "pooling": (write_type(Pooling), "auto", "Another meaning than its base's."),
        "strength": ("0 < float <= 1", 0.5, "How much of it, in parts of one: a fraction."),
        "depth": ("int >= 1", 3, "How deep."),
        "undescribed": ("bool", False, ""),
    }


def test_a_class_without_a_docstring_says_what_its_module_says() -> None:
    assert describe_strategy(Bare()).meaning.startswith("What a strategy says of itself is read")


@pytest.mark.parametrize(
    ("hint", "written"),
    [
        (int, "int"),
        (Annotated[float, Gt(0)], "float > 0"),
        (Annotated[float, Interval(ge=0, lt=1)], "0 <= float < 1"),
        (Annotated[int, Field(ge=1, le=4)], "1 <= int <= 4"),
        (Annotated[int | None, Ge(1)], "int >= 1 or none"),
        (Annotated[str, MinLen(2)], "str, min length 2"),
        (Optional[float], "float or none"),  # noqa: UP045
        (Literal["a", "b", 3], "a, b or 3"),
        (tuple[int, ...], "tuple[int, ...]"),
        (Any, "Any"),
    ],
    ids=str,
)
def test_an_annotation_is_written_as_the_values_it_allows(hint: Any, written: str) -> None:
    assert write_type(hint) == written
