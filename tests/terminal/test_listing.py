"""Strategies, plugins and plans."""

import io
from dataclasses import dataclass
from typing import Any, ClassVar

from harness import Features
from harness.document.plan import PlanSummary
from harness.plugin_system.offers import Offer, Plugin
from harness.strategies.description import describe_strategy
from harness.terminal import make_console, print_plan, print_strategies, print_strategy

from .factory import block, right_stripped


@dataclass(frozen=True)
class _Listed:
    """Reads nothing [/] and learns nothing.

    Args:
        C: Inverse strength.
        max_iter: Most iterations.
    """

    C: float = 1.0
    max_iter: int = 1000
    name: ClassVar[str] = "listed_probe"

    def fit(self, train: Any, validation: Any, context: Any) -> Any:
        raise NotImplementedError

    def load(self, directory: Any, context: Any) -> Any:
        raise NotImplementedError


class _Needy(_Listed):
    """Needs what is not there."""

    name: ClassVar[str] = "needy_probe"
    features: ClassVar[tuple[Features, ...]] = (Features(-1, "mean"),)
    groups: ClassVar[tuple[str, ...]] = ("fast",)
    requires: ClassVar[dict[str, str]] = {"no_such_module": "gone"}


PLUGINS = [
    Plugin("broken", "harness-broken", "2.0", error="ImportError: No module named '[/]'"),
    Plugin("listed", "strategy-harness", "0.1.0", (_Needy(), _Listed()), source="entry point listed = x"),
]


def listed(width: int) -> str:
    stream = io.StringIO()
    print_strategies(PLUGINS, make_console(stream, width=width))
    return right_stripped(stream.getvalue())


def told(strategy: Any, plugin: Plugin = PLUGINS[1], width: int = 80) -> str:
    stream = io.StringIO()
    print_strategy(Offer(strategy, plugin), describe_strategy(strategy), make_console(stream, width=width))
    return right_stripped(stream.getvalue())


def test_the_list_names_strategies_parameters_and_broken_plugins() -> None:
    assert listed(80) == block(
        """
        strategy      plugin                  groups        parameters
        listed_probe  strategy-harness 0.1.0  trained       C=1.0, max_iter=1000
        needy_probe   strategy-harness 0.1.0  frozen, fast  C=1.0, max_iter=1000

        needy_probe: not installed: pip install 'strategy-harness[gone]'

        broken plugin broken (harness-broken 2.0)
          ImportError: No module named '[/]'
        """
    )


def test_the_list_is_readable_at_forty_columns() -> None:
    assert listed(40) == block(
        """
        listed_probe
          strategy-harness 0.1.0
          trained
          C=1.0, max_iter=1000
        needy_probe
          strategy-harness 0.1.0
          frozen, fast
          C=1.0, max_iter=1000

        needy_probe: not installed: pip install
        'strategy-harness[gone]'

        broken plugin broken (harness-broken
        2.0)
          ImportError: No module named '[/]'
        """
    )


def test_one_strategy_is_told_with_its_parameters() -> None:
    assert told(_Listed()) == block(
        """
        listed_probe
        Reads nothing [/] and learns nothing.

        plugin  strategy-harness 0.1.0, entry point listed = x
        groups  all, trained

        parameter  default  values  meaning
        C          1.0      float   Inverse strength.
        max_iter   1000     int     Most iterations.

        To change one: harness run -s 'listed_probe(C=VALUE)'
        """
    )


def test_what_one_strategy_reads_and_needs_is_told_at_forty_columns() -> None:
    shown = told(_Needy(), Plugin("my_probe", source="--plugin my_probe.py"), width=40)
    assert "plugin  --plugin my_probe.py\n" in shown
    assert "reads   frozen features: layer -1 mean\n" in shown
    assert "needs   not installed: pip install" in shown
    assert "C\n  1.0\n  float\n  Inverse strength.\n" in shown
    assert max(map(len, shown.splitlines())) <= 40


def test_a_strategy_without_parameters_says_so() -> None:
    assert "It has no parameters." in told(type("Bare", (), {"name": "bare", "fit": 1, "load": 1})())


def test_an_environment_without_strategies_says_so() -> None:
    stream = io.StringIO()
    print_strategies([], make_console(stream, width=80))
    assert stream.getvalue() == "no strategies\n"


def test_a_plan_shows_its_lines_and_trials() -> None:
    stream = io.StringIO()
    trials = [("probe", 0, {"C": 1.0}), ("full", 1, {})]
    summary = PlanSummary([("data set", "reviews"), ("model", "tiny")], trials)
    print_plan(summary, make_console(stream, width=80))
    assert right_stripped(stream.getvalue()) == block(
        """
        data set  reviews
        model     tiny

        strategy  seed    parameters
        probe     seed 0  C=1.0
        full      seed 1
        """
    )
