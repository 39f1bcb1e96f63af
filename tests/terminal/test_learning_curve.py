"""Learning curves on the page: means with their spread, and where fine-tuning overtakes the probes."""

import io

import pytest

from harness.analysis.learning_curve import Curve, Point
from harness.terminal import make_console
from harness.terminal.console import Page
from harness.terminal.learning_curve import learning_curve_lines

SIZES = (64, 256, 1024, 4096, 16000)


def curve(name: str, kind: str, scores: tuple[float, ...], sd: float | None = 0.0123) -> Curve:
    points = tuple(Point(size, score, sd) for size, score in zip(SIZES, scores, strict=True))
    return Curve(name, kind, points)


CURVES = (
    curve("full", "trained", (0.1, 0.5, 0.6, 0.7, 0.9)),
    curve("probe_with_a_name_as_long_as_a_variant", "frozen", (0.2, 0.3, 0.4, 0.5, 0.6)),
    curve("tfidf", "texts", (0.1, 0.2, 0.3, 0.4, 0.5), sd=None),
)


def shown(width: int, curves: tuple[Curve, ...] = CURVES, encoding: str = "utf-8") -> list[str]:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    page = Page(make_console(stream, width=width))
    page.write(learning_curve_lines(curves, page))
    stream.flush()
    return [line.rstrip() for line in stream.buffer.getvalue().decode(encoding).splitlines()]  # type: ignore[attr-defined]


def test_a_wide_page_has_mean_and_spread_side_by_side() -> None:
    lines = shown(120)
    assert any(line.startswith("1  full ") and line.endswith(".9000 ±.0123") for line in lines)
    assert any(line.startswith("3  tfidf ") and line.endswith(" .5000") for line in lines)


def test_a_page_of_eighty_columns_has_the_spread_below_the_mean() -> None:
    lines = shown(80)
    (row,) = (number for number, line in enumerate(lines) if line.startswith("1  full "))
    assert lines[row].split() == ["1", "full", ".1000", ".5000", ".6000", ".7000", ".9000"]
    assert lines[row + 1].split() == ["±.0123"] * 5
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize(("encoding", "dotted", "corner"), [("utf-8", "┆", "└"), ("ascii", ":", "+--")])
def test_a_dotted_line_stands_where_fine_tuning_overtakes(width: int, encoding: str, dotted: str, corner: str) -> None:
    lines = shown(width, encoding=encoding)
    (axis,) = (number for number, line in enumerate(lines) if line.strip().startswith(corner))
    assert lines[axis + 1].split() == ["64", "256", "16,000"]
    column = lines[axis + 1].index("256") + 1
    assert {line[column] for line in lines[axis - 10 : axis]} == {dotted, "1", "2", "3"}


def test_without_probes_nothing_is_overtaken() -> None:
    lines = shown(80, (CURVES[0], CURVES[2]))
    assert not any("┆" in line for line in lines)
    assert any(line.split() == ["64", "16,000"] for line in lines)


def test_a_page_without_unicode_says_the_same() -> None:
    text = "\n".join(shown(40, encoding="ascii"))
    assert "16,000  .9000 +-.0123" in text
    assert "mean over seeds +- sd" in text
