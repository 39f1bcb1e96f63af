"""Frozen features in a number format of their own, as `--dtype auto` may choose it on a CPU."""

import json
from pathlib import Path

import numpy as np

from harness import Encoder, RunConfig, hookimpl, open_run
from harness.huggingface import load_encoder

from .commands import Harness


class Narrow:
    """Loads encoders in bfloat16, as the program does where that was measured to be faster."""

    @hookimpl
    def harness_load_encoder(self, name: str, config: RunConfig, device: str) -> Encoder:
        return load_encoder(name, None, True, device, "bfloat16")


def test_a_run_says_what_features_are_in_and_its_probe_predicts_by_them(run: Harness, harness: Harness) -> None:
    outcome = run(strategies="logreg_probe", plugins=[Narrow()])
    assert outcome.code == 0, outcome.err
    assert outcome.run.environment["dtype"] == "float32"  # what is trained
    assert outcome.run.model is not None
    assert outcome.run.model.dtype == "bfloat16"
    assert "frozen features are computed by torch, bfloat16" in " ".join(outcome.out.split())
    result = open_run("latest", outcome.folder)
    classifier = result.classifier(cache=False)
    assert getattr(classifier.encoder, "dtype", None) == "bfloat16"
    kept = result.predictions("logreg_probe")
    predicted = kept[[name for name in kept.columns if name.startswith("probability_")]].to_numpy()
    np.testing.assert_allclose(classifier.predict_proba(kept["text"].tolist()), predicted, atol=1e-5)
    assert harness("verify", "latest", "-o", str(outcome.folder)).code == 0


def test_what_was_computed_in_bfloat16_is_exported_in_float32_and_that_is_told(
    run: Harness, harness: Harness, tmp_path: Path
) -> None:
    outcome = run("--dtype", "bfloat16", strategies="logreg_probe")
    assert outcome.code == 0, outcome.err
    to = ("--output-dir", str(outcome.folder), "-o", str(tmp_path / "out"), "--to", "transformers")
    exported = harness("export", "latest", *to)
    assert exported.code == 0, exported.err
    assert "predicted in bfloat16 and this folder predicts in float32" in " ".join(exported.err.split())
    checked = json.loads((tmp_path / "out" / "classifier.json").read_text("utf-8"))["checked"]
    assert (checked["dtype"], 0 < checked["difference"] < 0.05) == ("bfloat16", True)
