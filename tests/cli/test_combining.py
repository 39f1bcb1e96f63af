"""`harness run -s a,b,blend`: a strategy that combines the others of its run, from the plan to its saved classifier."""

import io
import json
import shutil
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from harness import ModelError, UserError, open_run
from harness.cli import main

from .combining import MEMBERS, BothPlugin, MeddlingPlugin, MoodyPlugin, PeekingPlugin, StoppingPlugin
from .commands import Harness, run_of

THREE = f"{MEMBERS},majority,blend"


def probabilities(folder: Path, trial: str, split: str) -> NDArray[np.float32]:
    """Read what a trial predicted as anybody would who has its file."""
    table = pq.read_table(folder / "predictions" / f"{trial}.parquet").to_pandas()
    columns = [name for name in table.columns if name.startswith("probability_")]
    return np.asarray(table.loc[table["split"] == split, columns])


def record_of(run: dict[str, Any], strategy: str, **given: Any) -> dict[str, Any]:
    (found,) = (
        r for r in run["records"] if r["strategy"] == strategy and all(r[name] == x for name, x in given.items())
    )
    return dict(found)


@pytest.fixture(scope="module")
def blended(tmp_path_factory: pytest.TempPathFactory, tiny_data: Path) -> Path:
    """The folder of a run with a blend, two seeds of two sizes, two trials at a time."""
    folder, err = tmp_path_factory.mktemp("blended"), io.StringIO()
    sizes = ("--seeds", "0,1", "--train-sizes", "24,all", "--on", "local:2")
    with redirect_stdout(io.StringIO()), redirect_stderr(err):
        code = main(["run", "-d", str(tiny_data), "-q", "--offline", "-o", str(folder), *sizes, "-s", THREE])
    assert code == 0, err.getvalue()
    (found,) = folder.glob("2*")
    return found


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("size", [24, None])
def test_it_predicts_the_weighted_mean_of_the_others_of_its_seed_and_size(
    blended: Path, seed: int, size: int | None
) -> None:
    run = json.loads((blended / "run.json").read_text())
    record = record_of(run, "blend", seed=seed, train_size=size)
    assert sum(record["members"].values()) == pytest.approx(1)
    assert {*record["members"]} <= {*MEMBERS.split(",")}
    end = "" if size is None else f"-train{size}"
    names = {r["strategy"]: f"{r['strategy']}-seed{seed}{end}" for r in run["records"]}
    opened = open_run(blended).directory
    for split in ("validation", "test"):
        of_member = {
            name: probabilities(blended, opened.predictions_file(names[name]).stem, split) for name in record["members"]
        }
        mean = sum(weight * of_member[name].astype(float) for name, weight in record["members"].items())
        ours = probabilities(blended, f"blend-seed{seed}{end}", split)
        assert np.abs(ours - mean).max() < 1e-6


def test_its_costs_are_those_of_what_it_combines_and_its_own(blended: Path) -> None:
    run = json.loads((blended / "run.json").read_text())
    record = record_of(run, "blend", seed=0, train_size=None)
    others = [record_of(run, name, seed=0, train_size=None) for name in MEMBERS.split(",")]
    used = [other for other in others if other["strategy"] in record["members"]]
    assert record["fit_seconds"] > sum(other["fit_seconds"] for other in others)
    assert record["predict_seconds"] > sum(other["predict_seconds"] for other in used)
    assert record["model_bytes"] > sum(other["model_bytes"] for other in used)
    assert record["total_parameters"] == len(used) + sum(other["total_parameters"] for other in used)
    assert record["latency"]["p50_seconds"] == pytest.approx(sum(o["latency"]["p50_seconds"] for o in used))


def test_what_choosing_weights_flatters_is_taken_off_and_the_weights_are_shown(blended: Path, harness: Harness) -> None:
    record = record_of(json.loads((blended / "run.json").read_text()), "blend", seed=0, train_size=None)
    assert record["optimism"] is not None
    shown = " ".join(harness("show", str(blended)).out.split())
    assert "blend (seed 0) combines" in shown
    assert harness("verify", str(blended)).code == 0
    report = blended.parent / "report.html"
    assert harness("report", str(blended), "-o", str(report)).code == 0
    assert "combines" in report.read_text(encoding="utf-8")


def test_its_saved_classifier_loads_its_members_and_predicts_what_the_run_did(blended: Path) -> None:
    run = open_run(blended)
    kept = run.predictions("blend")
    classifier = run.classifier("blend")
    found = classifier.predict_proba(kept["text"].tolist())
    assert np.abs(found - probabilities(blended, "blend-seed0", "test")).max() < 1e-5


def test_members_that_read_one_encoder_share_it(run: Harness, tmp_path: Path) -> None:
    strategies = "logreg_probe(C=1),logreg_probe(C=0.001),blend(rounds=1|2|3)"
    assert run("-o", str(tmp_path), "--on", "here", plugins=[BothPlugin()], strategies=f"{strategies},both").code == 0
    opened = open_run(next(tmp_path.glob("2*")))
    record = opened.record("both")
    assert record.total_parameters is not None
    assert record.total_parameters < 2 * (opened.record("logreg_probe(C=1)").total_parameters or 0)
    loaded = opened.classifier("both", plugins=[BothPlugin()])
    assert len({id(member.encoder) for member in loaded.members}) == 1
    kept = opened.predictions("both")
    assert list(loaded.predict(kept["text"].tolist())) == kept["prediction"].tolist()


