"""What strategies may do that no strategy should, each in a worker: one red row at most, and nobody else's numbers."""

import json
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.cli import main

from .bad_strategies import DEADLY, HARMLESS

HANGING = ("hangs", "hangs_deaf")
PLUGIN = str(Path(__file__).with_name("bad_strategies.py"))
OTHERS = ("majority", "tfidf_logreg", "stratified_random")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals and processes of Linux")


def run_of(folder: Path, strategies: list[str], *options: str) -> tuple[int, dict[str, Any]]:
    """Run strategies in workers on the sample and return the exit code and run.json."""
    argv = ["run", "-d", "sample", "-n", "60", "-s", ",".join(strategies), "--plugin", PLUGIN, "--on", "local", "-q"]
    code = main([*argv, "-o", str(folder), "--json", *options])
    (file,) = folder.glob("*/run.json")
    return code, json.loads(file.read_text(encoding="utf-8"))


def of_others(run: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {r["strategy"]: (r["status"], r["predictions_sha256"]) for r in run["records"] if r["strategy"] in OTHERS}


@pytest.fixture(scope="module")
def bad_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, dict[str, Any], Path]:
    """A run of everything that ends by itself, between two strategies that do nothing wrong."""
    folder = tmp_path_factory.mktemp("bad")
    bad = [name for name in (*DEADLY, *HARMLESS) if name not in HANGING]
    return *run_of(folder, ["majority", *bad, "tfidf_logreg", "stratified_random"]), folder


def statuses(run: dict[str, Any]) -> dict[str, str]:
    return {record["strategy"]: record["status"] for record in run["records"]}


def test_whatever_kills_its_process_or_breaks_the_contract_is_one_failed_row(bad_run: Any) -> None:
    code, run, _ = bad_run
    found = statuses(run)
    contained = [name for name in DEADLY if found.get(name) == "failed"]
    expected = [name for name in DEADLY if name not in HANGING]
    print(f"{len(contained)} of {len(expected)} contained")
    assert contained == expected
    assert code == 1
    told = {record["strategy"]: record["error"]["message"] for record in run["records"] if record["status"] == "failed"}
    assert all(told.values())
    assert "SIGABRT" in told["aborts"], "the one after it has another process to be forked from"


def test_what_does_no_harm_is_scored(bad_run: Any) -> None:
    _, run, _ = bad_run
    found = statuses(run)
    print(f"{sum(found[name] == 'ok' for name in HARMLESS)} of {len(HARMLESS)} scored")
    assert [name for name in HARMLESS if found[name] != "ok"] == []


def test_others_predict_what_they_predict_without_the_bad_ones(bad_run: Any, tmp_path: Path) -> None:
    code, alone = run_of(tmp_path, list(OTHERS))
    assert code == 0
    assert of_others(bad_run[1]) == of_others(alone)


