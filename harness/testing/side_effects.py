"""Checks of what a strategy does besides: to itself, to what it was given, to the process, to the devices."""

from harness.strategies.strategy import Strategy
from harness.testing.bench import Bench
from harness.testing.examination import examine
from harness.testing.expecting import expect


def check_fit_leaves_the_strategy_unchanged(strategy: Strategy, bench: Bench) -> None:
    """`fit` returns a classifier and changes none of the strategy's own fields, nor other attributes, nor its class."""
    changed = examine(strategy, bench).watched.own
    expect(
        not changed, f"expected fit to keep what it learns in the classifier, but of the strategy {'; '.join(changed)}"
    )


def check_leaves_shared_data_unchanged(strategy: Strategy, bench: Bench) -> None:
    """Texts, labels and frozen features, raw and standardised, are afterwards what they were for the next strategy."""
    changed = examine(strategy, bench).watched.data
    expect(
        not changed,
        f"expected what others are given, too, to stay as it is, but {'; '.join(changed)}: change copies only, such as "
        "np.array(train.labels)",
    )


def check_leaves_other_strategies_alone(strategy: Strategy, bench: Bench) -> None:
    """Another strategy predicts the same before and after it, and no setting of the process stays changed.

    What the harness restores after every trial may be changed: the generators of Python, numpy and torch, torch's
    threads, default dtype and determinism, environment variables, the working directory, the filters of warnings.
    """
    watched = examine(strategy, bench).watched
    before, after = watched.reference
    why = " from changed data" if watched.data else ""
    told = f"the failure {after.error.message!r} of another" if after.error else f"other predictions of another{why}"
    moved = [] if before.predictions_sha256 == after.predictions_sha256 else [f"{told} after it"]
    found = [*moved, *(f"{change}, and was left so" for change in watched.process)]
    expect(not found, f"expected other strategies to be left alone, got {'; '.join(found)}")


def check_computes_on_the_device_it_is_given(strategy: Strategy, bench: Bench) -> None:
    """With `--device cpu` every tensor is on the CPU, CUDA stays untouched, and its own code asks for no device.

    That code asks is the only thing that shows on a machine without a GPU: there, what it would choose is the CPU, too.
    """
    watched = examine(strategy, bench).watched
    failure = watched.record.error
    tried = [failure.message] if failure and "CUDA" in failure.message and not watched.is_scored else []
    found = [*watched.devices, *tried]
    expect(not found, f"expected everything on context.device, which is 'cpu', got that {'; '.join(found)}")
    _ = examine(strategy, bench).first
