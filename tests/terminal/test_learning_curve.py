"""Learning curves on the page: means with their spread, and where fine-tuning overtakes the probes."""

import io
import re

import pytest

from harness.analysis.learning_curve import Curve, Point
from harness.terminal import make_console
from harness.terminal.console import Page
from harness.terminal.learning_curve import curves_picture

from .factory import a_run, scored, table_of

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
    page.write(curves_picture(curves, page))
    stream.flush()
    return [line.rstrip() for line in stream.buffer.getvalue().decode(encoding).splitlines()]  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_every_width_holds_means_and_their_spread_and_says_what_overtakes(width: int) -> None:
    records = [
        scored(
            *(name, 0.5, score),
            seed=seed,
            train_size=size,
            groups=[kind],
            predictions_sha256=f"{seed}",
            history=[{"epoch": 1, "step": 3 * (size or 100)}] if kind == "trained" else [],
        )
        for name, kind, scores in (("full", "trained", (0.5, 0.9)), ("probe", "frozen", (0.6, 0.7)))
        for size, score in zip((40, None), scores, strict=True)
        for seed in (0, 1)
    ]
    text = " ".join(table_of(a_run(*records, seeds=(0, 1)), width).split("Learning curves")[1].split())
    for fact in ("0.4900", "0.8900", "0.5900", "0.6900", "± 0.0000", "1 full, 2 probe"):
        assert fact in text
    assert "Fine-tuning (full) is ahead of the probes (probe) from 100 rows of train on." in text
    assert "Beyond chance the answer changes between 40 and 100 rows of train." in text
    assert "the answer changes between the dotted lines" in text
    assert re.search(r"Steps of training by rows of train.* full 120 300 ", text)


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
