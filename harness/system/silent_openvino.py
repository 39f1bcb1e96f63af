"""OpenVINO, imported without the report of its use to its maker that the import itself sends by default."""

import sys
from typing import Any

REPORTER = "openvino_telemetry"  # a package that openvino requires, and does without where it cannot be imported


def import_openvino() -> Any:
    """Return the module openvino, which reports nothing from then on; where the host imported it before, as it is.

    Its `openvino.tools.ovc` sends an event as it is imported, with an identifier that it keeps in the home folder, and
    others as it converts models, all by `openvino_telemetry`; where that is missing, it takes a stub for good.

    Raises:
        ImportError: Where it is not installed.
    """
    there = sys.modules.get(REPORTER)
    sys.modules[REPORTER] = None  # type: ignore[assignment]  # to the import system: there is no such module
    try:
        import openvino
    finally:
        del sys.modules[REPORTER]
        if there is not None:
            sys.modules[REPORTER] = there
    return openvino
