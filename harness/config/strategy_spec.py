"""The syntax of `--strategies`: names, groups, variants with other parameters, grids of them, and names left out."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import UserError

GROUPS = ("all", "seed", "frozen", "trained", "baselines", "floors", "zero_shot", "fast", "combined")
"""All, the tutorial's own three, those on frozen features, those that train the encoder, those that do without one,
those that do not read the text, those that learn nothing from train, the quick ones, those that combine others, which
are not among all."""

EXPECTED = (
    "expected names, groups or variants such as logreg_probe, frozen, logreg_probe(C=0.1), logreg_probe(C=0.1|1|10) "
    "or !majority, separated by commas"
)
_NAME = r"[\w.:-]+"
_SPEC = re.compile(rf"(?P<out>!?)\s*(?P<name>{_NAME})\s*(?:\((?P<fields>.*)\))?", re.DOTALL)
_PIECE = re.compile(r"""\s*(?:"(?P<quoted>[^"]*)"|(?P<plain>[^"|]*))\s*(?:\||$)""")
_NEEDS_QUOTES = re.compile(r'[,|()\s"]|^$')


@dataclass(frozen=True)
class StrategySpec:
    """One item of `--strategies`.

    Attributes:
        name: A strategy or a group.
        fields: Field and its values, as text; several values make a grid.
        left_out: Whether what it names is to be left out.
    """

    name: str
    fields: tuple[tuple[str, tuple[str, ...]], ...] = ()
    left_out: bool = False

    def __str__(self) -> str:
        """Return it as it may be written, the same for all ways of writing it."""
        inside = ", ".join(f"{field}={'|'.join(map(_quoted, values))}" for field, values in self.fields)
        return f"{'!' if self.left_out else ''}{self.name}{f'({inside})' if inside else ''}"

    def configurations(self) -> list[dict[str, str]]:
        """Return every choice of one value for each field; one, perhaps empty, where there is no grid."""
        choices: list[dict[str, str]] = [{}]
        for field, values in self.fields:
            choices = [{**choice, field: value} for choice in choices for value in values]
        return choices


def base_name(label: str) -> str:
    """Return the strategy that a row is of: `logreg_probe` of `logreg_probe(C=0.1)` and of `logreg_probe (2)`."""
    found = re.match(_NAME, label)
    return found[0] if found else label


def parse_specs(text: str) -> list[StrategySpec]:
    """Read what `--strategies` was given.

    Raises:
        UserError: Where it is not of that form.
    """
    return [_parse(part) for part in _parts(text) if part]


def spec_of_table(table: Mapping[str, Any]) -> StrategySpec:
    """Read one `[[strategies]]` table of a configuration file: its name, and fields; lists are grids.

    Raises:
        UserError: Where it has no name.
    """
    fields = {key.replace("-", "_"): value for key, value in table.items() if key != "name"}
    if not isinstance(name := table.get("name"), str):
        raise UserError(f"Each [[strategies]] table needs a name, got {dict(table)}.")
    listed = {field: value if isinstance(value, list) else [value] for field, value in fields.items()}
    return StrategySpec(name, tuple((field, tuple(map(str, values))) for field, values in listed.items()))


def _parse(text: str) -> StrategySpec:
    found = _SPEC.fullmatch(text)
    if found is None or (found["out"] and found["fields"] is not None):
        raise UserError(f"--strategies: {EXPECTED}, got {text!r}.")
    fields = {}
    for assignment in filter(None, _parts(found["fields"] or "")):
        field, equals, value = assignment.partition("=")
        if not (equals and field.strip().isidentifier()) or field.strip() in fields:
            raise UserError(f"--strategies: {text!r} expects each parameter once, as field=value, got {assignment!r}.")
        fields[field.strip()] = tuple(_values(value, text))
    return StrategySpec(found["name"], tuple(fields.items()), bool(found["out"]))


def _values(text: str, spec: str) -> Iterator[str]:
    position = 0
    while position <= len(text):
        found = _PIECE.match(text, position)
        if found is None:
            raise UserError(f'--strategies: {spec!r} holds a value that cannot be read, {text!r}. Quote it: "...".')
        yield found["quoted"] if found["quoted"] is not None else found["plain"].strip()
        if not found[0].endswith("|"):
            return
        position = found.end()


def _parts(text: str) -> list[str]:
    if (parts := split_outside(text, ",")) is None:
        raise UserError(f"--strategies: a bracket or a quote of {text!r} is left open; {EXPECTED}.")
    return parts


def split_outside(text: str, separator: str) -> list[str] | None:
    """Split at separators outside of brackets and quotes, None where one is left open."""
    parts, depth, quoted = [""], 0, False
    for sign in text:
        quoted ^= sign == '"'
        depth += 0 if quoted else (sign in "([{") - (sign in ")]}")
        if sign == separator and not depth and not quoted:
            parts.append("")
        else:
            parts[-1] += sign
    return None if depth or quoted else [part.strip() for part in parts]


def _quoted(value: str) -> str:
    return f'"{value}"' if _NEEDS_QUOTES.search(value) else value
