"""Plugins given by the caller: what is collected, what is selected, what is refused."""

from dataclasses import dataclass
from types import ModuleType
from typing import Annotated, Any, ClassVar

import pytest
from annotated_types import Ge

from harness import PluginError, RunConfig, SklearnStrategy, Strategy, Task, UserError, hookimpl
from harness.plugin_system.manager import PluginManager, installed_names

BUILT_IN = {"majority", "tfidf_logreg", "logreg_probe", "mlp_probe", "full_finetune"}


@dataclass(frozen=True)
class Tunable(SklearnStrategy):
    """A strategy with parameters of several types."""

    name: ClassVar[str] = "tunable"
    depth: Annotated[int, Ge(1)] = 2
    rate: float = 0.5
    bold: bool = False
    extras: Any = None

    def __post_init__(self) -> None:
        if self.rate > self.depth:
            raise ValueError("rate must not exceed depth")

    def estimator(self, seed: int) -> Any:
        raise NotImplementedError


@dataclass(eq=False)
class Offering:
    """A plugin that offers what it is given."""

    strategies: Any

    @hookimpl
    def harness_strategies(self) -> Any:
        return self.strategies


def select(manager: PluginManager, *names: str, **settings: dict[str, Any]) -> list[Strategy]:
    offers, _ = manager.select(RunConfig(strategies=names, set=settings))
    return [offer.strategy for offer in offers]


def test_the_built_in_strategies_are_ordinary_plugins_of_this_distribution() -> None:
    manager = PluginManager()
    assert set(manager.offers) >= BUILT_IN
    assert set(installed_names()) >= BUILT_IN
    assert all(manager.offers[name].plugin.distribution == "strategy-harness" for name in BUILT_IN)


def test_all_means_every_strategy_the_cheapest_first() -> None:
    order = [strategy.name for strategy in select(PluginManager(), "all")]
    assert set(order) >= BUILT_IN
    assert {"majority", "stratified_random", "tfidf_logreg"} == set(order[:3])
    assert order.index("logreg_probe") < order.index("full_finetune")


def test_strategies_run_in_the_order_they_were_named_and_once() -> None:
    chosen = select(PluginManager(), "mlp_probe", "majority", "mlp_probe")
    assert [strategy.name for strategy in chosen] == ["mlp_probe", "majority"]


def test_parameters_are_set_with_their_types() -> None:
    (tunable,) = select(PluginManager([Offering([Tunable()])]), "tunable", tunable={"depth": "3", "bold": "true"})
    assert tunable == Tunable(depth=3, bold=True)


@pytest.mark.parametrize(
    ("values", "message"),
    [({"depth": "0"}, "greater than or equal to 1"), ({"rate": "9"}, "must not exceed"), ({"dept": "1"}, "'depth'")],
)
def test_a_parameter_that_does_not_fit_is_refused(values: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        select(PluginManager([Offering([Tunable()])]), "tunable", tunable=values)


def test_a_parameter_of_a_strategy_that_does_not_run_is_checked_for_its_name() -> None:
    with pytest.raises(UserError, match=r"There is no strategy 'majorty'\. Did you mean 'majority'"):
        select(PluginManager(), "majority", majorty={"C": 1})


def test_two_plugins_of_one_class_are_two_plugins() -> None:
    @dataclass(frozen=True)
    class Other(Tunable):
        name: ClassVar[str] = "other"

    manager = PluginManager([Offering([Tunable()]), Offering([Other()])])
    assert manager.broken == ()
    assert {"tunable", "other"} <= set(manager.offers)


def test_a_module_given_twice_is_said_to_be_a_plugin_already() -> None:
    module = ModuleType("twice")
    module.harness_strategies = hookimpl(lambda: [Tunable()])  # type: ignore[attr-defined]
    manager = PluginManager([module, module])
    (broken,) = manager.broken
    assert "a plugin already" in str(broken.error)
    assert "tunable" in manager.offers


def test_one_name_in_two_plugins_names_both() -> None:
    with pytest.raises(PluginError, match=r"'tunable': Offering \(given by the caller\) and Offering"):
        PluginManager([Offering([Tunable()]), Offering([Tunable()])])


def test_a_broken_plugin_leaves_no_hook_behind(task: Task) -> None:
    class Half:
        @hookimpl
        def harness_load_task(self) -> Task:
            return task

        @hookimpl
        def harness_strategies(self) -> Any:
            raise RuntimeError("not today")

    manager = PluginManager([Half()])
    assert [plugin.error for plugin in manager.broken] == ["RuntimeError: not today"]
    assert manager.load_task(RunConfig(dataset="sample")).name == "sample"


def test_the_plugin_given_last_is_asked_first(task: Task) -> None:
    class Loader:
        @hookimpl
        def harness_load_task(self, name: str) -> Task | None:
            return task if name == "tiny" else None

    manager = PluginManager([Loader()])
    assert manager.load_task(RunConfig(dataset="tiny")).train is task.train
    assert manager.load_task(RunConfig(dataset="sample")).name == "sample"


def test_control_c_while_a_plugin_is_loaded_stops_the_command() -> None:
    class Slow:
        @hookimpl
        def harness_strategies(self) -> Any:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        PluginManager([Slow()])


def test_parameters_that_json_cannot_hold_are_described_as_text() -> None:
    manager = PluginManager([Offering([Tunable(extras={1, 2})])])
    described = next(plugin for plugin in manager.describe() if plugin["plugin"] == "Offering")
    assert described["strategies"][0]["parameters"]["extras"] == "{1, 2}"
