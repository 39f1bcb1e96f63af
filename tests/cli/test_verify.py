"""`harness verify` on a real run, as it is and damaged in many ways."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from .commands import Harness
from .edits import edit_json, rewritten

Damage = Callable[[Path], None]


def test_a_run_as_it_was_written_holds(harness: Harness, verified: Path) -> None:
    outcome = harness("verify", str(verified))
    assert outcome.code == 0
    assert "all hold" in outcome.out.splitlines()[-1]


def flip_a_byte(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


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


def test_test_texts_that_are_not_those_that_were_scored_are_found(harness: Harness, verified: Path) -> None:
    rewritten(verified / "test_rows.parquet", "text", lambda texts: ["another", *texts[1:]])
    assert "texts and labels: their sha256 is not the one that" in harness("verify", str(verified)).out


def test_labels_that_are_as_many_but_in_another_order_are_found(harness: Harness, verified: Path) -> None:
    for file in (verified / "predictions").iterdir():
        rewritten(file, "label", lambda labels: [*labels[:-2], labels[-1], labels[-2]])
    assert "texts and labels: their sha256 is not the one that" in harness("verify", str(verified)).out


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
