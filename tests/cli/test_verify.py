"""`harness verify` on a real run, as it is and damaged in many ways."""

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.results.run_directory import find_run

from .commands import Harness

Damage = Callable[[Path], None]


@pytest.fixture
def verified(full: Path, tmp_path: Path) -> Path:
    """A copy of a finished run's folder, to damage."""
    return Path(shutil.copytree(find_run("latest", full).path, tmp_path / "run"))


def test_a_run_as_it_was_written_holds(harness: Harness, verified: Path) -> None:
    outcome = harness("verify", str(verified))
    assert outcome.code == 0
    assert "all hold" in outcome.out.splitlines()[-1]


def flip_a_byte(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def edit_json(file: Path, change: Callable[[dict], None]) -> None:
    content = json.loads(file.read_text(encoding="utf-8"))
    change(content)
    file.write_text(json.dumps(content), encoding="utf-8")


def better_score(run: dict) -> None:
    run["records"][1]["test"]["accuracy"] = 0.99


def wider_interval(run: dict) -> None:
    run["evidence"]["trials"][0]["f1_macro"]["high"] += 0.001


def other_letters(run: dict) -> None:
    first = next(iter(run["evidence"]["letters"].values()))
    first["f1_macro"] = "z"


def other_probabilities(run: dict) -> None:
    run["records"][1]["predictions_sha256"] = "0" * 64


def older_metric(run: dict) -> None:
    run["metric_version"] = 0


DAMAGES: dict[str, tuple[Damage, str]] = {
    "a flipped byte of predictions": (
        lambda run: flip_a_byte(run / "predictions" / "majority-seed0.parquet"),
        "predictions/majority-seed0.parquet: its sha256",
    ),
    "a flipped byte of a record": (lambda run: flip_a_byte(run / "records" / "majority-seed0.json"), "record"),
    "missing predictions": (
        lambda run: (run / "predictions" / "mlp_probe-seed0.parquet").unlink(),
        "predictions/mlp_probe-seed0.parquet: the file is missing",
    ),
    "a file that was added": (lambda run: (run / "notes.txt").write_text("mine"), "notes.txt: run.json does not list"),
    "a score that was improved": (lambda run: edit_json(run / "run.json", better_score), "those of test differ"),
    "an interval that was changed": (lambda run: edit_json(run / "run.json", wider_interval), "they differ"),
    "rank letters that were changed": (lambda run: edit_json(run / "run.json", other_letters), "they differ"),
    "a digest of other predictions": (
        lambda run: edit_json(run / "run.json", other_probabilities),
        "is not the recorded one",
    ),
    "scores by another version": (lambda run: edit_json(run / "run.json", older_metric), "scored by version 0"),
}


@pytest.mark.parametrize(("damage", "told"), DAMAGES.values(), ids=DAMAGES.keys())
def test_damage_is_found_and_named(damage: Damage, told: str, harness: Harness, verified: Path) -> None:
    damage(verified)
    outcome = harness("verify", str(verified))
    assert outcome.code == 3
    assert told in outcome.out
    assert "this run does not hold" in outcome.out.splitlines()[-1]


def test_nothing_outside_of_the_folder_is_looked_at(harness: Harness, verified: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret\n")

    def name_it(run: dict) -> None:
        run["files"]["../secret"] = sha256(secret.read_bytes()).hexdigest()

    edit_json(verified / "run.json", name_it)
    outcome = harness("verify", str(verified))
    assert outcome.code == 3
    assert "../secret: it leads out of the folder, so nothing was read" in outcome.out


def test_a_link_out_of_the_folder_is_not_followed(harness: Harness, verified: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret\n")
    (verified / "records" / "majority-seed0.json").unlink()
    (verified / "records" / "majority-seed0.json").symlink_to(tmp_path / "secret")
    outcome = harness("verify", str(verified))
    assert outcome.code == 3
    assert "records/majority-seed0.json: it leads out" in outcome.out


def rewritten(file: Path, column: str, values: Callable[[list], list]) -> None:
    table = pq.ParquetFile(file).read()
    place = table.column_names.index(column)
    pq.write_table(table.set_column(place, column, pa.array(values(table[column].to_pylist()))), file)


def test_test_texts_that_are_not_those_that_were_scored_are_found(harness: Harness, verified: Path) -> None:
    rewritten(verified / "test_rows.parquet", "text", lambda texts: ["another", *texts[1:]])
    assert "texts and labels: their sha256 is not the one that" in harness("verify", str(verified)).out


def test_labels_that_are_as_many_but_in_another_order_are_found(harness: Harness, verified: Path) -> None:
    for file in (verified / "predictions").iterdir():
        rewritten(file, "label", lambda labels: [*labels[:-2], labels[-1], labels[-2]])
    assert "texts and labels: their sha256 is not the one that" in harness("verify", str(verified)).out


def rehashed(folder: Path) -> None:
    """Put the sha256 of every listed file into run.json, as somebody would who does not want to be found."""

    def mend(run: dict) -> None:
        run["files"] = {name: sha256((folder / name).read_bytes()).hexdigest() for name in run["files"]}

    edit_json(folder / "run.json", mend)


def with_other_columns(folder: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    file = folder / "predictions" / "mlp_probe-seed0.parquet"
    pq.write_table(change(pq.ParquetFile(file).read()), file)


def swapped_probabilities(table: pa.Table) -> pa.Table:
    *others, one, last = table.column_names
    return table.rename_columns([*others, last, one])


def with_rows_of_train(table: pa.Table) -> pa.Table:
    some = table.slice(0, 3)
    place = some.column_names.index("split")
    return pa.concat_tables([table, some.set_column(place, "split", pa.array(["train"] * 3))])


PREDICTED, ROWS = "predictions/mlp_probe-seed0.parquet", "test_rows.parquet"
MENDED: dict[str, tuple[Damage, str]] = {
    "row numbers in reverse": (
        lambda run: rewritten(run / PREDICTED, "row", lambda rows: rows[::-1]),
        "row numbers: those of mlp_probe-seed0 are others",
    ),
    "row numbers that are all the same": (
        lambda run: rewritten(run / PREDICTED, "row", lambda rows: [0] * len(rows)),
        "row numbers: those of mlp_probe-seed0 are others",
    ),
    "row numbers that are out of range": (
        lambda run: rewritten(run / PREDICTED, "row", lambda rows: [2**62] * len(rows)),
        "row numbers: those of mlp_probe-seed0 are others",
    ),
    "row numbers of the test rows in reverse": (
        lambda run: rewritten(run / ROWS, "row", lambda rows: rows[::-1]),
        "are others than those in test_rows.parquet",
    ),
    "predictions that are not the most probable class": (
        lambda run: rewritten(run / PREDICTED, "prediction", lambda found: [*found[:-1], 1 - found[-1]]),
        "not the classes with the highest probability",
    ),
    "swapped names of probabilities": (
        lambda run: with_other_columns(run, swapped_probabilities),
        "its columns are not those of the classes",
    ),
    "predictions of train": (lambda run: with_other_columns(run, with_rows_of_train), "it holds other splits than"),
    "numbers of words": (
        lambda run: rewritten(run / ROWS, "n_words", lambda words: [n + 1 for n in words]),
        "n_words does not follow from the texts",
    ),
    "rows that stand in train": (
        lambda run: rewritten(run / ROWS, "in_train", lambda known: [not each for each in known]),
        "in_train names another number of rows than the audit",
    ),
}


@pytest.mark.parametrize(("damage", "told"), MENDED.values(), ids=MENDED.keys())
def test_what_was_changed_together_with_its_sha256_is_found(
    damage: Damage, told: str, harness: Harness, verified: Path
) -> None:
    damage(verified)
    rehashed(verified)
    outcome = harness("verify", str(verified))
    assert outcome.code == 3
    assert told in outcome.out


def without_evidence(run: dict) -> None:
    run["evidence"] = None


def with_another_best(run: dict) -> None:
    run["evidence"]["strategies"] = []
    run["evidence"]["conclusion"].update(best="tfidf_logreg", cheapest="tfidf_logreg")


def without_audit(run: dict) -> None:
    run["audit"] = None


def with_another_margin(run: dict) -> None:
    run["evidence"]["conclusion"]["margin"] = 0.5


def asked_for_another_margin(run: dict) -> None:
    run["config"]["margin"] = 0.3


def with_another_limit(run: dict) -> None:
    run["config"]["limit"] = 5


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (without_evidence, "conclusion: run.json has none, though trials were scored"),
        (with_another_best, "conclusion: computed anew from the predictions, they differ"),
        (without_audit, "audit of the data: run.json has none"),
        (with_another_margin, "the margin is not the one that was asked for"),
        (asked_for_another_margin, "the margin is not the one that was asked for"),
        (with_another_limit, "with another --limit than run.json says"),
    ],
)
def test_a_conclusion_is_missed_and_held_against_what_was_asked_for(
    change: Callable[[dict], None], told: str, harness: Harness, verified: Path
) -> None:
    edit_json(verified / "run.json", change)
    outcome = harness("verify", str(verified))
    assert outcome.code == 3
    assert told in outcome.out


def test_saved_classifiers_are_held_against_their_trial(run: Harness, harness: Harness) -> None:
    folder = find_run("latest", run("--seeds", "0,1", strategies="logreg_probe").folder).path
    assert harness("verify", str(folder)).code == 0
    for file in (folder / "models" / "logreg_probe-seed1").iterdir():
        shutil.copy(file, folder / "models" / "logreg_probe-seed0")
    rehashed(folder)
    outcome = harness("verify", str(folder))
    assert outcome.code == 3
    assert "classifier of logreg_probe-seed0: it is of logreg_probe with seed 1" in outcome.out


def test_a_run_without_texts_holds_and_says_what_that_leaves_open(run: Harness, harness: Harness) -> None:
    folder = run("--no-save-texts", "--no-save-models").folder
    told = harness("verify", "-o", str(folder), "--json")
    assert told.code == 0
    left = json.loads(told.out)["not_covered"]
    for what in ("the test texts and their words", "names of the data set", "row numbers in the source", "options"):
        assert any(phrase.startswith(what) for phrase in left)


def test_what_no_check_looks_at_is_said(harness: Harness, verified: Path) -> None:
    told = harness("verify", str(verified), "--json")
    assert json.loads(told.out)["not_covered"][0].startswith("texts and labels of train")
    assert "Not covered: texts and labels of train" in harness("verify", str(verified)).out


def test_checks_can_be_had_as_json(harness: Harness, verified: Path) -> None:
    flip_a_byte(verified / "predictions" / "majority-seed0.parquet")
    outcome = harness("verify", str(verified), "--json")
    problems = {check["what"]: check["problem"] for check in json.loads(outcome.out)["checks"] if check["problem"]}
    assert "predictions/majority-seed0.parquet" in problems


def test_a_run_that_was_stopped_in_the_middle_can_be_verified(harness: Harness, verified: Path) -> None:
    def stopped(run: dict) -> None:
        run["status"] = "interrupted"
        run["evidence"] = run["audit"] = None
        last = run["records"][-1]
        kept = (
            "strategy",
            "plugin",
            "groups",
            "params",
            "seed",
            "configurations_tried",
            "undertrained",
            "deterministic",
            "members",
        )
        blank = dict.fromkeys(last, None) | {key: last[key] for key in kept}
        run["records"][-1] = blank | {"status": "interrupted", "history": [], "degradations": []}
        for file in files:
            del run["files"][file]

    name = json.loads((verified / "run.json").read_text())["records"][-1]["strategy"]
    files = (f"records/{name}-seed0.json", f"predictions/{name}-seed0.parquet")
    for file in files:
        (verified / file).unlink()
    edit_json(verified / "run.json", stopped)
    assert harness("verify", str(verified)).code == 0
