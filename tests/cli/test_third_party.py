"""Plugins of third parties: a good one is in the table, a bad one a red row, and neither moves another's numbers."""

import json
import os
import random
from pathlib import Path

import pytest
import torch

from harness.plugin_system.manager import PluginManager
from harness.results.records import read_run
from harness.results.run_directory import find_run

from .commands import FEWER_STEPS, QUICK, Harness
from .distributions import IMPORTS, install, probe

BROKEN = {
    "raises_at_import": ("raise OSError('no such library')", "OSError: no such library"),
    "exits_at_import": ("import sys; sys.exit(7)", "it called sys.exit(7)"),
    "misspells_a_hook": (probe("x").replace("harness_strategies", "harness_strategy"), "harness_strategy"),
    "asks_too_much": (probe("x").replace("harness_strategies()", "harness_strategies(config)"), "config"),
    "has_no_hook": ("x = 1", "it has no hook"),
    "offers_nothing": (probe("x").replace("return [Probe()]", "return None"), "returned None"),
    "offers_a_class": (probe("x").replace("[Probe()]", "[Probe]"), "Return Probe()"),
    "offers_no_list": (probe("x").replace("[Probe()]", "Probe()"), "not iterable"),
    "has_no_name": (probe(""), "expected a strategy with a name"),
    "is_called_all": (probe("all"), "expected a strategy with a name"),
    "wants_no_features": (probe("x", extra='features = ("cls",)'), "found ('cls',). Correct its features"),
    "fails_in_its_hook": (probe("x").replace("[Probe()]", "[1 / 0]"), "ZeroDivisionError"),
    "cannot_fit": (IMPORTS + "@hookimpl\ndef harness_strategies():\n    return [Features()]\n", "expected a strategy"),
}
FAILING = {
    "raises_in_fit": (probe("raises_in_fit", "raise ValueError('too few rows')"), "fit", "ValueError: too few rows"),
    "exits_in_fit": (probe("exits_in_fit", "sys.exit(0)"), "fit", "SystemExit: 0"),
    "wrong_shape": (probe("wrong_shape", predict="p[:, :2]"), "predict", "shape mismatch"),
    "gives_nan": (probe("gives_nan", predict="p * np.nan"), "predict", "finite"),
    "sums_to_two": (probe("sums_to_two", predict="p * 2"), "predict", "sum to 1"),
    "no_such_layer": (probe("no_such_layer", extra="layer: int = 99"), "fit", "has layers 0..2"),
}
HARMLESS = {
    "spoils_features": probe(
        "spoils_features",
        extra="def inputs(self, texts, context): return np.add(x := super().inputs(texts, context), 1, x)",
    ),
    "draws": probe(
        "draws", "random.seed(9); np.random.seed(9); torch.manual_seed(9); torch.use_deterministic_algorithms(False)"
    ),
    "changes_the_process": probe(
        "changes_the_process",
        "torch.set_num_threads(3); torch.set_grad_enabled(False); os.environ.update(HARNESS_ODD='1'); os.chdir('/')",
    ),
    "warns_of_nothing": probe("warns_of_nothing", "warnings.warn('')"),
    "wants_another_layer": probe("wants_another_layer", extra="layer: int = 0; pooling: str = 'mean'"),
    "odd_parameters": probe("odd_parameters", extra="odd: object = float('nan'); odder: object = object()"),
}


@pytest.fixture(scope="session")
def digests(full: Path) -> dict[str, str | None]:
    """Of the predictions made with no third party around."""
    records = read_run(find_run("latest", full)).records
    return {record.strategy: record.predictions_sha256 for record in records if record.strategy in QUICK.split(",")}


