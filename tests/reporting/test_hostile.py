"""Names and texts that hope to be more than text: nothing of them runs, all of them are shown."""

import base64
import csv
import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from harness import Run
from harness.analysis.study import Study
from harness.document.text import visible
from harness.reporting import ENDINGS, write_report

from .browser import Browser
from .hostile import HOSTILE, shown

N_STRATEGIES = len(HOSTILE[::3])
SVG_ELEMENTS = {"svg", "style", "g", "path", "text", "use", "defs", "clipPath", "rect"}


@pytest.fixture(scope="module")
def folder(hostile: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reports of the hostile study in all formats."""
    folder = tmp_path_factory.mktemp("hostile")
    for ending in ENDINGS:
        write_report(hostile, folder / f"report{ending}")
    return folder


@pytest.mark.parametrize("width", [360, 1280])
def test_in_a_browser_nothing_runs_and_nothing_is_asked_for(browser: Browser, folder: Path, width: int) -> None:
    file = folder / "report.html"
    browser.open(file, width=width)
    browser.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.console() == []
    assert browser.requests() == [file.as_uri()]
    assert browser.run("return window.pwned") is None
    assert browser.run("return location.href") == file.as_uri()
    elements = browser.run("return [...new Set([...document.querySelectorAll('*')].map(e => e.localName))]")
    assert not {"script", "iframe", "object", "embed", "form", "base", "link", "textarea"} & set(elements)
    names = browser.run("return [...new Set([...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames()))]")
    assert not [name for name in names if name.startswith("on") or name == "style"]
    addresses = browser.run("return [...document.querySelectorAll('[href]')].map(e => e.getAttribute('href')[0])")
    assert set(addresses) == {"#"}


def test_no_name_however_long_makes_the_page_wider_than_a_phone(browser: Browser, folder: Path) -> None:
    browser.open(folder / "report.html", width=360)
    browser.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.run("return document.documentElement.scrollWidth") <= 360


def test_every_one_of_them_is_shown_as_text(browser: Browser, folder: Path) -> None:
    browser.open(folder / "report.html")
    text = " ".join(browser.run("return document.body.textContent").split())
    for hostile in HOSTILE:
        assert text.count(shown(hostile)) >= 4, hostile  # a label, a note, a degradation, an error
    assert browser.run("return document.title").endswith(shown(HOSTILE[5]))


def test_the_pictures_are_well_formed_and_hold_nothing_but_shapes_and_text(folder: Path) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")
    pictures = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    assert len(pictures) > 3 * N_STRATEGIES
    seen = ""
    for encoded in pictures:
        root = ET.fromstring(base64.b64decode(encoded))
        assert {element.tag.rpartition("}")[2] for element in root.iter()} <= SVG_ELEMENTS
        names = {name.rpartition("}")[2] for element in root.iter() for name in element.attrib}
        assert not [name for name in names if name.startswith("on") or name == "style"]
        links = [v for e in root.iter() for n, v in e.attrib.items() if n.endswith("href")]
        assert all(link.startswith("#") for link in links)
        seen += "".join(root.itertext())
    assert "$x^2$" in seen
    assert r"\x00nul" in seen


def test_as_markdown_they_are_neither_markup_nor_html_nor_links(folder: Path) -> None:
    text = (folder / "report.md").read_text(encoding="utf-8")
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    inline = [child for token in tokens for child in token.children or ()]
    assert not {"html_block", "html_inline"} & {token.type for token in [*tokens, *inline]}
    assert not {"link_open", "image", "s_open", "code_inline", "em_open"} & {token.type for token in inline}
    said = " ".join(" ".join(child.content for child in inline).replace("\u2060", "").split())
    for hostile in HOSTILE:
        assert said.count(shown(hostile)) >= 3, hostile


def test_every_row_of_a_markdown_table_has_the_cells_of_its_heading(folder: Path) -> None:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse((folder / "report.md").read_text(encoding="utf-8"))
    n_tables = 0
    expected = found = 0
    for token in tokens:
        n_tables += token.type == "table_open"
        found = 0 if token.type == "tr_open" else found + (token.type in ("th_open", "td_open"))
        if token.type == "thead_close":
            expected = found
        if token.type == "tr_close":
            expected = expected if token.level > 2 else found
            assert found == expected or token.level == 2
    assert n_tables > 10


def test_no_cell_of_the_csv_file_is_a_formula(folder: Path) -> None:
    content = (folder / "report.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(content, newline="")))
    assert len({len(row) for row in rows}) == 1
    for cell in (cell for row in rows for cell in row):
        assert not re.match(r"\s*[=+\-@\t\r]", cell) or re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", cell), cell
    assert "'=cmd|' /C calc'!A0" in content.replace('"', "")


def test_the_json_file_holds_them_as_they_are(folder: Path) -> None:
    run = Run.model_validate_json((folder / "report.json").read_bytes())
    assert run.notes == list(HOSTILE)


def test_what_steers_or_hides_is_written_as_an_escape() -> None:
    assert visible("\x00\x1b\u202e\ufffe\uffff\ud800") == r"\x00\x1b\u202e\ufffe\uffff\ud800"
    assert visible("a\r\nb\u200d") == "a↵b\u200d"


def test_latex_holds_no_command_of_theirs(folder: Path) -> None:
    text = (folder / "report.tex").read_text(encoding="utf-8")
    assert "\\input{" not in text
    assert text.count("\\end{document}") == 1
