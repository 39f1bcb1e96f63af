"""Strategies, plugins and plans."""

import io
from dataclasses import dataclass
from typing import Any, ClassVar

from harness.offers import Plugin
from harness.rendering import (
    make_console,
    print_plan,
    print_strategies,
)

from .factory import (
    block,
    right_stripped,
)


@dataclass(frozen=True)
class _Listed:
    C: float = 1.0
    max_iter: int = 1000
    name: ClassVar[str] = "listed_probe"

    def fit(self, train: Any, validation: Any, context: Any) -> Any:
        raise NotImplementedError

    def load(self, directory: Any, context: Any) -> Any:
        raise NotImplementedError


PLUGINS = [
    Plugin("broken", "harness-broken", "2.0", error="ImportError: No module named '[/]'"),
    Plugin("listed", "strategy-harness", "0.1.0", (_Listed(),)),
]


def listed(width: int) -> str:
    stream = io.StringIO()
    print_strategies(PLUGINS, make_console(stream, width=width))
    return right_stripped(stream.getvalue())


def test_the_list_names_strategies_parameters_and_broken_plugins() -> None:
    assert listed(80) == block(
        """
        strategy      plugin                  parameters
        listed_probe  strategy-harness 0.1.0  C=1.0, max_iter=1000

        broken plugin broken (harness-broken 2.0)
          ImportError: No module named '[/]'
        """
    )


def test_the_list_is_readable_at_forty_columns() -> None:
    assert listed(40) == block(
        """
        listed_probe
          strategy-harness 0.1.0
          C=1.0, max_iter=1000

        broken plugin broken (harness-broken
        2.0)
          ImportError: No module named '[/]'
        """
    )


def test_an_environment_without_strategies_says_so() -> None:
    stream = io.StringIO()
    print_strategies([], make_console(stream, width=80))
    assert stream.getvalue() == "no strategies\n"


def test_a_plan_shows_its_lines_and_trials() -> None:
    stream = io.StringIO()
    trials = [("probe", 0, {"C": 1.0}), ("full", 1, {})]
    print_plan([("data set", "reviews"), ("model", "tiny")], trials, make_console(stream, width=80))
    assert right_stripped(stream.getvalue()) == block(
        """
        data set  reviews
        model     tiny

        strategy  seed    parameters
        probe     seed 0  C=1.0
        full      seed 1
        """
    )
