"""A whole comparison, as processes: `harness run` of five strategies against the tutorial's notebook as a script.

Both read the same files and fit the same five (notebook.py says how). The harness runs twice with one
feature cache: cold, its folder empty, and warm, on what the cold run left there. The warm run still fine-tunes, so two
further rows take the strategies on frozen features alone, cold and warm, on as many rows as --frozen-rows says, because
what the cold run spends on encoding grows with them. Of those the time to import modules is also
taken off, as the interpreter itself reports it (`-X importtime`) for that very process: it is the same whatever is
cached.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from corpus import load_task, sampled_task, write_files
from measuring import machine, median, spread
from options import make_parser, positive, prepare
from processes import HARNESS, Process, run_python
from reporting import percent, print_facts, print_machine, print_table, times, write_json

COLD, WARM, NOTEBOOK = "harness, the five strategies, cold", "harness, the five strategies, warm", "notebook script"
FROZEN_COLD, FROZEN_WARM = "harness, frozen strategies, cold", "harness, frozen strategies, warm"
FROZEN = "logreg_probe,mlp_probe"
FIVE = f"majority,tfidf_logreg,{FROZEN},full_finetune"


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run all of them in turn and return all numbers."""
    from harness.huggingface import load_tokenizer
    from harness.huggingface.checkpoint import find_checkpoint

    tokenizer = load_tokenizer(str(find_checkpoint(options.model, None, True)[0]))
    whole = load_task(options.data, max(options.rows, options.frozen_rows))
    tasks = [
        sampled_task(whole, rows, tokenizer, min(tokenizer.model_max_length, 512))
        for rows in (options.rows, options.frozen_rows)
    ]
    with tempfile.TemporaryDirectory() as folder:
        data = [write_files(task, Path(folder) / name) for task, name in zip(tasks, ("all", "frozen"), strict=True)]
        rounds = [
            _round(options, data[0], data[1], Path(folder) / f"round{number}") for number in range(options.repeats)
        ]
    seconds = {name: [each[name].seconds for each in rounds] for name in rounds[0]}
    imports = {name: [each[name].import_seconds for each in rounds] for name in rounds[0]}
    beside = {name: [s - i for s, i in zip(seconds[name], imports[name], strict=True)] for name in seconds}
    return {
        "machine": machine(options.device, options.dtype),
        "model": options.model,
        "rows": len(tasks[0].train),
        "frozen_rows": len(tasks[1].train),
        "seconds": seconds,
        "import_seconds": imports,
        "ratios": {
            f"{NOTEBOOK} / {COLD}": median(seconds[NOTEBOOK]) / median(seconds[COLD]),
            f"{NOTEBOOK} / {WARM}": median(seconds[NOTEBOOK]) / median(seconds[WARM]),
            f"{FROZEN_WARM} / cold": median(seconds[FROZEN_WARM]) / median(seconds[FROZEN_COLD]),
            f"{FROZEN_WARM} / cold, imports apart": median(beside[FROZEN_WARM]) / median(beside[FROZEN_COLD]),
        },
    }


def _round(options: argparse.Namespace, data: Path, frozen_data: Path, folder: Path) -> dict[str, Process]:
    """Run each process once; a cache of its own for `all` and for the frozen strategies, empty at first."""
    common = ["--model", options.model, "--device", options.device, "--dtype", options.dtype]
    run = [*HARNESS, "run", *common, "--offline", "--quiet", "--output-dir", str(folder / "reports")]
    run_all = [*run, "--dataset", str(data), "--strategies", FIVE]
    run_frozen = [*run, "--dataset", str(frozen_data), "--strategies", FROZEN]
    everything, frozen = str(folder / "cache-all"), str(folder / "cache-frozen")
    notebook = [str(Path(__file__).with_name("notebook.py")), *common, "--data", str(data)]
    return {
        COLD: run_python(run_all, cache=everything),
        NOTEBOOK: run_python(notebook),
        WARM: run_python(run_all, cache=everything),
        FROZEN_COLD: run_python(run_frozen, cache=frozen, tell_imports=True),
        FROZEN_WARM: run_python(run_frozen, cache=frozen, tell_imports=True),
    }


def show(result: dict[str, Any]) -> None:
    """Print the tables."""
    seconds, imports, ratios = result["seconds"], result["import_seconds"], result["ratios"]
    rows = [
        [
            name,
            f"{median(values):.1f}",
            percent(spread(values)),
            f"{median(imports[name]):.1f}" if any(imports[name]) else "-",
        ]
        for name, values in seconds.items()
    ]
    counts = f"{result['rows']:,} rows of train for the five strategies, {result['frozen_rows']:,} for the frozen ones"
    print_machine(result["machine"])
    columns = ("process", "seconds", "spread", "of it imports")
    print_table(f"{counts}, {result['model']}", columns, rows)
    print_facts({name: times(ratio) if name.startswith(NOTEBOOK) else percent(ratio) for name, ratio in ratios.items()})


def main() -> None:
    """Run the benchmark."""
    parser = make_parser(__doc__ or "", rows=1000, repeats=3)
    parser.add_argument(
        "--frozen-rows",
        type=positive,
        default=16_000,
        help="rows for the frozen strategies alone; default: %(default)s",
    )
    options = parser.parse_args()
    prepare(options)
    result = measure(options)
    show(result)
    write_json(options.json, result)


if __name__ == "__main__":
    main()
