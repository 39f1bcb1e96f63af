"""encode.py, finetune.py and end_to_end.py on CUDA, with a full-size DistilBERT, in both number formats.

The checkpoint is made here: 6 layers, 768 wide, random weights (speed does not depend on what the weights are), and the
tokenizer of --model. In bfloat16 the encoders are converted to it, the trainings use mixed precision. Shares are of the
card's best measured rate of bfloat16 products, in both formats. float32 products run in full precision, not in TF32,
which is torch's own default. Where there is no CUDA device it says so and ends; `--device cpu` with small sizes is for
trying the script.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import encode
import end_to_end
import finetune
from arithmetic import best_square
from corpus import load_task, write_files
from measuring import in_turn, machine, median
from options import DTYPES, make_parser, numbers, positive, prepare
from random_checkpoint import write_random_checkpoint
from reporting import percent, print_facts, print_machine, print_table, times, write_json

HIDDEN_PER_WIDTH = 4  # DistilBERT's feed-forward network is four times as wide as its states
WIDTH_PER_HEAD = 64
WHOLE_SET = 16_000  # texts of the train split of `emotion`
NO_CUDA = (
    "gpu.py needs a CUDA device and torch finds none here: run it on a machine with a GPU, or try its logic with "
    "--device cpu --rows 64 --frozen-rows 64 --layers 1 --width 128."
)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run the three benchmarks in each number format, print each at once, and return all numbers."""
    dtypes = DTYPES if options.dtype == "both" else (options.dtype,)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = write_random_checkpoint(
            Path(folder) / "checkpoint",
            options.model,
            dim=options.width,
            hidden_dim=HIDDEN_PER_WIDTH * options.width,
            n_layers=options.layers,
            n_heads=max(options.width // WIDTH_PER_HEAD, 1),
        )
        data = options.data or str(write_files(load_task(None, options.rows), Path(folder) / "data"))
        settings = vars(options) | {"model": checkpoint, "data": data}
        return {
            "machine": machine(options.device, options.dtype),
            "model": f"DistilBERT, {options.layers} layers, {options.width} wide, random weights",
            "best_bfloat16_flops_per_second": _best_rate(options),
            **{dtype: _measure_format(argparse.Namespace(**settings | {"dtype": dtype})) for dtype in dtypes},
        }


def _best_rate(options: argparse.Namespace) -> float:
    square = best_square(options.device, "bfloat16")
    return square.flops / median(in_turn({"square": square}, options.repeats, options.device)["square"])


def _measure_format(options: argparse.Namespace) -> dict[str, Any]:
    result = {}
    for benchmark in (encode, finetune, end_to_end)[: 3 if options.end_to_end_repeats else 2]:
        repeats = options.end_to_end_repeats if benchmark is end_to_end else options.repeats
        result[benchmark.__name__] = benchmark.measure(argparse.Namespace(**vars(options) | {"repeats": repeats}))
        benchmark.show(result[benchmark.__name__])
    return result


def show(result: dict[str, Any]) -> None:
    """Print the summary."""
    dtypes = [dtype for dtype in DTYPES if dtype in result]
    best = result["best_bfloat16_flops_per_second"]
    rows = [row for dtype in dtypes for row in _summary(dtype, result[dtype], best)]
    columns = ("harness", "texts/s", "tokens/s", "share of bf16", "memory MB", "tutorial / harness")
    print_machine(result["machine"])
    print_table(result["model"], columns, rows)
    facts = {"best measured rate of bfloat16 products": f"{best / 1e12:.2f} TFLOP/s"}
    print_facts(facts | {name: value for dtype in dtypes for name, value in _whole_set(dtype, result[dtype]).items()})


def _summary(dtype: str, result: dict[str, Any], best: float) -> list[list[str]]:
    """Return a row for encoding and one for fine-tuning."""
    encoding, tuning = result["encode"], result["finetune"]
    epoch = tuning["steps"] * median(tuning["seconds"][finetune.OURS])
    values = [
        (
            "encode",
            encoding["texts_per_second"][encode.OURS],
            encoding["tokens_per_second"],
            encoding["flops_per_second"][encode.OURS],
            encoding["device_memory_bytes"],
            encoding["ratios"][f"{encode.SEED} / {encode.OURS}"],
        ),
        (
            "fine-tune",
            tuning["texts"] / epoch,
            tuning["tokens"] / epoch,
            tuning["flops_per_second"][finetune.OURS],
            tuning["device_memory_bytes"],
            tuning["ratios"][f"{finetune.SEED} / {finetune.OURS}"],
        ),
    ]
    return [
        [
            f"{name}, {dtype}",
            f"{texts:,.0f}",
            f"{tokens:,.0f}",
            percent(flops / best),
            "-" if memory is None else f"{memory / 1e6:,.0f}",
            times(ratio),
        ]
        for name, texts, tokens, flops, memory, ratio in values
    ]


def _whole_set(dtype: str, result: dict[str, Any]) -> dict[str, str]:
    """Return what the data set that the tutorial uses would take, at the measured rates."""
    encoding = WHOLE_SET / result["encode"]["texts_per_second"][encode.OURS]
    step = median(result["finetune"]["seconds"][finetune.OURS])
    training = 2 * WHOLE_SET * step * result["finetune"]["steps"] / result["finetune"]["texts"]
    return {
        f"encode {WHOLE_SET:,} texts, {dtype}": f"{encoding:.2f} s",
        f"fine-tune 2 epochs of {WHOLE_SET:,} texts, {dtype}": f"{training:.2f} s",
    }


def main() -> None:
    """Run the benchmark, where there is a GPU."""
    parser = make_parser(__doc__ or "", rows=16_000, repeats=3, dtypes=("both", *DTYPES))
    parser.set_defaults(device="cuda")
    add = parser.add_argument
    add("--seed-rows", type=positive, default=16_000, help="rows for the tutorial's encoding; default: %(default)s")
    add("--seed-steps", type=positive, default=50, help="steps for the tutorial's Trainer; default: %(default)s")
    add("--batch-sizes", type=numbers, default=[64, 128, 256, 512, 1024], help="to try with sentence-transformers")
    add("--frozen-rows", type=positive, default=16_000, help="of the frozen strategies alone; default: %(default)s")
    add("--end-to-end-repeats", type=int, default=1, help="of whole runs, 0 for none; default: %(default)s")
    add("--layers", type=positive, default=6, help="of the encoder; default: %(default)s")
    add("--width", type=positive, default=768, help="of the encoder; default: %(default)s")
    options = parser.parse_args()
    if options.device == "cuda" and not _has_cuda():
        raise SystemExit(NO_CUDA)
    prepare(options)
    result = measure(options)
    write_json(options.json, result)
    show(result)


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


if __name__ == "__main__":
    main()
