"""The conformance kit over every installed strategy."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.plugin_system.manager import PluginManager
from harness.strategies.finetuning import FineTuning
from harness.testing import Bench

from .configured import configured

pytest_plugins = "harness.testing.pytest_plugin"

OFFERS = {name: offer for name, offer in PluginManager().offers.items() if name != "prompt"}  # see test_prompt.py
FINE_TUNING = [name for name, offer in OFFERS.items() if isinstance(offer.strategy, FineTuning)]
# Steps of SetFit's trainer take a second a fit; the contract is kept by fine-tuning that learns little, too.
FASTER: dict[str, dict[str, int]] = {"setfit": {"num_iterations": 2}, **{name: {"epochs": 2} for name in FINE_TUNING}}


@pytest.mark.parametrize("name", OFFERS)
def test_a_strategy_keeps_the_contract(name: str, check_strategy: Callable[..., None], tmp_path: Path) -> None:
    if reason := OFFERS[name].not_installed:
        pytest.skip(reason)
    check_strategy(configured(OFFERS[name], tmp_path, **FASTER.get(name, {})))


@pytest.mark.parametrize("name", OFFERS)
def test_no_texts_get_no_predictions(name: str, bench: Bench, tmp_path: Path) -> None:
    if reason := OFFERS[name].not_installed:
        pytest.skip(reason)
    with bench.fitted(configured(OFFERS[name], tmp_path, **FASTER.get(name, {}))) as (classifier, _):
        assert classifier.predict_proba([]).shape == (0, 3)


# Says how many modules a fit loads beside those that the harness loads before the clock starts.
COUNT_IMPORTS = """
import importlib, sys, warnings
from pathlib import Path
from harness.plugin_system.manager import PluginManager
from harness.testing import Bench, tiny_encoder, tiny_task
warnings.simplefilter("ignore")
folder = Path(sys.argv[2])
bench = Bench(tiny_task(), tiny_encoder(folder), folder)
strategy = PluginManager().offers[sys.argv[1]].strategy
for module in strategy.imports:
    importlib.import_module(module)
loaded = set(sys.modules)
with bench.fitted(strategy):
    print(len(set(sys.modules) - loaded))
"""


@pytest.mark.parametrize("name", ["logreg_probe", "mlp_probe", "full_finetune"])
def test_the_seconds_of_a_fit_hold_no_imports(name: str, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", COUNT_IMPORTS, name, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.splitlines()[-1]) < 10
