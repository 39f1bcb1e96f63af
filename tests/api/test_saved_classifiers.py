"""A saved classifier knows what it needs: in a process of its own it answers as it did in its run, or says why not."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import is_classifier
from sklearn.metrics import get_scorer

import harness
from harness import DataError, HarnessError, ModelError, PluginError, RunResult, Task, UnavailableError

IN_A_FRESH_PROCESS = """
import json, sys
import harness
folders, texts = json.loads(open(sys.argv[1], encoding="utf-8").read())
classifiers = [harness.load_classifier(folder, offline=True) for folder in folders]
print(json.dumps([[c.predict(texts).tolist(), c.predict_proba(texts).tolist(), list(c.classes_)] for c in classifiers]))
"""


FINE_TUNED = "full_finetune(epochs=1, batch_size=32)"


def saved_folders(run: RunResult) -> dict[str, Path]:
    """Return strategy -> folder of its classifier."""
    files = run.path.glob("models/*/harness.json")
    return {json.loads(file.read_text("utf-8"))["strategy"]: file.parent for file in files}


@pytest.fixture
def copied(run: RunResult, tmp_path: Path) -> Callable[..., Path]:
    """Copies the folder of a run's classifier and changes what its harness.json says."""

    def copy(strategy: str, **fields: Any) -> Path:
        folder = Path(shutil.copytree(saved_folders(run)[strategy], tmp_path / "copied"))
        file = folder / "harness.json"
        file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), **fields}), encoding="utf-8")
        return folder

    return copy


def test_in_a_fresh_process_each_classifier_predicts_what_its_run_recorded(
    run: RunResult, task: Task, tmp_path: Path
) -> None:
    folders = saved_folders(run)
    asked = tmp_path / "asked.json"
    asked.write_text(json.dumps([[str(folder) for folder in folders.values()], task.test.texts]), encoding="utf-8")
    argv = [sys.executable, "-c", IN_A_FRESH_PROCESS, str(asked)]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(folders) == 8
    for name, (labels, table, classes) in zip(folders, json.loads(done.stdout), strict=True):
        recorded = run.predictions(name)
        assert labels == recorded["prediction"].tolist(), name
        np.testing.assert_allclose(table, recorded.filter(like="probability_"), atol=1e-5)
        assert classes == list(task.label_names)


def test_who_may_read_the_files_of_a_classifier_is_for_the_umask_to_say(run: RunResult, tmp_path: Path) -> None:
    (ordinary := tmp_path / "ordinary").touch()
    files = [file for folder in saved_folders(run).values() for file in folder.rglob("*") if file.is_file()]
    assert any(file.name == "model.safetensors" for file in files)
    assert {file.stat().st_mode for file in files} == {ordinary.stat().st_mode}


def test_a_classifier_has_the_methods_of_scikit_learns(run: RunResult, task: Task) -> None:
    classifier = run.classifier("tfidf_logreg")
    texts = pd.Series(task.test.texts[:4])
    assert classifier.classes_.tolist() == list(task.label_names)
    table = classifier.predict_proba(texts)
    assert (table.shape, table.dtype) == ((4, 3), np.float32)
    assert classifier.predict(texts).tolist() == [task.label_names[i] for i in table.argmax(axis=1)]
    assert classifier.predict([]).shape == (0,)
    with pytest.raises(DataError, match="row 2 holds half of a surrogate pair"):
        classifier.predict(["fine", "\ud800"])


def test_a_classifier_is_one_to_scikit_learns_scorers(run: RunResult, task: Task) -> None:
    classifier, texts = run.classifier("tfidf_logreg"), task.test.texts
    labels = [task.label_names[i] for i in task.test.labels]
    assert is_classifier(classifier)
    right = float(np.mean(classifier.predict(texts) == labels))
    assert get_scorer("accuracy")(classifier, texts, labels) == right
    assert get_scorer("roc_auc_ovr")(classifier, texts, labels) >= 0


@pytest.mark.parametrize("strategy", ["tfidf_logreg", "logreg_probe", FINE_TUNED])
def test_a_classifier_goes_to_a_worker_process(strategy: str, run: RunResult, task: Task) -> None:
    classifier = run.classifier(strategy)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as workers:
        there = workers.submit(classifier.predict_proba, task.test.texts[:5]).result()
    np.testing.assert_allclose(there, classifier.predict_proba(task.test.texts[:5]), atol=1e-5)


FRAME = pd.DataFrame({"text": ["a", "b"], "label": ["joy", "fear"]})


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        ("a text", "Wrap it in a list"),
        (["a", None], "row 2 holds NoneType"),
        (FRAME, "got one DataFrame, of which names alone .* Pass the column"),
        (FRAME[["text"]], "got one DataFrame"),
        ({"text": ["a", "b"]}, "got one dict"),
        (None, "Expected several texts, got NoneType. Pass a list of texts."),
        (3, "got int. Pass a list of texts"),
        (np.array("a text"), "got ndarray. Pass a list of texts"),
    ],
)
def test_what_is_no_list_of_texts_is_refused(run: RunResult, texts: Any, told: str) -> None:
    with pytest.raises(DataError, match=told):
        run.classifier("majority").predict(texts)


