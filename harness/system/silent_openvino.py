"""OpenVINO without its side effects: the report of its use to its maker, and the signal stack that it breaks."""

import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

REPORTER = "openvino_telemetry"  # a package that openvino requires, and does without where it cannot be imported


@contextmanager
def without_reporter() -> Iterator[None]:
    """Let nothing import the package by which openvino and nncf report their use; both take a stub then, for good."""
    there = sys.modules.get(REPORTER)
    sys.modules[REPORTER] = None  # type: ignore[assignment]  # to the import system: there is no such module
    try:
        yield
    finally:
        del sys.modules[REPORTER]
        if there is not None:
            sys.modules[REPORTER] = there


def import_openvino() -> Any:
    """Return the module openvino, which reports nothing from then on; where the host imported it before, as it is.

    Its `openvino.tools.ovc` sends an event as it is imported, with an identifier that it keeps in the home folder, and
    others as it converts models, all by `openvino_telemetry`; where that is missing, it takes a stub for good.

    Raises:
        ImportError: Where it is not installed.
    """
    with without_reporter():
        import openvino
    return openvino


def compile_for_cpu(graph: Any, settings: Mapping[str, Any]) -> Any:
    """Return a graph compiled for the CPU.

    In a thread that ends with it: the first compilation leaves its thread another signal stack, which may be gone when
    a signal comes (seen with 2026.4): where Python handles faults, as in notebooks, Ctrl-C could then kill the process.

    Args:
        graph: Of OpenVINO, or the path of its file.
        settings: Property -> value.
    """
    core = import_openvino().Core()
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(core.compile_model, graph, "CPU", dict(settings)).result()


def computes_in_bfloat16() -> bool:
    """Return whether OpenVINO computes in bfloat16 on this processor: where it has no instructions, it does not."""
    return "BF16" in import_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
