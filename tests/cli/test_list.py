"""harness list: strategies, their plugins and parameters."""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from harness.plugin_system.manager import PluginManager
from harness.strategies.description import describe_strategy

from .commands import Harness


def test_list_shows_strategy_distribution_version_and_parameters(harness: Harness) -> None:
    outcome = harness("list")
    assert outcome.code == 0
    line = next(line for line in outcome.out.splitlines() if line.startswith("logreg_probe"))
    assert "strategy-harness" in line
    assert "C=auto, max_iter=1000" in line


def test_the_json_list_is_all_there_is_on_standard_output(harness: Harness) -> None:
    plugins = {plugin["plugin"]: plugin for plugin in json.loads(harness("list", "--json").out)}
    (majority,) = plugins["majority"]["strategies"]
    assert (majority["name"], majority["parameters"], majority["not_installed"]) == ("majority", {}, None)
    assert "all" in majority["groups"]
    assert plugins["majority"]["source"] == "entry point majority = harness_plugins.majority"
    assert plugins["full_finetune"]["distribution"] == "strategy-harness"
    assert plugins["full_finetune"]["error"] is None


def test_one_strategy_is_told_with_the_meaning_range_and_default_of_each_parameter(harness: Harness) -> None:
    told = harness("list", "logreg_probe")
    assert told.code == 0
    lines = [" ".join(line.split()) for line in told.out.splitlines()]
    assert lines[:2] == [
        "logreg_probe",
        "Logistic regression on scaled frozen features, scale and penalty chosen on validation.",
    ]
    assert "plugin strategy-harness 0.1.0, entry point logreg_probe = harness_plugins.logreg_probe" in lines
    assert any(line.startswith("C auto auto or float > 0 Inverse strength of the L2 penalty") for line in lines)
    assert any(line.startswith("pooling auto auto, cls, mean,") for line in lines)
    as_json = json.loads(harness("list", "logreg_probe", "--json").out)
    assert [parameter["name"] for parameter in as_json["parameters"]] == [
        "layer",
        "pooling",
        "scaling",
        "C",
        "max_iter",
        "class_weight",
    ]
    assert {parameter["default"] for parameter in as_json["parameters"]} == {-1, "auto", 1000, "none"}


def test_every_parameter_of_every_installed_strategy_has_a_meaning() -> None:
    described = {name: describe_strategy(offer.strategy) for name, offer in PluginManager().offers.items()}
    assert [name for name, told in described.items() if not told.meaning] == []
    assert [(name, p.name) for name, told in described.items() for p in told.parameters if not p.meaning] == []


def test_an_unknown_strategy_gets_the_close_one(harness: Harness) -> None:
    told = harness("list", "majorty")
    assert told.code == 2
    assert "There is no strategy 'majorty'. Did you mean 'majority'?" in told.err


def test_a_group_lists_its_strategies(harness: Harness) -> None:
    listed = harness("list", "frozen").out
    assert "\nlogreg_probe " in listed
    assert "majority" not in listed
    as_json = json.loads(harness("list", "frozen", "--json").out)
    names = {strategy["name"] for plugin in as_json for strategy in plugin["strategies"]}
    assert "logreg_probe" in names
    assert "majority" not in names


def test_listing_and_a_misspelt_strategy_import_nothing_that_no_plugin_imports() -> None:
    for command, code in ((["list", "majority"], 0), (["run", "-s", "majorty", "-d", "sample", "--offline"], 2)):
        argv = [sys.executable, "-X", "importtime", "-m", "harness", *command]
        done = subprocess.run(argv, capture_output=True, text=True)
        assert done.returncode == code
        imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
        assert "pluggy" in imported
        assert not imported & {"torch", "transformers", "datasets", "sklearn", "scipy", "pyarrow"}


def test_a_reader_that_goes_away_is_no_failure() -> None:
    argv = [sys.executable, "-m", "harness", "list", "--json"]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


@pytest.mark.parametrize(("arguments", "code"), [(["completion", "bash"], 0), (["completion", "csh"], 2)])
def test_the_installed_command_and_the_module_tell_the_exit_code(arguments: list[str], code: int) -> None:
    installed = Path(sysconfig.get_path("scripts"), "harness")
    for command in ([str(installed)], [sys.executable, "-m", "harness"]):
        assert subprocess.run([*command, *arguments], capture_output=True).returncode == code
