"""Options that the benchmarks share, and the state they put this process into."""

import argparse
import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

SETTINGS = ExitStack()  # what this process is put into, until it ends
MODEL = "sentence-transformers/all-MiniLM-L6-v2"
DTYPES = ("float32", "bfloat16")


def make_parser(
    description: str, *, rows: int | None, repeats: int, data: bool = True, dtypes: Sequence[str] = DTYPES
) -> argparse.ArgumentParser:
    """Return a parser with the shared options.

    Args:
        description: The script's docstring.
        rows: Default of `--rows`, None to leave the option out.
        repeats: Default of `--repeats`.
        data: Whether the script takes `--data`.
        dtypes: What `--dtype` may be, its default first.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--model", default=MODEL, help="checkpoint folder, or a hub id that is on this disk; default: %(default)s")
    if data:
        add("--data", metavar="FOLDER", help="train, validation and test files; default: generated texts, corpus.py")
    if rows is not None:
        add("--rows", type=positive, default=rows, help="random rows of train; default: %(default)s")
    add("--repeats", type=positive, default=repeats, help="measurements of each, in turn; default: %(default)s")
    add("--threads", type=positive, help="threads of torch; default: torch's choice")
    add("--device", choices=("auto", "cpu", "cuda", "mps"), default="cpu", help="default: %(default)s")
    add("--dtype", choices=dtypes, default=dtypes[0], help="default: %(default)s")
    add("--json", type=Path, metavar="FILE", help="also write all numbers there")
    return parser


def positive(text: str) -> int:
    """Return a whole number from 1, for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text}")
    return number


def numbers(text: str) -> list[int]:
    """Return comma-separated whole numbers from 1, for argparse."""
    return [positive(part) for part in text.split(",")]


def prepare(options: argparse.Namespace) -> None:
    """Keep the libraries quiet and off the network, set the threads, resolve the device.

    The hub's client reads its settings when it is imported, so this comes before any other import.
    """
    from harness.huggingface.network import offline_hub
    from harness.system.device import choose_device
    from harness.system.process import library_defaults

    SETTINGS.enter_context(offline_hub())
    SETTINGS.enter_context(library_defaults())
    os.environ["TQDM_DISABLE"] = os.environ["HF_DATASETS_DISABLE_PROGRESS_BARS"] = "1"
    if options.threads:
        os.environ["OMP_NUM_THREADS"] = str(options.threads)  # for the processes that a benchmark starts
        import torch

        torch.set_num_threads(options.threads)
    options.device = choose_device(options.device)
