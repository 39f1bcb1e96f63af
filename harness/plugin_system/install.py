"""Installs plugins into the environment of this program, by the pip of its own interpreter."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from harness.errors import UnavailableError, UserError
from harness.plugin_system.metadata import DISTRIBUTION, entry_points

PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg")


def install(target: str, *, editable: bool = False) -> int:
    """Install a distribution from where pip finds it, or a folder; a folder of that name goes first.

    Args:
        target: Name of a distribution, or a path.
        editable: Whether changes in the folder count at once.

    Returns:
        Exit code of pip.

    Raises:
        UserError: For what looks like an option.
        UnavailableError: Where this interpreter has no pip.
    """
    _refuse_options(target)
    folder = Path(target).expanduser()
    if any((folder / name).is_file() for name in PROJECT_FILES):
        target = str(folder.resolve())  # pip takes a bare name for one of its index
    return _pip(["install", *(["--editable"] if editable else []), target])


def uninstall(name: str, *, yes: bool = False) -> int:
    """Remove the distribution of a name or of a plugin; arguments and errors as for `install`.

    Args:
        name: Of the distribution, or of a plugin in it.
        yes: Whether pip need not ask.
    """
    _refuse_options(name)
    owners = {point.name: point.dist.name for point in entry_points() if point.dist}
    distribution = owners.get(name, name)
    if canonicalize_name(distribution) == DISTRIBUTION:
        raise UserError(
            f"{name} is part of {DISTRIBUTION} itself. To leave it out of a run, say --strategies '!{name}'."
        )
    return _pip(["uninstall", *(["--yes"] if yes else []), distribution])


def listed_plugins() -> list[dict[str, Any]]:
    """Return what `harness plugins list --json` tells in a new process, to which what was just installed is there.

    Raises:
        UnavailableError: Where that process fails.
    """
    argv = [sys.executable, "-P", "-m", "harness", "plugins", "list", "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise UnavailableError(f"The plugins cannot be listed any more: {done.stderr.strip()}")
    told: list[dict[str, Any]] = json.loads(done.stdout)
    return told


def _refuse_options(text: str) -> None:
    if text.startswith("-") or not text.strip():
        raise UserError(
            f"Expected the name of a distribution or a path, got {text!r}, which pip would take for an option."
        )


def _pip(arguments: list[str]) -> int:
    if find_spec("pip") is None:
        command = " ".join(arguments)
        raise UnavailableError(
            f"This program's Python, {sys.executable}, has no pip. Get it with '{sys.executable} -m ensurepip', or use "
            f"the tool that made the environment, such as: uv pip {command} --python {sys.executable}"
        )
    return subprocess.run([sys.executable, "-m", "pip", *arguments], check=False).returncode
