"""What a report says below its first sentence: the main table, the pairs, the errors, the audit, how it was made."""

import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from harness import UserError
from harness.analysis.study import Study, open_study
from harness.document import numbers
from harness.encoding.encoder import Features

from ..studies import EMOTIONS, FIVE, Contestant, a_run, a_study, a_task, failed
from .documents import paragraphs, pictures_of, report_of, rows, section, table, tables


def test_the_main_table_has_a_row_for_each_strategy_best_first_then_the_failures(study: Study) -> None:
    found = rows(table(report_of(study), "scores", "Scores and costs"))
    assert [row[0].split(" (")[0] for row in found] == [
        "full_finetune",
        "tfidf_logreg",
        "mlp_probe",
        "sd over 3 seeds",
        "logreg_probe",
        "majority",
        "lora_adapter",
    ]
    assert found[-1] == ["lora_adapter (seed 0)", "failed in fit: CUDA out of memory"]
    assert found[0][0] == "full_finetune (best by validation)"
    assert found[4][0] == "logreg_probe (deterministic)"
    assert found[5][0] == "majority"


def test_a_score_stands_with_its_interval_its_letter_and_the_score_on_unseen_rows(study: Study) -> None:
    main = table(report_of(study), "scores", "Scores and costs")
    headings = [f"{column.group} {column.text}".strip() for column in main.columns]
    best = dict(zip(headings, rows(main)[0], strict=True))
    trial = next(trial for trial in study.evidence.trials if trial.strategy == "full_finetune")
    test = study.strategy("full_finetune").records[0].test
    assert test is not None
    assert trial.unseen is not None
    interval = f"{trial.f1_macro.low:.3f}{numbers.DASH}{trial.f1_macro.high:.3f}"
    assert best["test, with 95 % interval f1_macro"] == f"{test.f1_macro:.4f} ({interval})"
    assert best["test rows not in train f1_macro"] == f"{trial.unseen.f1_macro:.4f}"
    assert best["seconds fit"] == "1,912"
    assert best["seconds encode"] == numbers.MISSING
    assert study.evidence.letters["full_finetune"].f1_macro in rows(main)[0]


def test_a_strategy_of_several_seeds_has_its_mean_its_interval_and_the_spread_below(study: Study) -> None:
    report = report_of(study)
    mean, spread = rows(table(report, "scores", "Scores and costs"))[2:4]
    assert mean[0] == "mlp_probe (mean of 3 seeds)"
    assert mean[1] == f"{study.strategy('mlp_probe').validation_score:.4f}"
    known = study.evidence.strategy("mlp_probe")
    assert known is not None
    assert known.f1_macro.interval is not None
    low, high = known.f1_macro.interval.low, known.f1_macro.interval.high
    assert f"{known.f1_macro.value:.4f} ({low:.3f}{numbers.DASH}{high:.3f})" in mean
    assert re.fullmatch(r"0\.\d{4}", spread[1])
    notes = " ".join(paragraphs(report, "scores"))
    assert "chance in the choice of 120 test rows" in notes
    assert "chance in training" in notes
    assert len(table(report, "scores", "Scores of every seed").rows) == 7


def test_intervals_are_drawn_on_the_scale_of_those_that_have_learnt_something(study: Study) -> None:
    column = [row.cells[4] for row in table(report_of(study), "scores", "Scores and costs").rows[:6]]
    bars = [cell.bar for cell in column]
    assert [bar is None for bar in bars] == [False, False, False, True, False, True]  # a mean, and majority
    drawn = [bar for bar in bars if bar]
    assert len({(bar.start, bar.end) for bar in drawn}) == 1
    assert all(bar.start <= bar.low <= bar.value <= bar.high <= bar.end for bar in drawn)


def test_without_several_seeds_nothing_is_said_of_a_spread(tmp_path: Path) -> None:
    report = report_of(a_study(tmp_path / "run", [FIVE[0], FIVE[1]]))
    assert "sd" not in str(section(report, "scores"))


def test_the_matrix_of_differences_mirrors_itself_and_marks_what_is_beyond_chance(study: Study) -> None:
    matrix = table(report_of(study), "differences", "Difference in test f1_macro")
    names = [column.text for column in matrix.columns[1:]]
    cells = [row.cells[1:] for row in matrix.rows]
    pair = next(p for p in study.evidence.pairs if {p.first, p.second} == {"full_finetune", "majority"})
    assert pair.f1_macro.p_holm < 0.05
    i, j = names.index("full_finetune"), names.index("majority")
    assert str(cells[i][j].text).replace("+", numbers.MINUS) == cells[j][i].text
    assert cells[i][j].bold
    assert cells[i][j].tone == "good"
    assert cells[j][i].tone == "bad"
    assert all(cells[k][k].text == "" for k in range(len(names)))


def test_the_numbers_of_every_confusion_matrix_stand_in_a_table_too(study: Study) -> None:
    found = {str(each.caption): each for each in tables(section(report_of(study), "confusion").blocks)}
    test = study.strategy("tfidf_logreg").records[0].test
    assert test is not None
    numbers = [
        [int(cell) for cell in row[1:]] for row in rows(found["Test rows of tfidf_logreg by true and predicted class"])
    ]
    assert numbers == test.confusion


