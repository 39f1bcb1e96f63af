"""`harness export`: a folder that predicts what the run did, by its README, without this package."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from harness import RunResult, open_run
from harness.cli import main
from harness.system.process import restored_globals

from ..packages import skip_without
from .commands import FEWER_STEPS, Harness, Outcome

MLP, RIDGE = "mlp_probe(hidden_size=20)", "ridge_probe(scaling=unit)"
STRATEGIES = f"majority,logreg_probe,{RIDGE},{MLP},full_finetune,lora_finetune"
TEXTS = ["quiet lake", "late crowd, sun \U0001f600", "what a very long day " * 40]
# The README prints a few answers; its function is called once more for what is compared.
CALL = "\nimport sys\nprint('RESULT', json.dumps([dict({}) for row in {}]))\n"
IN_GRAPH = CALL.format("zip(classifier['labels'], map(float, row))", "predict_proba(json.load(sys.stdin))")
IN_PIPELINE = "\nimport json" + CALL.format(
    "(one['label'], one['score']) for one in row", "classify(json.load(sys.stdin), top_k=None)"
)
Export = Callable[..., Outcome]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, tiny_data: Path, tiny_model: Path) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    known = ("-d", str(tiny_data), "-m", str(tiny_model), "-s", STRATEGIES)
    with restored_globals():
        assert main(["run", *known, "-o", str(folder), "--offline", "-q", *FEWER_STEPS]) == 0
    return folder


@pytest.fixture
def run(runs: Path) -> RunResult:
    return open_run("latest", runs)


@pytest.fixture
def export(harness: Harness, runs: Path) -> Export:
    return lambda *argv: harness("export", "latest", *argv, "--output-dir", str(runs), "--offline")


def needs(form: str) -> None:
    skip_without(*{"onnx": ("onnx", "onnxruntime"), "openvino": ("onnx", "openvino"), "transformers": ()}[form])


def predicted_by_readme(folder: Path, form: str) -> list[dict[str, float]]:
    """Run the README's program in another process, and return class -> probability of each text."""
    (program,) = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text("utf-8"), re.DOTALL)
    program += IN_PIPELINE if form == "transformers" else IN_GRAPH
    blocked = "import sys\nsys.modules['harness'] = None\n"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", blocked + program],
        cwd=folder, input=json.dumps(TEXTS), capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout.partition("RESULT ")[2]))


@pytest.mark.parametrize(("strategy", "form"), [("logreg_probe", "onnx"), (MLP, "openvino"), (MLP, "transformers")])
def test_the_readme_of_a_folder_predicts_what_the_classifier_does(
    strategy: str, form: str, export: Export, run: RunResult, tmp_path: Path
) -> None:
    needs(form)
    folder = tmp_path / "out"
    outcome = export("-s", strategy, "--to", form, "-o", str(folder))
    assert outcome.code == 0, outcome.err
    assert "24 test rows of the run, all labels equal" in outcome.err
    classifier = run.classifier(strategy, cache=False)
    table = classifier.predict_proba(TEXTS)
    for found, row in zip(predicted_by_readme(folder, form), table, strict=True):
        assert [found[name] for name in classifier.classes_] == pytest.approx(row.tolist(), abs=2e-4)


@pytest.mark.parametrize(
    ("strategy", "form"),
    [(RIDGE, "onnx"), ("lora_finetune", "onnx"), ("full_finetune", "openvino"), ("logreg_probe", "transformers"),
     ("lora_finetune", "transformers")],
)  # fmt: skip
def test_a_folder_is_checked_on_the_test_rows_and_says_so(
    strategy: str, form: str, run: RunResult, tiny_model: Path, tmp_path: Path
) -> None:
    needs(form)
    done = run.export(tmp_path / "out", strategy, form=form, progress=False, offline=True)  # type: ignore[arg-type]
    assert done.agreement.rows == len(run.predictions(strategy))
    assert done.agreement.difference <= 1e-4
    written = json.loads((tmp_path / "out" / "classifier.json").read_text("utf-8"))
    assert written["labels"] == run.run.task.label_names
    assert written["checked"]["rows"] == done.agreement.rows
    assert written["strategy"] == strategy
    texts = [file.read_bytes() for file in (tmp_path / "out").iterdir()]
    assert not [text for text in texts if str(tiny_model.parent).encode() in text]


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (("-s", "majority"), "majority cannot be exported"),
        (("-s", RIDGE), "unit length"),
        (("-s", "nothing"), "nothing"),
    ],
)
def test_what_cannot_be_exported_is_refused_and_leaves_nothing(
    argv: tuple[str, ...], told: str, export: Export, tmp_path: Path
) -> None:
    outcome = export(*argv, "--to", "transformers", "-o", str(tmp_path / "new" / "out"))
    assert outcome.code == 2
    assert told in outcome.err
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


