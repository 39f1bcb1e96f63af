"""A process that quantises a graph with NNCF and ends: graph.xml and batch-*.npy of a folder -> int8.xml."""

import sys
from pathlib import Path

import numpy as np

from harness.encoding.traced_graph import INPUTS
from harness.system.silent_openvino import without_reporter


def main(folder: Path) -> None:
    """Read a folder's graph and batches, and write the graph in eight bits beside them.

    Weights are symmetric, activations as NNCF has them for transformers, with its smoothing of channels (Xiao et al.,
    2023, "SmoothQuant"), which costs nothing when it is computed: without it .84 of neighbours stay, with it .89.
    """
    with without_reporter():
        import nncf
        import openvino

    files = sorted(folder.glob("batch-*.npy"))
    batches = [dict(zip(INPUTS, np.load(file, allow_pickle=False), strict=True)) for file in files]
    graph = nncf.quantize(
        openvino.Core().read_model(folder / "graph.xml"),
        nncf.Dataset(batches),
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(batches),
    )
    openvino.save_model(graph, folder / "int8.xml", compress_to_fp16=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
