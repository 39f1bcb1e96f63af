"""Encoding more and more rows through the feature cache: time a row, and how far memory grows.

Each size is encoded in a fresh process, into an empty cache, from generated texts with the lengths of real ones
(corpus.py), by a small DistilBERT with random weights and the tokenizer of --model. Memory is the highest resident
memory of that process, the texts themselves included; what the texts take is told apart. A table of features held in
memory would take 4 bytes x --width a row: with the default width 393 MB more for 400,000 rows than for 16,000.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from corpus import generated_texts
from measuring import machine, median
from options import make_parser, numbers, positive, prepare
from processes import run_python
from random_checkpoint import write_random_checkpoint
from reporting import print_facts, print_machine, print_table, times, write_json

SIZES = [1_000, 4_000, 16_000, 64_000, 400_000]
REFERENCE = 16_000  # rows that growth is counted from, where this size is among those measured
MEGABYTE = 1e6


def encode_through_cache(encoder: Any, texts: tuple[str, ...], folder: Path) -> None:
    """Fill an empty feature cache with the [CLS] states of the texts."""
    from harness.encoding.encoder import Features
    from harness.features.cache import FeatureCache
    from harness.features.directory import CacheDirectory

    FeatureCache(encoder, CacheDirectory(folder)).fill([texts], [Features()])


def measure_one(options: argparse.Namespace) -> dict[str, float]:
    """Encode the texts of one size in this process and return its numbers."""
    from harness.huggingface import load_encoder
    from harness.system.device import PeakMemory

    encoder = load_encoder(options.model, None, True, options.device, options.dtype)
    encoder.encode(list(generated_texts(256, seed=1)), [_features()])
    before = _resident()
    texts = tuple(generated_texts(options.one))
    with_texts = _resident()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, PeakMemory("cpu") as memory:
        encode_through_cache(encoder, texts, Path(folder))
        seconds = time.perf_counter() - started
    return {
        "seconds": seconds,
        "peak_bytes": max(memory.bytes, _highest_resident()),
        "sampled_peak_bytes": memory.bytes,
        "bytes_before": before,
        "text_bytes": with_texts - before,
    }


def _features() -> Any:
    from harness import Features

    return Features()


def _resident() -> int:
    import psutil

    return int(psutil.Process().memory_info().rss)


def _highest_resident() -> int:
    """Return the highest resident memory that the system noted for this process, 0 where it does not tell."""
    if sys.platform == "win32":
        return 0
    import resource

    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest if sys.platform == "darwin" else highest * 1024  # Linux counts in KiB (getrusage(2))


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Encode each size in a process of its own, sizes in turn, and return all numbers."""
    runs: dict[int, list[dict[str, float]]] = {size: [] for size in options.sizes}
    with tempfile.TemporaryDirectory() as folder:
        sizes = {"dim": options.width, "hidden_dim": options.width, "n_layers": options.layers, "n_heads": 4}
        checkpoint = write_random_checkpoint(Path(folder) / "checkpoint", options.model, **sizes)
        for _ in range(options.repeats):
            for size in options.sizes:
                runs[size].append(_in_own_process(options, checkpoint, size))
    medians = {size: {key: median([run[key] for run in each]) for key in each[0]} for size, each in runs.items()}
    return {
        "machine": machine(options.device, options.dtype),
        "width": options.width,
        "layers": options.layers,
        "rows": medians,
        **_growth(medians),
    }


def _in_own_process(options: argparse.Namespace, checkpoint: str, size: int) -> dict[str, float]:
    arguments = [__file__, "--one", str(size), "--model", checkpoint, "--device", options.device]
    threads = ["--threads", str(options.threads)] if options.threads else []
    done = run_python([*arguments, "--dtype", options.dtype, *threads])
    numbers: dict[str, float] = json.loads(done.out.splitlines()[-1])
    return numbers


def _growth(rows: dict[int, dict[str, float]]) -> dict[str, Any]:
    """Return how memory and the time a row grow from the reference size to the largest."""
    large = max(rows)
    small = REFERENCE if REFERENCE in rows and large > REFERENCE else min(rows)
    growth = rows[large]["peak_bytes"] - rows[small]["peak_bytes"]
    texts = rows[large]["text_bytes"] - rows[small]["text_bytes"]
    return {
        "from_rows": small,
        "to_rows": large,
        "growth_bytes": growth,
        "growth_beside_texts_bytes": growth - texts,
        "time_a_row_ratio": (rows[large]["seconds"] / large) / (rows[small]["seconds"] / small),
    }


def show(result: dict[str, Any]) -> None:
    """Print the tables."""
    rows = [
        [
            f"{size:,}",
            f"{run['seconds']:.1f}",
            f"{size / run['seconds']:,.0f}",
            f"{run['peak_bytes'] / MEGABYTE:,.0f}",
            f"{run['sampled_peak_bytes'] / MEGABYTE:,.0f}",
            f"{run['bytes_before'] / MEGABYTE:,.0f}",
            f"{run['text_bytes'] / MEGABYTE:,.0f}",
        ]
        for size, run in result["rows"].items()
    ]
    print_machine(result["machine"])
    columns = ("rows", "seconds", "texts/s", "peak MB", "sampled MB", "before MB", "texts MB")
    print_table(f"{result['layers']} layers, {result['width']} wide", columns, rows)
    span = f"from {result['from_rows']:,} to {result['to_rows']:,} rows"
    print_facts(
        {
            f"growth of peak memory {span}": f"{result['growth_bytes'] / MEGABYTE:,.0f} MB",
            "of it beside the texts themselves": f"{result['growth_beside_texts_bytes'] / MEGABYTE:,.0f} MB",
            f"time a row, ratio {span}": times(result["time_a_row_ratio"]),
        }
    )


def main() -> None:
    """Run the benchmark, or one size of it."""
    parser = make_parser(__doc__ or "", rows=None, repeats=1, data=False)
    parser.add_argument("--sizes", type=numbers, default=SIZES, help="rows, comma-separated; default: %(default)s")
    parser.add_argument("--width", type=positive, default=256, help="of the encoder; default: %(default)s")
    parser.add_argument("--layers", type=positive, default=2, help="of the encoder; default: %(default)s")
    parser.add_argument("--one", type=positive, metavar="ROWS", help=argparse.SUPPRESS)
    options = parser.parse_args()
    prepare(options)
    if options.one:
        print(json.dumps(measure_one(options)))
        return
    result = measure(options)
    show(result)
    write_json(options.json, result)


if __name__ == "__main__":
    main()