def test_of_many_classes_the_most_frequent_confusions_stand_in_the_table(tmp_path: Path) -> None:
    labels = [f"intent {i}" for i in range(77)]
    report = report_of(a_study(tmp_path / "run", [Contestant("probe", 3.0)], task=a_task(labels, n_rows=400)))
    listed = next(tables(section(report, "confusion").blocks))
    assert len(listed.rows) == 20
    counts = [int(row[2]) for row in rows(listed)]
    assert counts == sorted(counts, reverse=True)


def test_every_picture_says_in_words_what_it_shows(study: Study) -> None:
    report = report_of(study)
    names = ("cost", "confusion", "learning", "features", "calibration")
    said = [str(picture.alternative) for name in names for picture in pictures_of(report, name)]
    assert any(
        re.search(r"Efficient, from cheap to costly: majority \(.*\), tfidf_logreg \(.*\), full_finetune \(.*\)", text)
        for text in said
    )
    assert any(text.startswith("Confusion matrix of mlp_probe: ") for text in said)
    assert any(text.startswith("Reliability curve of majority: expected calibration error 0.") for text in said)
    assert any("over 3 entries; the last: epoch 3, train_loss 0.22" in text for text in said)
    assert any(text.startswith(f"layer {numbers.MINUS}1, cls: principal components of 120 test rows") for text in said)


def test_errors_show_texts_only_where_they_are_wanted_and_kept(study: Study, tmp_path: Path) -> None:
    facts = study.facts
    assert facts is not None
    assert facts.texts is not None
    shown = str(report_of(study))
    worst = table(report_of(study), "errors", "Rows with the highest loss")
    assert rows(worst)[0][1] in facts.texts
    without = report_of(study, texts=False)
    assert not [text for text in facts.texts if text in str(without)]
    assert "Texts are left out of this report." in paragraphs(without, "errors")
    kept_none = report_of(a_study(tmp_path / "run", keep_texts=False))
    assert not [text for text in facts.texts if len(text) > 20 and text in str(kept_none)]
    assert any(told.startswith("This run kept no texts.") for told in paragraphs(kept_none, "errors"))
    assert any(text in shown for text in facts.texts)


def test_rows_are_counted_from_one(study: Study) -> None:
    from harness.analysis.error_analysis import analyse_errors

    best = study.strategy("full_finetune")
    analysis = analyse_errors(best.name, {best.name: best.predictions})
    worst = rows(table(report_of(study), "errors", "Rows with the highest loss"))
    assert [row[0] for row in worst] == [str(error.row + 1) for error in analysis.highest_loss]


def test_the_audit_says_what_the_data_cannot_carry(study: Study) -> None:
    report = report_of(study)
    audit = study.runs[0].audit
    assert audit is not None
    shared = audit.exact.shared("train", "test")
    found = {row[0]: row[1:] for row in rows(table(report, "data", "Texts that come more than once"))}
    assert found["in train and test"][0] == str(shared.n_texts)
    assert any("test texts also stand in train" in line for line in paragraphs(report, "data"))


def test_degradations_notes_and_what_stood_in_are_all_told(tmp_path: Path) -> None:
    study = a_study(tmp_path / "run", FIVE, fallback="The sample stands in.", notes=["labels from the card"])
    report = report_of(study)
    assert "The sample stands in." in report.banners
    said = str(section(report, "remarks"))
    for remark in ("The sample stands in.", "labels from the card", "batch 32 -> 16 after out-of-memory"):
        assert remark in said


def test_how_to_reproduce_it_holds_the_command_the_hashes_the_versions_and_the_seeds(study: Study) -> None:
    said = str(section(report_of(study), "reproduction"))
    run = study.runs[0]
    assert "harness run --strategies all -d 'my data'" in said
    for value in (run.task.content_sha256, "53aa51172d142c89", "numpy 2.4", "device cpu", *run.files.values()):
        assert value in said


def test_several_runs_stand_in_one_table_each_with_its_own_reproduction(tmp_path: Path) -> None:
    task = a_task()
    first = a_run(tmp_path / "first", FIVE, task=task)
    second = a_run(tmp_path / "second", [Contestant("mlp_probe", 3.0)], task=task, seed=1)
    report = report_of(open_study([first, second]))
    names = [row[0] for row in rows(table(report, "scores", "Scores and costs"))]
    assert any(name.startswith("mlp_probe (1) (run 1") for name in names)
    assert any(name.startswith("mlp_probe (2) (run 2") for name in names)
    assert str(section(report, "reproduction")).count("harness run --strategies all") == 2
    assert len(table(report, "differences", "Difference in test f1_macro").rows) == 6


