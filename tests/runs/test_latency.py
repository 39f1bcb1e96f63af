"""Each run measures what a text takes that comes alone, and nothing that goes wrong with that costs a trial."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import hookimpl
from harness.cli import main


class Uniform:
    def __init__(self, k: int, fault: str) -> None:
        self.k, self.fault = k, fault

    def predict_proba(self, texts: list[str]) -> Any:
        if len(texts) == 1:
            if self.fault == "dies":
                os._exit(3)
            if self.fault == "raises":
                raise ValueError("one text is too few")
        return np.full((len(texts), self.k), 1 / self.k, dtype=np.float32)

    def save(self, directory: Path) -> None:
        (directory / "k.json").write_text("1234567")


@dataclass(frozen=True)
class Moody:
    name: str
    uses_model = False

    def fit(self, train: Any, validation: Any, context: Any) -> Uniform:
        return Uniform(context.n_classes, self.name)

    def load(self, directory: Path, context: Any) -> Uniform:
        return Uniform(context.n_classes, "")


class Plugin:
    @hookimpl
    def harness_strategies(self) -> list[Any]:
        return [Moody("fine"), Moody("raises"), Moody("dies")]


def records(tmp_path: Path, *argv: str, plugins: tuple[object, ...] = ()) -> dict[str, list[dict[str, Any]]]:
    given = ["-d", "sample", "-n", "60", "-q", "--offline", "-o", str(tmp_path), *argv]
    assert main(["run", *given], plugins=plugins) == 0
    (file,) = tmp_path.glob("*/run.json")
    found: dict[str, list[dict[str, Any]]] = {}
    for record in json.loads(file.read_text(encoding="utf-8"))["records"]:
        found.setdefault(record["strategy"], []).append(record)
    return found


def test_one_trial_of_each_strategy_is_timed_text_by_text_with_its_encoder(tmp_path: Path, tiny_model: Path) -> None:
    given = ["-m", str(tiny_model), "-s", "majority,logreg_probe", "--seeds", "1,0", "--set", "logreg_probe.C=1"]
    for mine in records(tmp_path, *given).values():
        (timed,) = [record for record in mine if record["latency"]]
        assert timed["seed"] == 1
        latency = timed["latency"]
        assert 0 < latency["p50_seconds"] <= latency["p95_seconds"]
        assert latency["n_texts"] >= 3
        assert latency["problem"] is None
        read = timed["strategy"] == "logreg_probe"
        assert (timed["encoder_bytes"] > (tiny_model / "model.safetensors").stat().st_size) is read
        assert timed["model_bytes"] > 0


def test_frozen_features_are_computed_for_each_text_that_is_timed(tmp_path: Path, tiny_model: Path) -> None:
    given = ["-m", str(tiny_model), "-s", "logreg_probe", "--cache-dir", str(tmp_path / "cache")]
    first = records(tmp_path / "first", *given)["logreg_probe"][0]
    again = records(tmp_path / "again", *given)["logreg_probe"][0]
    assert (first["features"], again["features"]) == ("computed", "cached")
    assert again["predictions_sha256"] == first["predictions_sha256"]
    # An encoder's layer takes longer than reading a row and one product.
    assert again["latency"]["p50_seconds"] > 1e-4


@pytest.mark.parametrize(
    ("name", "told"),
    [("raises", "one text is too few"), pytest.param("dies", "exit code 3", marks=pytest.mark.slow)],
)
def test_a_classifier_that_fails_on_single_texts_is_scored_all_the_same(
    tmp_path: Path, name: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (record,) = records(tmp_path, "-s", name, "--on", "local" if name == "dies" else "here", plugins=(Plugin(),))[name]
    assert record["status"] == "ok"
    assert record["test"]["accuracy"] > 0
    assert record["model_bytes"] == len("1234567")
    assert told in record["latency"]["problem"]
    assert f"{name}: what single texts take was not measured" in " ".join(capsys.readouterr().out.split())


def test_the_answer_of_a_run_keeps_to_the_latency_that_was_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records(tmp_path, "-s", "tfidf_logreg,majority", "--max-latency", "20s", plugins=(Plugin(),))
    assert "Within 20 s for 95 of 100 single texts, take tfidf_logreg" in " ".join(capsys.readouterr().out.split())
    shown = ["show", "latest", "--output-dir", str(tmp_path), "--sort", "latency"]
    assert main([*shown, "--max-latency", "0.00001ms"]) == 0
    assert "the fastest, tfidf_logreg, takes" in " ".join(capsys.readouterr().out.split())
    assert main([*shown, "--max-latency", "5"]) == 2
    assert "--max-latency" in capsys.readouterr().err
