"""Packages that tests need and do without: found by name, since importing openvino would report that to its maker."""

from importlib.util import find_spec

import pytest


def skip_without(*modules: str) -> None:
    """Skip the test, or its module, where a package is not installed."""
    for module in modules:
        if find_spec(module) is None:
            pytest.skip(f"{module} is not installed", allow_module_level=True)
