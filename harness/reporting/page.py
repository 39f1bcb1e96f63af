"""Report -> one HTML file that needs nothing else: no network, no script, styles and pictures inside."""

import base64
import hashlib
from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from harness.document.model import Bar, Name, Phrase, Report
from harness.document.text import visible
from harness.wording.languages import Say

if TYPE_CHECKING:
    from jinja2 import Environment

POLICY = "default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
BAR_WIDTH, BAR_MARGIN = 84.0, 4.0  # units of the picture of an interval


def to_html(report: Report, say: Say) -> str:
    """Write a report as an HTML page.

    Everything that comes out of a data set, a model or a plugin is written as text: the environment escapes every
    expression, and what could steer or hide in text is made visible before.

    Args:
        report: The report.
        say: Translates fixed phrases.

    Returns:
        The page.
    """
    style = (files("harness.reporting.templates") / "page.css").read_text(encoding="utf-8")
    page: str = (
        environment()
        .get_template("page.html")
        .render(report=report, say=say, style=as_it_is(style), policy=POLICY.format(digest=_digest(style)))
    )
    return page


def environment() -> "Environment":
    """Return what fills in templates: it escapes every expression and makes visible what could hide in it."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("harness.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters |= {"breakable": _breakable, "data_uri": _data_uri, "places": _places, "plain": str}
    return environment


def _shown(value: Any) -> Any:
    """Make what an expression gives fit to be seen; Jinja escapes it afterwards."""
    from markupsafe import Markup, escape

    if isinstance(value, Phrase):
        return Markup(value.written(escape, _isolated))
    return value if isinstance(value, Markup) or not isinstance(value, str) else visible(value)


def _isolated(text: str) -> str:
    """Keep the direction of a name, such as a Hebrew one, from turning around the sentence that holds it."""
    from markupsafe import Markup

    return Markup("<b><bdi>{}</bdi></b>" if isinstance(text, Name) else "<bdi>{}</bdi>").format(visible(text))


def _breakable(value: Any) -> Any:
    """Let a name that is too long for its column go on in a new line behind an underscore."""
    from markupsafe import Markup, escape

    return Markup("_<wbr>").join(map(escape, visible(value).split("_"))) if isinstance(value, str) else value


def as_it_is(text: str) -> str:
    """Mark text of our own, such as a style sheet, as not to be escaped."""
    from markupsafe import Markup

    return Markup(text)


def _digest(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def _data_uri(svg: bytes) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"


def _places(bar: Bar) -> Mapping[str, str]:
    """Return where the ends and the middle of an interval stand in its picture."""
    span = bar.end - bar.start or 1.0

    def place(value: float) -> str:
        return f"{BAR_MARGIN + (BAR_WIDTH - 2 * BAR_MARGIN) * (value - bar.start) / span:.1f}"

    named = ("low", "value", "high", "start", "end")
    return {name: place(getattr(bar, name)) for name in named} | {"width": f"{BAR_WIDTH:g}"}
