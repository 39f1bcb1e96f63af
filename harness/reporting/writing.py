"""write_report: the ending of the file says in which format."""

from collections.abc import Callable
from pathlib import Path

from harness.analysis.study import Study
from harness.errors import UserError, did_you_mean
from harness.reporting.content import compose
from harness.reporting.latex import to_latex
from harness.reporting.markdown import to_markdown
from harness.reporting.page import to_html
from harness.reporting.spreadsheet import to_csv
from harness.system.files import to_json, write_atomically
from harness.wording.languages import Say, translator
from harness.wording.secrets import redacted


def _html(study: Study, say: Say, language: str, texts: bool) -> bytes:
    return as_utf8(to_html(compose(study, say, language, texts=texts), say))


def _markdown(study: Study, say: Say, language: str, texts: bool) -> bytes:
    return as_utf8(to_markdown(compose(study, say, language, texts=texts)))


def _latex(study: Study, say: Say, language: str, texts: bool) -> bytes:
    del language, texts
    return as_utf8(to_latex(study, say))


def _csv(study: Study, say: Say, language: str, texts: bool) -> bytes:
    del say, language, texts
    return to_csv(study)


def _json(study: Study, say: Say, language: str, texts: bool) -> bytes:
    """Write run.json again; of several runs an object as harness/results/schema/runs-v1.json describes it."""
    del say, language, texts
    runs = [run.model_dump(mode="json") for run in study.runs]
    if len(runs) == 1:
        return to_json(runs[0])
    return to_json({"schema_version": 1, "watermark": study.watermark, "runs": runs})


def as_utf8(text: str) -> bytes:
    """Return a page as its file holds it, without the user's tokens."""
    return redacted(text).encode("utf-8", "backslashreplace")  # half a surrogate pair is no UTF-8


ENDINGS: dict[str, Callable[[Study, Say, str, bool], bytes]] = {
    ".html": _html,
    ".md": _markdown,
    ".tex": _latex,
    ".csv": _csv,
    ".json": _json,
}
"""Ending of a file -> what writes a study in that format."""


def write_report(study: Study, file: Path, *, texts: bool = True, language: str = "en") -> None:
    """Write a report, whole or not at all.

    Args:
        study: What it is about.
        file: Where it goes; its ending, one of `ENDINGS`, says in which format. An older file is replaced.
        texts: Show rows of the data, where the runs kept them.
        language: One of `harness.wording.languages.LANGUAGES`; CSV and JSON are the same in all.

    Raises:
        UserError: For an ending that stands for no format.
        UnavailableError: Where the disk refuses.
    """
    write = writer_for(file)
    write_atomically(file, write(study, translator(language), language, texts), "-o")


def writer_for(file: Path) -> Callable[[Study, Say, str, bool], bytes]:
    """Return what writes the format of a file.

    Raises:
        UserError: For an ending that stands for no format.
    """
    ending = file.suffix.lower()
    if ending not in ENDINGS:
        raise UserError(
            f"-o {file}: the ending says in which format a report is written, and {ending or 'none'} is none of them. "
            f"{did_you_mean(ending, ENDINGS)}"
        )
    return ENDINGS[ending]
