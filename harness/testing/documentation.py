"""Checks of what a strategy says of itself: its parameters, and what it declares."""

from collections.abc import Iterator
from dataclasses import KW_ONLY, MISSING, InitVar, fields, is_dataclass
from inspect import get_annotations
from typing import ClassVar, get_origin, get_type_hints

from harness.encoding.tags import said_of_misspelt
from harness.errors import UserError
from harness.strategies.description import describe_strategy
from harness.strategies.strategy import Strategy, parameters, with_parameters
from harness.strategies.tags import misspelt_in_strategy
from harness.testing.bench import Bench
from harness.testing.examination import examine
from harness.testing.expecting import expect
from harness.testing.snapshots import authors_classes

SAYS_NOTHING = ("Any", "object")
COULD_HAVE_A_RANGE = ("int", "float")


def check_documents_its_parameters(strategy: Strategy, bench: Bench) -> str | None:
    """It is a frozen dataclass whose fields have a type, a default that fits it, and a line in the docstring's Args.

    Returns:
        Which numbers have no range, where there are such.
    """
    del bench
    classes = authors_classes(strategy)
    if not classes:
        return None  # a combination that the harness made
    called = f"Write @dataclass(frozen=True) above {type(strategy).__name__}"
    if not is_dataclass(strategy):
        attributes = ", ".join(getattr(strategy, "__dict__", {}))
        expect(not attributes, f"expected a frozen dataclass, got a class with attributes {attributes}. {called}")
        return None
    expect(type(strategy).__dataclass_params__.frozen, f"expected a frozen dataclass, got one to write to. {called}")
    problems = [*_problems(strategy)]
    expect(not problems, f"expected each parameter with type, default and meaning, got {'; '.join(problems)}")
    own = {name for kind in classes for name in get_annotations(kind)}
    bare = [p.name for p in describe_strategy(strategy).parameters if p.values in COULD_HAVE_A_RANGE and p.name in own]
    return f"better with a range, such as Annotated[int, Ge(1)]: {', '.join(bare)}" if bare else None


def check_declares_only_what_is_read(strategy: Strategy, bench: Bench) -> None:
    """What it and its classifier declare besides the contract is spelt as docs/plugins.md has it, and so is read."""
    if misspelt := misspelt_in_strategy(strategy):
        raise AssertionError(said_of_misspelt("expected only what is read, but the strategy", misspelt))
    if misspelt := examine(strategy, bench).watched.misspelt:
        raise AssertionError(said_of_misspelt("expected only what is read, but the classifier", misspelt))


def _problems(strategy: Strategy) -> Iterator[str]:
    name = type(strategy).__name__
    try:
        hints = get_type_hints(type(strategy))
    except Exception as error:  # whatever evaluating an annotation raises
        yield f"annotations that cannot be read: {type(error).__name__}: {error}"
        return
    known = parameters(strategy)
    for forgotten in (field for field, hint in hints.items() if field not in known and not _is_no_field(hint)):
        above = next(kind.__name__ for kind in type(strategy).__mro__ if forgotten in get_annotations(kind))
        yield f"{forgotten}, which is annotated but no field, as @dataclass(frozen=True) is missing above {above}"
    required = {f.name for f in fields(strategy) if f.default is MISSING and f.default_factory is MISSING}  # type: ignore[arg-type]
    for parameter in describe_strategy(strategy).parameters:
        if parameter.values in SAYS_NOTHING:
            yield f"no type for {parameter.name}"
        if parameter.name in required:
            yield f"no default for {parameter.name}"
        if not parameter.meaning:
            yield f"no line for {parameter.name} under Args: in the docstring of {name}"
    try:
        with_parameters(strategy, known, "the default of")
    except UserError as error:
        yield str(error)
    except Exception as error:  # a type that pydantic does not know, which no option could set
        yield f"a type that --set cannot set: {str(error).splitlines()[0]}"


def _is_no_field(hint: object) -> bool:
    """Return whether a dataclass takes an annotation for something else than a field, with brackets or without."""
    return isinstance(hint, InitVar) or any((get_origin(hint) or hint) is kind for kind in (ClassVar, InitVar, KW_ONLY))
