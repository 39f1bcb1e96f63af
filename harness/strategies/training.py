"""Training of a sequence classifier: shuffled batches of similar length, validation now and then, the best state kept.

The settings are those of transformers' Trainer: AdamW without weight decay on biases and LayerNorms, a linear schedule,
gradients clipped to norm 1. The loop is our own because Trainer takes about 10 ms more a step: 4-8 % of MiniLM's on two
CPU cores, but 20-30 % where the device needs little time for the arithmetic.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from harness.data.stratification import stratified_rows
from harness.data.task import Split
from harness.encoding.encoder import Progress
from harness.encoding.sequence_classifier import head_weights
from harness.errors import StrategyError
from harness.evaluation.metric import Metric
from harness.evaluation.metrics import CoreMetric, evaluate
from harness.strategies.class_weights import ClassWeight, class_weights
from harness.strategies.forward import (
    Forward,
    Integers,
    TokenIds,
    add_gradient,
    fast_forward,
    predict_logits,
    token_ids_of,
)
from harness.strategies.model_selection import Candidate, history_of, score_candidate
from harness.strategies.optimism import selection_optimism
from harness.strategies.recipe import Recipe
from harness.strategies.strategy import TellEpoch, tell_nobody

DIVERGED = "The loss became NaN or infinite. Lower learning_rate or use --dtype float32."
MOST_EVALUATIONS = 10  # in one training, so that validation costs less than training
LEAST_VALIDATION = 1000  # rows that are enough to choose a state by, where train holds no more
TOLERANCE = 1e-9  # the sum of the same shares in another order
MEGA_BATCH = 50  # batches sorted by length together, as transformers' group_by_length does


@dataclass(frozen=True)
class Course:
    """How a training went.

    Attributes:
        history: One mapping an evaluation: epoch, step, loss on train since the last, scores on validation.
        optimism: By how much keeping the best of these states flatters the score on validation.
    """

    history: list[dict[str, float]]
    optimism: float | None


@dataclass(frozen=True)
class Training:
    """Training of one model.

    Args:
        model: A transformers model for sequence classification; what requires no gradient stays as it is.
        tokenizer: Its tokenizer.
        max_length: Tokens to truncate texts at.
        dtype: float32 or bfloat16, to compute in.
        recipe: How to train.
        part: Texts to compute at once, at most a batch.
        seed: Of the order of the texts.
        progress: Told how far it is.
        epoch: Told each entry of the history as soon as it is known.
        select_by: The metric that chooses the state, None for f1_weighted.
        class_weight: Whether each class counts the same in the loss, or each text.
    """

    model: Any
    tokenizer: Any
    max_length: int
    dtype: str
    recipe: Recipe
    part: int
    seed: int
    progress: Progress
    epoch: TellEpoch = tell_nobody
    select_by: Metric | None = None
    class_weight: ClassWeight = "none"

    def best(self, train: Split, validation: Split, scores_start: bool) -> Course:
        """Train, and leave the model in the state with the best score on validation, then the lowest loss.

        Args:
            train: What to train on.
            validation: What to choose the state by; where it is far larger than train, by a part of it.
            scores_start: Whether the state before the first step may be kept, too.

        Raises:
            StrategyError: Where the model computes NaN or infinity.
        """
        trained = {name: weight for name, weight in self.model.named_parameters() if weight.requires_grad}
        name, floor = floor_of(train, validation, self.class_weight)
        history, states = list[dict[str, float]](), list[Candidate]()
        best, best_standing, waited, has_learnt = {}, (-math.inf, 0.0), 0, False
        looked_at = enough_rows(validation, len(train))
        for scores, state in self._evaluations(train, looked_at, scores_start):
            history.append(scores)
            self.epoch(scores)
            states.append(state)
            # Few rows give the same score often, and of equal answers the surer ones are better.
            standing = self._score_of(scores, state), -scores["validation_loss"]
            has_learnt |= scores["epoch"] > 0 and scores[f"validation_{name}"] > floor
            waited = waited + 1 if has_learnt and standing[0] <= best_standing[0] else 0
            if standing > best_standing:
                best_standing = standing
                best = {name: weight.detach().to("cpu", copy=True) for name, weight in trained.items()}
            if waited >= self.recipe.patience:
                break
        self.model.load_state_dict(best, strict=False)
        flattery = selection_optimism(
            states, looked_at.labels, nearly_best=0.0, chosen_by="f1_weighted", metric=self.select_by
        )
        # The rows that chose are flattered, the rest of validation is not.
        return Course(history, None if flattery is None else flattery * len(looked_at) / len(validation))

    def _score_of(self, scores: Mapping[str, float], state: Candidate) -> float:
        """Return what chooses the state, such that the largest is the best."""
        return state.score if self.select_by else scores["validation_f1_weighted"]

    def _evaluations(
        self, train: Split, validation: Split, scores_start: bool
    ) -> Iterator[tuple[dict[str, float], Candidate]]:
        """Train and yield, after each epoch or every few, what was measured, and what was answered."""
        import torch

        recipe, model, rng = self.recipe, self.model, np.random.default_rng(self.seed)
        weights = class_weights(np.array(train.labels), self.model.config.num_labels, self.class_weight)
        train_ids, validation_ids = (
            token_ids_of(self.tokenizer, split.texts, self.max_length) for split in (train, validation)
        )
        steps = recipe.epochs * math.ceil(len(train) / recipe.batch_size)
        optimizer, schedule = optimizer_of(model, recipe, steps)
        with fast_forward(model, self.dtype) as forward:
            if scores_start:
                scores, state = _scores(forward, validation_ids, validation.labels, self.select_by)
                yield {"epoch": 0, "step": 0, **scores}, state
            for before, epoch in stretches(recipe.epochs):
                model.train()
                loss = torch.zeros((), device=model.device)  # read once an evaluation: to read it is to wait for it
                for rows in _passes(epoch - before, train_ids, recipe.batch_size, rng):
                    loss += add_gradient(forward, train_ids, train.labels, rows, self.part, weights)
                    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
                    optimizer.step()
                    schedule.step()
                    optimizer.zero_grad()
                    self.progress(f"epoch {epoch}/{recipe.epochs}, step", schedule.last_epoch, steps)
                model.eval()
                if not math.isfinite(train_loss := float(loss) / ((epoch - before) * len(train))):
                    raise StrategyError(DIVERGED)
                scores, state = _scores(forward, validation_ids, validation.labels, self.select_by)
                yield {"epoch": epoch, "step": schedule.last_epoch, "train_loss": train_loss, **scores}, state


def floor_of(train: Split, validation: Split, class_weight: ClassWeight) -> tuple[str, float]:
    """Return the score by which something was learnt, and what always answering the largest class of train has of it.

    Where each class counts the same in the loss, f1_weighted is not what was trained for: then it is f1_macro.
    """
    name: CoreMetric = "f1_macro" if class_weight == "balanced" else "f1_weighted"
    return name, majority_f1(train.labels, validation.labels, name)


def majority_f1(train: Integers, validation: Integers, name: CoreMetric = "f1_weighted") -> float:
    """Return a score on validation of always answering the largest class of train, with room for rounding.

    Args:
        train: Class ids, int64 (n,).
        validation: Class ids, int64 (m,).
        name: Which score.
    """
    k = int(max(train.max(), validation.max())) + 1
    answers = np.zeros((len(validation), k), dtype=np.float32)
    answers[:, np.bincount(train).argmax()] = 1
    return (evaluate(validation, answers).score(name) or 0.0) + TOLERANCE


def share_entropy(labels: Integers) -> float:
    """Return the cross-entropy, in nats, of answering each class with its share among n labels, int64 (n,)."""
    shares = np.bincount(labels) / len(labels)
    shares = shares[shares > 0]
    return float(-(shares * np.log(shares)).sum())


def prior_loss(labels: Integers, class_weight: ClassWeight) -> float:
    """Return the loss of whoever answers each class with its share in that loss, of n labels, int64 (n,)."""
    return math.log(len(np.unique(labels))) if class_weight == "balanced" else share_entropy(labels)


def enough_rows(validation: Split, n_train: int) -> Split:
    """Return validation or a stratified part of it, so that evaluating it does not cost more than training."""
    enough = max(n_train, LEAST_VALIDATION)
    return validation if len(validation) <= enough else validation.rows(stratified_rows(validation.labels, enough))


def stretches(epochs: int) -> list[tuple[int, int]]:
    """Return the epochs between which training goes on without an evaluation: (done before, done after)."""
    length = math.ceil(epochs / MOST_EVALUATIONS)
    return [(done, min(done + length, epochs)) for done in range(0, epochs, length)]


def _passes(n: int, token_ids: TokenIds, batch_size: int, rng: np.random.Generator) -> Iterator[Integers]:
    for _ in range(n):
        yield from length_buckets(token_ids, batch_size, rng)


def optimizer_of(model: Any, recipe: Recipe, steps: int) -> tuple[Any, Any]:
    """Return AdamW, whose decay spares biases and LayerNorms (all that are vectors), and its schedule."""
    import torch

    warmup = math.ceil(recipe.warmup * steps)

    def share(step: int) -> float:
        """Return which share of the learning rate a step takes: up to 1 in the warm-up, then down to 0."""
        return step / warmup if step < warmup else (steps - step) / max(steps - warmup, 1)

    of_head, groups = head_weights(model), []
    weights = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    for in_head, is_matrix in product((False, True), repeat=2):
        some = [w for name, w in weights.items() if (name in of_head) == in_head and (w.ndim > 1) == is_matrix]
        rate = recipe.learning_rate * (recipe.head_factor if in_head else 1)
        groups.append({"params": some, "lr": rate, "weight_decay": recipe.weight_decay if is_matrix else 0.0})
    optimizer = torch.optim.AdamW(groups, lr=recipe.learning_rate, fused=True)
    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, share)


def length_buckets(token_ids: TokenIds, batch_size: int, rng: np.random.Generator) -> list[Integers]:
    """Return one epoch's batches of row numbers: each row once, similar lengths together, in random order."""
    lengths = np.array([len(ids) for ids in token_ids])
    order = rng.permutation(len(lengths))
    batches = []
    for start in range(0, len(order), MEGA_BATCH * batch_size):
        rows = order[start : start + MEGA_BATCH * batch_size]
        rows = rows[np.argsort(-lengths[rows], kind="stable")]
        batches += [rows[first : first + batch_size] for first in range(0, len(rows), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def _scores(
    forward: Forward, token_ids: TokenIds, labels: Integers, metric: Metric | None
) -> tuple[dict[str, float], Candidate]:
    """Return loss, accuracy, f1_macro, f1_weighted and the metric that chooses on validation, and the answers.

    Raises:
        StrategyError: Where the model computes NaN or infinity.
    """
    import torch
    from torch.nn import functional as F

    logits = predict_logits(forward, token_ids)
    loss = float(F.cross_entropy(logits, torch.tensor(labels)))
    if not (torch.isfinite(logits).all() and math.isfinite(loss)):
        raise StrategyError(DIVERGED)
    probabilities = logits.softmax(dim=1).numpy()
    scores = evaluate(labels, probabilities)
    values = {name: getattr(scores, name) for name in ("accuracy", "f1_macro", "f1_weighted")}
    measured = {f"validation_{name}": value for name, value in {"loss": loss, **values}.items()}
    state = score_candidate({}, probabilities, labels, metric)
    return measured | history_of(metric, state.score), state
