"""Modules of plugins in another process: found by name, or else loaded from the file that they came from."""

import importlib
import os
import sys
from importlib.util import module_from_spec, spec_from_file_location


def module_of(kind: type) -> tuple[str, str | None]:
    """Return name and file of the module that a class is defined in, as `provide_module` takes them."""
    module = sys.modules.get(kind.__module__)
    return kind.__module__, getattr(module, "__file__", None)


def provide_module(name: str, file: str | None) -> None:
    """Import a module: by name where that leads to the same file, or else from the file.

    Args:
        name: Its name.
        file: The file that it came from, None for a module without one.

    Raises:
        BaseException: Whatever the module itself raises.
    """
    try:
        module = importlib.import_module(name)
    except ImportError:
        module = None
    if file is None or (module and _is_same_file(getattr(module, "__file__", None), file)):
        return
    spec = spec_from_file_location(name, file)
    if spec and spec.loader:
        sys.modules[name] = module_from_spec(spec)  # a dataclass looks its own module up there
        spec.loader.exec_module(sys.modules[name])


def _is_same_file(one: str | None, other: str) -> bool:
    return one is not None and os.path.realpath(one) == os.path.realpath(other)
