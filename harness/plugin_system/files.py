"""Plugins that the user names: files and modules, by `--plugin`, `HARNESS_PLUGINS` or the configuration file."""

import hashlib
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module, metadata
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import CodeType, ModuleType

from harness.errors import PluginError

OPTION, VARIABLE = "--plugin", "HARNESS_PLUGINS"
HASH_LENGTH = 12
FILE_PREFIX = "harness_plugin_"  # of the name of a module that was a file


@dataclass(frozen=True)
class NamedPlugin:
    """A plugin that the user named.

    Attributes:
        text: A file that ends in .py, or a module, as it was given.
        given_by: What it was given with, `OPTION` (or the configuration file) or `VARIABLE`.
    """

    text: str
    given_by: str = OPTION

    @property
    def is_file(self) -> bool:
        """Whether it is written as a file: it ends in .py, or is a path."""
        return self.text.endswith(".py") or any(sign in self.text for sign in ("/", os.sep, "~"))

    @property
    def is_asked_for(self) -> bool:
        """Whether it was named for this command; the environment's variable is for all commands."""
        return self.given_by == OPTION

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return Path(self.text).expanduser().resolve()

    @property
    def name(self) -> str:
        """What it is called in tables: the file's name without .py, or the module."""
        return re.sub(r"[^\w.-]", "_", self.path.stem if self.is_file else self.text) or "_"

    def load(self) -> ModuleType:
        """Import it; a file under a name of its own.

        Raises:
            PluginError: Where there is no such file or module.
            BaseException: Whatever the module itself raises.
        """
        return _load_file(self.path, self.text) if self.is_file else _load_module(self.text)

    def provenance(self, module: ModuleType) -> tuple[str | None, str | None]:
        """Return the module's distribution and version, or None and its file's hash where nobody installed it."""
        if not self.is_file and (owners := metadata.packages_distributions().get(self.text.partition(".")[0])):
            return owners[0], metadata.version(owners[0])
        if file := getattr(module, "__file__", None):
            return None, f"sha256:{_digest(Path(file).read_bytes())}"
        return None, None


def named_plugins(texts: Sequence[str]) -> list[NamedPlugin]:
    """Return the plugins of `--plugin` and those of `HARNESS_PLUGINS`, each file and each module once.

    Args:
        texts: Files and modules given by `--plugin` and the configuration file.
    """
    of_environment = filter(None, os.environ.get(VARIABLE, "").split(os.pathsep))
    found: dict[Path | str, NamedPlugin] = {}
    for plugin in (*map(NamedPlugin, texts), *(NamedPlugin(text, VARIABLE) for text in of_environment)):
        found.setdefault(plugin.path if plugin.is_file else plugin.text, plugin)
    return list(found.values())


class _FreshLoader(SourceFileLoader):
    """A loader that compiles the file anew: byte code beside it may be a second old, and is not written either."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def _load_file(path: Path, text: str) -> ModuleType:
    if path.is_dir():
        raise PluginError(
            f"{text} is a folder, expected a Python file or the name of a module. Install the folder with "
            f"'harness plugins install {text}', or name the file in it that has the hooks."
        )
    if not path.is_file():
        raise PluginError(f"There is no file {text}, looked for as {path}.")
    name = f"{FILE_PREFIX}{re.sub(r'[^0-9a-zA-Z_]', '_', path.stem)}_{_digest(os.fsencode(path))}"
    loader = _FreshLoader(name, str(path))
    spec = spec_from_loader(name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[name] = module  # a dataclass looks its own module up there
    try:
        loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _load_module(name: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise PluginError(
            f"Expected a Python file, such as my_probe.py, or a module such as package.module, got {name!r}."
        )
    try:
        with _without_current_folder():
            return import_module(name)
    except ModuleNotFoundError as error:
        if not f"{name}.".startswith(f"{error.name}."):
            raise
        file = Path(f"{name.replace('.', '/')}.py")
        there = f"It holds {file}: name that file, ./{file}. " if file.is_file() else ""
        raise PluginError(
            f"No module {error.name!r} is installed. The current folder, {Path.cwd()}, is never searched for modules. "
            f"{there}Expected the name of an installed module, or the path of a Python file."
        ) from error


@contextmanager
def _without_current_folder() -> Iterator[None]:
    """Take the current folder off the path on which modules are found, where Python has put it there."""
    before, here = sys.path[:], os.path.realpath(os.curdir)
    sys.path[:] = [entry for entry in before if entry and os.path.realpath(entry) != here]
    try:
        yield
    finally:
        sys.path[:] = [*before, *(entry for entry in sys.path if entry not in before)]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:HASH_LENGTH]
