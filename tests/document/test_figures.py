"""Pictures: the same for the same numbers, well-formed whatever the names, and with nothing in them that runs."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from functools import cache
from itertools import pairwise

import matplotlib
import numpy as np
import pytest

from harness.document import numbers
from harness.document.figures.canvas import DARK, Drawing, finished
from harness.document.figures.confusion import confusion_figure, shares_of_rows
from harness.document.figures.cost import Point, cost_figure
from harness.document.figures.curves import Line, curves_figure
from harness.document.figures.history import history_figure, is_drawable
from harness.document.figures.labels import place_names
from harness.document.figures.reliability import Bin, reliability_figure
from harness.document.figures.scatter import largest_classes, scatter_figure
from harness.document.figures.tuning import Line as SearchedLine
from harness.document.figures.tuning import tuning_figure
from harness.document.text import shorten

from ..studies import EMOTIONS, HISTORY

TEXT, SVG = "{http://www.w3.org/2000/svg}text", "{http://www.w3.org/2000/svg}svg"


def points(*costs_and_scores: tuple[float, float]) -> list[Point]:
    return [Point(f"s{i}", cost, score, score - 0.02, score + 0.02) for i, (cost, score) in enumerate(costs_and_scores)]


def a_cost_picture() -> Drawing:
    return finished(
        cost_figure(points((0, 0.1), (3.2, 0.8), (1900, 0.9), (90, 0.5)), "seconds", "f1", numbers.seconds_tick)
    )


def a_scatter_picture() -> Drawing:
    rng = np.random.default_rng(0)
    return finished(scatter_figure(rng.normal(size=(300, 2)), rng.integers(0, 6, 300), EMOTIONS, ("one", "two")))


SEARCHED = [
    SearchedLine("probe", [(1, 0.4, 0.3, 0.5), (2, 0.5, 0.4, None), (4, 0.6, 0.5, None)]),
    SearchedLine("other", [(1, None, None, None), (2, 0.45, None, None), (4, 0.55, 0.5, None)]),
]
PICTURES: dict[str, Callable[[], Drawing]] = {
    "cost": a_cost_picture,
    "confusion": lambda: finished(
        confusion_figure(np.arange(36).reshape(6, 6).tolist(), EMOTIONS, "true", "predicted")
    ),
    "reliability": lambda: finished(
        reliability_figure([Bin(0.4, 0.5, 0.4), Bin(0.6, 0.9, 0.8)], "confidence", "accuracy")
    ),
    "curves": lambda: finished(curves_figure([Line("probe", [(64, 0.4, 0.02), (1024, 0.6, None)])], "rows", "f1")),
    "tuning": lambda: finished(tuning_figure(SEARCHED, "configurations tried", "f1", [2])),
    "tuning with a band": lambda: finished(tuning_figure(SEARCHED, "configurations tried", "f1", chosen=0)),
    "history": lambda: finished(history_figure(HISTORY)),
    "scatter": a_scatter_picture,
}


def texts(drawing: Drawing) -> list[str]:
    return [element.text or "" for element in ET.fromstring(drawing.svg).iter(TEXT)]


@cache
def drawn(picture: str) -> Drawing:
    return PICTURES[picture]()


@pytest.mark.parametrize("picture", PICTURES)
def test_the_same_numbers_give_the_same_bytes_whatever_the_settings_of_the_reader(
    picture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = drawn(picture)
    monkeypatch.setitem(matplotlib.rcParams, "font.size", 31.0)
    monkeypatch.setitem(matplotlib.rcParams, "svg.fonttype", "path")
    monkeypatch.setitem(matplotlib.rcParams, "svg.hashsalt", None)
    assert PICTURES[picture]() == first
    assert matplotlib.rcParams["font.size"] == 31.0


@pytest.mark.parametrize("picture", PICTURES)
def test_a_picture_needs_no_style_attributes_and_has_only_colours_that_turn_dark(picture: str) -> None:
    drawing = drawn(picture)
    root = ET.fromstring(drawing.svg)
    assert (root.tag, root.get("width"), root.get("height")) == (SVG, str(drawing.width), str(drawing.height))
    assert not [element for element in root.iter() if "style" in element.attrib]
    colours = {element.get(name) for element in root.iter() for name in ("fill", "stroke")} - {None, "none"}
    assert colours <= set(DARK)
    assert all(element.get("fill") for element in root.iter(TEXT))
    assert b"prefers-color-scheme:dark" in drawing.svg


@pytest.mark.parametrize(
    "name",
    ["$x^2$ and $\\frac{1}{0}$", "</text></svg><script>", "a & b", "\x00\x1b[31m\ufffe", "中文標籤", "עברית", ""],
)
def test_names_are_text_whatever_they_hold(name: str) -> None:
    drawing = finished(confusion_figure([[3, 1], [0, 4]], [name, "other"], "true", "predicted"))
    assert texts(drawing).count(shorten(name, 14)) == (2 if name else 0)
    placed = finished(cost_figure([Point(name, 1.0, 0.5, 0.4, 0.6)], "seconds", "f1", numbers.seconds_tick))
    assert shorten(name, 26) in [*texts(placed), ""]


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        ((0.02, 1912.0), ["0.01", "0.1", "1", "10", "100", "1,000", "10,000"]),
        ((3.0, 9.0), ["2", "5", "10"]),
        ((0, 5.0), ["5", "0"]),
        ((0, 0), ["1", "0"]),
    ],
)
def test_costs_have_round_ticks_and_nothing_stands_at_the_left(costs: tuple[float, float], expected: list[str]) -> None:
    drawing = finished(cost_figure(points((costs[0], 0.5), (costs[1], 0.6)), "seconds", "f1", numbers.seconds_tick))
    assert [text for text in texts(drawing) if text in expected] == expected


def test_names_cover_neither_points_nor_each_other() -> None:
    rng = np.random.default_rng(0)
    at = rng.uniform(50, 350, size=(20, 2))
    names = [f"strategy {i}" for i in range(20)]
    places = place_names(at, names, 10.0, (0, 0, 400, 400))
    assert sum(place is not None for place in places) >= 15
    crowded = place_names(np.full((20, 2), 200.0), names, 10.0, (0, 0, 400, 400))
    assert 1 <= sum(place is not None for place in crowded) < 20
    assert place_names(np.array([[5.0, 5.0]]), ["much too long a name for it"], 10.0, (0, 0, 60, 60)) == [None]


def test_a_confusion_matrix_has_a_number_in_every_cell_that_is_not_empty_up_to_twelve_classes() -> None:
    drawing = finished(confusion_figure([[30, 0, 1], [2, 1000, 0], [0, 0, 0]], ["a", "b", "c"], "true", "predicted"))
    assert [text for text in texts(drawing) if text not in "abc"] == ["30", "1", "2", "1,000", "predicted", "true"]


def test_a_large_confusion_matrix_stays_small() -> None:
    rng = np.random.default_rng(0)
    counts = rng.poisson(0.1, (77, 77)) + 30 * np.eye(77, dtype=int)
    drawing = finished(confusion_figure(counts.tolist(), [f"intent {i}" for i in range(77)], "true", "predicted"))
    assert len(drawing.svg) < 120_000
    assert drawing.width < 400
    assert texts(drawing) == ["predicted", "true"]


def test_a_class_without_rows_has_no_shares() -> None:
    assert shares_of_rows(np.array([[0.0, 0.0], [1.0, 3.0]])).tolist() == [[0, 0], [0.25, 0.75]]


def test_a_history_parts_losses_from_scores_and_names_every_line() -> None:
    both, losses = finished(history_figure(HISTORY)), finished(history_figure([{"epoch": 1, "loss": 0.5}]))
    assert both.height > losses.height
    assert {"train_loss", "validation_loss", "validation_accuracy", "validation_f1_macro", "epoch"} <= set(texts(both))
    ragged = finished(history_figure([{"loss": 1.0}, {"loss": 0.5, "perplexity": 200.0}]))
    assert {"loss", "perplexity", "step"} <= set(texts(ragged))


def test_a_history_of_epochs_alone_is_not_drawn() -> None:
    assert not is_drawable([])
    assert not is_drawable([{"epoch": 1}, {}])
    assert is_drawable([{"epoch": 1}, {"loss": 0.1}])


def test_lines_that_end_together_are_named_below_each_other() -> None:
    lines = [Line(f"strategy {i}", [(64, 0.2, None), (256, 0.5 + i / 1000, 0.01)]) for i in range(12)]
    drawing = finished(curves_figure(lines, "rows of train", "test f1_macro"))
    named = [
        element for element in ET.fromstring(drawing.svg).iter(TEXT) if (element.text or "").startswith("strategy")
    ]
    heights = sorted(float(element.attrib["y"]) for element in named)
    assert len(heights) == 12
    assert min(high - low for low, high in pairwise(heights)) > 9


def test_only_the_ten_largest_classes_have_colours_of_their_own() -> None:
    labels = np.repeat(np.arange(77), np.r_[np.full(67, 2), np.full(10, 9)])
    assert largest_classes(labels) == list(range(67, 77))
    drawing = finished(
        scatter_figure(
            np.random.default_rng(0).normal(size=(len(labels), 2)), labels, [f"c{i}" for i in range(77)], ("x", "y")
        )
    )
    assert {text for text in texts(drawing) if text.startswith("c")} <= {f"c{i}" for i in range(67, 77)}


def test_a_scatter_picture_of_two_thousand_rows_stays_small() -> None:
    rng = np.random.default_rng(0)
    drawing = finished(scatter_figure(rng.normal(size=(2000, 2)), rng.integers(0, 6, 2000), EMOTIONS, ("x", "y")))
    assert len(drawing.svg) < 100_000


def test_points_that_all_lie_in_one_place_are_drawn() -> None:
    assert finished(scatter_figure(np.zeros((5, 2)), np.array([0, 1, 0, 1, 0]), ["a", "b"], ("x", "y"))).svg
