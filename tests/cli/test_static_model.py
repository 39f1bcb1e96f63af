"""`-m FOLDER` of a static encoder: probes read it, fine-tuning and other engines say why not."""

from pathlib import Path

import pytest

from harness import open_run

from ..packages import skip_without
from ..plugins.configured import write_static_encoder
from .commands import Harness

skip_without("model2vec")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_static_encoder(tmp_path / "static")


def test_probes_read_it_are_cached_and_predict_and_fine_tuning_says_why_not(
    run: Harness, folder: Path, tmp_path: Path
) -> None:
    kept = ("-m", str(folder), "--cache-dir", str(tmp_path / "cache"))
    outcome = run(*kept, strategies="logreg_probe,full_finetune")
    assert "frozen features are computed by model2vec" in outcome.out
    probe, tuned = outcome.run.records
    assert probe.features == "computed"
    assert probe.is_scored
    assert tuned.error is not None
    assert "this is a static encoder" in tuned.error.message
    assert run(*kept, strategies="logreg_probe").run.records[0].features == "cached"
    classifier = open_run("latest", outcome.folder).classifier("logreg_probe")
    assert classifier.predict_proba(["a quiet lake"]).shape == (1, len(outcome.run.task.label_names))


def test_it_is_bundled_like_others(harness: Harness, run: Harness, folder: Path, tmp_path: Path) -> None:
    argv = ("prefetch", "-d", "sample", "-m", str(folder), "-o", str(tmp_path / "bundle"), "--offline")
    for _ in range(2):
        outcome = harness(*argv)
        assert outcome.code == 0, outcome.err
    copy = tmp_path / "bundle" / "models" / folder.name
    assert run("-m", str(copy), strategies="logreg_probe").run.records[0].is_scored


@pytest.mark.parametrize("engine", ["openvino", "openvino-int8"])
def test_another_engine_is_refused(run: Harness, folder: Path, engine: str) -> None:
    skip_without("openvino", "onnx", "nncf")
    outcome = run("-m", str(folder), "--engine", engine, strategies="logreg_probe")
    assert (outcome.code, "Leave --engine out" in " ".join(outcome.err.split())) == (2, True)
