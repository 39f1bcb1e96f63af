"""The pictures of a report as matplotlib figures, each by its name."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from harness.analysis.learning_curve import learning_curves
from harness.analysis.study import Studied, Study
from harness.document.figures.canvas import drawing, finished
from harness.document.model import Picture
from harness.document.sections.confusions import confusion_picture
from harness.document.sections.curves import curves_picture
from harness.document.sections.features import feature_pictures
from harness.document.sections.learning import calibration_picture, history_picture
from harness.document.sections.tradeoff import COSTS, cost_picture
from harness.document.subject import Subject
from harness.errors import UserError, did_you_mean
from harness.wording.languages import translator

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OF_A_STRATEGY: dict[str, Callable[[Subject, Studied], Picture | None]] = {
    "confusion": confusion_picture,
    "history": history_picture,
    "calibration": calibration_picture,
}
"""Name of a plot of one strategy -> what draws it."""


def _learning_curves(subject: Subject) -> Picture | None:
    curves = learning_curves(subject.study.runs[0])
    return curves_picture(subject, curves) if curves else None


OF_A_RUN: dict[str, Callable[[Subject], Picture | None]] = {
    "cost": lambda subject: cost_picture(subject, COSTS["seconds"]),
    "parameters": lambda subject: cost_picture(subject, COSTS["parameters"]),
    "learning_curve": _learning_curves,
    "features": lambda subject: next(feature_pictures(subject), None),
}
"""Name of a plot of all strategies -> what draws it."""


def plot(study: Study, kind: str, strategy: str | None = None, language: str = "en") -> "Figure":
    """Draw a picture of a report.

    Args:
        study: What it is about.
        kind: A name in `OF_A_RUN` or `OF_A_STRATEGY`.
        strategy: The strategy that a plot of one is of, the best by validation by default.
        language: One of `harness.wording.languages.LANGUAGES`.

    Returns:
        A figure that belongs to no window of pyplot's.

    Raises:
        UserError: For a kind or strategy that does not exist, or a plot that the run has nothing for.
    """
    if kind not in {*OF_A_RUN, *OF_A_STRATEGY}:
        raise UserError(f"There is no plot {kind!r}. {did_you_mean(kind, {*OF_A_RUN, *OF_A_STRATEGY})}")
    subject = Subject(study, translator(language))
    if kind in OF_A_RUN:
        if strategy is not None:
            raise UserError(f"The plot {kind!r} is of all strategies; leave {strategy!r} out.")
        return _figure_of(OF_A_RUN[kind](subject), kind, "this run")
    studied = subject.best if strategy is None else study.strategy(strategy)
    return _figure_of(OF_A_STRATEGY[kind](subject, studied), kind, studied.name)


def _figure_of(picture: Picture | None, kind: str, whose: str) -> "Figure":
    if picture is None:
        raise UserError(f"There is nothing to draw for the plot {kind!r} of {whose}: {_MISSING[kind]}.")
    figure = picture.figure()
    with drawing():  # ticks and their labels are made now, while our settings hold
        figure.draw_without_rendering()
    # What a notebook shows; its own way to show figures needs pyplot.
    figure._repr_svg_ = partial(_svg, figure)  # type: ignore[attr-defined]
    return figure


def _svg(figure: "Figure") -> str:
    return finished(figure).svg.decode("utf-8")


_MISSING = {
    "cost": "the time that its strategies took is not recorded",
    "parameters": "the weights that its strategies trained are not recorded",
    "learning_curve": "it learnt on one number of rows; give train_sizes several",
    "features": "it kept no frozen features of test rows, or they are the same for every text",
    "confusion": "it has no test scores",
    "history": "it is not trained in steps, so it kept no history",
    "calibration": "nothing is known of its probabilities",
}
