"""Progress of a run: a bar of its own kind in a notebook, elsewhere that of the command line."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

from harness.wording import quantities
from harness.wording.languages import Say, language_of_locale, translator
from harness.wording.text import visible

if TYPE_CHECKING:
    from harness.results.records import RunRecord
    from harness.runs.reporter import Reporter, RunProgress

INTERVAL = 0.2  # seconds between two updates in a notebook, each of which goes through its server


@contextmanager
def shown_progress(*, wanted: bool = True, language: str | None = None) -> "Iterator[Reporter]":
    """Show how far a run is, in a notebook as one output that is updated, elsewhere on standard error.

    Args:
        wanted: False to show nothing.
        language: Of its words, by locale by default.
    """
    language = language or language_of_locale()
    if wanted and _in_notebook():
        bar = NotebookBar(translator(language))
        try:
            yield bar
        except BaseException:
            bar.end(stopped=True)
            raise
        bar.end()
        return
    from harness.terminal import make_console, progress_display

    with progress_display(make_console(stderr=True), quiet=not wanted, language=language) as display:
        yield display


def _in_notebook() -> bool:
    """Return whether this process is a notebook's kernel; whoever runs in one has IPython imported."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None


class NotebookBar:
    """One output of a notebook's cell that tells how far a run is, and in the end how long it took."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self._started = time.monotonic()
        self._next = 0.0
        self._stage, self._number, self._total = say("loading strategies, data and encoder"), 0, 0
        self._failed, self._left = 0, ""
        self._output: Any = None
        self._show("")

    def stage(self, name: str, number: int, total: int) -> None:
        """A stage begins, `number` of `total`."""
        self._stage, self._number, self._total = self._message(name), number, total
        self._show("")

    def progress(self, what: str, done: int, total: int) -> None:
        """So much of the stage is done."""
        if time.monotonic() >= self._next:
            said = self._message(what)
            self._show(f"{said} {done:,}/{total:,}" if total else said, done / total if total else 0.0)

    def run_progress(self, progress: "RunProgress") -> None:
        """So far is the run as a whole."""
        self._left = "" if progress.seconds_left is None else quantities.duration(progress.seconds_left)
        if progress.at_a_time > 1 and time.monotonic() >= self._next:
            self._stage, self._number, self._total = ", ".join(progress.running), progress.done + 1, progress.total
            self._show("")

    def epoch(self, trial: str, entry: "Mapping[str, float]") -> None:
        """Show nothing of an epoch: the bar tells how far the training is."""

    def finished(self, record: "RunRecord") -> None:
        """A trial is over."""
        self._failed += record.status == "failed"

    def end(self, *, stopped: bool = False) -> None:
        """Leave the bar as it was when nothing more came, or something ended the call."""
        self._left = ""
        self._stage = self.say("stopped" if stopped or self._number != self._total else "done")
        failed = self.say(", {n} failed").format(n=self._failed) if self._failed else ""
        self._show(f"{quantities.duration(time.monotonic() - self._started)}{failed}", 1.0)

    def _message(self, message: str) -> str:
        return self.say(message)

    def _show(self, detail: str, share: float = 0.0) -> None:
        from IPython.display import display

        self._next = time.monotonic() + INTERVAL
        done = (max(self._number - 1, 0) + share) / self._total if self._total else 0.0
        words = [f"[{self._number}/{self._total}]"] if self._total else []
        left = self.say("{left} left").format(left=self._left) if self._left else ""
        text = visible(" ".join(filter(None, [*words, self._stage, detail, left])))
        content = {"text/plain": text, "text/html": _bar(min(done, 1.0), text)}
        if self._output is None:
            self._output = display(content, raw=True, display_id=True)
        else:
            self._output.update(content, raw=True)


def _bar(done: float, text: str) -> str:
    return f'<progress max="1" value="{done:.3f}"></progress> <span>{escape(text)}</span>'