def test_a_probe_of_a_few_lines_stands_in_list_and_table(
    run: Harness, harness: Harness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = probe("bayes_probe", extra="smoothing: float = 1e-9")
    assert len(source.strip().splitlines()) <= 20
    install(monkeypatch, tmp_path, "bayes_probe", source)
    listed = harness("list")
    assert listed.code == 0
    line = next(line for line in listed.out.splitlines() if line.startswith("bayes_probe"))
    assert "bayes-probe 0.1" in line
    assert "smoothing=1e-09" in line
    outcome = run("--set", "bayes_probe.smoothing=0.5", strategies="all,!trained")
    assert outcome.code == 0
    assert "\nbayes_probe " in outcome.out
    record = next(record for record in outcome.run.records if record.strategy == "bayes_probe")
    assert (record.plugin, record.plugin_version, record.params["smoothing"]) == ("bayes-probe", "0.1", 0.5)


@pytest.mark.parametrize("name", BROKEN)
def test_a_plugin_that_cannot_be_loaded_is_a_red_row_and_the_others_go_on(
    name: str, run: Harness, harness: Harness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, digests: dict[str, str]
) -> None:
    source, reason = BROKEN[name]
    install(monkeypatch, tmp_path, name, source)
    outcome = run(strategies=f"{QUICK},{name}")
    assert outcome.code == 1
    record = next(record for record in outcome.run.records if record.strategy == name)
    assert record.error is not None
    assert (record.status, record.error.stage) == ("failed", "load plugin")
    assert reason in record.error.message
    assert outcome.run.status == "failed"
    assert f"{name} (seed 0): failed in load plugin" in " ".join(outcome.out.split())
    assert outcome.digests == digests
    listed = harness("list")
    assert listed.code == 0
    assert f"broken plugin {name} ({name.replace('_', '-')} 0.1)" in listed.out
    assert reason in " ".join(listed.out.split())


def test_all_asks_for_broken_plugins_too(
    harness: Harness, tiny_data: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch, tmp_path, "broken_for_all", "raise ImportError('gone')")
    where = ("-d", str(tiny_data), "-m", str(tiny_model))
    outcome = harness("run", *where, "--offline", "-q", "--limit", "6", *FEWER_STEPS)
    assert outcome.code == 1
    assert {r.strategy: r.status for r in outcome.run.records}["broken_for_all"] == "failed"
    assert {"majority", "logreg_probe", "full_finetune"} <= set(outcome.digests)


def test_two_broken_plugins_of_one_name_are_two_rows(
    run: Harness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch, tmp_path, "majority", "raise ImportError('first')", module="broken_first")
    install(monkeypatch, tmp_path, "my_probe", "raise ImportError('second')", module="broken_second")
    install(monkeypatch, tmp_path, "my_probe", "raise ImportError('third')", module="broken_third")
    ready = [offer for offer in PluginManager().offers.values() if not offer.not_ready]
    n_quick = sum("all" in offer.groups and "trained" not in offer.groups for offer in ready)
    outcome = run("--limit", "6", strategies="all,!trained")
    failed = {record.strategy: record.error.message for record in outcome.run.records if record.error}
    assert len(failed) == 3
    assert failed["broken-first:majority"] == "ImportError: first"
    assert {*failed.values()} == {"ImportError: first", "ImportError: second", "ImportError: third"}
    assert len([name for name in outcome.run.files if name.startswith("records/")]) == 3 + n_quick
    assert run("--dry-run", strategies="all").code == 1


def test_a_broken_plugin_nobody_asked_for_is_no_failure(
    run: Harness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch, tmp_path, "broken_unasked", "raise ImportError('gone')")
    assert run().code == 0


@pytest.mark.parametrize("name", FAILING)
def test_a_strategy_that_fails_is_a_red_row_and_the_others_go_on(
    name: str, run: Harness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, digests: dict[str, str]
) -> None:
    source, stage, reason = FAILING[name]
    install(monkeypatch, tmp_path, name, source)
    outcome = run(strategies=f"{name},{QUICK}")
    assert outcome.code == 1
    record = outcome.run.records[0]
    assert record.error is not None
    assert (record.strategy, record.status, record.error.stage) == (name, "failed", stage)
    assert reason in record.error.message
    assert (record.validation, record.test, record.predictions_sha256) == (None, None, None)
    assert reason in " ".join(outcome.out.split())
    assert "Traceback" not in outcome.out + outcome.err
    assert outcome.digests == digests


@pytest.mark.parametrize("name", HARMLESS)
def test_what_a_strategy_does_to_the_process_reaches_no_other(
    name: str, run: Harness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, digests: dict[str, str]
) -> None:
    before = (torch.get_num_threads(), os.getcwd(), random.getstate(), os.environ.get("HARNESS_ODD"))
    install(monkeypatch, tmp_path, name, HARMLESS[name])
    outcome = run(strategies=f"{name},{QUICK}")
    assert outcome.code == 0, outcome.err
    assert {strategy: outcome.digests[strategy] for strategy in digests} == digests
    assert (torch.get_num_threads(), os.getcwd(), random.getstate(), os.environ.get("HARNESS_ODD")) == before


def test_what_a_plugin_does_while_it_is_loaded_is_undone(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = (os.getcwd(), random.getstate())
    act = "os.chdir('/'); random.seed(5)"
    at_import = probe("meddles").replace("@dataclass", f"{act}\n@dataclass")
    source = at_import.replace("    return [", f"    {act}\n    return [")
    install(monkeypatch, tmp_path, "meddles", source)
    assert harness("list").code == 0
    assert (os.getcwd(), random.getstate()) == before


def test_two_plugins_of_one_strategy_name_are_refused_by_name(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch, tmp_path, "second_majority", probe("majority"))
    outcome = harness("list")
    assert outcome.code == 2
    assert "second_majority (second-majority 0.1)" in outcome.err
    assert "majority (strategy-harness" in outcome.err


def test_a_broken_plugin_is_in_the_json_list_with_its_reason_and_debug_adds_the_traceback(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch, tmp_path, "broken_listed", "raise ImportError('gone')")
    plugins = {plugin["plugin"]: plugin for plugin in json.loads(harness("list", "--json").out)}
    assert plugins["broken_listed"]["error"] == "ImportError: gone"
    assert "Traceback" not in harness("list").err
    assert "Traceback" in harness("list", "--debug").err


def test_a_plugin_may_bring_data_and_encoder_of_its_own(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = """
from pathlib import Path
import tempfile
from harness import hookimpl
from harness.testing import tiny_encoder, tiny_task

@hookimpl
def harness_load_task(name):
    return tiny_task() if name == "mine" else None

@hookimpl
def harness_load_encoder(name):
    return tiny_encoder(Path(tempfile.mkdtemp(dir=FOLDER))) if name == "mine-too" else None
"""
    install(monkeypatch, tmp_path, "own_data", source.replace("FOLDER", repr(str(tmp_path))))
    outcome = harness("run", "-d", "mine", "-m", "mine-too", "-s", QUICK, "--offline", "-q")
    assert outcome.code == 0, outcome.err
    assert outcome.run.task.source == "mine"
    assert outcome.run.model is not None
    assert outcome.run.model.width == 32
