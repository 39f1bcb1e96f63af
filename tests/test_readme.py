"""What the README shows is what the program prints."""

import io
import re
from html import unescape
from pathlib import Path

import pytest

from harness.analysis.learning_curve import learning_curves
from harness.analysis.verification import verify_run
from harness.results.records import Run, read_run
from harness.results.run_directory import RunDirectory
from harness.terminal import make_console, print_run

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted(file.parent.name for file in (ROOT / "reports").glob("example-*/run.json"))
WIDTH = 80


def printed(run: Run) -> str:
    stream = io.StringIO()
    print_run(run, make_console(stream, width=WIDTH))
    return "".join(line.rstrip() + "\n" for line in stream.getvalue().splitlines())


def test_the_text_of_the_example_on_the_sample_is_what_show_prints_of_its_run() -> None:
    folder = ROOT / "reports" / "example-sample"
    assert folder.with_suffix(".txt").read_text(encoding="utf-8") == printed(read_run(RunDirectory(folder)))


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_committed_runs_can_be_shown(name: str) -> None:
    run = read_run(RunDirectory(ROOT / "reports" / name))
    text = printed(run)
    assert [record.strategy for record in run.records if record.strategy not in text] == []
    assert "f1_macro" in text.split("\n\n")[0]


def quoted(name: str, page: str) -> str:
    """Return what stands in a page between the marks of a quote."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = re.search(rf"<!-- {name} -->\n```\n(.*?)```\n<!-- /{name} -->", text, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("page", ["README.md", "README.zh-TW.md"])
def test_the_readmes_quote_the_example_on_emotion(page: str) -> None:
    run = read_run(RunDirectory(ROOT / "reports" / "example-emotion-minilm"))
    assert "full_finetune" in quoted("example", page)
    assert quoted("example", page) in printed(run)


def test_the_sentence_in_the_readme_is_the_answer_of_its_run() -> None:
    answer = printed(read_run(RunDirectory(ROOT / "reports" / "example-emotion-minilm"))).split("\n\n")[0]
    said = (ROOT / "README.md").read_text(encoding="utf-8").replace("\n> ", " ")
    assert " ".join(answer.split()) in said


def test_the_learning_curves_in_the_docs_have_the_numbers_of_their_run() -> None:
    curves = learning_curves(read_run(RunDirectory(ROOT / "reports" / "example-emotion-curves")))
    shown = quoted("curves", "docs/how-to/few-labels.md")
    for curve in curves:
        assert curve.strategy in shown
        for point in curve.points:
            assert f"{point.mean:.4f}"[1:] in shown, (curve.strategy, point)


def test_the_architecture_page_names_every_room_and_only_files_that_exist() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = {folder.name for folder in (ROOT / "harness").iterdir() if folder.is_dir() and folder.name[0] not in "._"}
    assert {room for room in rooms if f"`{room}/`" not in page} == set()
    named = set(re.findall(r"`([\w./-]+\.(?:py|toml|md))`", page))
    assert {name for name in named if not ((ROOT / name).exists() or (ROOT / "harness" / name).exists())} == set()


PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


@pytest.mark.parametrize("page", [str(page.relative_to(ROOT)) for page in PAGES])
def test_every_link_leads_to_a_file(page: str) -> None:
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = [t.partition("#")[0] for t in re.findall(r"\]\(([^)]+)\)", text) if "://" not in t]
    assert [t for t in targets if t and not ((ROOT / page).parent / t).exists()] == []


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "SECURITY.md"])
def test_every_file_that_is_named_exists(page: str) -> None:
    named = set(re.findall(r"`([\w.-]+/[\w./-]+)`", (ROOT / page).read_text(encoding="utf-8")))
    assert {name for name in named if not ((ROOT / name).exists() or (ROOT / "harness" / name).exists())} == {
        name for name in named if name == "plugins/my_strategy.py"
    }


def test_the_committed_run_on_the_sample_verifies() -> None:
    checks = verify_run(RunDirectory(ROOT / "reports" / "example-sample"))
    assert [check.what for check in checks if check.problem] == []
    assert len(checks) > 30


def test_the_committed_reports_are_there_and_hold_no_script() -> None:
    files = list((ROOT / "reports").glob("*.html"))
    assert files
    for file in files:
        page = file.read_text(encoding="utf-8")
        assert "<script" not in page
        assert "default-src 'none'" in unescape(page)
