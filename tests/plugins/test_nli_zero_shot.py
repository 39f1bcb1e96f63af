"""Zero-shot classification by entailment: the same as transformers' pipeline, and what it refuses."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import ModelError
from harness.cli import main
from harness.plugin_system.manager import PluginManager
from harness.testing import Bench

from .configured import write_nli_checkpoint

TEXTS = ["a quiet lake", "the late train with my friend today and some noise", "song", ""]


@pytest.fixture
def strategy(tmp_path: Path) -> Any:
    offered = PluginManager().offers["nli_zero_shot"].strategy
    return replace(offered, model=str(write_nli_checkpoint(tmp_path / "nli")))  # type: ignore[type-var]


def test_probabilities_are_those_of_the_pipeline_of_transformers(strategy: Any, bench: Bench) -> None:
    from transformers import pipeline

    asked = replace(strategy, template="I feel {} today.", batch_size=5)
    found, names = bench.probabilities(asked, TEXTS), list(bench.task.label_names)
    reference = pipeline("zero-shot-classification", model=strategy.model, device="cpu")
    for row, text in zip(found[:3], TEXTS[:3], strict=True):  # the pipeline takes no empty text
        told = reference(text, names, hypothesis_template="I feel {} today.")
        expected = dict(zip(told["labels"], told["scores"], strict=True))
        assert row == pytest.approx([expected[name] for name in names], abs=1e-6)
    assert np.ptp(found) > 0.01


def test_texts_that_are_cut_for_the_sentence_of_a_class_are_counted(strategy: Any, bench: Bench) -> None:
    asked = replace(strategy, template="i feel {}")  # three tokens and three special ones of the 64 that it reads
    whole = " ".join(["lake"] * 58)
    with bench.fitted(asked) as (classifier, _):
        classifier.predict_proba([whole, "lake"])  # without a warning
        with pytest.warns(UserWarning, match="2 of 3 texts were cut: with the sentence of a class .* reads 64 tokens"):
            found = classifier.predict_proba([whole, f"{whole} train", f"{whole} train song"])
    np.testing.assert_allclose(found[1:], found[:1].repeat(2, axis=0), atol=1e-6)


def test_classes_that_its_tokenizer_reads_alike_are_refused(
    strategy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [f'{{"text": "a lake {i}", "label": "{"😀😡"[i % 2]}"}}\n' for i in range(40)]
    Path("faces.jsonl").write_text("".join(rows), encoding="utf-8")
    options = ("--test-size", "0.3", "-s", "nli_zero_shot", "-q", "--offline", "--set")
    assert main(["run", "-d", "faces.jsonl", *options, f"nli_zero_shot.model={strategy.model}"]) == 2
    assert "its tokenizer reads the names of the classes '😀' and '😡' alike" in capsys.readouterr().err


def test_what_cannot_be_asked_is_refused(
    strategy: Any, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    for name in ("train", "validation", "test"):
        rows = "text,label\na lake,class_0\na train,class_1\n"
        (tmp_path / "data" / f"{name}.csv").write_text(rows, encoding="utf-8")
    for data, changes, told in (
        ("data", {}, "'class_0' means nothing"),
        ("data", {"model": "nowhere"}, "'class_0' means nothing"),
        ("sample", {"template": "It is so."}, "template: {} is missing"),
        ("sample", {"model": str(tiny_model)}, "no checkpoint for inference: expected a class entailment"),
    ):
        given = {"model": strategy.model, **changes}
        setting = [word for name, value in given.items() for word in ("--set", f"nli_zero_shot.{name}={value}")]
        assert main(["run", "-d", data, "-s", "nli_zero_shot", "-q", "--offline", *setting]) == 2
        assert told in capsys.readouterr().err


def test_a_saved_classifier_wants_the_checkpoint_that_it_was_made_of(
    strategy: Any, bench: Bench, tmp_path: Path
) -> None:
    with bench.fitted(strategy) as (classifier, context):
        classifier.save(tmp_path)
        again = strategy.load(tmp_path, context)
        assert np.array_equal(again.predict_proba(TEXTS), classifier.predict_proba(TEXTS))
        config = Path(strategy.model) / "config.json"
        config.write_text(config.read_text(encoding="utf-8").replace("neutral", "Neutral"), encoding="utf-8")
        with pytest.raises(ModelError, match="another checkpoint"):
            strategy.load(tmp_path, context)
