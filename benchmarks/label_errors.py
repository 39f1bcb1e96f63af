"""How many planted label errors stand first in the list of likely ones, in three orders: no speed.

python benchmarks/label_errors.py --data FOLDER [--model NAME] [--rows 2000] [--share 0.05] [--split train]

Labels of test, or of train, are changed at random before anything is run; the strategies are those of the group `fast`.
"""

import argparse
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from options import MODEL

import harness
from harness.analysis.joint_errors import calibrated_of, is_right, label_probabilities
from harness.api.result import RunResult
from harness.data.task import Split, Task
from harness.results.predictions import Predictions
from harness.runs.opening import open_data

SHOWN = (50, 100)


def with_planted_errors(task: Task, share: float, seed: int = 0, split: str = "test") -> tuple[Task, NDArray[np.int64]]:
    """Give a share of the rows of a split another label each; returns the task and these rows."""
    rng, rows = np.random.default_rng(seed), getattr(task, split)
    planted = rng.choice(len(rows), round(share * len(rows)), replace=False)
    labels = rows.labels.copy()
    labels[planted] = (labels[planted] + 1 + rng.integers(task.n_classes - 1, size=len(planted))) % task.n_classes
    return replace(task, **{split: Split(rows.texts, labels)}), planted


def print_doubtful(run: RunResult, task: Task, planted: NDArray[np.int64], chosen: list[str]) -> None:
    """Print precision and recall of the doubtful labels of train, as many as were planted."""
    for strategies in ([], *([name] for name in chosen)):
        found = run.doubtful_labels(len(task.train), strategies, data=task, progress=False)
        hits = np.isin(found["row"].to_numpy(), planted)
        k = len(planted)
        told = f"precision {hits[:k].mean():.2f}, recall {hits[:k].sum() / k:.2f} of the first {k}"
        named = ", ".join(strategies) or "default"
        print(f"{named}: {told}; {hits[: k // 2].sum()} of the first {k // 2}; missed by all {len(hits)}")


def orders(predictions: Mapping[str, Predictions]) -> dict[str, NDArray[np.int64]]:
    """Return name of an order -> the rows that all strategies miss, the most likely label error first."""
    every = list(predictions.values())
    missed = np.flatnonzero(~np.any([is_right(each) for each in every], axis=0))
    answer = np.mean([each.probabilities for each in every], axis=0).max(axis=1)
    calibrated = list(calibrated_of(predictions).values())
    found = {
        "probability of the answer": -answer,
        "probability of the label, all strategies": label_probabilities(every),
        "probability of the label, calibrated strategies": label_probabilities(calibrated),
    }
    return {name: missed[np.argsort(values[missed], kind="stable")] for name, values in found.items()}


def main() -> None:
    """Plant errors, run the strategies and print how many stand among the first rows of each order."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, metavar="FOLDER")
    parser.add_argument("--model", default=MODEL, help="default: %(default)s")
    parser.add_argument("--rows", type=int, default=2000, help="of each split; default: %(default)s")
    parser.add_argument("--share", type=float, default=0.05, help="of test labels to change; default: %(default)s")
    parser.add_argument("--split", default="test", choices=["test", "train"], help="default: %(default)s")
    parser.add_argument("--strategies", default="fast", help="default: %(default)s")
    parser.add_argument("--output-dir", default="reports", metavar="FOLDER")
    arguments = parser.parse_args()
    task, _ = open_data(harness.RunConfig(dataset=arguments.data, limit=arguments.rows))
    task, planted = with_planted_errors(task, arguments.share, split=arguments.split)
    run = harness.compare(
        task, model=arguments.model, strategies=arguments.strategies, output_dir=arguments.output_dir, save_models=False
    )
    if arguments.split == "train":
        print_doubtful(run, task, planted, [each.name for each in run.strategies if each.kind != "trained"])
    else:
        print_orders(run, planted)


def print_orders(run: RunResult, planted: NDArray[np.int64]) -> None:
    """Print how many planted errors stand among the first test rows of each order."""
    predictions = {each.name: each.predictions for each in run.strategies if not each.is_floor}
    print(f"{len(predictions)} strategies, calibrated: {', '.join(calibrated_of(predictions))}; {len(planted)} planted")
    for name, rows in orders(predictions).items():
        shares = ", ".join(f"{np.isin(rows[:n], planted).mean():.2f} of {n}" for n in SHOWN)
        print(f"{name}: {shares} ({len(rows)} rows missed by all)")


if __name__ == "__main__":
    main()
