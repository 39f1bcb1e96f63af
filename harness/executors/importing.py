"""Modules of plugins in another process: found by name, or else loaded from the file that they came from.

What is found has to be what the driver has, which the hash of the file tells: another machine may have another version.
"""

import hashlib
import importlib
import os
import platform
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import FunctionType

from harness.errors import PluginError

ModuleOrigin = tuple[str, str | None, str | None]
"""Name of a module, its file, and the sha256 of that; None for a module without one."""


def module_of(kind: type | FunctionType) -> ModuleOrigin:
    """Return where the module that a class or function is defined in came from, as `provide_module` takes it."""
    module = sys.modules.get(kind.__module__)
    file = getattr(module, "__file__", None)
    return kind.__module__, file, _hash_of(file)


def provide_module(name: str, file: str | None, sha256: str | None = None) -> None:
    """Import a module: by name where that leads to the same file or to an equal one, or else from the file.

    Args:
        name: Its name.
        file: The file that it came from, None for a module without one.
        sha256: What that file held, None where that does not matter.

    Raises:
        PluginError: Where this machine has another version of it, or none.
        BaseException: Whatever the module itself raises.
    """
    try:
        module = importlib.import_module(name)
    except ImportError:
        module = None
    if file is None:
        return
    found = getattr(module, "__file__", None)
    is_it = _is_same_file(found, file) or (sha256 is not None and _hash_of(found) == sha256)
    used = file if not is_it and os.path.isfile(file) else found
    if sha256 and (there := _hash_of(used)) != sha256:
        told = f"it is {used} (sha256 {there[:12]})" if there else "there is none of that name"
        raise PluginError(
            f"expected module {name} as the driver has it, {file} (sha256 {sha256[:12]}), but on {platform.node()} "
            f"{told}. Install the same version there."
        )
    if used != found:
        _load(name, file)


def _load(name: str, file: str) -> None:
    spec = spec_from_file_location(name, file)
    if spec and spec.loader:
        sys.modules[name] = module_from_spec(spec)  # a dataclass looks its own module up there
        spec.loader.exec_module(sys.modules[name])


def _hash_of(file: str | None) -> str | None:
    """Return the sha256 of a file, None where it cannot be read, as in an archive."""
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest() if file else None
    except OSError:
        return None


def _is_same_file(one: str | None, other: str) -> bool:
    return one is not None and os.path.realpath(one) == os.path.realpath(other)
