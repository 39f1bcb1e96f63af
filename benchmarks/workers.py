"""Two workers against one, each of one thread: `harness run --on local:2` and `--on local`, trials on frozen features.

The seconds of a trial are told by two runs, of few seeds and of many: what a run takes besides its trials, such as the
imports of the process that workers are forked from, is in both.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from corpus import load_task, sampled_task, write_files
from measuring import machine, median, spread
from options import make_parser, positive, prepare
from processes import HARNESS, run_python
from reporting import percent, print_facts, print_machine, print_table, times, write_json

PLACES = {"one worker": "local:1", "two workers": "local:2"}
STRATEGY = "logreg_probe"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run all of them in turn and return all numbers."""
    from harness.huggingface import load_tokenizer
    from harness.huggingface.checkpoint import find_checkpoint

    tokenizer = load_tokenizer(str(find_checkpoint(options.model, None, True)[0]))
    whole = load_task(options.data, options.rows)
    task = sampled_task(whole, options.rows, tokenizer, min(tokenizer.model_max_length, 512))
    with tempfile.TemporaryDirectory() as folder:
        data = write_files(task, Path(folder) / "data")
        _seconds(options, data, Path(folder), "local:1", 1)  # whose features the others read
        seconds: dict[str, list[float]] = {name: [] for name in PLACES}
        for _ in range(options.repeats):
            for name, place in PLACES.items():
                few = _seconds(options, data, Path(folder), place, options.few)
                many = _seconds(options, data, Path(folder), place, options.few + options.more)
                seconds[name].append((many - few) / options.more)
    return {
        "machine": machine(options.device, options.dtype),
        "model": options.model,
        "rows": len(task.train),
        "trials": options.more,
        "seconds": seconds,
        "ratio": median(seconds["one worker"]) / median(seconds["two workers"]),
    }


def _seconds(options: argparse.Namespace, data: Path, folder: Path, place: str, seeds: int) -> float:
    """Return the wall time of a run without what comes before its record is begun."""
    asked = ["--dataset", str(data), "--model", options.model, "--device", options.device, "--dtype", options.dtype]
    what = ["--strategies", STRATEGY, "--seeds", f"0-{seeds - 1}", "--no-save-models", "--offline", "--quiet", "--json"]
    run = [*HARNESS, "run", *asked, *what, "--on", place, "--output-dir", str(folder / "reports"), "--fresh"]
    done = run_python(run, cache=str(folder / "cache"), environment=ONE_THREAD)
    return float(json.loads(done.out)["wall_seconds"])


def show(result: dict[str, Any]) -> None:
    """Print the table."""
    rows = [[name, f"{median(each):.3f}", percent(spread(each))] for name, each in result["seconds"].items()]
    print_machine(result["machine"])
    title = f"{STRATEGY}, {result['rows']:,} rows of train, {result['trials']} trials, {result['model']}"
    print_table(title, ("of one thread each", "seconds a trial", "spread"), rows)
    print_facts({"one worker / two workers": times(result["ratio"])})


def main() -> None:
    """Run the benchmark."""
    parser = make_parser(__doc__ or "", rows=4000, repeats=3)
    parser.add_argument("--few", type=positive, default=2, help="seeds of the shorter run; default: %(default)s")
    parser.add_argument("--more", type=positive, default=8, help="further seeds of the longer; default: %(default)s")
    options = parser.parse_args()
    prepare(options)
    result = measure(options)
    show(result)
    write_json(options.json, result)


if __name__ == "__main__":
    main()
