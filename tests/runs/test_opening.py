"""One door opens a run, with the plugins it names, and leaves the process that calls it as it was."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import datasets
import huggingface_hub
import pytest
from huggingface_hub import constants
from sklearn.dummy import DummyClassifier

from harness import RunConfig, SklearnStrategy, Strategy, Task, UnavailableError, hookimpl
from harness.huggingface import settle_network
from harness.huggingface.network import network_block, offline_hub
from harness.plugin_system.manager import PluginManager
from harness.runs.opening import open_data, open_plan, open_plugins
from harness.runs.planning import make_plan
from harness.runs.runner import execute
from harness.system.process import library_defaults

from ..cli.commands import write_data
from ..huggingface.fake_hub import serving

NOBODY = "http://127.0.0.1:9"  # the discard port: nobody listens
PLUGIN = """
from dataclasses import dataclass
from typing import ClassVar
import harness

@dataclass(frozen=True)
class Bow(harness.SklearnStrategy):
    name: ClassVar[str] = "bow"

    def estimator(self, seed):
        from sklearn.dummy import DummyClassifier
        return DummyClassifier()

@harness.hookimpl
def harness_strategies():
    return [Bow()]
"""


@pytest.fixture
def hub_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", NOBODY)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)


@pytest.fixture(scope="module")
def task_folder(task: Task, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(task, tmp_path_factory.mktemp("data"))


@pytest.fixture
def bow(tmp_path: Path) -> str:
    file = tmp_path / "bow.py"
    file.write_text(PLUGIN)
    return str(file)


def host() -> Mapping[str, Any]:
    """Return what of this process a library call must not change."""
    return {
        "variables": dict(os.environ),
        "hub": huggingface_hub.is_offline_mode(),
        "datasets": datasets.config.HF_HUB_OFFLINE,
    }


def test_a_configuration_brings_its_plugins_along(bow: str, task_folder: Path, tmp_path: Path) -> None:
    asked = {"strategies": ("bow",), "plugins": (bow,), "dataset": str(task_folder), "save_models": False}
    config = RunConfig(**asked, output_dir=str(tmp_path / "runs"))
    for plan in (open_plan(config), make_plan(config, PluginManager())):
        assert [offer.name for offer in plan.offers] == ["bow"]
        assert plan.config.plugins == (bow,)
    run, _, _ = execute(plan)
    assert [(record.strategy, record.status) for record in run.records] == [("bow", "ok")]


def test_plugins_of_the_environment_are_recorded_and_loaded_once(
    bow: str, task_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_PLUGINS", bow)
    plan = open_plan(RunConfig(strategies=("bow",), plugins=(bow,), dataset=str(task_folder)))
    assert plan.config.plugins == (bow,)
    assert "bow" in open_plugins().offers


def test_data_are_opened_without_an_encoder_unless_one_is_named(task_folder: Path, tiny_model: Path) -> None:
    task, encoder = open_data(RunConfig(dataset=str(task_folder), limit=9))
    assert (len(task.train), encoder) == (9, None)
    _, encoder = open_data(RunConfig(dataset=str(task_folder), model=str(tiny_model)))
    assert encoder is not None


@pytest.mark.usefixtures("hub_out_of_reach")
@pytest.mark.parametrize("offline", [True, False])
def test_a_hub_that_must_not_or_does_not_answer_takes_nobody_offline_for_good(offline: bool) -> None:
    before = host()
    assert not settle_network(offline)
    with pytest.raises(UnavailableError, match="--offline forbids" if offline else "did not answer"):
        open_plan(RunConfig(dataset="sample", model="acme/none", offline=offline))
    assert host() == before


@pytest.mark.usefixtures("hub_out_of_reach")
def test_each_call_asks_anew_whether_the_hub_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not settle_network(offline=False)
    with serving({}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        assert settle_network(offline=False)
        with network_block():
            assert settle_network(offline=False)
            assert settle_network(offline=False)
        assert hub.requests == ["HEAD /"] * 2


@pytest.mark.usefixtures("hub_out_of_reach")
def test_clients_are_offline_until_the_last_block_that_wants_it_ends() -> None:
    first, second = offline_hub(), offline_hub()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert huggingface_hub.is_offline_mode()
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    second.__exit__(None, None, None)
    assert not huggingface_hub.is_offline_mode()
    assert "HF_HUB_OFFLINE" not in os.environ


@pytest.mark.usefixtures("hub_out_of_reach")
@pytest.mark.parametrize("offline", [True, False])
def test_a_strategy_of_an_offline_run_finds_the_hubs_clients_offline(
    offline: bool, task_folder: Path, tmp_path: Path
) -> None:
    found = []

    @dataclass(frozen=True)
    class Asks(SklearnStrategy):
        name: ClassVar[str] = "asks"

        def estimator(self, seed: int) -> Any:
            found.append((huggingface_hub.is_offline_mode(), datasets.config.HF_HUB_OFFLINE))
            return DummyClassifier()

    class Plugin:
        @hookimpl
        def harness_strategies(self) -> list[Strategy]:
            return [Asks()]

    before = host()
    asked = {"dataset": str(task_folder), "model": str(tmp_path), "strategies": ("asks",), "offline": offline}
    plan = open_plan(RunConfig(**asked, save_models=False, output_dir=str(tmp_path / "runs")), [Plugin()])
    execute(plan)
    assert found == [(offline, offline)]
    assert host() == before


@pytest.mark.slow
@pytest.mark.usefixtures("hub_out_of_reach")
def test_a_python_host_stays_as_it_was_after_a_whole_run(task_folder: Path, tiny_model: Path, tmp_path: Path) -> None:
    folders = {"cache_dir": str(tmp_path / "cache"), "output_dir": str(tmp_path / "runs")}
    asked = {"dataset": str(task_folder), "model": str(tiny_model), "strategies": ("logreg_probe",), "offline": True}
    before = host()
    with library_defaults():
        run, _, _ = execute(open_plan(RunConfig(**asked, **folders)))
    assert run.status == "complete"
    assert host() == before
