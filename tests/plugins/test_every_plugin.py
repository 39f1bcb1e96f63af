"""The conformance kit over every installed strategy."""

from collections.abc import Callable

import pytest

from harness import Strategy
from harness.plugin_manager import PluginManager
from harness.testing import CHECKS, Bench

STRATEGIES = {name: offer.strategy for name, offer in PluginManager().offers.items()}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
@pytest.mark.parametrize("name", STRATEGIES)
def test_strategy(name: str, check: Callable[[Strategy, Bench], None], bench: Bench) -> None:
    check(STRATEGIES[name], bench)
