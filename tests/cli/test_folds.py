"""`harness run --folds`: a run a fold, each row tested once, one table of all."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from harness import Encoder, RunConfig, hookimpl, open_suite
from harness.cli import main
from harness.huggingface import load_encoder
from harness.system.process import restored_globals
from harness.testing import tiny_task

from .commands import Harness, write_data

OPTIONS = ("-s", "majority,tfidf_logreg", "--on", "here", "--offline", "-q", "--no-save-models")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tiny_task(), tmp_path_factory.mktemp("folds") / "data")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    folder = tmp_path_factory.mktemp("folds") / "reports"
    with restored_globals():
        assert main(["run", "-d", str(data), "--folds", "3", "-o", str(folder), *OPTIONS]) == 0
    return folder


def suite_of(folder: Path) -> dict[str, Any]:
    return dict(json.loads(next(folder.glob("*/suite.json")).read_text(encoding="utf-8")))


def test_each_fold_is_a_run_and_each_row_is_tested_once(made: Path) -> None:
    assert [(cell["fold"], cell["status"]) for cell in suite_of(made)["cells"]] == [
        (f"{number}/3", "complete") for number in (1, 2, 3)
    ]
    assert all("fold" in " ".join(run.run.notes) for run in open_suite("latest", made).runs)
    rows = [row for run in open_suite("latest", made).runs for row in run.predictions("tfidf_logreg")["row"]]
    assert sorted(rows) == list(range(48 + 24 + 24))


def test_the_table_is_in_chinese_to_its_last_heading(made: Path, harness: Harness) -> None:
    shown = harness("show", "latest", "-o", str(made), "--lang", "zh-TW").out
    assert "準確率" in shown
    assert "accuracy" not in shown


PLUGIN = """
from dataclasses import dataclass
from typing import ClassVar

from harness import SklearnStrategy, hookimpl
from sklearn.dummy import DummyClassifier


@dataclass(frozen=True)
class Hopeless(SklearnStrategy):
    name: ClassVar[str] = "hopeless"

    def estimator(self, seed):
        return DummyClassifier()


@dataclass(frozen=True)
class Broken(Hopeless):
    name: ClassVar[str] = "broken"

    def estimator(self, seed):
        raise RuntimeError("not today")


@hookimpl
def harness_strategies():
    return [Hopeless(), Broken()]
