"""No network, one seed, and the tiny model and task that most tests work on."""

import gc
import os
import subprocess
import tempfile

gc.disable()  # until all is imported
_NO_HUB_CACHE = tempfile.TemporaryDirectory(prefix="harness-hub-", ignore_cleanup_errors=True)
os.environ["HF_HOME"] = _NO_HUB_CACHE.name  # what happens to be cached here must change no test
os.environ["HARNESS_CACHE"] = os.path.join(_NO_HUB_CACHE.name, "features")  # of what is made before any test
os.environ["HF_HUB_OFFLINE"] = "1"  # read when the hub's client is imported, so before anything else
os.environ["HF_DATASETS_OFFLINE"] = "1"
# Most tests watch a strategy from inside of it; those of executors and faults name `local`, what users get, themselves.
os.environ["HARNESS_ON"] = "here"
# On tiny models a second thread mostly waits: on busy cores a training step took 60 times as long with two.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Iterator
from itertools import count
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NoReturn

import pytest

from harness import Encoder, Task
from harness.analysis.study import Study
from harness.system.process import restored_globals, seed_everything
from harness.testing import Bench, tiny_encoder, tiny_task

from .studies import FIVE, a_study, failed

_TESTS = count()  # a folder for each, without making it: most tests cache nothing

SLOW_PLACES = (  # folders and files (or their beginnings) whose tests train or simulate much, or start processes
    "api/",
    "cli/test_budget",
    "cli/test_cache",
    "cli/test_combining.py",
    "cli/test_completion.py",
    "cli/test_clusters.py",
    "cli/test_compare.py",
    "cli/test_data_options.py",
    "cli/test_engine.py",
    "cli/test_errors",
    "cli/test_export.py",
    "cli/test_fallback.py",
    "cli/test_folds.py",
    "cli/test_interrupts.py",
    "cli/test_list.py",
    "cli/test_on.py",
    "cli/test_one_rule.py",
    "cli/test_pools.py",
    "cli/test_plugin",
    "cli/test_plugin_test.py",
    "cli/test_predict.py",
    "cli/test_reproduce.py",
    "cli/test_resume",
    "cli/test_run.py",
    "cli/test_saving.py",
    "cli/test_share.py",
    "cli/test_static_model.py",
    "cli/test_suite",
    "cli/test_third_party.py",
    "cli/test_tune",
    "cli/test_variants.py",
    "data/test_emotion.py",
    "data/test_sample.py",
    "document/test_content.py",
    "encoding/test_first_token.py",
    "encoding/test_openvino_engine.py",
    "encoding/test_transformer_encoder.py",
    "evaluation/test_comparisons.py",
    "evaluation/test_intervals.py",
    "evaluation/test_pairs.py",
    "export/",
    "faults/",
    "features/test_cache_processes.py",
    "huggingface/test_fingerprint.py",
    "huggingface/test_hub.py",
    "huggingface/test_hub_dataset.py",
    "huggingface/test_prefetch.py",
    "huggingface/test_push.py",
    "plugin_system/test_doctor.py",
    "plugin_system/test_scaffold.py",
    "plugins/",
    "reporting/test_formats.py",
    "reporting/test_hostile.py",
    "reporting/test_page.py",
    "runs/test_truth.py",
    "strategies/test_finetuning.py",
    "strategies/test_heads.py",
    "system/test_out_of_memory.py",
    "system/test_streams.py",
    "test_benchmarks.py",
    "test_contracts.py",
    "test_docs.py",
    "test_readme.py",
    "test_site.py",
    "testing/",
    "third_party/",
)
SLOW_FIXTURES = {"full", "run_of_all"}  # a run of all strategies


def is_slow_place(path: Path) -> bool:
    """Whether all tests of a folder or file are slow."""
    place = path.relative_to(Path(__file__).parent).as_posix()
    return (f"{place}/" if path.is_dir() else place).startswith(SLOW_PLACES)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import nothing of which no test would run: every worker pays for what it collects."""
    return True if config.option.markexpr == "not slow" and is_slow_place(collection_path) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what `make quick` leaves out."""
    for item in items:
        if is_slow_place(item.path) or SLOW_FIXTURES & {*getattr(item, "fixturenames", ())}:
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """Search for garbage from here on, and never in what imports made: that would take seconds of every worker."""
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with restored_globals():
        seed_everything(0)
        yield


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test an empty cache: what another one computed must not change what it sees."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path_factory.getbasetemp() / "caches" / str(next(_TESTS))))


@pytest.fixture(autouse=True)
def _no_process_of_a_quick_test(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let only tests that are marked slow start processes, browsers, LaTeX and tracers among them."""
    if request.node.get_closest_marker("slow"):
        return

    def refuse(*given: object, **named: object) -> NoReturn:
        pytest.fail("A quick test starts no process: mark it with pytest.mark.slow.")

    monkeypatch.setattr(subprocess.Popen, "__init__", refuse)
    monkeypatch.setattr(BaseProcess, "start", refuse)
    if hasattr(os, "fork"):
        monkeypatch.setattr(os, "fork", refuse)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny DistilBERT."""
    folder = tmp_path_factory.mktemp("checkpoint")
    tiny_encoder(folder)
    return folder


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    """A tiny DistilBERT, loaded."""
    return tiny_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="session")
def task() -> Task:
    """A task of three classes."""
    return tiny_task()


@pytest.fixture
def bench(task: Task, encoder: Encoder, tmp_path: Path) -> Bench:
    """What the conformance checks work with."""
    return Bench(task, encoder, tmp_path)


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """One run of five strategies, some with several seeds, and one that failed."""
    return a_study(tmp_path_factory.mktemp("study") / "run", FIVE, failures=[failed("lora_adapter")])
