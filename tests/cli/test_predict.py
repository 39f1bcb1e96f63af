"""`harness predict`: the rows of any file again, in their order, each with label, probabilities and margin."""

import csv
import gc
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness import RunResult
from harness.cli import main
from harness.system.process import restored_globals
from harness.system.temporary_folders import temporary_folder

from .commands import Harness, Outcome

ADDED = ["prediction", "probability_busy", "probability_calm", "probability_glad", "margin"]
Predict = Callable[..., Outcome]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, tiny_data: Path, tiny_model: Path) -> Path:
    """Folder with a run of three quick strategies, of which one reads features."""
    folder = tmp_path_factory.mktemp("runs")
    known = ("-d", str(tiny_data), "-m", str(tiny_model), "-s", "majority,tfidf_logreg,logreg_probe")
    with restored_globals():
        assert main(["run", *known, "-o", str(folder), "--offline", "-q"]) == 0
    return folder


@pytest.fixture
def predict(harness: Harness, runs: Path) -> Predict:
    return lambda *argv, **how: harness("predict", "latest", *argv, "--output-dir", str(runs), "--offline", **how)


@pytest.fixture
def run(runs: Path) -> RunResult:
    from harness import open_run

    return open_run("latest", runs)


ROWS: list[dict[str, Any]] = [
    {"id": i, "text": f"{('quiet lake', 'late, ' + chr(34) + 'crowd' + chr(34), 'sun')[i % 3]} {i}", "margin": f"m{i}"}
    for i in range(7)
]


def write(rows: list[dict[str, Any]], file: Path) -> str:
    if file.suffix == ".jsonl":
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    elif file.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), file)
    else:
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return str(file)


