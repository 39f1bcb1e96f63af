"""The console that everything is printed on, and what its stream can show."""

import io
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.style import Style
from rich.text import Text

from harness.system.streams import silence
from harness.terminal.wrapping import FoldedText
from harness.wording.languages import Say, translator
from harness.wording.text import safe_text, shorten, visible

FALLBACK_WIDTH = 80
PIPE_WIDTH = 100
MINIMUM_WIDTH = 20
FALLBACK_HEIGHT = 25


class _PatientConsole(Console):
    """A console that goes on in silence where the reader of its pipe went away: the command's own exit code counts."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        silence(self.file)


def make_console(
    file: TextIO | None = None, *, stderr: bool = False, width: int | None = None, plain: bool = False
) -> Console:
    """Make a console that takes text as it is: no markup, no emoji names, no highlighting.

    NO_COLOR, FORCE_COLOR and COLUMNS are honoured. A stream that cannot hold a character gets its
    backslash escape instead of raising.

    Args:
        file: Where to print, standard output by default.
        stderr: Print on standard error instead.
        width: Columns; by default those of the terminal, 100 on a pipe.
        plain: Without colours, whatever FORCE_COLOR says, which each notebook's kernel sets.

    Returns:
        The console.
    """
    stream = file or (sys.stderr if stderr else sys.stdout)
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    columns = _positive(width) or _columns(stream)
    return _PatientConsole(
        file=file,
        stderr=stderr,
        width=columns,
        # Without a height rich ignores the width on a dumb terminal.
        height=FALLBACK_HEIGHT if columns else None,
        highlight=False,
        emoji=False,
        markup=False,
        force_terminal=False if plain else None,
        force_jupyter=False,  # or each line would be an output of a notebook's cell
    )


def plain_text(write: Callable[[Console], None], width: int) -> str:
    """Return as plain text what is written on a console of so many columns."""
    write(make_console(stream := io.StringIO(), width=width, plain=True))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def folding(text: Text) -> Text:
    """Let a long word go on in the next line."""
    return FoldedText(text.plain, style=text.style, overflow="fold", spans=text.spans)


def print_error(message: str, console: Console | None = None, language: str = "en") -> None:
    """Print an error message as one paragraph, by default on standard error."""
    page = Page(console or make_console(stderr=True), language)
    lead = page.text(page.say("Error: "), "bold red")
    page.console.print(lead + page.text(page.say_message(message)), soft_wrap=True)


def print_note(message: str, console: Console | None = None, language: str = "en") -> None:
    """Print a message as one paragraph, by default on standard error."""
    page = Page(console or make_console(stderr=True), language)
    page.console.print(page.text(page.say_message(message)), soft_wrap=True)


def _columns(stream: TextIO | None) -> int | None:
    asked = os.environ.get("COLUMNS")
    if asked:
        return _positive(int(asked) if asked.isascii() and asked.isdigit() else 0) or FALLBACK_WIDTH
    return None if stream and stream.isatty() else PIPE_WIDTH


def _positive(width: int | None) -> int | None:
    return max(width, MINIMUM_WIDTH) if width and width > 0 else None


@dataclass(frozen=True)
class Glyphs:
    """The signs that need more than ASCII; `shades` go from nothing to full."""

    arrow: str = "→"
    ellipsis: str = "…"
    rule: str = "─"
    shades: str = " ░▒▓█"
    bar_start: str = "├"
    bar_end: str = "┤"
    point: str = "●"
    efficient: str = "◆"
    wall: str = "│"
    corner: str = "└"
    dotted: str = "┆"
    tick: str = "✓"
    cross: str = "✗"


ASCII_GLYPHS = Glyphs(
    arrow="->",
    ellipsis=".",
    rule="-",
    shades=" .:+#",
    bar_start="|",
    bar_end="|",
    point="o",
    efficient="+",
    wall="|",
    corner="+",
    dotted=":",
    tick="ok",
    cross="FAILED",
)

ASCII_PUNCTUATION = str.maketrans({"–": "-", "−": "-", "…": "...", "±": "+-", "\N{NO-BREAK SPACE}": " "})  # noqa: RUF001


@dataclass(frozen=True)
class Page:
    """A console seen as paper: how wide it is, what it can show, and a way to write untrusted text on it.

    Args:
        console: Where it is printed.
        language: One of `harness.wording.languages.LANGUAGES`, for headings and fixed phrases.
    """

    console: Console
    language: str = "en"

    @property
    def width(self) -> int:
        """Columns of the console."""
        return self.console.width

    @property
    def coloured(self) -> bool:
        """Whether a background colour will be seen."""
        return not self.console.no_color and self.console.color_system is not None

    @cached_property
    def say(self) -> Say:
        """What translates fixed phrases; those whose translation this stream cannot hold stay English.

        The tests find in the source what is passed to `say`, and ask for a translation of each.
        """
        say, encoding = translator(self.language), self.console.encoding
        return lambda phrase: translated if visible(translated := say(phrase), encoding) == translated else phrase

    def say_message(self, message: str) -> str:
        """Translate an error, a note or what is going on, as `say` does.

        It has a name of its own because the tests cannot read from the source what it is passed: messages hold values,
        and those of errors are looked for where they are raised.
        """
        return self.say(message)

    @cached_property
    def glyphs(self) -> Glyphs:
        """The signs this stream can hold."""
        return Glyphs() if self.console.encoding.startswith("utf") else ASCII_GLYPHS

    def text(self, value: str, style: str | Style = "") -> Text:
        """Return untrusted text, fit for this stream."""
        return safe_text(self._plain(value), style, encoding=self.console.encoding)

    def short(self, value: str, width: int) -> str:
        """Return untrusted text, fit for this stream, in at most `width` columns."""
        return shorten(visible(self._plain(value), self.console.encoding), width, self.glyphs.ellipsis)

    def _plain(self, value: str) -> str:
        """Write the punctuation of numbers in ASCII where the stream holds no more."""
        return value if self.console.encoding.startswith("utf") else value.translate(ASCII_PUNCTUATION)

    def write(self, lines: Iterable[RenderableType]) -> None:
        """Print one renderable after the other."""
        for line in lines:
            self.console.print(Group(line))  # a bare Text would be joined with others into one that wraps as rich does
