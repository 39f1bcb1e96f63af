"""How often the bands of `harness labels` hold what larger trainings then score: no speed.

python benchmarks/label_forecast.py --data FOLDER [--model NAME] [--strategies tfidf_logreg,logreg_probe]
    [--sizes 100,200,400,800,1600] [--larger 4000,8000] [--seeds 9] [--draws 24]

Curves are fitted to the sizes, with three of the seeds drawn at a time, and held against the mean over all seeds with
more rows. A run that is there already is opened: --run RUN.
"""

import argparse
from collections.abc import Sequence

import numpy as np
from options import MODEL

import harness
from harness.analysis.label_forecast import MeasuredCurve, forecast, measured_curve, metric_named
from harness.api.result import RunResult

AT_A_TIME = 3  # seeds


def share_held(
    curve: MeasuredCurve, sizes: Sequence[int], larger: Sequence[int], draws: int
) -> tuple[list[float], list[float]]:
    """Return how often the band holds the score with each larger number of rows, and the band's mean width."""
    rng, known, wanted = np.random.default_rng(0), [curve.sizes.index(n) for n in sizes], curve.scores.mean(axis=0)
    held, widths = np.zeros(len(larger)), np.zeros(len(larger))
    for _ in range(draws):
        seeds = rng.choice(len(curve.scores), AT_A_TIME, replace=False)
        moved = curve.moved[:, seeds][:, :, known]
        part = MeasuredCurve(tuple(sizes), curve.scores[seeds][:, known], moved, curve.best, curve.sign)
        expected = forecast("", "", part, rows=larger).expected
        for i, each in enumerate(expected):
            held[i] += each.low <= wanted[curve.sizes.index(each.n_rows)] <= each.high
            widths[i] += each.high - each.low
    return (held / draws).tolist(), (widths / draws).tolist()


def print_shares(run: RunResult, sizes: Sequence[int], larger: Sequence[int], draws: int) -> None:
    """Print both for each strategy of a run, by accuracy and f1_macro."""
    for studied in run.strategies:
        for name in ("accuracy", "f1_macro"):
            curve = measured_curve(run.run, run.directory, studied.name, metric_named(name, run.run), run.facts)
            shares, widths = share_held(curve, sizes, larger, draws)
            for n, share, width in zip(larger, shares, widths, strict=True):
                score = curve.scores.mean(axis=0)[curve.sizes.index(n)]
                print(f"{studied.name} {name}: {n:,} rows score {score:.4f}, held by {share:.2f} of {draws} bands, "
                      f"which are {width:.3f} wide")  # fmt: skip


def main() -> None:
    """Run the curves, or open them, and print how often the bands hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", metavar="FOLDER")
    parser.add_argument("--run", metavar="RUN", help="a finished run with these sizes and seeds")
    parser.add_argument("--model", default=MODEL, help="default: %(default)s")
    parser.add_argument("--strategies", default="tfidf_logreg,logreg_probe", help="default: %(default)s")
    parser.add_argument("--sizes", default="100,200,400,800,1600", help="default: %(default)s")
    parser.add_argument("--larger", default="4000,8000", help="default: %(default)s")
    parser.add_argument("--seeds", type=int, default=9, help="default: %(default)s")
    parser.add_argument("--draws", type=int, default=24, help="default: %(default)s")
    parser.add_argument("--output-dir", default="reports", metavar="FOLDER")
    arguments = parser.parse_args()
    sizes, larger = ([int(n) for n in text.split(",")] for text in (arguments.sizes, arguments.larger))
    run = (
        harness.open_run(arguments.run, arguments.output_dir)
        if arguments.run
        else harness.compare(
            arguments.data,
            model=arguments.model,
            strategies=arguments.strategies.split(","),
            train_sizes=[*sizes, *larger],
            seeds=list(range(arguments.seeds)),
            output_dir=arguments.output_dir,
            save_models=False,
        )
    )
    print_shares(run, sizes, larger, arguments.draws)


if __name__ == "__main__":
    main()
