"""The HTML page: one file that does nothing by itself, reads well everywhere and by everyone."""

import re
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from harness.analysis.study import Study
from harness.document.figures.canvas import BLUE, DARK, HUES, INK, MUTED, ORANGE, PAPER, RULE
from harness.document.figures.confusion import HALF, opacity
from harness.reporting import write_report

from .browser import Browser

SECTIONS = [
    "Answer",
    "Scores",
    "Cost against quality",
    "Differences between strategies",
    "Confusion on the test split",
    "Scores of each class",
    "Learning history",
    "Frozen features",
    "Calibration",
    "Errors",
    "Data audit",
    "Degradations and notes",
    "How to reproduce it",
]
TABLES = """
return [...document.querySelectorAll('table')].map(table => {
  const rows = [...table.tHead.rows, ...table.tBodies[0].rows];
  return {
    caption: table.caption?.textContent,
    scopes: [...table.querySelectorAll('th')].every(heading => heading.scope),
    rows: [...table.tBodies[0].rows].map(row => row.cells[0].scope),
    widths: [...new Set(rows.map(row => [...row.cells].reduce((n, cell) => n + cell.colSpan, 0)))],
    region: table.parentElement.getAttribute('role'),
    tab: table.parentElement.tabIndex,
    name: table.parentElement.getAttribute('aria-label'),
  };
})
"""
LEGIBLE = 4.5  # WCAG 2.2, 1.4.3, level AA


