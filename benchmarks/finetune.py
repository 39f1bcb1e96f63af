"""A step of fine-tuning: the harness against transformers' Trainer as the tutorial uses it, and at its best.

All three train every weight of the same checkpoint for one epoch over the same random rows, 64 texts a step, with
AdamW, in the same number format and on the same device. Timed is the training itself, from the first forward pass to
the end of the last step; loading, tokenising and evaluation are not. The tutorial pads every text to the longest of
the split, so all its steps cost the same, and it is timed on fewer steps (--seed-steps).

The share of the machine's matrix-product rate counts what the harness executes, forward and backward, against
products of the same shapes, measured in the same rounds.
"""

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import seed
from arithmetic import SHORTEST, Products, Work, best_square, block_weights, counted, model_products
from corpus import load_task, sampled, token_lengths
from measuring import StepClock, machine, median, seconds_of, spread
from options import make_parser, positive, prepare
from reporting import percent, print_facts, print_machine, print_table, times, write_json

OURS, SEED, GROUPED = "harness", "Trainer, tutorial", "Trainer, group_by_length"
MODEL_SHAPES, SQUARE = "products of the model's shapes", "best square product"
MEGA_BATCH = 50  # batches that group_by_length sorts together, or a quarter of all where that is less
VALIDATION_ROWS = 8  # our fit evaluates after the epoch, which is outside of the clock

