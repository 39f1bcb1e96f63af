"""What a training will take, from a few timed steps of it."""

import math
from collections.abc import Sequence
from itertools import cycle, islice

import numpy as np

from harness.data.task import Split
from harness.strategies.forward import Forward, Integers, TokenIds, add_gradient, fast_forward, predict_logits
from harness.strategies.forward import token_ids_of as ids_of
from harness.strategies.tags import FitForecast
from harness.strategies.training import MEGA_BATCH, Training, enough_rows, length_buckets, optimizer_of, stretches
from harness.system.device import synchronized_clock

UNTIMED_STEPS = 2  # the first ones allocate memory and choose kernels
TIMED_STEPS = 6
LONGEST = 10.0  # seconds of timed steps: slow models take fewer
TIMED_TEXTS = 128


def forecast_training(training: Training, train: Split, validation: Split) -> FitForecast:
    """Time a few steps of a training and a few texts of its validation; the model is changed by that.

    A step is taken to last in proportion to its tokens, padding included.

    Args:
        training: The training.
        train: What it will be trained on.
        validation: What it will be evaluated on.
    """
    recipe, rng = training.recipe, np.random.default_rng(training.seed)
    some = train.rows(rng.permutation(len(train))[: MEGA_BATCH * recipe.batch_size])
    ids = ids_of(training.tokenizer, some.texts, training.max_length)
    batches = length_buckets(ids, recipe.batch_size, rng)
    looks = len(stretches(recipe.epochs))
    shown = validation.texts[:: max(len(validation) // TIMED_TEXTS, 1)][:TIMED_TEXTS]
    with fast_forward(training.model, training.dtype) as forward:
        a_token = _seconds_a_token(training, forward, (ids, some.labels), batches)
        training.model.eval()
        shown_ids = ids_of(training.tokenizer, shown, training.max_length)
        for _ in range(2):  # the first time chooses kernels
            started = synchronized_clock(str(training.model.device))
            predict_logits(forward, shown_ids)
            a_text = (synchronized_clock(str(training.model.device)) - started) / len(shown)
    a_step = a_token * float(np.mean([_tokens(ids, rows) for rows in batches]))
    n_steps = recipe.epochs * math.ceil(len(train) / recipe.batch_size)
    return FitForecast(n_steps * a_step + looks * len(enough_rows(validation, len(train))) * a_text, a_text)


def _seconds_a_token(
    training: Training, forward: Forward, data: tuple[TokenIds, Integers], batches: Sequence[Integers]
) -> float:
    """Return what a step takes for each token of its batch."""
    import torch

    ids, labels = data
    optimizer, _ = optimizer_of(training.model, training.recipe, UNTIMED_STEPS + TIMED_STEPS)
    seconds, tokens = 0.0, 0
    training.model.train()
    for step, rows in enumerate(islice(cycle(batches), UNTIMED_STEPS + TIMED_STEPS)):
        started = synchronized_clock(str(training.model.device))
        add_gradient(forward, ids, labels, rows, training.part)
        torch.nn.utils.clip_grad_norm_(training.model.parameters(), max_norm=1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step >= UNTIMED_STEPS or seconds:
            seconds += synchronized_clock(str(training.model.device)) - started
            tokens += _tokens(ids, rows)
        if seconds > LONGEST:
            break
    return seconds / tokens


def _tokens(ids: TokenIds, rows: Integers) -> int:
    return len(rows) * max(len(ids[row]) for row in rows)
