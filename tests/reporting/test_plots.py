"""Plots: the pictures of a report as figures, whatever the reader has set, with their settings left alone."""

import io

import matplotlib
import pytest
from matplotlib.figure import Figure

from harness.analysis.study import Study
from harness.errors import UserError
from harness.reporting.plots import OF_A_RUN, OF_A_STRATEGY, plot


@pytest.mark.parametrize("kind", ["cost", "parameters", "features", "confusion", "history", "calibration"])
def test_a_plot_is_a_figure_that_can_be_saved(study: Study, kind: str) -> None:
    before = dict(matplotlib.rcParams)
    figure = plot(study, kind)
    stream = io.BytesIO()
    figure.savefig(stream, format="pdf")
    assert isinstance(figure, Figure)
    assert stream.getvalue().startswith(b"%PDF")
    assert dict(matplotlib.rcParams) == before


def test_a_plot_of_one_strategy_is_of_the_one_that_was_named(study: Study) -> None:
    assert "majority" not in OF_A_RUN | OF_A_STRATEGY
    drawn = plot(study, "confusion", "majority")
    counts = [text.get_text() for text in drawn.axes[0].texts]
    assert len(counts) == sum(
        count > 0 for row in study.strategy("majority").records[0].test.confusion for count in row
    )


@pytest.mark.parametrize(
    ("kind", "strategy", "told"),
    [
        ("confusoin", None, "Did you mean 'confusion'?"),
        ("confusion", "majorty", "Did you mean 'majority'?"),
        ("cost", "majority", "is of all strategies"),
        ("history", "majority", "kept no history"),
        ("learning_curve", None, "train_sizes"),
    ],
)
def test_what_cannot_be_drawn_is_said(study: Study, kind: str, strategy: str | None, told: str) -> None:
    with pytest.raises(UserError, match=told.replace("?", r"\?")):
        plot(study, kind, strategy)