def test_runs_that_cannot_be_compared_carry_a_banner_and_no_test(tmp_path: Path) -> None:
    first = a_run(tmp_path / "first", FIVE)
    second = a_run(tmp_path / "second", [Contestant("probe", 3.0)], task=a_task(EMOTIONS[:4], n_rows=80, seed=5))
    with pytest.raises(UserError, match="cannot be compared"):
        open_study([first, second])
    report = report_of(open_study([first, second], force=True))
    assert "cannot be compared" in str(report.banners[0])
    assert "but these runs cannot be compared" in paragraphs(report, "answer")[0]
    assert "differences" not in [section.name for section in report.sections]
    matrix = table(report, "confusion", "Test rows of probe")
    assert [column.text for column in matrix.columns[1:]] == list(EMOTIONS[:4])
    assert len(table(report, "data", "Lengths").rows) == 6


def test_a_run_without_features_audit_or_model_leaves_those_sections_out(tmp_path: Path) -> None:
    study = a_study(tmp_path / "run", [FIVE[0], FIVE[1]], states=(), audit=None, model=None)
    names = [section.name for section in report_of(study).sections]
    assert not {"features", "data", "learning"} & set(names)


def test_every_frozen_state_has_its_own_picture(tmp_path: Path) -> None:
    study = a_study(tmp_path / "run", FIVE[:2], states=(Features(-1, "cls"), Features(2, "mean")))
    captions = str(section(report_of(study), "features"))
    assert f"layer {numbers.MINUS}1, cls" in captions
    assert "layer 2, mean" in captions


def test_a_state_that_is_the_same_for_every_text_has_no_picture(tmp_path: Path) -> None:
    study = a_study(tmp_path / "run", FIVE[:2], states=(Features(-1, "cls"), Features(0, "cls")))
    file = study.directories[0].path / "features" / "layer0-cls.npz"
    with np.load(file) as arrays:
        np.savez(file, positions=arrays["positions"], values=np.ones_like(arrays["values"]))
    captions = str(section(report_of(open_study(study.directories)), "features"))
    assert f"layer {numbers.MINUS}1, cls" in captions
    assert "layer 0" not in captions


def test_a_strategy_without_errors_says_so_and_the_others_still_have_theirs(tmp_path: Path) -> None:
    report = report_of(a_study(tmp_path / "run", [Contestant("perfect", 90.0), Contestant("probe", 2.0)]))
    assert "no confusions: every text was classified right" in paragraphs(report, "errors")
    assert table(report, "errors", "Most confused pairs of classes, probe").rows


def test_what_more_labels_would_bring_is_drawn_and_tabulated(tmp_path: Path) -> None:
    sized = [
        Contestant(name, skill, (0, 1), fields={"train_size": size, "encode_seconds": seconds})
        for name, seconds, skills in (("probe", 2.0, (1.0, 1.5, 2.0)), ("full", None, (0.5, 1.2, 3.0)))
        for skill, size in zip(skills, (64, 128, None), strict=True)
    ]
    report = report_of(a_study(tmp_path / "run", sized))
    drawn = table(report, "curves", "Learning curves")
    assert [f"{column.group} {column.text}" for column in drawn.columns[1:]] == [
        "rows of train 64",
        "rows of train 128",
        "rows of train 240",
    ]
    assert all(re.fullmatch(r"0\.\d{4} \(± 0\.\d{4}\)", cell) for row in rows(drawn) for cell in row[1:])
    assert pictures_of(report, "curves")[0].draw().svg
    assert rows(table(report, "scores", "Scores and costs"))[0][0].startswith("full (best by validation")
    assert {row[2] for row in rows(table(report, "reproduction", "Trials"))} == {"64", "128", numbers.MISSING}


def test_a_strategy_chosen_among_several_configurations_says_among_how_many(tmp_path: Path) -> None:
    study = a_study(tmp_path / "run", [Contestant("probe", 2.0, fields={"configurations_tried": 12})])
    assert "12 tried" in rows(table(report_of(study), "scores", "Scores and costs"))[0][0]


def test_the_order_takes_off_what_a_search_flatters_its_validation_score_by(tmp_path: Path) -> None:
    searched = Contestant("searched", 2.0, fields={"configurations_tried": 12, "optimism": 0.9})
    study = a_study(tmp_path / "run", [searched, Contestant("probe", 1.9)])
    found = rows(table(report_of(study), "scores", "Scores and costs"))
    assert [row[0].split()[0] for row in found] == ["probe", "searched"]
    assert "-0.9000" in found[1][1]
    assert study.evidence.conclusion.best == "probe"


@pytest.mark.skipif(not find_spec("umap"), reason="needs the extra umap: pip install 'strategy-harness[umap]'")
def test_umap_draws_a_second_picture_the_same_each_time(study: Study) -> None:
    pictures = pictures_of(report_of(study), "features")
    assert [str(picture.caption).split(": ")[1] for picture in pictures] == [
        "principal components of 120 test rows",
        "UMAP of 120 test rows",
    ]
    assert pictures[1].draw() == pictures_of(report_of(study), "features")[1].draw()


def test_a_failed_trial_of_a_long_message_is_cut(tmp_path: Path) -> None:
    study = a_study(tmp_path / "run", FIVE[:2], failures=[failed("lora", "x" * 5000)])
    assert len(rows(table(report_of(study), "scores", "Scores and costs"))[-1][1]) < 700
