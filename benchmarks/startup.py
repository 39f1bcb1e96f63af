"""How long until something is on the screen: `--help`, `list`, and a run whose features are all cached.

Each command is a fresh process, timed whole and in turn with two processes that do nothing but start: the bare
interpreter, and one that imports the libraries a run cannot do without. The cached run is then split: imports as the
interpreter reports them (`-X importtime`, in a further process), and data, encoder, cache, fit and output from a
second run inside one process, where nothing is left to import.
"""

import argparse
import io
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from corpus import load_task, write_files
from measuring import machine, median, spread
from options import make_parser, prepare
from processes import HARNESS, run_python
from reporting import percent, print_machine, print_table, times, write_json

HELP, LIST, RUN = "harness --help", "harness list", "harness run -s logreg_probe, features cached"
BARE, LIBRARIES = "python -c pass", "python -c 'import torch, transformers, sklearn.linear_model'"
STAGES = ("data", "encoder and checks", "cache", "fit, predict and save", "tables")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Time the commands in turn and return all numbers."""
    with tempfile.TemporaryDirectory() as folder:
        data = write_files(load_task(options.data, options.rows), Path(folder) / "data")
        common = ["--model", options.model, "--device", options.device, "--dtype", options.dtype]
        reports = ["-o", str(Path(folder) / "reports")]
        run = [*HARNESS, "run", "-s", "logreg_probe", *common, "-d", str(data), "--offline", "--quiet", *reports]
        commands = {
            BARE: ["-c", "pass"],
            LIBRARIES: ["-c", "import torch, transformers, sklearn.linear_model"],
            HELP: [*HARNESS, "--help"],
            LIST: [*HARNESS, "list"],
            RUN: run,
        }
        cache = str(Path(folder) / "cache")
        run_python(run, cache=cache)  # fills the cache
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        splits = []
        for _ in range(options.repeats):
            for name, command in commands.items():
                seconds[name].append(run_python(command, cache=cache).seconds)
            imports = run_python(run, cache=cache, tell_imports=True).import_seconds
            inside = run_python([__file__, "--inside", *common, "--data", str(data), *reports], cache=cache).out
            splits.append({"imports": imports, **json.loads(inside.splitlines()[-1])})
    return {
        "machine": machine(options.device, options.dtype),
        "model": options.model,
        "seconds": seconds,
        "ratios": {name: median(seconds[name]) / median(seconds[LIBRARIES]) for name in seconds},
        "split": {part: median([split[part] for split in splits]) for part in splits[0]},
    }


def measure_inside(options: argparse.Namespace) -> dict[str, float]:
    """Do the cached run twice in this process and return seconds of each part of the second."""
    for _ in range(2):
        parts = _one_run(options)
    return parts


def _one_run(options: argparse.Namespace) -> dict[str, float]:
    from harness import RunConfig
    from harness.plugin_system.manager import PluginManager
    from harness.runs.planning import make_plan
    from harness.runs.runner import execute
    from harness.terminal import make_console, print_run

    config = RunConfig(
        strategies=("logreg_probe",),
        dataset=options.data,
        model=options.model,
        device=options.device,
        dtype=options.dtype,
        offline=True,
        output_dir=options.output,
    )
    seconds = dict.fromkeys(STAGES, 0.0)
    manager = PluginManager()
    with _added(seconds, "data"):
        manager.load_task(config)
    with _added(seconds, "encoder and checks"):
        plan = make_plan(config, manager)
    seconds["encoder and checks"] -= seconds["data"]  # a plan loads the data, too
    watch = _Watch()
    result = execute(plan, watch, ["harness", "run"])[0]
    cache, fit = watch.seconds(time.perf_counter())
    seconds |= {"cache": cache, "fit, predict and save": fit}
    with _added(seconds, "tables"):
        print_run(result, make_console(io.StringIO(), width=100))
    return seconds


@contextmanager
def _added(seconds: dict[str, float], part: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[part] += time.perf_counter() - started


class _Watch:
    """A reporter that notes when the trial begins; all before it in a run is there to get the features."""

    def __init__(self) -> None:
        self._started = self._trial = time.perf_counter()

    def stage(self, name: str, number: int, total: int) -> None:
        del number, total
        if name != "encode":
            self._trial = time.perf_counter()

    def progress(self, what: str, done: int, total: int) -> None:
        pass

    def finished(self, record: Any) -> None:
        if record.status != "ok":
            raise SystemExit(f"{record.strategy} failed: {record.error.message}")

    def seconds(self, now: float) -> tuple[float, float]:
        """Return seconds before the trial and from there on."""
        return self._trial - self._started, now - self._trial


def show(result: dict[str, Any]) -> None:
    """Print the tables."""
    rows = [
        [name, f"{median(values):.2f}", times(result["ratios"][name]), percent(spread(values))]
        for name, values in result["seconds"].items()
    ]
    print_machine(result["machine"])
    print_table(f"start-up, {result['model']}", ("process", "seconds", "time / imports", "spread"), rows)
    whole, split = median(result["seconds"][RUN]), result["split"]
    rest = whole - sum(split.values())
    parts = {**split, "interpreter, first use of the libraries": rest}
    shares = [[part, f"{part_seconds:.2f}", percent(part_seconds / whole)] for part, part_seconds in parts.items()]
    print_table(RUN, ("part", "seconds", "share"), shares)


def main() -> None:
    """Run the benchmark, or the part of it inside one process."""
    parser = make_parser(__doc__ or "", rows=2000, repeats=5)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("-o", "--output", default="reports", help=argparse.SUPPRESS)
    options = parser.parse_args()
    prepare(options)
    if options.inside:
        print(json.dumps(measure_inside(options)))
        return
    result = measure(options)
    show(result)
    write_json(options.json, result)


if __name__ == "__main__":
    main()
