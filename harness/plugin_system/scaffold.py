"""A new plugin as a package: installable, tested, and in the table as it is written."""

import re
import shutil
from collections.abc import Iterable
from importlib import metadata
from importlib.resources import files
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path
from string import Template

from harness.config.strategy_spec import GROUPS
from harness.errors import UserError
from harness.plugin_system.metadata import DISTRIBUTION
from harness.system.disk_errors import disk_errors

KINDS = {
    "probe": "A scikit-learn classifier on frozen features",
    "torch": "A head in torch on frozen features",
    "finetune": "Fine-tuning with a twist",
}
"""Kind -> what its strategy is."""

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def new_plugin(name: str, kind: str, parent: Path, taken: Iterable[str] = ()) -> list[Path]:
    """Write a package with one strategy, its test, a pyproject.toml and a README.

    Args:
        name: Of strategy, module and entry point; the distribution has dashes for its underscores.
        kind: One of `KINDS`.
        parent: Where the package's folder goes; made where it is missing.
        taken: Names of strategies and plugins that exist.

    Returns:
        The files, relative to `parent`, pyproject.toml first.

    Raises:
        UserError: For a name that cannot be meant or is taken, or a folder that is there already.
        UnavailableError: Where the disk refuses.
    """
    _check_name(name, set(taken))
    folder = parent / name
    if folder.exists() or folder.is_symlink():
        raise UserError(f"{folder} is there already, and nothing is written over it. Choose another name or -o FOLDER.")
    with disk_errors(folder, "-o"):
        folder.mkdir(parents=True)
        try:
            return [_write(folder / path, content).relative_to(parent) for path, content in _contents(name, kind)]
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise


def _contents(name: str, kind: str) -> list[tuple[str, str]]:
    """Return path -> content of every file."""
    values = {
        "name": name,
        "distribution": name.replace("_", "-"),
        "class_name": "".join(part.capitalize() for part in name.split("_")),
        "description": KINDS[kind],
        "version": ".".join(metadata.version(DISTRIBUTION).split(".")[:2]),
    }
    templates = {
        "pyproject.toml": "pyproject.toml.in",
        f"src/{name}.py": f"{kind}.py.in",
        f"tests/test_{name}.py": "test.py.in",
        "README.md": "README.md.in",
    }
    folder = files("harness.plugin_system.template")
    return [(path, Template((folder / file).read_text("utf-8")).substitute(values)) for path, file in templates.items()]


def _write(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def _check_name(name: str, taken: set[str]) -> None:
    if not _NAME.fullmatch(name) or iskeyword(name):
        close = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_").lstrip("0123456789_")
        hint = f" Did you mean {close!r}?" if _NAME.fullmatch(close) and not iskeyword(close) else ""
        raise UserError(
            f"Expected a name of lower-case letters, digits and single _, such as my_probe, got {name!r}.{hint}"
        )
    if name in GROUPS:
        raise UserError(f"{name!r} is a group of strategies for --strategies. Choose another name.")
    if name in taken:
        raise UserError(
            f"There is a strategy or plugin {name!r} already; 'harness list {name}' shows it. Choose another name."
        )
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        pass
    else:
        raise UserError(f"A distribution {name.replace('_', '-')} {version} is installed already. Choose another name.")
    if find_spec(name) is not None:
        raise UserError(f"There is a module {name!r} already, which the plugin's would hide. Choose another name.")
