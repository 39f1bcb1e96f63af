"""Metadata of installed plugins, read without importing any: entry points, copies, sources."""

import json
import re
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from harness.hookspecs import GROUP

DISTRIBUTION = "strategy-harness"
ALIKE = 0.8  # difflib's measure; `harnes` is 0.92 alike, `pytest11` 0.27


@dataclass(frozen=True)
class Installed:
    """One installed distribution: its metadata in one folder.

    Attributes:
        dist: As importlib reads it.
        folder: Its .dist-info or .egg-info.
    """

    dist: metadata.Distribution
    folder: Path

    @cached_property
    def _metadata(self) -> "metadata.PackageMetadata":
        return self.dist.metadata  # reads and parses the file each time

    @property
    def name(self) -> str:
        """As it was published, "" where the metadata are damaged."""
        return str(self._metadata["Name"] or "")

    @property
    def version(self) -> str:
        """As it was published."""
        return str(self._metadata["Version"])

    @property
    def requires(self) -> list[str]:
        """The distributions that it requires, as all their spellings are compared."""
        listed = self._metadata.get_all("Requires-Dist") or []
        if not listed and self.folder.suffix == ".egg-info":
            listed = self.dist.requires or []
        return [name for text in listed if (name := _required_name(text))]

    @cached_property
    def points(self) -> dict[str, str]:
        """The entry points that the harness finds: name -> module."""
        return {point.name: point.value for point in self.dist.entry_points if point.group == GROUP}

    @cached_property
    def misplaced(self) -> list[metadata.EntryPoint]:
        """Entry points in a group that may have been meant for the harness."""
        sure = self.is_for_the_harness
        return [point for point in self.dist.entry_points if _resembles(point.group, sure)]

    @cached_property
    def is_for_the_harness(self) -> bool:
        """Whether it says that it is made for the harness: it requires it or has entry points for it."""
        return bool(self.points) or canonicalize_name(self.name) == DISTRIBUTION or DISTRIBUTION in self.requires

    @cached_property
    def source(self) -> Path | None:
        """Folder of the project that `pip install -e` points to, None for an ordinary installation (PEP 610)."""
        with suppress(ValueError, AttributeError):
            told = json.loads(self.dist.read_text("direct_url.json") or "{}")
            if told.get("dir_info", {}).get("editable"):
                return Path(url2pathname(urlsplit(told["url"]).path))
        return None

    @cached_property
    def declared(self) -> dict[str, str] | None:
        """The entry points in the pyproject.toml of its source, None where there is none to be read."""
        return declared_points(self.source / "pyproject.toml") if self.source else None


def entry_points() -> list[metadata.EntryPoint]:
    """Return all entry points of plugins by name."""
    return sorted(metadata.entry_points(group=GROUP), key=lambda point: point.name)


def installed() -> list[Installed]:
    """Return every distribution on the path, the one that counts before those it hides."""
    found = [Installed(each, _folder(each)) for each in metadata.distributions()]
    return [each for each in found if each.name]


def hidden(distributions: list[Installed]) -> Iterator[tuple[Installed, Installed]]:
    """Yield distributions found twice: the one that counts and one that it hides."""
    first: dict[str, Installed] = {}
    for found in distributions:
        counts = first.setdefault(canonicalize_name(found.name), found)
        if counts.folder.resolve() != found.folder.resolve():
            yield counts, found


def declared_points(pyproject: Path) -> dict[str, str] | None:
    """Return the harness's entry points in a pyproject.toml, None where it cannot be read."""
    with suppress(OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, AttributeError, TypeError):
        project = tomllib.loads(pyproject.read_text(encoding="utf-8")).get("project", {})
        return dict(project.get("entry-points", {}).get(GROUP, {}))
    return None


def _required_name(requirement: str) -> str | None:
    """Return the normalised name in a line of Requires-Dist, None where the line is malformed."""
    try:
        return canonicalize_name(Requirement(requirement).name)
    except InvalidRequirement:
        return None


def _folder(found: metadata.Distribution) -> Path:
    return Path(str(getattr(found, "_path", None) or found.locate_file("")))


def _resembles(group: str, sure: bool) -> bool:
    """Whether a group was meant to be the harness's; of a distribution made for it, also one merely alike."""
    if group == GROUP:
        return False
    bare = re.sub(r"[^a-z]|plugins?|strateg(?:y|ies)", "", group.lower())
    return bare == GROUP or (sure and SequenceMatcher(None, bare, GROUP).ratio() >= ALIKE)
