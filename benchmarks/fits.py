"""Heads of linear probes on frozen features: a search over twelve penalties against one fit, and how exact a fit is.

Seconds are of one thread. A fit is exact where neither threads nor rounding of the features move a probability.
"""

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
from corpus import load_task
from measuring import in_turn, machine, median, spread
from numpy.typing import NDArray
from options import make_parser, prepare
from reporting import percent, print_facts, print_machine, print_table, times, write_json

PENALTIES = tuple(float(C) for C in np.geomspace(1e-4, 10, 12))
MOVED = 1e-6  # share of a feature's deviation: rounding in another order of sums, as on another machine
SEARCH, LIBRARY, KEPT = "search over 12 values of C", "scikit-learn, one fit at C = 1", "one exact fit at C = 0.01"
SVM = "linear_svm_probe, search of its grid and exact fit"


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Time all of them in turn and return all numbers."""
    from threadpoolctl import threadpool_limits

    from harness.plugin_system.manager import PluginManager

    x, y = _scaled_features(options)
    probe, svm = (PluginManager().offers[name].strategy for name in ("logreg_probe", "linear_svm_probe"))
    candidates: dict[str, Callable[[], object]] = {
        LIBRARY: lambda: _library_fit(x, y, C=1.0),
        KEPT: lambda: probe.fitted(x, y, 0.01, 0),
        SEARCH: lambda: [answer(x[:100]) for _, answer in probe.path(x, y, PENALTIES)],
        SVM: lambda: ([*svm.path(x, y, svm.grid["standard"])], svm.fitted(x, y, 0.001, 0)),
    }
    with threadpool_limits(1, user_api="blas"):
        candidates[LIBRARY]()
        seconds = in_turn(candidates, options.repeats, "cpu")
    return {
        "machine": machine("cpu", "float32"),
        "model": options.model,
        "rows": len(x),
        "width": x.shape[1],
        "classes": int(y.max()) + 1,
        "seconds": seconds,
        "moved": _moved(probe, x, y),
    }


def _scaled_features(options: argparse.Namespace) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return standardised features of rows of train, float32 (n, width), and their classes from 0, int64 (n,)."""
    from harness import Features
    from harness.huggingface import load_encoder

    task = load_task(options.data, options.rows)
    rows = np.random.default_rng(0).permutation(len(task.train))[: options.rows]
    some, state = task.train.rows(rows), Features(layer=-1, pooling="mean")
    x = load_encoder(options.model, None, True, "cpu", "float32").encode(some.texts, [state])[state]
    deviations = np.maximum(x.std(axis=0), 1e-6)
    return (x - x.mean(axis=0)) / deviations, np.unique(some.labels, return_inverse=True)[1]


def _library_fit(x: NDArray[np.float32], y: NDArray[np.int64], C: float) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=C, max_iter=1000).fit(x, y)


def _moved(probe: Any, x: NDArray[np.float32], y: NDArray[np.int64]) -> dict[str, float]:
    """Return by how much a probability moves at most, at C = 0.01."""
    from threadpoolctl import threadpool_limits

    nudged = x + MOVED * np.random.default_rng(0).standard_normal(x.shape).astype(np.float32)
    fits: dict[str, Any] = {}
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            fits[f"{threads} threads"] = probe.fitted(x, y, 0.01, 0).predict_proba(x)
    fits["features moved by rounding"] = probe.fitted(nudged, y, 0.01, 0).predict_proba(x)
    fits["scikit-learn at its own tolerance"] = _library_fit(x, y, C=0.01).predict_proba(x)
    exact = fits.pop("1 threads")
    return {name: float(np.abs(each - exact).max()) for name, each in fits.items()}


def show(result: dict[str, Any]) -> None:
    """Print the tables."""
    seconds, one = result["seconds"], median(result["seconds"][LIBRARY])
    rows = [[name, f"{median(s):.2f}", times(median(s) / one), percent(spread(s))] for name, s in seconds.items()]
    print_machine(result["machine"])
    title = f"{result['rows']:,} x {result['width']} features, {result['classes']} classes, {result['model']}"
    print_table(title, ("of one thread", "seconds", "/ one fit", "spread"), rows)
    print_facts({f"largest change of a probability, {name}": f"{by:.1e}" for name, by in result["moved"].items()})


def main() -> None:
    """Run the benchmark."""
    options = make_parser(__doc__ or "", rows=16000, repeats=3).parse_args()
    prepare(options)
    result = measure(options)
    show(result)
    write_json(options.json, result)


if __name__ == "__main__":
    main()
