"""Variants, grids, groups and learning curves from the command line."""

import json

import pytest

from .commands import Harness


def test_variants_of_a_strategy_are_rows_of_their_own(run: Harness) -> None:
    outcome = run(strategies="logreg_probe, logreg_probe(C=0.001), logreg_probe( C=0.001 )")
    assert outcome.code == 0
    params = {record.strategy: record.params["C"] for record in outcome.run.records}
    assert params == {"logreg_probe": params["logreg_probe"], "logreg_probe(C=0.001)": 0.001}
    assert isinstance(params["logreg_probe"], float)
    assert len(set(outcome.digests.values())) == 2


def test_a_variant_stands_on_the_settings_of_its_strategy(run: Harness) -> None:
    outcome = run("--set", "logreg_probe.pooling=mean", strategies="logreg_probe(C=0.5)")
    params = outcome.run.records[0].params
    assert (params["C"], params["pooling"], params["scaling"], params["layer"]) == (0.5, "mean", "standard", -1)


def test_a_grid_is_one_row_with_the_choice_of_validation_and_the_number_tried(run: Harness) -> None:
    values = ("0.0001", "0.01", "1", "100")
    grid = f"logreg_probe(C={'|'.join(values)})"
    alone = run(strategies=",".join(f"logreg_probe(C={value})" for value in values)).run.records
    outcome = run(strategies=grid)
    (record,) = outcome.run.records
    best = max(alone, key=lambda each: each.validation.f1_macro)
    assert record.params == best.params
    assert record.predictions_sha256 == best.predictions_sha256
    assert record.configurations_tried == 4
    assert [entry["validation_f1_macro"] for entry in record.history] == [r.validation.f1_macro for r in alone]
    assert "4 tried" in outcome.out


def test_a_saved_grid_predicts_the_same_again(run: Harness, harness: Harness) -> None:
    folder = run(strategies="logreg_probe(C=0.01|1)").folder
    assert harness("reproduce", "-o", str(folder), "-q", "--tolerance", "0").code == 0
    assert harness("verify", "-o", str(folder)).code == 0


@pytest.mark.parametrize(
    ("asked", "held", "not_held"),
    [
        ("frozen", {"logreg_probe", "mlp_probe"}, {"majority", "tfidf_logreg", "full_finetune"}),
        ("all,!full_finetune,!frozen,!trained", {"majority", "tfidf_logreg"}, {"logreg_probe", "full_finetune"}),
        ("!trained", {"majority", "logreg_probe"}, {"full_finetune"}),
    ],
)
def test_groups_hold_their_strategies_and_an_exclamation_mark_leaves_out(
    asked: str, held: set[str], not_held: set[str], run: Harness
) -> None:
    trials = {trial["strategy"] for trial in json.loads(run("--dry-run", "--json", strategies=asked).out)["trials"]}
    assert held <= trials
    assert not not_held & trials


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("frozzen", "Did you mean 'frozen'?"),
        ("frozen(C=1)", "'frozen' is a group"),
        ("logreg_probe(c=1)", "Did you mean 'C'?"),
        ("logreg_probe(C=one)", "--strategies logreg_probe.C"),
        ("majority,!all", "leaves no strategy"),
    ],
)
def test_what_cannot_be_meant_is_refused(asked: str, told: str, run: Harness) -> None:
    outcome = run(strategies=asked)
    assert outcome.code == 2
    assert told in outcome.err


def test_a_learning_curve_has_a_row_a_size_and_the_main_table_its_end(run: Harness) -> None:
    outcome = run("--train-sizes", "12,24,all", "--seeds", "0,1", strategies="tfidf_logreg,logreg_probe")
    assert outcome.code == 0
    sizes = {(r.strategy, r.seed, r.train_size) for r in outcome.run.records}
    assert len(sizes) == 12
    assert {size for _, _, size in sizes} == {12, 24, None}
    shown = outcome.out.split("Learning curves")
    assert "rows of train" in shown[1]
    assert outcome.run.evidence is not None
    assert {trial.strategy for trial in outcome.run.evidence.trials} == {"tfidf_logreg", "logreg_probe"}
    assert len(outcome.run.evidence.trials) == 4


def test_a_learning_curve_says_where_fine_tuning_overtakes_the_probes(run: Harness) -> None:
    trained = "full_finetune(learning_rate=0.01, epochs=20)"  # which the tiny encoder learns by
    outcome = run("--train-size", "12,all", strategies=f"logreg_probe,{trained}")  # its other spelling
    assert outcome.code == 0
    assert f"Fine-tuning ({trained}) is " in " ".join(outcome.out.split())


def test_the_smaller_sizes_do_not_change_the_result_on_all_of_train(run: Harness) -> None:
    plain = run(strategies="logreg_probe").run.records[0]
    curve = run("--train-sizes", "9,all", strategies="logreg_probe").run.records
    (whole,) = (record for record in curve if record.train_size is None)
    assert whole.predictions_sha256 == plain.predictions_sha256


def test_a_size_beyond_train_is_refused_before_anything_runs(run: Harness) -> None:
    outcome = run("--train-sizes", "10,100000")
    assert outcome.code == 2
    assert "--train-sizes 100000: train of" in outcome.err


def test_the_screen_names_what_validation_kept_of_a_grid_and_what_was_set(run: Harness) -> None:
    outcome = run("--set", "logreg_probe.pooling=mean", strategies="logreg_probe(C=0.001|1)")
    (record,) = outcome.run.records
    shown = " ".join(outcome.out.split())
    kept = shown.split("logreg_probe(C=0.001|1): validation kept ")[1]
    assert f"C={record.params['C']}, " in kept
    assert "settings logreg_probe pooling=mean" in shown


def test_a_setting_of_a_strategy_that_does_not_run_is_told(run: Harness) -> None:
    outcome = run("--set", "mlp_probe.epochs=3", strategies="majority")
    assert outcome.run.notes == ["--set mlp_probe has no effect: it is not among the strategies"]


def test_a_limit_that_loses_a_class_says_which(run: Harness) -> None:
    outcome = run("--limit", "2", strategies="majority")
    assert any("train has no row left of" in note for note in outcome.run.notes)
