"""`harness compare` on real runs."""

import json
import shutil
from pathlib import Path

import pytest

from harness.results.run_directory import find_run

from .commands import Harness, write_data


@pytest.fixture
def compare(harness: Harness) -> Harness:
    return lambda *argv: harness("compare", *argv)


@pytest.fixture
def two_seeds(run: Harness) -> list[str]:
    """Folders of two runs that differ in their seed."""
    folder = run("--seeds", "0", "--no-save-models", strategies="majority,mlp_probe").folder
    first = find_run("latest", folder).path
    run("--seeds", "1", "--no-save-models", strategies="logreg_probe,mlp_probe")
    return [str(first), str(find_run("latest", folder).path)]


def test_strategies_of_two_runs_stand_in_one_table_under_names_of_their_own(
    compare: Harness, two_seeds: list[str]
) -> None:
    outcome = compare(*two_seeds)
    assert outcome.code == 0
    for name in ("mlp_probe (1)", "mlp_probe (2)", "majority", "logreg_probe"):
        assert any(line.startswith(name) for line in outcome.out.splitlines()), name
    assert "95 %" in outcome.out
    assert outcome.out.startswith("These 24 rows cannot tell mlp_probe (1)")


def test_differences_across_runs_are_tested_on_the_same_rows(compare: Harness, two_seeds: list[str]) -> None:
    evidence = json.loads(compare(*two_seeds, "--json").out)["evidence"]
    pairs = {frozenset((pair["first"], pair["second"])) for pair in evidence["pairs"]}
    assert frozenset(("mlp_probe (1)", "mlp_probe (2)")) in pairs
    assert len(pairs) == 6
    assert set(evidence["letters"]) == {"majority", "mlp_probe (1)", "mlp_probe (2)", "logreg_probe"}


def test_every_pair_is_shown_on_demand(compare: Harness, full: Path) -> None:
    shown = compare(str(find_run("latest", full).path), "--pairs").out
    assert "Difference in test f1_macro, row minus column" in shown
    assert "Difference in test accuracy, row minus column" in shown


def test_a_pair_shows_what_was_fixed_and_what_broke_with_the_rows(compare: Harness, full: Path, task) -> None:
    folder = str(find_run("latest", full).path)
    pair = ("--pair", "majority", "tfidf_logreg")
    shown = compare(folder, *pair, "--top", "1000").out
    content = json.loads(compare(folder, *pair, "--json").out)["pair"]
    assert f"rows fixed   {len(content['fixed'])}" in shown
    assert f"rows broken  {len(content['broken'])}" in shown
    for row in (*content["fixed"], *content["broken"]):
        assert f"row {row + 1}: " in shown
        assert task.test.texts[row] in shown
    total = len(content["fixed"]) + len(content["broken"]) + content["both_right"] + content["both_wrong"]
    assert total == len(task.test)


def test_the_rows_behind_a_cell_can_be_seen(compare: Harness, full: Path, task) -> None:
    folder = str(find_run("latest", full).path)
    names = sorted(task.label_names)  # as files without declared names have them
    pair = ("--pair", "majority", "tfidf_logreg")
    change = json.loads(compare(folder, *pair, "--json").out)["pair"]["difference"]
    true = next(i for i, row in enumerate(change) if row[i] > 0)
    shown = compare(folder, *pair, "--cell", names[true], names[true], "--top", "100").out
    assert f"({change[true][true]} / {change[true][true]})" in shown
    assert shown.count(f"true {names[true]}; ") == change[true][true]


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (("--pair", "majority", "tfidf_logrej"), "Did you mean 'tfidf_logreg'?"),
        (("--pair", "majority", "mlp_probe", "--cell", "joy", "bussy"), "There is no class 'joy'"),
        (("--cell", "busy", "calm"), "--pair A B"),
    ],
)
def test_names_that_do_not_exist_are_refused(argv: tuple[str, ...], told: str, compare: Harness, full: Path) -> None:
    outcome = compare(str(find_run("latest", full).path), *argv)
    assert outcome.code == 2
    assert told in outcome.err


