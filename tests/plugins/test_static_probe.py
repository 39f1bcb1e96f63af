"""A linear head on a static encoder: what it must be told, what it refuses, and what it reads."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import ModelError, UserError
from harness.cli import main
from harness.errors import ExitCode
from harness.plugin_system.manager import PluginManager
from harness.results.records import read_run
from harness.results.run_directory import find_run
from harness.testing import Bench
from harness.testing.finding import find_offers

from .configured import write_static_encoder

OFFER = PluginManager().offers["static_probe"]
pytestmark = pytest.mark.skipif(OFFER.not_installed is not None, reason=OFFER.not_installed or "")


@pytest.fixture
def strategy(tmp_path: Path) -> Any:
    return replace(OFFER.strategy, model=str(write_static_encoder(tmp_path / "static")))  # type: ignore[type-var]


def run(*options: str) -> int:
    return main(["run", "-d", "sample", "-q", "--offline", *options])


def test_without_an_encoder_it_is_left_out_of_groups_and_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("-s", "floors,static_probe") == 2
    assert "static_probe' cannot run as it is: it needs --set static_probe.model=..." in capsys.readouterr().err
    assert run("-s", "baselines,!tfidf_logreg") == 0
    made = read_run(find_run("latest", tmp_path / "reports"))
    assert {record.strategy for record in made.records} == {"majority", "stratified_random"}
    assert "static_probe was left out: needs --set static_probe.model=..." in made.notes


def test_once_it_is_set_groups_hold_it_and_what_it_saves_predicts(
    strategy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("-s", "baselines,!tfidf_logreg", "--set", f"static_probe.model={strategy.model}") == 0
    made = read_run(find_run("latest", tmp_path / "reports"))
    (record,) = (record for record in made.records if record.strategy == "static_probe")
    assert record.is_scored
    assert record.configurations_tried == 9
    Path(strategy.model).rename(tmp_path / "moved")  # what was saved holds the encoder, too
    (tmp_path / "new.txt").write_text("a quiet lake\n", encoding="utf-8")
    capsys.readouterr()
    assert main(["predict", "latest", "new.txt", "-o", "out.csv", "-s", "static_probe", "-q"]) == 0
    assert "a quiet lake" in (tmp_path / "out.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("model", ["nowhere/here", "./nowhere"])
def test_an_encoder_that_is_not_there_is_told_before_anything_runs(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("-s", f"majority,static_probe(model={model})") == ExitCode.UNAVAILABLE
    assert model in capsys.readouterr().err
    assert not (tmp_path / "reports").exists()


def test_a_checkpoint_of_another_kind_and_broken_numbers_are_refused(
    strategy: Any, tiny_model: Path, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="no static encoder"):
        replace(strategy, model=str(tiny_model)).refusal("", 0, ())
    from model2vec import StaticModel

    encoder = StaticModel.from_pretrained(strategy.model)
    encoder.embedding[1] = np.nan
    encoder.save_pretrained(tmp_path / "broken")
    with pytest.raises(ModelError, match="not finite"):
        replace(strategy, model=str(tmp_path / "broken")).refusal("", 0, ())


def test_a_penalty_that_is_set_gives_what_was_chosen(strategy: Any, bench: Bench) -> None:
    texts = bench.task.test.texts
    with bench.fitted(strategy) as (chosen, _):
        found = chosen.predict_proba(texts)
        penalty = chosen.params["C"]  # type: ignore[attr-defined]
    with bench.fitted(replace(strategy, C=penalty)) as (again, _):
        assert again.configurations_tried == 1  # type: ignore[attr-defined]
        assert np.array_equal(again.predict_proba(texts), found)


def test_texts_are_read_whole_however_long_they_are(strategy: Any, bench: Bench, tmp_path: Path) -> None:
    long = " ".join(["quiet lake", *["train"] * 600])
    texts = [long, f"{long} {'sun song gift ' * 200}", *bench.task.test.texts]
    with bench.fitted(strategy) as (classifier, context):
        found = classifier.predict_proba(texts)
        assert np.abs(found[0] - found[1]).max() > 0.01
        classifier.save(tmp_path)
        np.testing.assert_array_equal(strategy.load(tmp_path, context).predict_proba(texts), found)


def test_a_variant_that_names_a_folder_is_found_to_be_checked(strategy: Any) -> None:
    (offer,) = find_offers([f"static_probe(model={strategy.model})"])
    assert offer.strategy == strategy
    with pytest.raises(UserError, match="it needs --set static_probe"):
        find_offers(["static_probe"])