def test_without_the_folder_of_a_member_it_is_not_loaded(blended: Path, tmp_path: Path) -> None:
    shutil.copytree(blended, tmp_path / "copy")
    record = record_of(json.loads((blended / "run.json").read_text()), "blend", seed=0, train_size=None)
    name = next(iter(record["members"]))
    run = open_run(tmp_path / "copy")
    shutil.rmtree(run.classifier_folder(name))
    with pytest.raises(ModelError, match="Keep the classifiers of a run together"):
        run.classifier("blend")


def test_it_is_not_handed_on_without_its_members(blended: Path, tmp_path: Path) -> None:
    run = open_run(blended)
    with pytest.raises(UserError, match=r"blend predicts from tfidf_logreg.* Name one of these"):
        run.export(tmp_path / "out", "blend")
    with pytest.raises(UserError, match="blend predicts from"):
        run.push("me/blend", "blend")
    with pytest.raises(UserError, match="not fitted on train by itself"):
        run.doubtful_labels(3, strategies=["blend"])


def test_with_fewer_than_two_others_it_is_refused_before_anything_is_loaded(run: Harness) -> None:
    outcome = run("-d", "no-such-data", strategies="majority,tfidf_logreg,blend")
    assert outcome.code == 2
    assert "combines the other strategies of its run, floors apart, and this one has tfidf_logreg" in outcome.err


def test_it_is_not_among_all(harness: Harness) -> None:
    def listed(*group: str) -> list[str]:
        plugins = json.loads(harness("list", *group, "--json").out)
        return [strategy["name"] for plugin in plugins for strategy in plugin["strategies"]]

    assert "blend" in listed()
    assert "blend" not in listed("all")
    assert listed("combined") == ["blend"]


def test_a_member_that_failed_is_left_out_and_named(run: Harness, tmp_path: Path) -> None:
    (tmp_path / "mood").touch()
    given = ("-o", str(tmp_path / "runs"), "--no-save-models")
    plugins = [MoodyPlugin(tmp_path / "mood")]
    assert run(*given, plugins=plugins, strategies=f"{MEMBERS},moody,blend").code == 1
    record = record_of(run_of(tmp_path / "runs"), "blend")
    assert record["status"] == "ok"
    assert record["degradations"] == ["moody was left out: it failed"]


def test_with_too_few_that_did_not_fail_it_is_a_red_row(run: Harness, tmp_path: Path) -> None:
    (tmp_path / "mood").touch()
    outcome = run(
        "-o", str(tmp_path / "runs"), plugins=[MoodyPlugin(tmp_path / "mood")], strategies="tfidf_logreg,moody,blend"
    )
    assert outcome.code == 1
    told = record_of(run_of(tmp_path / "runs"), "blend")["error"]["message"]
    assert (
        told == "two strategies or more are needed to combine, and what there is of them is tfidf_logreg: moody failed."
    )


def test_predictions_that_somebody_changed_are_not_combined(run: Harness, tmp_path: Path) -> None:
    outcome = run("-o", str(tmp_path), plugins=[MeddlingPlugin()], strategies="tfidf_logreg,meddling,blend")
    assert outcome.code == 1, outcome.err
    error = record_of(run_of(tmp_path), "blend")["error"]
    assert "it was changed after its trial" in error["message"]


def test_of_a_metric_whose_optimism_is_not_known_none_is_taken_off(run: Harness, tmp_path: Path) -> None:
    given = ("-o", str(tmp_path), "--no-save-models", "--select-by", "log_loss")
    assert run(*given, strategies=f"{MEMBERS},blend").code == 0
    assert {each["optimism"] for each in run_of(tmp_path)["records"]} == {None}


def test_of_several_numbers_of_rounds_validation_keeps_one(run: Harness, tmp_path: Path) -> None:
    assert run("-o", str(tmp_path), strategies=f"{MEMBERS},blend(rounds=1|20)").code == 0
    opened = open_run(next(tmp_path.glob("2*")))
    record = opened.record("blend(rounds=1|20)")
    assert record.configurations_tried == 2
    assert sum(record.members.values()) == pytest.approx(1)
    kept = opened.predictions(record.strategy)
    assert list(opened.classifier(record.strategy).predict(kept["text"].tolist())) == kept["prediction"].tolist()


def test_no_label_of_test_lies_where_its_worker_could_read_it(run: Harness, tmp_path: Path) -> None:
    outcome = run("-o", str(tmp_path), "--on", "local", plugins=[PeekingPlugin()], strategies=f"{MEMBERS},peeking")
    assert outcome.code == 0, outcome.err
    opened = open_run(next(tmp_path.glob("2*")))
    found = opened.classifier("peeking", plugins=[PeekingPlugin()]).predict_proba(
        opened.predictions("peeking")["text"].tolist()
    )
    assert found.shape[1] == 3


def test_it_is_run_again_where_a_member_is(run: Harness, tmp_path: Path) -> None:
    """A run that failed to keep a member is gone on with: what succeeds now is combined, too."""
    (mood := tmp_path / "mood").touch()
    given = ("-o", str(tmp_path / "runs"), "--no-save-models")
    stopping = [MoodyPlugin(mood), StoppingPlugin("blend")]
    assert run(*given, plugins=stopping, strategies=f"{MEMBERS},moody,blend").code == 130
    mood.unlink()
    (folder,) = (tmp_path / "runs").glob("2*")
    retried = ("--resume", str(folder), "--retry-failed")
    assert main(["run", *retried, "-q"], plugins=[MoodyPlugin(mood)]) == 0
    record = record_of(run_of(tmp_path / "runs"), "blend")
    assert record["degradations"] == []
    assert "blend-seed0 was run again, as what it depends on changed: members" in run_of(tmp_path / "runs")["notes"]


def test_a_dry_run_counts_it(run: Harness) -> None:
    outcome = run("--dry-run", strategies=THREE)
    assert outcome.code == 0
    assert "blend" in outcome.out