def test_standard_output_is_the_run_alone_and_what_was_printed_is_in_logs(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code, run = run_of(tmp_path, ["prints", "floods", "prints_escapes", "aborts"])
    assert code == 1
    assert json.loads(capfd.readouterr().out) == run
    (logs,) = tmp_path.glob("*/logs")
    assert "loss 0.3" in (logs / "prints-seed0.log").read_text(encoding="utf-8")
    assert (logs / "floods-seed0.log").stat().st_size < 1_000_000
    escapes = (logs / "prints_escapes-seed0.log").read_text(encoding="utf-8")
    assert not {"\x1b", "\x07"} & {*escapes}
    (failed,) = (record["error"] for record in run["records"] if record["status"] == "failed")
    assert "logs/aborts-seed0.log" in failed["message"]


def test_one_that_hangs_is_ended_and_the_next_one_runs(tmp_path: Path) -> None:
    code, run = run_of(tmp_path, [*HANGING, "majority"], "--time-limit", "4s")
    assert code == 1
    assert statuses(run) == {"hangs": "failed", "hangs_deaf": "failed", "majority": "ok"}
    assert "--time-limit" in run["records"][0]["error"]["message"]


def test_one_that_holds_too_much_memory_is_ended(tmp_path: Path) -> None:
    code, run = run_of(tmp_path, ["eats_memory", "majority"], "--memory-limit", "1500MB")
    assert code == 1
    assert statuses(run) == {"eats_memory": "failed", "majority": "ok"}
    assert "--memory-limit" in run["records"][0]["error"]["message"]


def test_nothing_that_a_strategy_started_outlives_its_trial(bad_run: Any) -> None:
    own = psutil.Process().children()  # among them a server that waits for the next run of this process
    left = [process.cmdline() for child in own for process in child.children(recursive=True)]
    assert not [words for words in left if "sleep" in words or any("fork_server" in word for word in words)]


def test_the_folder_of_the_run_holds_no_work_and_no_half_model(bad_run: Any) -> None:
    (folder,) = bad_run[2].glob("*")
    assert {path.name for path in folder.iterdir()} <= {
        *("run.json", "keys.json", "records", "predictions", "models", "logs", "test_rows.parquet")
    }
    found = statuses(bad_run[1])
    models = {path.name.removesuffix("-seed0") for path in (folder / "models").iterdir()}
    assert models == {name for name, status in found.items() if status == "ok"}


SEARCH = '''
import gc, os, sys
from dataclasses import dataclass
from pathlib import Path
import numpy as np
from harness import hookimpl
from harness import Task

class C:
    def __init__(self, k): self.k = k
    def predict_proba(self, texts): return np.full((len(texts), self.k), 1 / self.k, dtype=np.float32)
    def save(self, directory): pass

@dataclass(frozen=True)
class Searches:
    """Looks for the test labels."""
    name = "searches"
    uses_model = False
    def load(self, directory, context): return C(context.n_classes)
    def fit(self, train, validation, context):
        labels, found = np.load(LABELS), []
        frame = sys._getframe()
        while frame:
            found += [type(v).__name__ for v in frame.f_locals.values() if isinstance(v, Task)]
            frame = frame.f_back
        for o in gc.get_objects():
            same = isinstance(o, np.ndarray) and o is not labels and np.array_equal(o, labels)
            if same or isinstance(o, Task):
                found.append(type(o).__name__)
        needle = labels.astype("<i8").tobytes()
        for folder in {Path(os.environ["TMPDIR"]).parents[1], context.workdir}:
            found += [str(f) for f in folder.rglob("*") if f.is_file() and needle in f.read_bytes()]
        for fd in os.listdir("/proc/self/fd"):
            try:
                target = os.readlink("/proc/self/fd/" + fd)
            except OSError:
                continue
            if Path(target).is_file() and needle in Path(target).read_bytes():
                found.append(target)
        if found:
            raise RuntimeError("found " + ", ".join(found))
        return C(context.n_classes)

@hookimpl
def harness_strategies(): return [Searches()]
'''


def test_no_test_label_is_in_a_workers_memory_open_files_or_among_what_it_was_handed(tmp_path: Path) -> None:
    import numpy as np

    from harness.config.run_config import RunConfig
    from harness.plugin_system.manager import PluginManager

    labels = PluginManager().load_task(RunConfig(dataset="sample")).limited(60).test.labels
    np.save(tmp_path / "labels.npy", labels)
    plugin = tmp_path / "searches.py"
    plugin.write_text(f"LABELS = {str(tmp_path / 'labels.npy')!r}\n" + SEARCH, encoding="utf-8")
    argv = [
        "run",
        "-d",
        "sample",
        "-n",
        "60",
        "-s",
        "majority,searches",
        "--plugin",
        str(plugin),
        "--on",
        "local",
        "-q",
    ]
    code = main([*argv, "-o", str(tmp_path / "runs"), "--json"])
    (file,) = (tmp_path / "runs").glob("*/run.json")
    run = json.loads(file.read_text(encoding="utf-8"))
    assert code == 0, run["records"][1]["error"]


def test_the_conformance_kit_outlives_a_strategy_that_ends_its_process(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_ON", "local")
    plugin = tmp_path / "exits.py"
    source = SEARCH.split("    def fit(", maxsplit=1)[0].replace("searches", "exits").replace("Searches", "Exits")
    fit = "    def fit(self, train, validation, context): os._exit(0)\n\n"
    end = "@hookimpl\ndef harness_strategies(): return [Exits()]\n"
    plugin.write_text(source + fit + end, encoding="utf-8")
    assert main(["plugins", "test", str(plugin), "--json"]) == 1
    ((check,),) = (told["checks"] for told in json.loads(capsys.readouterr().out))
    assert "exit code 0" in check["problem"]


MEDDLE = """
    def fit(self, train, validation, context):
        import pyarrow as pa, pyarrow.parquet as pq
        (file,) = Path(OUT).glob("*/predictions/tfidf_logreg-seed0.parquet")
        table = pq.read_table(file)
        twice = [pa.array(column.to_numpy() * 2) if name.startswith("probability_") else column
                 for name, column in zip(table.column_names, table.columns)]
        pq.write_table(pa.table(dict(zip(table.column_names, twice))), file)
        return C(context.n_classes)

@hookimpl
def harness_strategies(): return [Meddles()]
"""


@pytest.mark.parametrize("fit", [MEDDLE, MEDDLE.replace("pq.write_table(", "file.write_bytes(b'nothing'); (")])
def test_predictions_that_another_strategy_changed_are_a_failed_row(fit: str, tmp_path: Path) -> None:
    plugin = tmp_path / "meddles.py"
    source = SEARCH.split("    def fit(", maxsplit=1)[0].replace("searches", "meddles").replace("Searches", "Meddles")
    plugin.write_text(f"OUT = {str(tmp_path / 'runs')!r}\n{source}{fit}", encoding="utf-8")
    code, run = run_of(tmp_path / "runs", ["majority", "tfidf_logreg", "meddles"], "--plugin", str(plugin))
    assert code == 1
    assert statuses(run) == {"majority": "ok", "tfidf_logreg": "failed", "meddles": "ok"}
    (changed,) = (record for record in run["records"] if record["strategy"] == "tfidf_logreg")
    assert "tfidf_logreg-seed0.parquet" in changed["error"]["message"]
    assert (changed["test"], changed["predictions_sha256"]) == (None, None)
