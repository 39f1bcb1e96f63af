"""Endings and what is behind them: Markdown, LaTeX, CSV, JSON; the same study gives the same bytes."""

import csv
import io
import json
import shutil
import subprocess
import time
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from harness import UnavailableError, UserError
from harness.analysis.study import Study, open_study
from harness.reporting import ENDINGS, write_report

from ..studies import FIVE, HISTORY, Contestant, a_run, a_study, a_task, failed

PDFLATEX = shutil.which("pdflatex")


def written(study: Study, file: Path, **options: object) -> str:
    write_report(study, file, **options)  # type: ignore[arg-type]
    return file.read_text(encoding="utf-8")


def test_an_ending_that_stands_for_no_format_names_those_that_do(study: Study, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"ending.*\.htm is none.*Did you mean '\.html'\? There are: \.csv, \.html"):
        write_report(study, tmp_path / "report.htm")
    with pytest.raises(UserError, match="none is none of them"):
        write_report(study, tmp_path / "report")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_study_gives_the_same_bytes_and_replaces_an_older_file(
    study: Study, tmp_path: Path, ending: str
) -> None:
    first, second = tmp_path / f"first{ending}", tmp_path / f"second{ending.upper()}"
    second.write_text("older")
    write_report(study, first)
    write_report(open_study(study.directories), second)
    assert first.read_bytes() == second.read_bytes()
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([first.name, second.name])


def test_where_the_disk_refuses_the_message_names_the_option(study: Study, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match="-o"):
        write_report(study, tmp_path / "file" / "report.csv")


@pytest.mark.parametrize("ending", [".html", ".md"])
def test_texts_are_left_out_on_request(study: Study, tmp_path: Path, ending: str) -> None:
    facts = study.facts
    assert facts is not None
    assert facts.texts is not None
    whole, without = written(study, tmp_path / f"a{ending}"), written(study, tmp_path / f"b{ending}", texts=False)
    long_ones = [text for text in facts.texts if len(text) > 20]
    assert any(text in whole for text in long_ones)
    assert not any(text in without for text in long_ones)


def test_markdown_has_a_section_for_each_of_the_page_and_tables_that_parse(study: Study, tmp_path: Path) -> None:
    text = written(study, tmp_path / "report.md")
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    headings = [tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "heading_open"]
    assert headings[:3] == ["5 strategies on emotion", "Answer", "Scores"]
    assert sum(token.type == "table_open" for token in tokens) > 15
    line = next(line for line in text.splitlines() if line.startswith("| **full_finetune**"))
    assert "\\" not in line
    assert "<" not in text.replace("\\<", "")


def test_latex_marks_the_best_and_what_is_tied_with_it(study: Study, tmp_path: Path) -> None:
    text = written(study, tmp_path / "report.tex")
    tied = {study.evidence.conclusion.best, *study.evidence.conclusion.tied}
    for studied in study.strategies:
        line = next(line for line in text.splitlines() if line.startswith(studied.name.replace("_", r"\_")))
        assert (r"\textbf{" in line) == (studied.name in tied)
    assert r"\usepackage{booktabs}" in text
    assert text.count(r"\usepackage{") == 2  # the other one is in a comment
    assert r"{\scriptsize 0." in text


@pytest.mark.skipif(not PDFLATEX, reason="needs pdflatex: apt-get install texlive-latex-recommended")
@pytest.mark.parametrize("language", ["en", "zh-TW"])
def test_latex_compiles_whatever_the_names(tmp_path: Path, study: Study, hostile: Study, language: str) -> None:
    write_report(hostile, tmp_path / "hostile.tex", language=language)
    write_report(study, tmp_path / "plain.tex", language=language)
    for name in ("hostile", "plain"):
        command = [str(PDFLATEX), "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", f"{name}.tex"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
        assert done.returncode == 0, done.stdout[-2000:]
        assert (tmp_path / f"{name}.pdf").stat().st_size > 10_000
        assert "Missing character" not in done.stdout


def test_csv_has_a_row_for_each_strategy_and_seed_with_numbers_in_full(study: Study, tmp_path: Path) -> None:
    write_report(study, tmp_path / "report.csv")
    content = (tmp_path / "report.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")  # Excel takes it for another code page otherwise
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert [(row["strategy"], row["seed"]) for row in rows if row["strategy"] == "mlp_probe"] == [
        ("mlp_probe", "0"),
        ("mlp_probe", "1"),
        ("mlp_probe", "2"),
        ("mlp_probe", "mean"),
    ]
    first = study.strategies[0].records[0]
    assert first.test is not None
    assert float(rows[0]["test_f1_macro"]) == first.test.f1_macro
    assert float(rows[0]["test_f1_macro_low"]) < first.test.f1_macro < float(rows[0]["test_f1_macro_high"])
    assert rows[-1]["status"] == "failed"
    assert rows[-1]["error"] == "CUDA out of memory"
    assert rows[-1]["test_f1_macro"] == ""


def test_csv_keeps_a_failed_seed_apart_from_a_scored_one_of_the_same_name(tmp_path: Path) -> None:
    study = a_study(tmp_path / "run", FIVE[:2], failures=[failed("tfidf_logreg", seed=0)])
    write_report(study, tmp_path / "report.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "report.csv").read_bytes().decode("utf-8-sig"), newline="")))
    assert [row["test_ece"] == "" for row in rows if row["strategy"] == "tfidf_logreg"] == [False, True]


def test_json_of_one_run_is_its_run_file_and_fits_the_published_schema(study: Study, tmp_path: Path) -> None:
    content = json.loads(written(study, tmp_path / "report.json"))
    assert content == study.directories[0].read_run()
    validator("run-v1.json").validate(content)


def test_json_of_several_runs_fits_its_schema_too(tmp_path: Path) -> None:
    task = a_task()
    runs = [a_run(tmp_path / "first", FIVE, task=task), a_run(tmp_path / "second", FIVE[:1], task=task)]
    content = json.loads(written(open_study(runs), tmp_path / "report.json"))
    validator("runs-v1.json").validate(content)
    assert content["runs"] == [directory.read_run() for directory in runs]
    assert content["watermark"] is None
    del content["runs"][1]["task"]
    assert not validator("runs-v1.json").is_valid(content)


def test_a_watermark_is_in_every_format(tmp_path: Path) -> None:
    runs = [a_run(tmp_path / "first", FIVE[:2]), a_run(tmp_path / "second", FIVE[:2], task=a_task(n_rows=90))]
    study = open_study(runs, force=True)
    for ending in ENDINGS:
        assert "cannot be compared" in written(study, tmp_path / f"report{ending}")


def test_twenty_strategies_are_drawn_in_seconds(tmp_path: Path) -> None:
    many = [
        Contestant(f"s{i}", 1 + i / 7, fields={"history": HISTORY, "fit_seconds": 3.0**i, "trainable_parameters": 9**i})
        for i in range(20)
    ]
    study = a_study(tmp_path / "run", many, task=a_task(n_rows=2000))
    start = time.process_time()
    write_report(study, tmp_path / "report.html")
    assert time.process_time() - start < 20  # 3 of the processor, whoever else wants it
    assert (tmp_path / "report.html").stat().st_size < 3_000_000


def validator(name: str) -> Draft202012Validator:
    schemas = {
        each: json.loads((files("harness.results.schema") / each).read_text(encoding="utf-8"))
        for each in ("run-v1.json", "runs-v1.json")
    }
    resources = [(each, DRAFT202012.create_resource(schema)) for each, schema in schemas.items()]
    return Draft202012Validator(schemas[name], registry=Registry().with_resources(resources))
