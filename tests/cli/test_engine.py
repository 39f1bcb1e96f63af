"""`--engine openvino`: frozen features by another engine, which the run says, the cache knows and predicting heeds."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import harness as package
from harness import Encoder, RunConfig, hookimpl, open_run
from harness.system.silent_openvino import computes_in_bfloat16
from harness.testing import tiny_encoder

from ..packages import skip_without
from .commands import Harness

WITH = ("--engine", "openvino")


def needs_openvino() -> None:
    skip_without("onnx", "openvino")


class Static:
    """A plugin whose encoder knows nothing of engines."""

    @hookimpl
    def harness_load_encoder(self, name: str, config: RunConfig) -> Encoder:
        return tiny_encoder(Path(name))


def test_a_run_says_what_computed_its_features_and_predicts_by_it(run: Harness, harness: Harness) -> None:
    needs_openvino()
    outcome = run(*WITH, strategies="logreg_probe")
    assert outcome.code == 0, outcome.err
    assert "frozen features are computed by openvino 20" in outcome.out
    model = outcome.run.model
    assert model is not None
    assert model.engine.startswith("openvino 20")
    assert outcome.run.config.engine == "openvino"
    classifier = open_run("latest", outcome.folder).classifier(cache=False)
    assert getattr(classifier.encoder, "engine", None) == model.engine
    source = outcome.folder / "texts.txt"
    source.write_text("quiet lake\nlate crowd\n")
    where = ("--output-dir", str(outcome.folder), "--offline", "-q", "--no-cache")
    predicted = harness("predict", "latest", str(source), *where)
    assert (predicted.code, len(predicted.out.splitlines())) == (0, 3), predicted.err


def test_neither_engine_is_served_the_features_of_the_other(run: Harness, tmp_path: Path) -> None:
    needs_openvino()
    kept = ("--cache-dir", str(tmp_path / "cache"))
    runs = [run(*kept, *engine, strategies="logreg_probe").run for engine in ((), WITH, WITH)]
    sources = [one.records[0].features for one in runs]
    assert sources == ["computed", "computed", "cached"]
    assert [one.model.engine.split()[0] for one in runs if one.model] == ["torch", "openvino", "openvino"]


def test_encode_writes_what_torch_does_within_the_bound(harness: Harness, tiny_model: Path, tmp_path: Path) -> None:
    needs_openvino()
    (tmp_path / "texts.txt").write_text("quiet lake\n\nlate crowd, sun\n" * 20)
    tables = []
    for engine in ("torch", "openvino"):
        folder = tmp_path / engine
        where = ("-o", str(folder), "-m", str(tiny_model), "--offline", "-q", "--engine", engine)
        assert harness("encode", str(tmp_path / "texts.txt"), *where).code == 0
        tables.append(np.load(folder / "part-000000.npy"))
    np.testing.assert_allclose(*tables, atol=1e-4 * np.nanmax(np.abs(tables[0])))


def test_the_missing_extra_is_named_before_anything_is_loaded(run: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    outcome = run(*WITH, "-d", "there-is-no-such-data", strategies="logreg_probe")
    assert outcome.code == 2
    assert "--engine openvino needs" in outcome.err
    assert "pip install 'strategy-harness[openvino]'" in " ".join(outcome.err.split())


def test_bfloat16_is_computed_where_the_processor_multiplies_it_and_refused_elsewhere(run: Harness) -> None:
    needs_openvino()
    outcome = run(*WITH, "--dtype", "bfloat16", strategies="logreg_probe")
    if computes_in_bfloat16():
        assert outcome.code == 0, outcome.err
        assert outcome.run.environment["dtype"] == "bfloat16"
    else:
        assert (outcome.code, "no instructions for bfloat16" in " ".join(outcome.err.split())) == (2, True)


def test_encoders_of_plugins_are_refused(run: Harness) -> None:
    needs_openvino()
    outcome = run(*WITH, strategies="logreg_probe", plugins=[Static()])
    assert (outcome.code, "is computed by torch. Leave --engine out." in " ".join(outcome.err.split())) == (2, True)


def test_a_classifier_in_eight_bits_predicts_by_them_and_not_by_those_of_another_nncf(run: Harness) -> None:
    needs_openvino()
    skip_without("nncf")
    outcome = run("--engine", "openvino-int8", strategies="logreg_probe")
    assert outcome.code == 0, outcome.err
    assert "computed in eight bits" in " ".join(outcome.out.split())
    result = open_run("latest", outcome.folder)
    assert getattr(result.classifier().encoder, "engine", "").startswith("openvino-int8 ")
    (folder,) = outcome.folder.glob("*/models/*")
    saved = json.loads((folder / "harness.json").read_text())
    assert saved["encoder"]["engine"] == "openvino-int8"
    saved["encoder"]["fingerprint"]["nncf"] = "0.1"
    (folder / "harness.json").write_text(json.dumps(saved))
    with pytest.raises(package.ModelError, match="nncf"):
        package.load_classifier(folder)


def test_auto_takes_one_of_the_two_says_why_and_takes_it_again(run: Harness, tmp_path: Path) -> None:
    kept = ("--cache-dir", str(tmp_path / "cache"), "--engine", "auto")
    runs = [run(*kept, strategies="logreg_probe") for _ in range(2)]
    assert [outcome.code for outcome in runs] == [0, 0]
    (first, second) = (outcome.run for outcome in runs)
    assert first.model is not None
    assert first.model == second.model
    taken = first.model.engine.split()[0]
    assert taken in ("torch", "openvino")
    told = [note for note in first.notes if "--engine auto" in note]
    assert [f"took {taken}" in note for note in told] == [True]
    assert second.records[0].features == "cached"


def test_a_run_without_an_encoder_says_that_the_engine_has_no_effect(run: Harness) -> None:
    needs_openvino()
    outcome = run(*WITH, strategies="majority")
    assert outcome.code == 0
    assert "--engine has no effect" in " ".join(outcome.run.notes)


def test_a_saved_classifier_of_an_unknown_engine_is_refused(run: Harness) -> None:
    outcome = run(strategies="logreg_probe")
    (folder,) = outcome.folder.glob("*/models/*")
    saved = json.loads((folder / "harness.json").read_text())
    assert saved["encoder"]["engine"] == "torch"
    saved["encoder"]["engine"] = "abacus"
    (folder / "harness.json").write_text(json.dumps(saved))
    with pytest.raises(package.ModelError, match=r"encoder\.engine"):
        package.load_classifier(folder)
