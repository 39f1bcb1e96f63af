"""Help in the language of `--lang` or of the locale: the texts of commands and options, translated by a catalogue."""

import inspect
import re
from collections.abc import Iterable, Sequence
from copy import copy
from itertools import pairwise
from typing import Any

import click

from harness.wording.languages import LANGUAGES, Say, language_of_locale, translator

CATALOGUE = "help"
EXAMPLE = re.compile(r"^( *harness .*?\S {2,})(\S.*)$", re.MULTILINE)  # a command, and what it does
OF_CLICK = ("[default: ", "required]")  # what it says behind the help of an option


class HelpFormatter(click.HelpFormatter):
    """Help whose lines break between Chinese characters, too: click counts each of them as one column."""

    def __init__(self, translate: Say, width: int | None, max_width: int | None) -> None:
        super().__init__(width=width, max_width=max_width)
        self._say = translate

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write how a command is called."""
        super().write_usage(prog, args, self._say(prefix or "Usage: "))

    def write_heading(self, heading: str) -> None:
        """Write a heading."""
        self.write(f"{'':>{self.current_indent}}{self._say(heading + ':')}\n")

    def write_text(self, text: str) -> None:
        """Write paragraphs; one that begins with a backspace keeps its lines."""
        paragraphs = [self._lines(paragraph, self.current_indent) for paragraph in text.split("\n\n")]
        self.write("\n\n".join("\n".join(" " * self.current_indent + line for line in each) for each in paragraphs))
        self.write("\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names and what they mean, in two columns."""
        rows = list(rows)
        start = self.current_indent + min(max(len(name) for name, _ in rows), col_max) + col_spacing
        for name, text in rows:
            head, lines = " " * self.current_indent + name, self._lines(text, start)
            if len(head) + col_spacing <= start and lines:
                head = head.ljust(start) + lines.pop(0)
            self.write("\n".join([head, *(" " * start + line for line in lines)]) + "\n")

    def _lines(self, text: str, indent: int) -> list[str]:
        from harness.terminal.wrapping import break_positions

        if text.startswith("\b"):
            return text.removeprefix("\b").strip("\n").splitlines()
        line = " ".join(text.split())
        for words in OF_CLICK:
            line = line.replace(words, self._say(words))
        ends = break_positions(line, max(self.width - indent, 20))
        return [line[i:j].rstrip() for i, j in zip([0, *ends], [*ends, len(line)], strict=True) if line[i:j].strip()]


def translated_help(command: click.Command, ctx: click.Context, arguments: Sequence[str]) -> str | None:
    """Return the help of a command in the language of its arguments or the locale, None where that is English."""
    language = language_of(arguments)
    if language == "en":
        return None
    translate = translator(language, CATALOGUE)
    formatter = HelpFormatter(translate, ctx.terminal_width, ctx.max_content_width)
    _translated(command, translate).format_help(ctx, formatter)
    return formatter.getvalue().rstrip("\n")


def language_of(arguments: Sequence[str]) -> str:
    """Return the language that arguments ask for, else that of the locale, even where they cannot be parsed."""
    given = [other for word, other in pairwise(arguments) if word == "--lang"]
    given += [word.partition("=")[2] for word in arguments if word.startswith("--lang=")]
    named = [name for name in LANGUAGES for word in given if word.replace("_", "-").lower() == name.lower()]
    return named[-1] if named else language_of_locale()


def _translated(command: click.Command, translate: Say) -> click.Command:
    """Return a copy of a command that says what it and its options are in another language."""
    said = copy(command)
    said.help = _said(help_of(command), translate)
    said.params = [_translated_option(param, translate) for param in command.params]
    said.get_help_option = lambda ctx: _translated_option(command.get_help_option(ctx), translate)  # type: ignore[method-assign]
    if isinstance(said, click.Group):
        said.commands = {name: copy(each) for name, each in said.commands.items()}
        for each in said.commands.values():
            each.short_help = _said(help_of(each), translate).partition("\n")[0]
    return said


def help_of(command: click.Command) -> str:
    """Return the help of a command as the catalogue has it."""
    return inspect.cleandoc(command.help or "")


def _said(text: str, translate: Say) -> str:
    """Translate help as a whole; where only its first paragraph has a translation, that one."""
    first, gap, rest = text.partition("\n\n")
    if (translation := translate(text)) != text:
        return translation
    return translate(first) + gap + EXAMPLE.sub(lambda match: match[1] + translate(match[2]), rest)


def _translated_option(param: Any, translate: Say) -> Any:
    if isinstance(param, click.Option) and param.help:
        param = copy(param)
        param.help = translate(param.help or "")
        if isinstance(param.show_default, str):
            param.show_default = translate(param.show_default)
    return param
