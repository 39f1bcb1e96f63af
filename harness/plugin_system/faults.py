"""Faults of plugins, said so that their authors can mend them: what was expected, what came, what to do."""

import importlib
import inspect
import re
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from harness import hookspecs
from harness.errors import PluginError
from harness.hookspecs import GROUP

PREFIX = f"{GROUP}_"
MODULE_ALONE = 'An entry point names the module alone: my_probe = "my_probe".'
UNPACKAGED = (
    "Correct the entry point to the module's name, and check that the module is packaged (py-modules or packages in "
    "pyproject.toml); then install again."
)


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        expected: What should have been there.
        found: What is.
        advice: What to do about it.
    """

    expected: str
    found: str
    advice: str

    def __str__(self) -> str:
        """Return it as one sentence and the advice."""
        return f"expected {self.expected}, found {self.found}. {self.advice}"


class FaultyPluginError(PluginError):
    """A plugin whose hooks are not those of the contract."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(" And ".join(map(str, faults)))
        self.faults = tuple(faults)


@cache
def signatures() -> dict[str, str]:
    """Return each hook -> how it is written, as in harness_load_task(name, config) -> Task | None."""
    return {name: _signature(hook) for name, hook in vars(hookspecs).items() if name.startswith(PREFIX)}


def hook_names(plugin: object) -> tuple[str, ...]:
    """Return the names of the functions of a module or object that are marked as hooks."""
    return tuple(options["specname"] or name for name, _, options in _marked(plugin))


def check_hooks(plugin: object) -> None:
    """Compare the hooks of a module or object with the contract.

    Raises:
        FaultyPluginError: Where one is misspelt, not marked or asks for what it cannot get, or where there is none.
    """
    faults = [*_faults_of_marked(plugin), *_unmarked(plugin)]
    if not faults and not hook_names(plugin):
        faults = [_no_hook(plugin)]
    if faults:
        raise FaultyPluginError(faults)


def faults_of(error: BaseException, source: str, named: str = "") -> tuple[Fault, ...]:
    """Say what an exception while a plugin was loaded tells its author.

    Args:
        error: The exception.
        source: Where the plugin comes from, such as "entry point my_probe = my_probe".
        named: What an entry point names, "" for a plugin without one.
    """
    if isinstance(error, FaultyPluginError):
        return error.faults
    if isinstance(error, PluginError):
        return (Fault("a plugin as docs/plugins.md describes it", str(error), "Change that in the plugin."),)
    module, _, attribute = named.partition(":")
    if isinstance(error, ModuleNotFoundError) and named and f"{module}.".startswith(f"{error.name}."):
        return (Fault(f"a module {module} ({source})", f"none of that name: {error}", UNPACKAGED),)
    found = f"{type(error).__name__}: {error}".rstrip(": ") + _place(error)
    return (Fault(f"a module that can be imported ({source})", found, _advice_on(error, attribute)),)


def _faults_of_marked(plugin: object) -> Iterator[Fault]:
    for name, function, options in _marked(plugin):
        hook = options["specname"] or name
        if hook not in signatures():
            yield Fault(f"a hook among {', '.join(signatures())}", f"{hook}()", _meant(hook))
        elif unknown := _unknown_arguments(hook, function):
            arguments = ", ".join(inspect.signature(function).parameters)
            yield Fault(
                f"the hook {signatures()[hook]}",
                f"{hook}({arguments}), which asks for {', '.join(unknown)}",
                "Take only arguments that the hook has; those you do not need may be left out.",
            )


def _unmarked(plugin: object) -> Iterator[Fault]:
    """Find functions that are called like a hook or, where there is none at all, nearly so."""
    for name, function in inspect.getmembers(plugin, inspect.isfunction):
        close = name in signatures() or (not hook_names(plugin) and name.startswith(PREFIX) and _closest(name))
        if close and not _options(function) and function.__module__ == getattr(plugin, "__name__", None):
            advice = "Write @hookimpl above it (from harness import hookimpl)."
            if name not in signatures():
                advice = f"{_meant(name)} And write @hookimpl above it (from harness import hookimpl)."
            yield Fault("each hook marked with @harness.hookimpl", f"{name}() without it", advice)


def _no_hook(plugin: object) -> Fault:
    expected = f"a module with a hook, one of {', '.join(signatures())}"
    if getattr(plugin, "__path__", None) is not None and getattr(plugin, "__file__", None) is None:
        folders = ", ".join(map(str, plugin.__path__))  # type: ignore[attr-defined]
        advice = "It hides the module of that name, or is one without __init__.py. Start the harness in another folder."
        return Fault(expected, f"the plain folder {folders}, so it has no hook", advice)
    kind = "it" if inspect.ismodule(plugin) else f"a {type(plugin).__name__}, and it"
    advice = "Decorate harness_strategies() with @harness.hookimpl."
    if not inspect.ismodule(plugin):
        advice += f" {MODULE_ALONE}"
    return Fault(expected, f"that {kind} has no hook", advice)


def _marked(plugin: object) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Yield name, function and options of what carries the mark of `hookimpl`."""
    for name, function in inspect.getmembers(plugin, inspect.isroutine):
        if options := _options(function):
            yield name, function, options


def _options(function: object) -> dict[str, Any] | None:
    options = getattr(function, f"{GROUP}_impl", None)  # pluggy leaves it there
    return options if isinstance(options, dict) else None


def _unknown_arguments(hook: str, function: Any) -> list[str]:
    known = inspect.signature(getattr(hookspecs, hook)).parameters
    asked = inspect.signature(function).parameters.values()
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [a.name for a in asked if a.kind not in variadic and a.default is a.empty and a.name not in known]


def _signature(hook: Any) -> str:
    """Write a signature with bare names of types, as its author would."""
    return re.sub(r"\b(?:\w+\.)+(\w+)", r"\1", f"{hook.__name__}{inspect.signature(hook)}")


def _meant(name: str) -> str:
    close = _closest(name)
    return f"Did you mean {signatures()[close]}?" if close else f"The hooks are {'; '.join(signatures().values())}."


def _closest(name: str) -> str | None:
    bare = {hook.removeprefix(PREFIX): hook for hook in signatures()}
    close = get_close_matches(name.lower().removeprefix(PREFIX), bare, n=1)
    return bare[close[0]] if close else None


def _place(error: BaseException) -> str:
    """Return file and line of the last frame that is neither the harness's nor of the import machinery."""
    others = (Path(__file__).parent, Path(importlib.__file__).parent)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith("<frozen ")]
    own = [frame for frame in frames if not {*others} & {*Path(frame.filename).parents}]
    return f" ({own[-1].filename}, line {own[-1].lineno})" if own and not isinstance(error, SyntaxError) else ""


def _advice_on(error: BaseException, attribute: str) -> str:
    if isinstance(error, AttributeError) and attribute and repr(attribute) in str(error):
        return MODULE_ALONE
    if isinstance(error, ModuleNotFoundError) and error.name:
        top = error.name.partition(".")[0]
        return f"Install what brings the module {top!r}, and name it under dependencies in pyproject.toml."
    if isinstance(error, SyntaxError):
        return "Mend the line, and check that the file is for this version of Python."
    return "Try 'harness list --debug', which prints the whole traceback."
