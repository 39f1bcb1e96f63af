"""Variants of exported classifiers: rows beside their parents, held against them, and verified."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness import RunResult, open_run
from harness.cli import main
from harness.system.process import restored_globals

from .commands import Harness

NAME = "logreg_probe, bfloat16"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, tiny_data: Path, tiny_model: Path) -> Path:
    """Folder with a run, of which `model` is the exported variant, and `before.json` what run.json was before."""
    folder = tmp_path_factory.mktemp("variants")
    known = ("-d", str(tiny_data), "-m", str(tiny_model), "-s", "majority,logreg_probe", "--offline", "-q")
    runs = folder / "runs"
    with restored_globals():
        assert main(["run", *known, "-o", str(runs)]) == 0
        shutil.copy(next(runs.glob("*/run.json")), folder / "before.json")
        wanted = ("--to", "transformers", "--dtype", "bfloat16", "--compare", "--margin", "0.9")
        where = ("-o", str(folder / "model"), "--output-dir", str(runs), "--offline", "-q")
        assert main(["export", "latest", "-s", "logreg_probe", *wanted, *where]) == 0
    return folder


@pytest.fixture
def run(made: Path) -> RunResult:
    return open_run("latest", made / "runs")


@pytest.fixture
def copied(run: RunResult, tmp_path: Path) -> Path:
    """A copy of the run's folder, to damage."""
    return Path(shutil.copytree(run.path, tmp_path / "run"))


def test_a_variant_stands_below_its_parent_and_is_not_ranked(made: Path, run: RunResult, harness: Harness) -> None:
    lines = [line.strip() for line in harness("show", str(run.path)).out.splitlines()]
    rows = [line for line in lines[lines.index("Scores") :] if line.startswith(("majority", "logreg_probe"))]
    names = [row.split("  ")[0] for row in rows]
    assert names[names.index("logreg_probe") + 1] == NAME
    assert [name for name, row in zip(names, rows, strict=True) if "proven" in row] == [NAME]
    assert "logreg_probe, float32" in names
    assert (made / "before.json").read_bytes() == (run.path / "run.json").read_bytes()
    assert run.recommended == "logreg_probe"


def test_a_variant_is_a_row_in_python_and_in_reports(run: RunResult, tmp_path: Path) -> None:
    ((variant,),) = run.variants.values()
    table = run.to_pandas().set_index("strategy")
    assert table.index.tolist() == ["logreg_probe", NAME, "majority"]
    row = table.loc[NAME]
    assert row["variant_of"] == "logreg_probe"
    assert row["less_than_margin_behind"] == variant.scores.verdict == "proven"
    assert row["test_f1_macro"] == variant.test.f1_macro == pytest.approx(variant.scores.variant)
    assert row["model_bytes"] < variant.parent.size_bytes
    assert 0 < row["latency_p50_milliseconds"] <= row["latency_p95_milliseconds"]
    for ending in ("html", "md", "csv"):
        run.report(tmp_path / f"report.{ending}")
        assert NAME in (tmp_path / f"report.{ending}").read_text("utf-8")
    run.report(tmp_path / "report.tex")
    assert r"\emph{logreg\_probe, bfloat16}" in (tmp_path / "report.tex").read_text("utf-8")


def test_the_exported_folder_holds_weights_of_half_the_size(made: Path) -> None:
    from transformers import pipeline

    told = json.loads((made / "model" / "comparison.json").read_text("utf-8"))
    assert told["variant"]["size_bytes"] < told["parent"]["size_bytes"]
    classify = pipeline("text-classification", str(made / "model"), truncation=True)
    assert str(classify.model.dtype) == "torch.bfloat16"
    assert {answer["label"] for answer in classify("a quiet lake", top_k=None)} == {"busy", "calm", "glad"}


def test_verify_computes_a_variant_anew_and_says_what_it_does_not_cover(run: RunResult, harness: Harness) -> None:
    outcome = harness("verify", str(run.path))
    assert outcome.code == 0, outcome.out
    assert "variant bfloat16 of logreg_probe-seed0" in outcome.out
    assert "what is kept of variants" in " ".join(outcome.out.split())


def _record(folder: Path) -> Path:
    return folder / "variants" / "logreg_probe-seed0" / "bfloat16.json"


def edit(change: Callable[[dict], None]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        content = json.loads(_record(folder).read_text("utf-8"))
        change(content)
        _record(folder).write_text(json.dumps(content), encoding="utf-8")

    return damage


def other_predictions(folder: Path) -> None:
    file = _record(folder).with_suffix(".parquet")
    table = pq.read_table(file)
    last = table.column_names[-1]
    pq.write_table(table.set_column(table.num_columns - 1, last, pa.array([0.0] * len(table), pa.float32())), file)


def swapped_names(folder: Path) -> None:
    file = _record(folder).with_suffix(".parquet")
    table = pq.read_table(file)
    *others, one, last = table.column_names
    pq.write_table(table.rename_columns([*others, last, one]), file)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "a verdict": edit(lambda told: told["scores"].update(verdict="refuted")),
    "a score": edit(lambda told: told["test"].update(accuracy=0.123)),
    "another trial": edit(lambda told: told.update(strategy="majority")),
    "other rows": edit(lambda told: told["test"]["confusion"][0].__setitem__(0, 999)),
    "no number": edit(lambda told: told["variant"].update(size_bytes="much")),
    "predictions": other_predictions,
    "names of classes": swapped_names,
    "no record": lambda folder: _record(folder).unlink(),
    "a file added": lambda folder: (folder / "variants" / "mine.txt").write_text("mine") and None,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_verify_finds_what_was_changed_of_a_variant(
    damage: Callable[[Path], None], copied: Path, harness: Harness
) -> None:
    damage(copied)
    outcome = harness("verify", str(copied))
    assert outcome.code == 3
    assert "1 failed" in " ".join(outcome.out.split())


def test_a_damaged_record_of_a_variant_is_told_where_it_is_shown(copied: Path, harness: Harness) -> None:
    DAMAGES["no number"](copied)
    outcome = harness("show", str(copied))
    assert outcome.code == 2
    assert "is no record of a variant: at variant.size_bytes" in " ".join(outcome.err.split())


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (("--dtype", "bfloat16"), "--to transformers"),
        (("--dtype", "bfloat16", "--int8"), "two variants"),
        (("--compare", "--to", "transformers"), "--dtype bfloat16"),
    ],
)
def test_a_variant_that_cannot_be_is_refused(
    argv: tuple[str, ...], told: str, run: RunResult, harness: Harness, tmp_path: Path
) -> None:
    outcome = harness("export", str(run.path), *argv, "-o", str(tmp_path / "out"))
    assert outcome.code == 2
    assert told in " ".join(outcome.err.split())
    assert not (tmp_path / "out").exists()