"""


def test_what_failed_on_folds_and_what_no_floor_is_behind_are_told(
    data: Path, tmp_path: Path, harness: Harness
) -> None:
    (tmp_path / "plugin.py").write_text(PLUGIN)
    given = ("-d", str(data), "--folds", "3", "--plugin", str(tmp_path / "plugin.py"), *OPTIONS[2:])
    outcome = harness("run", *given, "-o", str(tmp_path / "all"), "-s", "majority,hopeless,broken")
    assert outcome.code == 1
    told = " ".join(outcome.out.split())
    assert "broken has no score on 3 of 3 folds: RuntimeError: not today." in told
    assert "By validation hopeless, but its test f1_macro (0." in told
    alone = harness("run", *given, "-o", str(tmp_path / "floor"), "-s", "majority").out
    assert "Take none of these" in alone


def test_the_table_has_means_over_folds_and_scores_of_all_rows(made: Path, harness: Harness) -> None:
    shown = json.loads(harness("show", "latest", "-o", str(made), "--json").out)
    found = {each["name"]: each for each in shown["folds"]}
    scores = [
        record["test"]["f1_macro"]
        for run in shown["runs"]
        for record in run["records"]
        if record["strategy"] == "tfidf_logreg"
    ]
    assert found["tfidf_logreg"]["score"]["value"] == pytest.approx(sum(scores) / 3)
    assert found["majority"]["p"] is None
    text = harness("show", "latest", "-o", str(made)).out
    assert "96 rows" in text
    assert "best by validation" in text


def test_the_same_command_runs_nothing_again_and_another_draw_runs_its_folds_alone(
    made: Path, data: Path, harness: Harness
) -> None:
    before = {cell["fold"]: cell["run"] for cell in suite_of(made)["cells"]}
    given = ("-d", str(data), "-o", str(made), *OPTIONS)
    assert harness("run", *given, "--folds", "3").code == 0
    assert {cell["fold"]: cell["run"] for cell in suite_of(made)["cells"]} == before
    assert harness("run", *given, "--folds", "3x2").code == 0
    after = {cell["fold"]: cell["run"] for cell in suite_of(made)["cells"]}
    assert {*after} - {*before} == {"1/3x2", "2/3x2", "3/3x2"}
    assert before.items() <= after.items()


class Counting:
    """Counts the texts that the encoder is given together; a single one is timed."""

    def __init__(self) -> None:
        self.n_texts = 0

    @hookimpl
    def harness_load_encoder(self, name: str, config: RunConfig, device: str, dtype: str) -> Encoder:
        encoder = load_encoder(name, None, True, device, dtype)
        encode = encoder.encode

        def counted(texts: Sequence[str], *how: Any) -> Any:
            self.n_texts += len(texts) if len(texts) > 1 else 0
            return encode(texts, *how)

        encoder.encode = counted  # type: ignore[method-assign]
        return encoder


def test_all_folds_share_one_pass_of_the_encoder(
    data: Path, tiny_model: Path, tmp_path: Path, harness: Harness
) -> None:
    counting = Counting()
    given = ["-d", str(data), "-m", str(tiny_model), "-s", "ridge_probe", "--folds", "3x2", *OPTIONS[2:]]
    given += ["-o", str(tmp_path / "runs"), "--cache-dir", str(tmp_path / "cache")]
    assert harness("run", *given, plugins=[counting]).code == 0
    task = tiny_task()
    assert counting.n_texts == len({*task.train.texts, *task.validation.texts, *task.test.texts})


@pytest.mark.parametrize("ending", ["html", "md", "tex", "csv", "json"])
def test_it_is_reported_in_every_format(made: Path, tmp_path: Path, ending: str, harness: Harness) -> None:
    file = tmp_path / f"folds.{ending}"
    assert harness("report", "latest", "--output-dir", str(made), "-o", str(file)).code == 0
    content = file.read_text(encoding="utf-8-sig")
    assert "tfidf" in content
    if ending == "csv":
        assert len({row["run"] for row in csv.DictReader(content.splitlines())}) >= 3


def test_python_has_the_strategies_over_folds_as_a_table(made: Path) -> None:
    table = open_suite("latest", made).folds()
    assert table["strategy"].tolist() == ["tfidf_logreg", "majority"]
    assert (table["low"] <= table["f1_macro"]).all()


def test_folds_are_of_one_data_set_and_of_the_command_that_runs_them(
    data: Path, tmp_path: Path, harness: Harness
) -> None:
    several = harness("run", "-d", f"{data},sample", "--folds", "3", *OPTIONS)
    assert several.code == 2
    wrong = harness("run", "-d", str(data), "--folds", "two", *OPTIONS)
    assert wrong.code == 2
    assert "5x3" in wrong.err
    (file := tmp_path / "folds.toml").write_text(f'dataset = "{data}"\nfolds = 3\noffline = true\n')
    tuned = harness("tune", "tfidf_logreg", "-c", str(file))
    assert tuned.code == 2
    assert "harness run --folds" in tuned.err


def test_data_without_a_test_split_are_drawn_into_folds_whole(tmp_path: Path, harness: Harness) -> None:
    task = tiny_task()
    rows = [f"{task.label_names[y]},{x}" for x, y in zip(task.train.texts, task.train.labels, strict=True)]
    (tmp_path / "few.csv").write_text("label,text\n" + "\n".join(rows) + "\n", encoding="utf-8")
    where = str(tmp_path / "runs")
    ran = harness("run", "-d", str(tmp_path / "few.csv"), "--folds", "3", "-o", where, *OPTIONS)
    assert ran.code == 0, ran.err
    tested = [row for run in open_suite("latest", tmp_path / "runs").runs for row in run.predictions("majority")["row"]]
    assert sorted(tested) == list(range(len(rows)))


@pytest.mark.slow
def test_validation_is_shown_as_the_metric_has_it(data: Path, tmp_path: Path, harness: Harness) -> None:
    given = ("-d", str(data), "--folds", "3", "-o", str(tmp_path), "--select-by", "log_loss", *OPTIONS)
    assert harness("run", *given).code == 0
    suite = open_suite("latest", tmp_path)
    records = [run.record("tfidf_logreg") for run in suite.runs]
    mean = sum(each.validation.score("log_loss") for each in records if each.validation) / 3
    table = suite.folds().set_index("strategy")
    assert table.loc["tfidf_logreg", "validation"] == pytest.approx(mean)
    assert f"{mean:.4f}" in harness("show", "latest", "-o", str(tmp_path)).out
