"""A run beside a process that keeps one core busy: what it costs how long threads wait for each other.

GNU OpenMP's threads, which torch computes with on Linux, wait for work in a loop before they sleep, 300,000 turns by
default. Where another process wants the core, that loop keeps it from the very thread that is waited for. The harness
sets GOMP_SPINCOUNT to less. Both are timed here, in turn, on otherwise idle cores and beside a busy process: seconds of
encoding and of fine-tuning, as the runs record them.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from corpus import load_task, sampled_task, write_files
from measuring import machine, median, spread
from options import make_parser, prepare
from processes import HARNESS, run_python
from reporting import percent, print_machine, print_table, times, write_json

LIBRARY_SPIN_COUNT = "300000"  # libgomp manual, "GOMP_SPINCOUNT"
IDLE, BUSY = "cores idle", "one core busy"
PARTS = ("encode_seconds", "fit_seconds")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run everything in turn and return all numbers."""
    from harness.huggingface import load_tokenizer
    from harness.huggingface.checkpoint import find_checkpoint
    from harness.system.process import SPIN_COUNT

    tokenizer = load_tokenizer(str(find_checkpoint(options.model, None, True)[0]))
    whole = load_task(options.data, options.rows)
    task = sampled_task(whole, options.rows, tokenizer, min(tokenizer.model_max_length, 512))
    settings = {"the library's": LIBRARY_SPIN_COUNT, "the harness's": str(SPIN_COUNT)}
    seconds: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        data = write_files(task, Path(folder) / "data")
        for number in range(options.repeats):
            for load, neighbours in {IDLE: 0, BUSY: 1}.items():
                for name, spin_count in settings.items():
                    with _busy(neighbours):
                        record = _record(options, data, Path(folder) / f"{load}{name}{number}", spin_count)
                    for part in PARTS:
                        seconds.setdefault(f"{load}: {part}", {}).setdefault(name, []).append(record[part])
    return {
        "machine": machine(options.device, options.dtype),
        "model": options.model,
        "rows": len(task.train),
        "spin_counts": settings,
        "seconds": seconds,
    }


@contextmanager
def _busy(processes: int) -> Iterator[None]:
    """Have processes that want a core each, while the block runs."""
    started = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def _record(options: argparse.Namespace, data: Path, reports: Path, spin_count: str) -> dict[str, float]:
    """Encode and fine-tune in one run with an empty cache, and return its seconds."""
    common = ["--model", options.model, "--device", options.device, "--dtype", options.dtype, "--offline", "--quiet"]
    strategies = ["--strategies", "logreg_probe,full_finetune", "--set", "full_finetune.epochs=1", "--no-save-models"]
    command = [*HARNESS, "run", *common, *strategies, "--dataset", str(data), "--output-dir", str(reports)]
    run_python(command, cache=f"{reports}-cache", environment={"GOMP_SPINCOUNT": spin_count})
    (written,) = reports.glob("*/run.json")
    probe, fine_tuned = json.loads(written.read_text(encoding="utf-8"))["records"]
    return {"encode_seconds": probe["encode_seconds"], "fit_seconds": fine_tuned["fit_seconds"]}


def show(result: dict[str, Any]) -> None:
    """Print the table."""
    print_machine(result["machine"])
    names = list(result["spin_counts"])
    rows = []
    for what, each in result["seconds"].items():
        measured = [each[name] for name in names]
        cells = [cell for values in measured for cell in (f"{median(values):.1f}", percent(spread(values)))]
        rows.append([what.removesuffix("_seconds"), *cells, times(median(measured[0]) / median(measured[1]))])
    title = f"{result['rows']:,} rows of train, {result['model']}"
    print_table(title, ("", names[0], "spread", names[1], "spread", "ratio"), rows)


def main() -> None:
    """Run the benchmark."""
    parser = make_parser(__doc__ or "", rows=1000, repeats=3)
    options = parser.parse_args()
    prepare(options)
    result = measure(options)
    show(result)
    write_json(options.json, result)


if __name__ == "__main__":
    main()
