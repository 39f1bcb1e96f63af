"""`harness verify` on runs that were changed together with the hashes that would tell."""

import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.results.run_directory import find_run

from .commands import Harness
from .edits import edit_json, rewritten

Damage = Callable[[Path], None]


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
