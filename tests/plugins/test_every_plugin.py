"""The conformance kit over every installed strategy."""

from collections.abc import Callable

import pytest

from harness.plugin_manager import PluginManager
from harness.strategy import with_parameters
from harness.testing import Bench

pytest_plugins = "harness.testing.pytest_plugin"

OFFERS = PluginManager().offers
FASTER: dict[str, dict[str, int]] = {"setfit": {"num_iterations": 2}}  # steps of its trainer take a second a fit


@pytest.mark.parametrize("name", OFFERS)
def test_a_strategy_keeps_the_contract(name: str, check_strategy: Callable[..., None]) -> None:
    if reason := OFFERS[name].not_installed:
        pytest.skip(reason)
    check_strategy(with_parameters(OFFERS[name].strategy, FASTER.get(name, {})))


@pytest.mark.parametrize("name", OFFERS)
def test_no_texts_get_no_predictions(name: str, bench: Bench) -> None:
    if reason := OFFERS[name].not_installed:
        pytest.skip(reason)
    with bench.fitted(with_parameters(OFFERS[name].strategy, FASTER.get(name, {}))) as (classifier, _):
        assert classifier.predict_proba([]).shape == (0, 3)