Training = Callable[[], float]
"""Trains anew and returns the seconds of a step."""


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Time the three in turn, with the matrix products, and return all numbers."""
    from harness.huggingface import load_encoder

    encoder = load_encoder(options.model, None, True, options.device, "float32")
    task = load_task(options.data, options.rows)
    train = sampled(task.train, options.rows, encoder.tokenizer, encoder.max_length)
    few = train.rows(np.arange(min(options.seed_steps * seed.BATCH_SIZE, len(train))))
    task = replace(task, train=train, validation=task.validation.rows(np.arange(VALIDATION_ROWS)), allow_unseen=True)
    trainings: dict[str, Training] = {
        OURS: lambda: _ours(options, encoder, task),
        GROUPED: lambda: _trainer(options, encoder, train, task.n_classes, grouped=True),
        SEED: lambda: _trainer(options, encoder, few, task.n_classes, grouped=False),
    }
    tokens = {name: _tokens(encoder, few if name == SEED else train) for name in trainings}
    memory, works = _counted(trainings, encoder.model.config.vocab_size, options.device)
    products = _products(encoder, works[OURS], options)
    seconds = _in_turn(trainings, products, options)
    return {
        "machine": machine(options.device, options.dtype),
        "model": options.model,
        "texts": len(train),
        "steps": _steps(len(train)),
        "tokens": tokens[OURS],
        "device_memory_bytes": memory,
        "seconds": seconds,
        "padding_waste": {name: work.padding_waste(tokens[name]) for name, work in works.items()},
        "ratios": {
            f"{name} / {OURS}": median(seconds[name]) / median(seconds[OURS]) for name in trainings if name != OURS
        },
        "ratios_a_position": _ratios_a_position(seconds, works),
        "trainers_mega_batch": min(len(train) // (seed.BATCH_SIZE * 4), MEGA_BATCH),
        **_shares(seconds, products, works[OURS], _steps(len(train))),
    }


def _ratios_a_position(seconds: dict[str, list[float]], works: dict[str, Work]) -> dict[str, float]:
    """Return how much longer the others take for a token position, padding or not: the ratio without the padding."""
    each = {name: median(seconds[name]) * len(work.batches) / work.positions for name, work in works.items()}
    return {f"{name} / {OURS}": value / each[OURS] for name, value in each.items()}


def _steps(rows: int) -> int:
    return -(-rows // seed.BATCH_SIZE)


def _tokens(encoder: Any, split: Any) -> int:
    return int(token_lengths(encoder.tokenizer, split.texts, encoder.max_length).sum())


def _ours(options: argparse.Namespace, encoder: Any, task: Any) -> float:
    """Fit the installed strategy through its public door, timed by the progress that it reports."""
    from harness.executors.assignment import fit_context
    from harness.plugin_system.manager import PluginManager
    from harness.strategies.strategy import with_parameters
    from harness.testing import Bench

    strategy = with_parameters(
        PluginManager().offers["full_finetune"].strategy, {"epochs": 1, "batch_size": seed.BATCH_SIZE}
    )
    clock = StepClock(options.device, _steps(len(task.train)))

    def progress(what: str, done: int, total: int) -> None:
        if "step" in what and total == _steps(len(task.train)):
            clock.step_ended(done)

    with tempfile.TemporaryDirectory() as folder:
        session, trial = Bench(task, encoder, Path(folder)).prepare(strategy)
        session = replace(session, device=options.device, dtype=options.dtype)
        with fit_context(session.assignment(trial), progress) as context, clock:
            strategy.fit(task.train, task.validation, context)
    return clock.seconds_per_step


def _trainer(options: argparse.Namespace, encoder: Any, train: Any, n_classes: int, grouped: bool) -> float:
    from transformers import TrainerCallback

    clock = StepClock(options.device, _steps(len(train)))

    class Watcher(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            clock.step_ended(state.global_step)

    with tempfile.TemporaryDirectory() as workdir:
        trainer = seed.make_trainer(
            encoder.directory,
            {"train": train},
            n_classes,
            Path(workdir),
            tokenizer=encoder.tokenizer,
            max_length=encoder.max_length,
            device=options.device,
            dtype=options.dtype,
            grouped=grouped,
            num_train_epochs=1,
            save_strategy="no",
        )
        trainer.add_callback(Watcher())
        with clock:
            trainer.train()
    return clock.seconds_per_step


def _counted(trainings: dict[str, Training], vocabulary_size: int, device: str) -> tuple[int | None, dict[str, Work]]:
    """Train once with each, which also warms it up, and return our peak of device memory and what each executed."""
    import torch

    memory, works = None, {}
    for name, training in trainings.items():
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()
        with counted(vocabulary_size) as works[name]:
            training()
        if device == "cuda" and name == OURS:
            memory = int(torch.cuda.max_memory_allocated())
    return memory, works


def _products(encoder: Any, work: Work, options: argparse.Namespace) -> dict[str, Products]:
    import torch

    weights = [weight.to(getattr(torch, options.dtype)) for weight in block_weights(encoder.model)]
    shapes = model_products(weights, work.usual_positions(), backward=True)
    return {
        MODEL_SHAPES: shapes.repeated(options.device, 2 * SHORTEST),
        SQUARE: best_square(options.device, options.dtype),
    }


def _in_turn(
    trainings: dict[str, Training], products: dict[str, Products], options: argparse.Namespace
) -> dict[str, list[float]]:
    """Return name -> seconds of a step, or of the products, in the order of the rounds."""
    seconds: dict[str, list[float]] = {name: [] for name in (*trainings, *products)}
    for _ in range(options.repeats):
        for name, training in trainings.items():
            seconds[name].append(training())
        for name, each in products.items():
            seconds[name].append(seconds_of(each, options.device))
    return seconds


def _shares(seconds: dict[str, list[float]], products: dict[str, Products], work: Work, steps: int) -> dict[str, Any]:
    reached = work.flops / steps / median(seconds[OURS])
    best = {name: each.flops / median(seconds[name]) for name, each in products.items()}
    return {
        "flops_per_step": work.flops / steps,
        "flops_per_second": {OURS: reached, **best},
        "shares": {name: reached / rate for name, rate in best.items()},
    }


def show(result: dict[str, Any]) -> None:
    """Print the tables."""
    seconds, ratios = result["seconds"], result["ratios"]
    rows = [
        [
            name,
            f"{median(seconds[name]):.3f}",
            times(ratios.get(f"{name} / {OURS}", 1.0)),
            percent(spread(seconds[name])),
            percent(waste),
            times(result["ratios_a_position"][f"{name} / {OURS}"]),
        ]
        for name, waste in result["padding_waste"].items()
    ]
    print_machine(result["machine"])
    columns = ("fine-tune", "s a step", f"time / {OURS}", "spread", "padding", "time a position")
    print_table(f"{result['steps']} steps of {seed.BATCH_SIZE} texts, {result['model']}", columns, rows)
    speeds = result["flops_per_second"]
    print_facts(
        {
            **{f"share of the {name}": percent(share) for name, share in result["shares"].items()},
            "batches that group_by_length sorts together": f"{result['trainers_mega_batch']} of {MEGA_BATCH}",
            "GFLOP/s": ", ".join(f"{name} {speed / 1e9:,.0f}" for name, speed in speeds.items()),
        }
    )


def main() -> None:
    """Run the benchmark."""
    parser = make_parser(__doc__ or "", rows=2048, repeats=3)
    parser.add_argument(
        "--seed-steps", type=positive, default=4, help="steps with the tutorial's arguments; default: %(default)s"
    )
    options = parser.parse_args()
    prepare(options)
    result = measure(options)
    show(result)
    write_json(options.json, result)


if __name__ == "__main__":
    main()
