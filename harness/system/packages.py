"""Packages of extras, looked for before anything needs them."""

from collections.abc import Sequence
from importlib.util import find_spec

from harness.errors import UserError


def require_packages(option: str, extra: str, modules: Sequence[str]) -> None:
    """Refuse an option whose packages are not there.

    Args:
        option: As it was given, such as `--to onnx`.
        extra: What brings the packages.
        modules: What they are imported as.

    Raises:
        UserError: Where one is not installed, with the command that installs it.
    """
    if missing := [module for module in modules if find_spec(module) is None]:
        packages = " and ".join(missing)
        raise UserError(f"{option} needs {packages}, not installed here: pip install 'strategy-harness[{extra}]'")