def test_a_folder_that_holds_something_is_left_alone(export: Export, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    outcome = export("-s", "full_finetune", "--to", "transformers", "-o", str(tmp_path / "out"))
    assert outcome.code == 2
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_filled(export: Export, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    outcome = export("-s", "full_finetune", "--to", "transformers", "-o", str(tmp_path / "out"))
    assert outcome.code == 0, outcome.err
    assert [folder.name for folder in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "model.safetensors").is_file()


def test_all_that_is_told_is_told_in_chinese(export: Export, tmp_path: Path) -> None:
    outcome = export("-s", "logreg_probe", "--to", "transformers", "-o", str(tmp_path / "out"), "--lang", "zh-TW", "-q")
    assert outcome.code == 0, outcome.err
    assert not [line for line in outcome.err.splitlines() if line.startswith(("Checked", "Exported"))]
    assert "標籤全部相同" in outcome.err


def test_the_recommended_strategy_is_exported_where_none_is_named_and_that_is_told(
    export: Export, run: RunResult, tmp_path: Path
) -> None:
    outcome = export("--to", "transformers", "-o", str(tmp_path / "out"))
    assert f"Exporting {run.recommended}, which the run's answer recommends" in " ".join(outcome.err.split())


def test_a_folder_that_predicts_otherwise_than_the_run_is_not_kept(
    runs: Path, harness: Harness, tmp_path: Path
) -> None:
    copy = shutil.copytree(next(runs.glob("*/run.json")).parent, tmp_path / "run")
    file = next((copy / "predictions").glob("full_finetune*"))
    table = pq.read_table(file)
    moved = table.column_names[-2:]  # the probabilities of two classes change places
    pq.write_table(table.select([*table.column_names[:-2], *moved[::-1]]).rename_columns(table.column_names), file)
    outcome = harness("export", str(copy), "-s", "full_finetune", "--to", "transformers", "-o", str(tmp_path / "out"))
    assert outcome.code == 3
    assert "does not predict as the run did" in outcome.err
    assert [folder.name for folder in tmp_path.iterdir()] == ["run"]


def test_where_a_run_kept_no_texts_the_folder_is_checked_on_others(
    harness: Harness, tiny_data: Path, tiny_model: Path, tmp_path: Path
) -> None:
    known = ("-d", str(tiny_data), "-m", str(tiny_model), "-s", "logreg_probe", "--no-save-texts", "--offline", "-q")
    assert harness("run", *known, "-o", str(tmp_path / "runs")).code == 0
    where = ("--output-dir", str(tmp_path / "runs"), "--offline")
    outcome = harness("export", "latest", "--to", "transformers", "-o", str(tmp_path / "out"), *where)
    assert outcome.code == 0, outcome.err
    assert "texts of the bundled sample" in outcome.err


@pytest.mark.parametrize(("form", "module"), [("onnx", "onnxruntime"), ("openvino", "openvino")])
def test_a_form_whose_package_is_missing_is_refused_with_the_command_that_brings_it(
    form: str, module: str, export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    outcome = export("-s", "logreg_probe", "--to", form, "-o", str(tmp_path / "out"))
    assert outcome.code == 2
    assert f"pip install 'strategy-harness[{form}]'" in " ".join(outcome.err.split())


def test_classes_keep_their_names_in_any_order(
    harness: Harness, tiny_data: Path, tiny_model: Path, tmp_path: Path
) -> None:
    """A class that is called otherwise stands elsewhere among the classes; its probability goes with its name."""
    needs("onnx")
    from harness.export.onnx_form import open_onnx

    rng, tables = np.random.default_rng(0), []
    parts = {file.name: file.read_text("utf-8").splitlines() for file in tiny_data.glob("*.jsonl")}
    rows = {name: [json.loads(line) for line in lines] for name, lines in parts.items()}
    names = sorted({row["label"] for row in rows["train.jsonl"]})
    for number in range(3):
        renamed = dict(zip(names, rng.permutation([*"zyx"]).tolist(), strict=True))
        data, out, runs = (tmp_path / f"{what}{number}" for what in ("data", "out", "runs"))
        data.mkdir()
        for part, of_part in rows.items():
            lines = [json.dumps({**row, "label": renamed[row["label"]]}) for row in of_part]
            (data / part).write_text("\n".join(lines), encoding="utf-8")
        where = ("-d", str(data), "-m", str(tiny_model), "-o", str(runs), "--offline", "-q")
        assert harness("run", *where, "-s", "logreg_probe(C=0.01)").code == 0
        open_run("latest", runs).export(out, progress=False, offline=True)
        labels = json.loads((out / "classifier.json").read_text("utf-8"))["labels"]
        table = open_onnx(out)([row["text"] for row in rows["test.jsonl"]])
        tables.append(table[:, [labels.index(renamed[name]) for name in names]])
    assert all(np.abs(table - tables[0]).max() < 1e-4 for table in tables)


@pytest.mark.parametrize("form", ["onnx", "openvino"])
def test_an_int8_variant_is_held_against_its_run(form: str, export: Export, run: RunResult, tmp_path: Path) -> None:
    needs(form)
    asked = ("--to", form, "--int8", "--compare", "--margin", "0.5")
    outcome = export("-s", "full_finetune", *asked, "-o", str(tmp_path / "out"))
    assert outcome.code == 0, outcome.err
    told = json.loads((tmp_path / "out" / "comparison.json").read_text("utf-8"))
    scores, parent, variant = told["scores"], told["parent"], told["variant"]
    test = run.record("full_finetune").test
    assert test is not None
    assert scores["n_rows"] == len(run.predictions("full_finetune"))
    assert scores["parent"] == pytest.approx(test.f1_macro)
    assert f"behind: {scores['verdict']}" in " ".join(outcome.err.split())
    assert variant["size_bytes"] < parent["size_bytes"]
    assert 0 < variant["p50_seconds"] <= variant["p95_seconds"]
    assert told["form"] == form
    assert len(predicted_by_readme(tmp_path / "out", form)) == len(TEXTS)


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (("--int8", "--to", "transformers"), "--to onnx"),
        (("--compare",), "--int8"),
        (("--int8", "--margin", "2"), "--margin"),
    ],
)
def test_int8_that_cannot_be_is_refused(argv: tuple[str, ...], told: str, export: Export, tmp_path: Path) -> None:
    outcome = export("-s", "full_finetune", *argv, "-o", str(tmp_path / "out"))
    assert outcome.code == 2
    assert told in outcome.err
    assert not (tmp_path / "out").exists()
