"""What the README shows is what the program prints."""

import io
import re
from html import unescape
from pathlib import Path

import pytest

from harness.analysis.verification import verify_run
from harness.results.records import Run, read_run
from harness.results.run_directory import RunDirectory
from harness.terminal import make_console, print_run

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted(folder.parent.name for folder in (ROOT / "reports").glob("example-*/run.txt"))
WIDTH = 80


def printed(run: Run) -> str:
    stream = io.StringIO()
    print_run(run, make_console(stream, width=WIDTH))
    return "".join(line.rstrip() + "\n" for line in stream.getvalue().splitlines())


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_text_of_an_example_is_what_show_prints_of_its_run(name: str) -> None:
    folder = ROOT / "reports" / name
    assert (folder / "run.txt").read_text(encoding="utf-8") == printed(read_run(RunDirectory(folder)))


@pytest.mark.parametrize(
    ("quote", "name"), [("example", "example-emotion-minilm"), ("curves", "example-emotion-curves")]
)
def test_the_readme_quotes_the_examples(quote: str, name: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"<!-- {quote} -->\n```\n(.*?)```\n<!-- /{quote} -->", readme, re.DOTALL)
    assert found is not None
    quoted = found[1]
    assert "full_finetune" in quoted
    assert quoted in printed(read_run(RunDirectory(ROOT / "reports" / name)))


def test_the_readme_names_every_file_of_the_harness() -> None:
    tree = (ROOT / "README.md").read_text(encoding="utf-8").split("## The files")[1]
    rooms = [p for p in (ROOT / "harness").iterdir() if not p.name.startswith("_")]
    missing = [
        room.name
        for room in rooms
        if (room.is_dir() or room.suffix == ".py")
        and not re.search(rf"^  {re.escape(room.name)}/? ", tree, re.MULTILINE)
    ]
    assert missing == []


def test_the_committed_run_on_the_sample_verifies() -> None:
    checks = verify_run(RunDirectory(ROOT / "reports" / "example-sample"))
    assert [check.what for check in checks if check.problem] in ([], ["version of the metrics"])
    assert len(checks) > 30


def test_the_committed_reports_are_there_and_hold_no_script() -> None:
    for name in ("example-sample.html", *(f"{name}.html" for name in EXAMPLES)):
        page = (ROOT / "reports" / name).read_text(encoding="utf-8")
        assert "<script" not in page
        assert "default-src 'none'" in unescape(page)