@pytest.fixture(scope="module")
def page(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report as a page."""
    file = tmp_path_factory.mktemp("page") / "report.html"
    write_report(study, file)
    return file


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_it_opens_without_a_message_a_request_or_a_violation_of_its_policy(
    browser: Browser, page: Path, width: int, dark: bool
) -> None:
    browser.open(page, width=width, dark=dark)
    assert browser.run("return document.readyState") == "complete"
    assert browser.console() == []
    assert browser.requests() == [page.as_uri()]
    pictures = browser.run("return [...document.images].map(i => i.complete && i.naturalWidth > 0)")
    assert len(pictures) >= 14
    assert all(pictures)


def test_the_browser_would_tell_of_a_script_a_style_or_a_request(browser: Browser, page: Path, tmp_path: Path) -> None:
    bad = "<script>window.pwned = 1</script><p style='color: red'>x</p><img src='http://localhost:9/x.png' alt=''>"
    broken = tmp_path / "broken.html"
    broken.write_text(page.read_text(encoding="utf-8").replace("</main>", f"{bad}</main>"), encoding="utf-8")
    browser.open(broken)
    messages = browser.console()
    assert len([message for message in messages if "Content Security Policy" in message]) >= 3
    assert browser.run("return window.pwned") is None


def test_the_page_holds_no_script_no_style_attribute_and_no_address(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text
    assert not re.search(r"\sstyle\s*=|\son\w+\s*=", re.sub(r'"data:[^"]*"', "", text))
    assert not re.search(r'(?:src|href)="(?!#|data:image/svg)', text)


def test_nothing_but_the_containers_of_tables_scrolls_sideways_on_a_phone(browser: Browser, page: Path) -> None:
    browser.open(page, width=360, height=740)
    browser.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.run("return document.documentElement.scrollWidth") <= 360
    wide = browser.run(
        "return [...document.querySelectorAll('body *')].filter(e => e.scrollWidth > e.clientWidth + 1 "
        "&& getComputedStyle(e).overflowX == 'auto').map(e => e.className)"
    )
    assert set(wide) == {"scroll"}


def test_sections_come_in_the_order_in_which_a_reader_asks(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert browser.run("return [...document.querySelectorAll('h2')].map(e => e.textContent)") == SECTIONS
    links = browser.run(
        "return [...document.querySelectorAll('nav a')].map(a => [a.textContent, !!document.querySelector(a.hash)])"
    )
    assert links == [[title, True] for title in SECTIONS]


def test_tables_have_captions_headings_with_a_scope_and_regions_that_the_keyboard_reaches(
    browser: Browser, page: Path
) -> None:
    browser.open(page)
    tables = browser.run(TABLES)
    assert len(tables) > 15
    for table in tables:
        assert table["caption"]
        assert table["caption"] == table["name"]
        assert table["scopes"]
        assert set(table["rows"]) == {"row"}
        assert len(table["widths"]) == 1, table["caption"]
        assert (table["region"], table["tab"]) == ("region", 0)


def test_assistive_technology_is_told_landmarks_headings_and_what_pictures_show(browser: Browser, page: Path) -> None:
    browser.open(page)
    nodes = browser.accessibility_tree()
    by_role: dict[str, list[str]] = {}
    for node in nodes:
        by_role.setdefault(node["role"]["value"], []).append(node.get("name", {}).get("value", ""))
    assert by_role["main"]
    assert "Contents" in by_role["navigation"]
    assert set(SECTIONS) <= set(by_role["heading"])
    pictures = by_role.get("image", []) + by_role.get("img", [])
    assert len(pictures) >= 14
    assert all(len(name) > 40 for name in pictures)


def test_the_first_key_press_offers_to_skip_to_the_content(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.press("\ue004")  # tab
    assert browser.run("return document.activeElement.textContent") == "Skip to the content"
    assert browser.run("return document.activeElement.getBoundingClientRect().top") >= 0
    browser.press("\ue007")  # enter
    assert browser.run("return document.activeElement.id") == "content"


def test_dark_pages_are_dark_and_their_pictures_too(browser: Browser, page: Path) -> None:
    colours = {}
    for dark in (False, True):
        browser.open(page, dark=dark)
        colours[dark] = browser.run(
            "const c = document.createElement('canvas').getContext('2d'); const i = document.images[0];"
            "c.drawImage(i, 0, 0); return [getComputedStyle(document.documentElement).backgroundColor,"
            "[...c.getImageData(1, 1, 1, 1).data].slice(0, 3)]"
        )
    assert colours[False] == ["rgb(255, 255, 255)", [255, 255, 255]]
    assert colours[True] == ["rgb(21, 24, 28)", [21, 24, 28]]


def test_it_prints_on_white_also_where_the_reader_prefers_dark_pages(browser: Browser, page: Path) -> None:
    printed = {}
    for dark in (False, True):
        browser.open(page, dark=dark)
        printed[dark] = re.sub(rb"/(?:CreationDate|ModDate) ?\([^)]*\)", b"", browser.printed())
    assert len(printed[True]) == len(printed[False]) > 50_000


def test_the_language_is_declared_and_only_the_fixed_phrases_change(study: Study, tmp_path: Path) -> None:
    write_report(study, tmp_path / "report.html", language="zh-TW")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert '<html lang="zh-TW">' in text
    assert "full_finetune" in text


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_colour_of_text_is_legible_on_the_paper(dark: bool) -> None:
    style = (files("harness.reporting.templates") / "page.css").read_text(encoding="utf-8")
    light_block, dark_block = re.findall(r":root \{(.*?)\}", style, re.DOTALL)[:2]
    page = dict(re.findall(r"--([\w-]+): (#\w+)", light_block))
    page |= dict(re.findall(r"--([\w-]+): (#\w+)", dark_block)) if dark else {}
    for name in ("ink", "muted", "accent", "good", "bad", "failed", "warn"):
        assert contrast(rgb(page[name]), rgb(page["paper"])) >= LEGIBLE, name
    assert contrast(rgb(page["ink"]), rgb(page["warn-wash"])) >= LEGIBLE
    for colour in (INK, MUTED, *HUES):
        assert contrast(themed(colour, dark), themed(PAPER, dark)) >= LEGIBLE, colour


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("colour", [BLUE, ORANGE], ids=["right", "wrong"])
def test_every_number_in_a_confusion_matrix_is_legible_on_its_cell(colour: str, dark: bool) -> None:
    empty = 0.28 * themed(RULE, dark) + 0.72 * themed(PAPER, dark)
    shares = np.linspace(0.001, 1, 200)
    for share, alpha in zip(shares, opacity(shares), strict=True):
        cell = alpha * themed(colour, dark) + (1 - alpha) * empty
        number = PAPER if share >= HALF else INK
        assert contrast(themed(number, dark), cell) >= LEGIBLE - 0.05, share


def test_a_long_name_goes_on_in_a_new_line_behind_an_underscore(page: Path) -> None:
    html = page.read_text(encoding="utf-8")
    assert '<th scope=row class="name"><bdi>full_<wbr>finetune</bdi></th>' in html


def themed(colour: str, dark: bool) -> np.ndarray:
    return rgb(DARK[colour] if dark else colour)


def rgb(colour: str) -> np.ndarray:
    digits = colour.removeprefix("#")
    digits = "".join(d * 2 for d in digits) if len(digits) == 3 else digits
    return np.array([int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)])


def contrast(first: np.ndarray, second: np.ndarray) -> float:
    """Return the contrast ratio of two colours as WCAG 2.2 defines it."""
    dark, light = sorted(map(_luminance, (first, second)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: np.ndarray) -> float:
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