def test_another_encoder_is_refused_and_the_same_one_elsewhere_is_not(
    run: RunResult, task: Task, tiny_model: Path, tmp_path: Path
) -> None:
    from safetensors.numpy import load_file, save_file

    folder = saved_folders(run)["logreg_probe"]
    for name in ("same", "other"):
        shutil.copytree(tiny_model, tmp_path / name)
    weights = {name: table * 1.01 for name, table in load_file(tmp_path / "other" / "model.safetensors").items()}
    save_file(weights, tmp_path / "other" / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match="is another one: their weights differ"):
        harness.load_classifier(folder, model=tmp_path / "other")
    (tmp_path / "same" / "2_Dense").mkdir()
    (tmp_path / "same" / "2_Dense" / "model.safetensors").write_bytes(b"behind the pooling, where no probe reads")
    elsewhere = harness.load_classifier(folder, model=tmp_path / "same")
    assert elsewhere.predict(task.test.texts).tolist() == run.predictions("logreg_probe")["prediction"].tolist()


@pytest.mark.parametrize(("strategy", "needs_it"), [("logreg_probe", True), (FINE_TUNED, False), ("majority", False)])
def test_only_what_reads_frozen_features_asks_for_the_encoder(
    strategy: str, needs_it: bool, run: RunResult, copied: Callable[..., Path], task: Task
) -> None:
    encoder = json.loads((saved_folders(run)["logreg_probe"] / "harness.json").read_text("utf-8"))["encoder"]
    folder = copied(strategy, encoder=encoder | {"name": "/no/such/encoder"})
    if needs_it:
        with pytest.raises(UnavailableError, match=r"'/no/such/encoder', which is not where it was.*model="):
            harness.load_classifier(folder)
    else:
        answers = harness.load_classifier(folder).predict(task.test.texts)
        assert answers.tolist() == run.predictions(strategy)["prediction"].tolist()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"base": "her_probe", "plugin": "her-plugins"}, "'her_probe' of the plugin her-plugins 0.1.0, but no plugin"),
        ({"plugin": "her-plugins"}, "but that name is offered by strategy-harness"),
    ],
)
def test_a_plugin_that_is_not_there_is_named(copied: Callable[..., Path], fields: dict[str, Any], told: str) -> None:
    with pytest.raises(PluginError, match=told):
        harness.load_classifier(copied("majority", **fields))


def test_another_version_of_the_plugin_is_a_warning(copied: Callable[..., Path]) -> None:
    with pytest.warns(UserWarning, match=r"fitted by strategy-harness 0\.0\.1, whose version is"):
        harness.load_classifier(copied("majority", plugin_version="0.0.1"))


@pytest.mark.parametrize(
    "fields",
    [
        {"schema_version": 2},
        {"label_names": ["calm", "calm", "glad"]},
        {"label_names": ["calm"]},
        {"label_names": 3},
        {"configurations": []},
        {"configurations": [{"no_such_field": 1}]},
        {"configurations": [{"layer": "x"}]},
        {"seed": -1},
        {"dtype": "float8"},
        {"encoder": {"name": "x"}},
        {"surplus": 1},
        {"base": ""},
    ],
)
def test_what_no_run_wrote_is_refused(copied: Callable[..., Path], fields: dict[str, Any]) -> None:
    with pytest.raises(HarnessError):
        harness.load_classifier(copied("logreg_probe", **fields))


@pytest.mark.parametrize("strategy", ["logreg_probe", FINE_TUNED])
@pytest.mark.parametrize("max_length", [0, 3, True])
def test_texts_are_cut_at_no_fewer_tokens_than_a_run_cuts_them(
    run: RunResult, copied: Callable[..., Path], strategy: str, max_length: int
) -> None:
    saved = json.loads((saved_folders(run)["logreg_probe"] / "harness.json").read_text("utf-8"))["encoder"]
    with pytest.raises(ModelError, match=r"harness\.json is damaged at encoder\.max_length"):
        harness.load_classifier(copied(strategy, encoder=saved | {"max_length": max_length}))


@pytest.mark.parametrize("content", ["", "[]", "null", "{", "NaN", "[" * 100_000, "\x00", '{"schema_version": 1}'])
def test_what_is_no_description_is_refused(copied: Callable[..., Path], content: str) -> None:
    folder = copied("majority")
    (folder / "harness.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=r"harness\.json"):
        harness.load_classifier(folder)


def test_a_folder_that_is_no_classifiers_says_what_is_one(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="models/majority-seed0"):
        harness.load_classifier(tmp_path)


def test_a_damaged_file_of_the_classifier_is_named(copied: Callable[..., Path]) -> None:
    folder = copied("logreg_probe")
    (folder / "estimator.skops").write_bytes(b"no archive")
    with pytest.raises(ModelError, match=r"estimator\.skops cannot be read: .* Restore it"):
        harness.load_classifier(folder)


@pytest.mark.parametrize("file", ["adapter_model.safetensors", "adapter_config.json"])
def test_a_file_that_only_a_library_finds_damaged_is_named(copied: Callable[..., Path], file: str) -> None:
    folder = copied("lora_finetune(epochs=1)")
    (folder / file).write_bytes((folder / file).read_bytes()[:40])
    with pytest.raises(ModelError, match=rf"by strategy 'lora_finetune': {file} cannot be read: .* Restore"):
        harness.load_classifier(folder)


def test_a_file_that_was_changed_after_the_run_is_told(run: RunResult, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(run.path, tmp_path / "run")) / saved_folders(run)["tfidf_logreg"].relative_to(
        run.path
    )
    harness.load_classifier(folder)
    with (folder / "harness.json").open("a", encoding="utf-8") as file:
        file.write("\n")
    with pytest.warns(UserWarning, match=r"are not as its run left them: harness\.json\. It may predict otherwise"):
        harness.load_classifier(folder)


def test_a_run_without_saved_models_says_so(task: Task, tmp_path: Path) -> None:
    run = harness.compare(task, strategies="majority", output_dir=tmp_path, save_models=False, progress=False)
    with pytest.raises(HarnessError, match="save_models=True"):
        run.classifier("majority")