def read(file: Path) -> list[dict[str, Any]]:
    if file.suffix == ".jsonl":
        return [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    if file.suffix == ".parquet":
        return list(pq.read_table(file).to_pylist())
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize(("ending", "out"), [(".csv", ".jsonl"), (".jsonl", ".parquet"), (".parquet", ".csv")])
def test_columns_are_carried_along_and_rows_keep_their_order(
    ending: str, out: str, predict: Predict, tmp_path: Path
) -> None:
    target = tmp_path / f"out{out}"
    outcome = predict(write(ROWS, tmp_path / f"new{ending}"), "-s", "tfidf_logreg", "-o", str(target))
    assert outcome.code == 0, outcome.err
    written = read(target)
    assert list(written[0]) == ["id", "text", "input_margin", *ADDED]
    assert "'margin' is written as 'input_margin'" in outcome.err
    assert [row["text"] for row in written] == [row["text"] for row in ROWS]
    assert [int(row["id"]) for row in written] == list(range(7))
    for row in written:
        table = {name.removeprefix("probability_"): float(row[name]) for name in ADDED[1:4]}
        assert sum(table.values()) == pytest.approx(1, abs=1e-6)
        assert row["prediction"] == max(table, key=table.__getitem__)
        top, second, _ = sorted(table.values(), reverse=True)
        assert float(row["margin"]) == pytest.approx(top - second, abs=1e-6)
    assert "Rows: 7" in outcome.err


def test_texts_that_the_encoder_cuts_are_counted(predict: Predict, tmp_path: Path) -> None:
    long = [{"text": "quiet " * n} for n in (3, 70, 80)]
    source, target = write(long, tmp_path / "long.csv"), str(tmp_path / "out.csv")
    told = "long.csv: texts longer than the 64 tokens that the encoder reads, and so cut: 2"
    assert told in " ".join(predict(source, "-s", "logreg_probe", "-o", target).err.split())
    assert "cut" not in predict(source, "-s", "tfidf_logreg", "-o", target).err


@pytest.mark.parametrize("cache", ["--cache", "--no-cache"])
def test_predictions_on_the_test_rows_are_those_of_the_run(
    cache: str, predict: Predict, run: RunResult, tiny_data: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out.parquet"
    outcome = predict(str(tiny_data / "test.jsonl"), "-s", "logreg_probe", "-o", str(target), cache)
    assert outcome.code == 0, outcome.err
    written, recorded = pq.read_table(target).to_pandas(), run.predictions("logreg_probe")
    assert written["prediction"].tolist() == recorded["prediction"].tolist()
    tables = [frame[ADDED[1:4]].to_numpy() for frame in (written, recorded)]
    assert abs(tables[0] - tables[1]).max() < (1e-6 if cache == "--no-cache" else 1e-9)


class Stdin:
    def __init__(self, content: str) -> None:
        self.buffer = io.BytesIO(content.encode())

    def isatty(self) -> bool:
        return False


def test_lines_go_through_standard_input_and_output_and_the_recommended_strategy_is_told(
    predict: Predict, run: RunResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Stdin("quiet lake\n今天\n\nsun\n"))
    outcome = predict("-")
    assert outcome.code == 0, outcome.err
    written = list(csv.DictReader(io.StringIO(outcome.out)))
    assert [row["text"] for row in written] == ["quiet lake", "今天", "", "sun"]
    assert f"Predicting with {run.recommended}" in outcome.err
    assert [bool(row["prediction"]) for row in written] == [True, True, False, True]
    assert written[2]["margin"] == written[2]["probability_busy"] == ""
    assert "without a prediction: 1" in outcome.err


def test_rows_without_a_text_keep_their_place_and_their_cells_are_null(predict: Predict, tmp_path: Path) -> None:
    rows = [{"text": text, "id": i} for i, text in enumerate(["sun", None, "", " \t", "quiet lake"])]
    target = tmp_path / "out.jsonl"
    assert predict(write(rows, tmp_path / "new.jsonl"), "-s", "tfidf_logreg", "-o", str(target)).code == 0
    written = read(target)
    assert [row["text"] for row in written] == [row["text"] for row in rows]
    assert [row["prediction"] is None for row in written] == [False, True, True, True, False]
    assert all(row[name] is None for row in written[1:4] for name in ADDED)


def test_a_file_without_rows_gives_the_columns_alone(predict: Predict, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("id,text\n")
    outcome = predict(str(tmp_path / "new.csv"), "-s", "majority")
    assert outcome.code == 0, outcome.err
    assert outcome.out.split() == [",".join(["id", "text", *ADDED])]


@pytest.mark.parametrize(
    ("content", "argv", "code", "told"),
    [
        ("a,b\n1,2\n", (), 3, "none of its columns (a, b)"),
        ("a lake\na crowd\n", (), 3, "--no-header"),
        ("a,b\n1,2\n", ("--text-column", "c"), 3, "'c' is no column there. There are: a, b"),
        ("text,other\nx\n", (), 3, "row 1 has another number"),
        ("text\n" + "x\n" * 2000 + "x,y\n", (), 3, "row 2001 has another number"),
        ("text\nx\n", ("-o", "out.xlsx"), 2, ".csv, .jsonl, .parquet"),
        ("text\nx\n", ("-o", "new.csv"), 2, "is the file that is read"),
        ("text\nx\n", ("-s", "majorty"), 2, "Did you mean 'majority'"),
    ],
)
def test_what_cannot_be_predicted_is_refused_and_nothing_is_written(
    content: str,
    argv: tuple[str, ...],
    code: int,
    told: str,
    predict: Predict,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "new.csv").write_text(content)
    (tmp_path / "out.csv").write_text("older")
    output = () if "-o" in argv else ("-o", "out.csv")
    strategy = () if "-s" in argv else ("-s", "majority")
    outcome = predict("new.csv", *output, *strategy, *argv)
    assert outcome.code == code, outcome.err
    assert told in " ".join(outcome.err.split())
    assert (tmp_path / "out.csv").read_text() == "older"
    assert {file.name for file in tmp_path.iterdir()} == {"new.csv", "out.csv"}


def test_what_is_no_text_is_refused_with_its_row(predict: Predict, tmp_path: Path) -> None:
    outcome = predict(write([{"text": "a"}, {"text": 1}], tmp_path / "new.jsonl"), "-s", "majority")
    assert outcome.code == 3
    assert "row 2 holds int" in outcome.err


PLUGIN = """
from typing import ClassVar
from dataclasses import dataclass
from sklearn.dummy import DummyClassifier
from harness import SklearnStrategy, hookimpl

@dataclass(frozen=True)
class File(SklearnStrategy):
    name: ClassVar[str] = "of_a_file"
    uses_model: ClassVar[bool] = False

    def estimator(self, seed):
        return DummyClassifier()

@hookimpl
def harness_strategies():
    return [File()]
"""


def test_plugins_that_the_run_names_are_asked_for(harness: Harness, tiny_data: Path, tmp_path: Path) -> None:
    file, new = tmp_path / "file_plugin.py", tmp_path / "new.txt"
    file.write_text(PLUGIN)
    new.write_text("a lake\n")
    made = harness("run", "-d", str(tiny_data), "-s", "of_a_file", "--plugin", str(file), "--offline", "-q")
    assert made.code == 0, made.err
    known = ("predict", "latest", str(new), "-s", "of_a_file", "--output-dir", str(made.folder), "-q")
    asked = harness(*known)
    assert asked.code == 2
    assert f"chose: {file}. Look at them" in asked.err
    assert harness(*known, "--yes-run-plugins").code == 0
    (elsewhere := tmp_path / "elsewhere").mkdir()
    moved = file.rename(elsewhere / file.name)
    outcome = harness(*known, "--plugin", str(moved))
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith("text,prediction,probability_")


def test_it_is_told_in_chinese(predict: Predict, tmp_path: Path) -> None:
    (tmp_path / "new.txt").write_text("a lake\n\n")
    outcome = predict(str(tmp_path / "new.txt"), "--lang", "zh-TW")
    assert "推薦" in outcome.err
    assert "沒有預測的列數：1" in outcome.err  # noqa: RUF001
    assert "種子 0" in outcome.err


def test_temporary_folders_of_killed_commands_go_with_the_next_and_those_in_use_stay(
    predict: Predict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (left := tmp_path / "temporary" / ".harness.0123456789abcdef").mkdir()
    (left / "half").touch()
    with temporary_folder() as used:
        assert predict(write(ROWS, tmp_path / "rows.csv")).code == 0
        gc.collect()
        assert [*(tmp_path / "temporary").iterdir()] == [used]
