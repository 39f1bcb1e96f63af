"""The latency of a fitted classifier, measured where it was fitted, after it has predicted and was saved."""

import contextlib
import warnings
from collections.abc import Sequence
from functools import partial

import numpy as np

from harness.encoding.encoder import Encoder
from harness.executors.assignment import Assignment
from harness.features.switched import SwitchedEncoding
from harness.results.latency import LONGEST_REASON, Latency
from harness.strategies.strategy import Classifier, RunContext, wanted_features
from harness.strategies.tags import classifier_tags
from harness.system.device import synchronized_clock
from harness.system.memory import available_memory
from harness.wording.quantities import memory
from harness.wording.secrets import redacted

MOST_TEXTS, FEWEST_TEXTS = 50, 3
WARM_UP = 3  # texts that are not timed: the first ones load weights and choose kernels
LONGEST = 1.0  # seconds, of warming up and of timing each; slow classifiers are timed on fewer texts
BYTES = {"float32": 4, "bfloat16": 2}  # of a weight
NOT_TAKEN = 0.5  # of the free memory, which other trials and the driver want, too


def measured_latency(classifier: Classifier, assignment: Assignment, context: RunContext) -> Latency:
    """Return what single texts of validation take, from the text to its probabilities; whatever fails is told in it.

    Frozen features are computed for each text, though the run has them: a text that a service meets is new. Where the
    classifier asks somebody else, it is what each answer of it took.

    Args:
        classifier: The fitted classifier.
        assignment: What its strategy was given.
        context: What its strategy was fitted with.

    Raises:
        KeyboardInterrupt: Where the user stops the run.
    """
    if asked := classifier_tags(classifier).text_seconds:
        return _percentiles(asked)
    encode = context.encode
    computing = encode.computing() if isinstance(encode, SwitchedEncoding) else contextlib.nullcontext()
    try:
        if problem := _no_room(assignment):
            return Latency(problem=problem)
        with computing, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _timed(classifier, assignment)
    except KeyboardInterrupt:
        raise
    except (Exception, SystemExit) as error:  # none of them may cost the trial what it has predicted
        told = type(error).__name__
        with contextlib.suppress(Exception):
            told = " ".join(f"{told}: {error}".split())
        return Latency(problem=redacted(told)[:LONGEST_REASON])


def _timed(classifier: Classifier, assignment: Assignment) -> Latency:
    texts = assignment.validation.texts
    texts = texts[:: max(len(texts) // MOST_TEXTS, 1)][:MOST_TEXTS]
    clock = partial(synchronized_clock, assignment.device)
    began = clock()
    for text in texts[:WARM_UP]:
        classifier.predict_proba([text])
        if clock() - began > LONGEST:
            break
    times, began = [], clock()
    for text in texts:
        started = clock()
        classifier.predict_proba([text])
        times.append((ended := clock()) - started)
        if ended - began > LONGEST and len(times) >= FEWEST_TEXTS:
            break
    return _percentiles(times)


def _percentiles(times: Sequence[float]) -> Latency:
    p50, p95 = np.percentile(times, (50, 95))
    return Latency(p50_seconds=float(p50), p95_seconds=float(p95), n_texts=len(times))


def _no_room(assignment: Assignment) -> str | None:
    """Return why the encoder is not loaded once more to be timed, None where there is room for it."""
    encoder: Encoder | None = assignment.encoder
    if encoder is None or not wanted_features(assignment.strategy):
        return None
    needed, free = encoder.n_parameters * BYTES.get(assignment.dtype, 4), available_memory(assignment.device)
    if needed <= NOT_TAKEN * free:
        return None
    return f"the encoder takes {memory(needed)}, and {memory(free)} of memory are free"
