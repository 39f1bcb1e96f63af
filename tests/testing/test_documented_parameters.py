"""The kit has an author say what each parameter is, and which values it may have."""

import typing
from dataclasses import KW_ONLY, InitVar, dataclass
from typing import Annotated, Any, ClassVar, Final, Literal

import pytest
from annotated_types import Ge, Gt
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from harness import SklearnStrategy, Strategy
from harness.testing import Bench, check_documents_its_parameters


@dataclass(frozen=True)
class Words(SklearnStrategy):
    """Naive Bayes on words.

    Args:
        alpha: Added to every count.
    """

    name: ClassVar[str] = "words"
    alpha: Annotated[float, Gt(0)] = 1.0

    def estimator(self, seed: int) -> Any:
        return make_pipeline(CountVectorizer(), MultinomialNB(alpha=self.alpha))


@dataclass(frozen=True)
class Bounded(Words):
    """Counts, and how often.

    Args:
        times: How often, at least once.
    """

    times: Annotated[int, Ge(1)] = 0


@dataclass
class Thawed(SklearnStrategy):
    name: ClassVar[str] = "thawed"


class Attributed(SklearnStrategy):
    name: ClassVar[str] = "attributed"

    def __init__(self) -> None:
        self.alpha = 1.0


class Undecorated(Words):
    size: int = 1


class Mixin:
    factor: float = 1.0


@dataclass(frozen=True)
class Mixed(Mixin, Words):
    pass


@dataclass(frozen=True)
class Annotations(SklearnStrategy):
    """Uses annotations of every kind.

    Args:
        alpha: Added to every count.
        size: How much.
    """

    name: ClassVar = "annotations"
    sizes: "typing.ClassVar" = (1, 2)
    shown: "ClassVar[bool]" = True
    alpha: Final[Annotated[float, Gt(0)]] = 1.0
    told: InitVar[bool] = True
    heard: "InitVar[bool]" = True
    _: KW_ONLY
    size: Literal[1, 2] = 1

    def estimator(self, seed: int) -> Any:
        return MultinomialNB()


@dataclass(frozen=True)
class Needy(SklearnStrategy):
    """Wants to be told.

    Args:
        size: How much.
    """

    name: ClassVar[str] = "needy"
    size: int

    def estimator(self, seed: int) -> Any:
        return MultinomialNB()


@pytest.mark.parametrize(
    ("strategy", "told"),
    [
        (Bounded(), "words.times: Input should be greater than or equal to 1, got 0"),
        (Thawed(), "Write @dataclass.frozen=True. above Thawed"),
        (Attributed(), "a class with attributes alpha. Write @dataclass"),
        (
            Undecorated(),
            "size, which is annotated but no field, as @dataclass.frozen=True. is missing above Undecorated",
        ),
        (Mixed(), "factor, which is annotated but no field, as @dataclass.frozen=True. is missing above Mixin"),
        (Needy(3), "no default for size"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_parameters_are_fields_with_a_default_that_fits(strategy: Strategy, told: str, bench: Bench) -> None:
    with pytest.raises(AssertionError, match=told):
        check_documents_its_parameters(strategy, bench)


def test_annotations_that_make_no_field_are_no_parameters(bench: Bench) -> None:
    assert check_documents_its_parameters(Annotations(), bench) is None


def test_a_number_without_a_range_is_a_remark(bench: Bench) -> None:
    @dataclass(frozen=True)
    class Unbounded(Words):
        """More.

        Args:
            size: How much.
        """

        size: int = 1

    assert check_documents_its_parameters(Unbounded(), bench) == (
        "better with a range, such as Annotated[int, Ge(1)]: size"
    )
