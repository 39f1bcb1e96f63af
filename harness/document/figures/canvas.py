"""The canvas of all pictures: colours in light and dark, a figure to draw on, and the SVG that comes of it."""

import io
import logging
import os
import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, RULE, PAPER = "#1c2024", "#5f6670", "#d5d9df", "#ffffff"
BLUE, ORANGE = "#0b5cad", "#a34f00"
HUES = (BLUE, ORANGE, "#1a7f37", "#c0362c", "#7a4fbf", "#0f7c86", "#b23a86", "#7a6a00", "#7d4f2e", "#52606d")
DARK = {
    INK: "#e6e8eb",
    MUTED: "#9aa3ad",
    RULE: "#3a4048",
    PAPER: "#15181c",
    BLUE: "#6fb1f7",
    ORANGE: "#f0a04b",
    "#1a7f37": "#57c785",
    "#c0362c": "#ff8078",
    "#7a4fbf": "#b99bf0",
    "#0f7c86": "#4cc3cd",
    "#b23a86": "#ee8fca",
    "#7a6a00": "#d0bd4a",
    "#7d4f2e": "#c79a76",
    "#52606d": "#a3b1bf",
}
"""Colour -> what takes its place where the reader prefers dark pages; pictures use no other colours."""

SMALL, NORMAL = 10.0, 11.5  # pixels; a figure has 72 dots an inch, so that a point is a pixel
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Sans CJK TC', sans-serif"
_SETTINGS = {
    "svg.fonttype": "none",  # text stays text: the reader's fonts know more scripts than the one that comes with us
    "svg.hashsalt": "harness",  # names of shapes, otherwise drawn by lot
    "text.parse_math": False,  # a label "$x$" is no formula
    "axes.unicode_minus": True,
    "font.size": NORMAL,
    "text.color": INK,
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.linewidth": 1.0,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "figure.facecolor": PAPER,
    "figure.dpi": 72,
    "savefig.facecolor": PAPER,
    "savefig.edgecolor": "none",
    "path.simplify": False,
}
_SVG = "{http://www.w3.org/2000/svg}"
_TEXT, _USE, _CLIP, _METADATA = (f"{_SVG}{name}" for name in ("text", "use", "clipPath", "metadata"))
_STYLE_SHEET = f"{_SVG}defs[{_SVG}style]"
_HREF = "{http://www.w3.org/1999/xlink}href"
_LENGTHS = {"d", "x", "y", "width", "height", "transform"}
_LONG_NUMBER = re.compile(r"\d+\.\d{3,}")
_SHORTHAND = re.compile(r"(?:(?P<weight>bold|\d00) )?(?P<size>[\d.]+)px\b")


@dataclass(frozen=True)
class Drawing:
    """A finished picture and its size in pixels."""

    svg: bytes
    width: int
    height: int


@contextmanager
def drawing() -> Iterator[None]:
    """Draw with our settings alone, whatever a matplotlibrc says, and without matplotlib's remarks."""
    matplotlib = _matplotlib()
    logger = logging.getLogger("matplotlib")
    level = logger.level
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # the reader's fonts draw the text
        logger.setLevel(logging.ERROR)
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        try:
            yield
        finally:
            logger.setLevel(level)


def _matplotlib() -> Any:
    """Import matplotlib, also where the environment names a backend that is not installed here.

    The kernel of a notebook names its own in MPLBACKEND for every process that it starts. Nothing here opens a window.
    """
    try:
        import matplotlib
    except ValueError:
        named = os.environ.pop("MPLBACKEND", None)
        if named is None:
            raise
        try:
            import matplotlib
        finally:
            os.environ["MPLBACKEND"] = named
    return matplotlib


def new_figure(width: float, height: float) -> "Figure":
    """Return an empty figure of so many pixels."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / 72, height / 72), dpi=72)
    FigureCanvasSVG(figure)
    return figure


def axes_with_margins(figure: "Figure", left: float, right: float, top: float, bottom: float) -> "Axes":
    """Add axes that leave so many pixels free at the edges of the figure."""
    width, height = figure.get_size_inches() * 72
    inner = (left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height)
    axes: Axes = figure.add_axes(inner)
    return axes


@contextmanager
def one_picture(
    size: tuple[float, float], margins: tuple[float, float, float, float]
) -> "Iterator[tuple[Figure, Axes]]":
    """Begin a picture of one pair of axes, and draw it with our settings.

    Args:
        size: Width and height, pixels.
        margins: What the axes leave free at the left, right, top and bottom, pixels.
    """
    with drawing():
        figure = new_figure(*size)
        yield figure, axes_with_margins(figure, *margins)


def name_vertical_axis(figure: "Figure", name: str) -> None:
    """Write what the vertical axis is above it, so that it is read without turning the head."""
    figure.text(0.004, 0.995, f"{name} \N{UPWARDS ARROW}", ha="left", va="top", color=MUTED, fontsize=SMALL + 0.5)


def finished(figure: "Figure") -> Drawing:
    """Write a figure as SVG that needs no style attributes: those would fall under the page's content policy.

    Colours stand in attributes; one style sheet replaces them on dark pages. Where a browser does not know that,
    the picture stays a light one on its own paper.
    """
    stream = io.BytesIO()
    with drawing():
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None, "Type": None, "Format": None})
    root = ET.fromstring(stream.getvalue())
    for child in root.findall(_METADATA) + root.findall(_STYLE_SHEET):
        root.remove(child)
    referred_to = {element.get(_HREF, "")[1:] for element in root.iter(_USE)}
    for element in root.iter():
        _replace_style(element)
        _make_small(element, referred_to)
    width, height = (f"{size * 72:.0f}" for size in figure.get_size_inches())
    root.attrib.update({"width": width, "height": height, "font-family": _FONT, "stroke-linejoin": "round"})
    root.insert(0, _dark_style())
    ET.register_namespace("", "http://www.w3.org/2000/svg")
    ET.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    return Drawing(ET.tostring(root, encoding="utf-8"), int(width), int(height))


def _dark_style() -> ET.Element:
    rules = "".join(f'[fill="{a}"]{{fill:{b}}}[stroke="{a}"]{{stroke:{b}}}' for a, b in DARK.items())
    style = ET.Element(f"{_SVG}style")
    style.text = f"@media (prefers-color-scheme:dark){{{rules}}}"
    return style


def _replace_style(element: ET.Element) -> None:
    for declaration in element.attrib.pop("style", "").split("; "):
        name, _, value = declaration.partition(": ")
        if name == "font" and (shorthand := _SHORTHAND.match(value)):  # as matplotlib 3.10 writes it
            element.set("font-size", f"{shorthand['size']}px")
            element.set("font-weight", shorthand["weight"] or "400")
        elif name and name != "font-family":
            element.set(name, value)


def _make_small(element: ET.Element, referred_to: set[str]) -> None:
    element.tail = None
    if element.tag != _TEXT:
        element.text = None
    if element.tag != _CLIP and element.get("id") not in referred_to:
        element.attrib.pop("id", None)
    if element.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]
    for name in _LENGTHS.intersection(element.keys()):
        element.set(name, _LONG_NUMBER.sub(lambda found: f"{float(found[0]):.2f}", element.attrib[name]))
    if path := element.get("d"):
        element.set("d", " ".join(path.split()))
