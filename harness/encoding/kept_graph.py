"""Graphs of OpenVINO on disk: written once it is known that they compute what torch does, read as they were written."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import UnavailableError
from harness.system.files import read_sealed, sha256_of, write_atomically, write_sealed
from harness.system.silent_openvino import import_openvino
from harness.system.temporary_folders import temporary_folder

PARTS = (".xml", ".bin")  # operators, and weights


def read_whole(file: Path) -> Any:
    """Return the graph of a file, of ONNX or of OpenVINO, in memory, so that the file may go."""
    core = import_openvino().Core()
    core.set_property({"ENABLE_MMAP": False})
    return core.read_model(file)


def keep_graph(graph: Any, file: Path, told: Mapping[str, Any]) -> None:
    """Write a graph, so that other processes need not make it; where the disk refuses, they do.

    Args:
        graph: Of OpenVINO.
        file: Tells the sha256 of the two files beside it that hold the graph.
        told: What else it is to tell of the graph.
    """
    with contextlib.suppress(UnavailableError), temporary_folder() as workdir:
        import_openvino().save_model(graph, Path(workdir) / "graph.xml", compress_to_fp16=False)
        for part in PARTS:
            write_atomically(file.with_suffix(part), (Path(workdir) / f"graph{part}").read_bytes())
        write_sealed(file, {**told, **{part: sha256_of(file.with_suffix(part)) for part in PARTS}})


def read_graph(file: Path) -> Any:
    """Return the graph that was kept, None where there is none, or not every byte of it is as it was written."""
    try:
        told = read_sealed(file)
        if any(sha256_of(file.with_suffix(part)) != told[part] for part in PARTS):
            return None
        return read_whole(file.with_suffix(".xml"))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError):
        return None


def read_told(file: Path | None) -> dict[str, Any]:
    """Return what the file of a graph tells of it, nothing where there is none."""
    with contextlib.suppress(OSError, ValueError):
        content = read_sealed(file) if file else {}
        return content if isinstance(content, dict) else {}
    return {}