def other_test_rows(run: Harness, tmp_path: Path, task) -> None:
    data = write_data(task, tmp_path / "other")
    lines = (data / "test.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (data / "test.jsonl").write_text("".join(lines[1:]), encoding="utf-8")
    run("-d", str(data))


def limited(run: Harness, tmp_path: Path, task) -> None:
    run("--limit", "20")


def other_names(run: Harness, tmp_path: Path, task) -> None:
    data = write_data(task, tmp_path / "renamed")
    for file in data.glob("*.jsonl"):
        file.write_text(file.read_text(encoding="utf-8").replace('"busy"', '"bustling"'), encoding="utf-8")
    run("-d", str(data))


@pytest.mark.parametrize(
    ("make_other", "field"), [(other_test_rows, "test_sha256"), (limited, "limit"), (other_names, "label_names")]
)
def test_runs_that_cannot_be_compared_are_refused_with_the_field_named(
    make_other, field: str, run: Harness, compare: Harness, tmp_path: Path, task
) -> None:
    folder = run().folder
    first = str(find_run("latest", folder).path)
    make_other(run, tmp_path, task)
    second = str(find_run("latest", folder).path)
    refused = compare(first, second)
    assert refused.code == 2
    assert field in refused.err
    assert "--force" in refused.err
    forced = compare(first, second, "--force")
    assert forced.code == 0
    assert "NOT COMPARABLE" in forced.out
    assert "Best by validation" not in forced.out
    paired = compare(first, second, "--force", "--pair", "majority (1)", "majority (2)")
    assert paired.code == 2


def test_a_run_without_its_predictions_is_refused(run: Harness, compare: Harness) -> None:
    folder = find_run("latest", run().folder).path
    (folder / "predictions" / "majority-seed0.parquet").unlink()
    outcome = compare(str(folder))
    assert outcome.code == 2
    assert "holds no predictions of majority-seed0" in outcome.err


def test_a_run_that_kept_no_texts_shows_row_numbers_alone(run: Harness, compare: Harness, task) -> None:
    folder = find_run("latest", run("--no-save-texts", strategies="majority,tfidf_logreg").folder).path
    shown = compare(str(folder), "--pair", "majority", "tfidf_logreg").out
    assert "row " in shown
    assert not any(text in shown for text in task.test.texts)


def test_the_table_can_be_had_in_chinese(compare: Harness, full: Path) -> None:
    shown = compare(str(find_run("latest", full).path), "--lang", "zh_TW").out
    assert "策略" in shown


@pytest.fixture
def two_encoders(run: Harness, tiny_model: Path, tmp_path: Path) -> list[str]:
    """Folders of two runs of the same strategies on encoders of different limits."""
    other = shutil.copytree(tiny_model, tmp_path / "other-encoder")
    config = json.loads((other / "tokenizer_config.json").read_text())
    (other / "tokenizer_config.json").write_text(json.dumps(config | {"model_max_length": 6}))
    folders = []
    for model in (tiny_model, other):
        folder = run("-m", str(model), "--no-save-models", strategies="majority,logreg_probe").folder
        folders.append(str(find_run("latest", folder).path))
    return folders


def test_over_several_encoders_rows_carry_their_names_and_what_reads_none_stands_there_once(
    compare: Harness, two_encoders: list[str], tiny_model: Path
) -> None:
    outcome = compare(*two_encoders, "--json")
    assert outcome.code == 0, outcome.err
    names = {row["name"] for row in json.loads(outcome.out)["strategies"]}
    assert names == {"majority", f"logreg_probe ({tiny_model.name})", "logreg_probe (other-encoder)"}
    shown = compare(*two_encoders).out
    assert "at most 6 tokens a text" in shown
    assert compare(*two_encoders, "--pair", "majority", "logreg_probe (other-encoder)").code == 0


def test_what_reads_no_encoder_stands_there_once_with_the_seeds_of_the_longer_run(
    run: Harness, compare: Harness, two_encoders: list[str], tiny_model: Path
) -> None:
    folder = run("-m", str(tiny_model), "--seeds", "0,1", "--no-save-models", strategies="majority,logreg_probe").folder
    both = [str(find_run("latest", folder).path), two_encoders[1]]
    for runs in (both, both[::-1]):
        outcome = compare(*runs, "--json")
        assert outcome.code == 0, outcome.err
        assert "majority" in {row["name"] for row in json.loads(outcome.out)["strategies"]}


def test_a_run_is_not_compared_with_itself(compare: Harness, full: Path) -> None:
    path = find_run("latest", full).path
    outcome = compare(str(path), f"{path}/")
    assert outcome.code == 2
    assert "is named twice" in outcome.err


def test_the_same_encoder_cut_elsewhere_is_another_protocol(run: Harness, compare: Harness) -> None:
    folder = run("--no-save-models").folder
    first = str(find_run("latest", folder).path)
    shorter = run("--no-save-models", "--max-length", "5")
    assert shorter.run.config.max_length == shorter.run.model.max_length == 5  # type: ignore[union-attr]
    assert shorter.run.records[1].features == "computed"
    refused = compare(first, str(find_run("latest", folder).path))
    assert refused.code == 2
    assert "truncation" in refused.err


def test_a_limit_beyond_that_of_the_encoder_is_refused(run: Harness) -> None:
    refused = run("--max-length", "4000")
    assert refused.code == 2
    assert "--max-length 4000" in refused.err
