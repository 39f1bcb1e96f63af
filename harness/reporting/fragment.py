"""Study -> a piece of HTML that a notebook shows: the answer and the table, and nothing that runs or is fetched."""

from importlib.resources import files

from harness.analysis.study import Study
from harness.document.sections.answer import the_answer
from harness.document.sections.scores import scores_table
from harness.document.subject import Subject
from harness.reporting.content import banners
from harness.reporting.page import as_it_is, environment
from harness.wording.languages import translator


def to_fragment(study: Study, language: str = "en") -> str:
    """Write answer and table of a study as HTML to stand inside another page.

    Args:
        study: What it is about.
        language: One of `harness.wording.languages.LANGUAGES`.
    """
    subject = Subject(study, translator(language))
    style = (files("harness.reporting.templates") / "fragment.css").read_text(encoding="utf-8")
    written: str = (
        environment()
        .get_template("fragment.html")
        .render(
            language=language,
            banners=list(banners(study, subject.say)),
            answer=the_answer(subject),
            table=scores_table(subject),
            style=as_it_is(style),
        )
    )
    return written
