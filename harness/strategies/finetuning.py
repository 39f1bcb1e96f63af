"""Base for strategies that train a transformers model: shuffled batches of similar length, the best epoch kept.

The recipe is that of transformers' Trainer: AdamW without weight decay on biases and LayerNorms, a linear schedule,
gradients clipped to norm 1. The loop is our own because Trainer takes about 10 ms more a step: 4-8 % of MiniLM's on two
CPU cores, but 20-30 % where the device needs little time for the arithmetic.
"""

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Interval
from numpy.typing import NDArray

from harness.data.task import Split
from harness.encoding.checkpoint import load_tokenizer
from harness.encoding.sequence_classifier import load_sequence_classifier
from harness.errors import StrategyError, UndertrainedWarning
from harness.evaluation.metrics import evaluate
from harness.strategies.forward import (
    Forward,
    Integers,
    TokenIds,
    add_gradient,
    fast_forward,
    if_it_fits,
    predict_logits,
    token_ids_of,
)
from harness.strategies.strategy import RunContext

UNDERTRAINED = (
    "The loss on train was {loss:.2f} in the last epoch, not below the {prior:.2f} of answering each class's share. "
    "More steps (epochs, min_steps) or another learning_rate may help."
)
DIVERGED = "The loss became NaN or infinite. Lower learning_rate or use --dtype float32."
MEGA_BATCH = 50  # batches sorted by length together, as transformers' group_by_length does


@dataclass(frozen=True)
class FineTunedClassifier:
    """A fine-tuned transformers model and its tokenizer, as a `Classifier`.

    Args:
        model: A model for sequence classification.
        tokenizer: Its tokenizer.
        max_length: Tokens to truncate texts at.
        dtype: float32 or bfloat16, to compute in.
        history: One mapping an epoch.
        trainable_parameters: Number of weights that were trained, None where that is not known, as after loading.
    """

    model: Any
    tokenizer: Any
    max_length: int
    dtype: str
    history: list[dict[str, float]] = field(default_factory=list)
    trainable_parameters: int | None = None

    @classmethod
    def pretrained(cls, directory: str, context: RunContext) -> "FineTunedClassifier":
        """Return the model of a checkpoint, on the device; where the checkpoint holds no head, with a random one."""
        tokenizer = load_tokenizer(directory)
        model = load_sequence_classifier(directory, context.label_names, context.device)
        model.config.pad_token_id = tokenizer.pad_token_id
        return cls(model.eval(), tokenizer, context.max_length, context.dtype)

    @property
    def own_parameters(self) -> int:
        """Number of weights that predicting needs, trained or not; peft also holds the head that it replaced."""
        weights = self.model.named_parameters()
        return sum(weight.numel() for name, weight in weights if ".original_module." not in name)

    def logits(self, texts: Sequence[str]) -> Any:
        """Return what the model's last layer gives for n texts, a float32 tensor (n, k) on the CPU."""
        import torch

        if not texts:
            return torch.empty((0, self.model.config.num_labels))
        with fast_forward(self.model, self.dtype) as forward:
            return predict_logits(forward, token_ids_of(self.tokenizer, texts, self.max_length))

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return class probabilities, float32 (n, k)."""
        return np.asarray(self.logits(texts).softmax(dim=1))

    def save(self, directory: Path) -> None:
        """Write model and tokenizer as `from_pretrained` reads them, without optimiser state."""
        self.model.save_pretrained(directory)
        self.tokenizer.save_pretrained(directory)


@dataclass(frozen=True)
class FineTuning:
    """Base of fine-tuning strategies; as it is, all weights are trained and the head begins at random.

    A subclass is a frozen dataclass with a `name`; what it does otherwise stands in its `prepare`.

    Attributes:
        scores_start: Whether the model is evaluated before the first step, too, as epoch 0, and may be kept as it was
            then: for models that begin with a head that can predict.
        search_space: That of BERT (Devlin et al., 2019, appendix A.3), with higher steps for smaller encoders.

    Args:
        learning_rate: AdamW's highest step size; it falls linearly to 0.
        epochs: Passes over train, each followed by an evaluation on validation; the best f1_weighted is kept.
        batch_size: Texts a step.
        weight_decay: AdamW's weight decay.
        warmup: Share of the steps in which the step size rises from 0.
        min_steps: Least number of steps: where train is too small for as many, every epoch is as many passes as that
            takes. Few labels need it: BERT's published recipes stop too early there (Mosbach et al., 2021).
    """

    name: ClassVar[str]
    # What torch, transformers and scikit-learn import on first use, one to two seconds of the first trial;
    # making an optimizer imports even torch's compiler.
    imports: ClassVar[tuple[str, ...]] = (
        "transformers.models.auto.tokenization_auto",
        "transformers.models.auto.modeling_auto",
        "transformers.modeling_utils",
        "torch._dynamo",
        "sklearn.metrics",
    )
    scores_start: ClassVar[bool] = False
    search_space: ClassVar[str] = "learning_rate=1e-5..3e-4:log, epochs=2..4, batch_size=16|32|64"
    learning_rate: Annotated[float, Gt(0)] = 2e-5
    epochs: Annotated[int, Ge(1)] = 2
    batch_size: Annotated[int, Ge(1)] = 64
    weight_decay: Annotated[float, Ge(0)] = 0.01
    warmup: Annotated[float, Interval(ge=0, lt=1)] = 0.0
    min_steps: Annotated[int, Ge(0)] = 0

    def prepare(self, untrained: FineTunedClassifier, train: Split, context: RunContext) -> None:
        """Freeze, wrap or set weights of the model before training; what requires no gradient stays as it is.

        Args:
            untrained: The pre-trained encoder with a new head; torch was seeded for what is random here.
            train: What it will be trained on.
            context: What else may be used.
        """

    def fit(self, train: Split, validation: Split, context: RunContext) -> FineTunedClassifier:
        """Fine-tune on train, evaluate on validation after each epoch.

        Where memory runs out, all starts again from step 0, the same seed and batches computed in parts half as large.

        Warns:
            UndertrainedWarning: Where the loss on train did not fall below that of answering each class's share.
        """
        whole = part = min(self.batch_size, len(train))
        while (trained := if_it_fits(partial(self._train, train, validation, context, part), part)) is None:
            part = (part + 1) // 2
        if part < whole:
            warnings.warn(f"Memory ran out: each step of {whole} texts was computed in parts of {part}.", stacklevel=2)
        loss, prior = trained.history[-1]["train_loss"], _entropy(train.labels)
        if loss >= prior:
            warnings.warn(UNDERTRAINED.format(loss=loss, prior=prior), UndertrainedWarning, stacklevel=2)
        return trained

    def load(self, directory: Path, context: RunContext) -> FineTunedClassifier:
        """Return the classifier saved in `directory`."""
        return FineTunedClassifier.pretrained(str(directory), context)

    def _train(self, train: Split, validation: Split, context: RunContext, part: int) -> FineTunedClassifier:
        """Train from step 0, computing at most `part` texts at once, and keep the best epoch."""
        import torch

        torch.manual_seed(context.seed)  # of the head's first weights and of dropout
        untrained = FineTunedClassifier.pretrained(context.model, context)
        self.prepare(untrained, train, context)
        model = untrained.model
        trained = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
        history: list[dict[str, float]] = []
        best, best_score = {}, -math.inf
        for scores in self._epochs(untrained, train, validation, context, part):
            history.append(scores)
            if scores["validation_f1_weighted"] > best_score:
                best_score = scores["validation_f1_weighted"]
                best = {name: weight.detach().to("cpu", copy=True) for name, weight in trained.items()}
        model.load_state_dict(best, strict=False)
        n_trained = sum(weight.numel() for weight in trained.values())
        return replace(untrained, history=history, trainable_parameters=n_trained)

    def _epochs(
        self, start: FineTunedClassifier, train: Split, validation: Split, context: RunContext, part: int
    ) -> Iterator[dict[str, float]]:
        """Train and yield, after each epoch, its number, its loss on train and the scores on validation."""
        import torch

        model, rng = start.model, np.random.default_rng(context.seed)
        train_ids, validation_ids = (
            token_ids_of(start.tokenizer, split.texts, context.max_length) for split in (train, validation)
        )
        in_one_pass = math.ceil(len(train) / self.batch_size)
        passes = max(1, math.ceil(self.min_steps / (self.epochs * in_one_pass)))
        steps = self.epochs * passes * in_one_pass
        optimizer, schedule = self._optimizer(model, steps)
        with fast_forward(model, context.dtype) as forward:
            if self.scores_start:
                yield {"epoch": 0, **_scores(forward, validation_ids, validation.labels)}
            for epoch in range(1, self.epochs + 1):
                model.train()
                loss = torch.zeros((), device=model.device)  # read once an epoch: to read it is to wait for it
                for rows in (rows for _ in range(passes) for rows in _length_buckets(train_ids, self.batch_size, rng)):
                    loss += add_gradient(forward, train_ids, train.labels, rows, part) / (passes * len(train))
                    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
                    optimizer.step()
                    schedule.step()
                    optimizer.zero_grad()
                    context.progress(f"epoch {epoch}/{self.epochs}, step", schedule.last_epoch, steps)
                model.eval()
                if not math.isfinite(train_loss := float(loss)):
                    raise StrategyError(DIVERGED)
                yield {"epoch": epoch, "train_loss": train_loss, **_scores(forward, validation_ids, validation.labels)}

    def _optimizer(self, model: Any, steps: int) -> tuple[Any, Any]:
        """Return AdamW, whose decay spares biases and LayerNorms (all that are vectors), and its schedule."""
        import torch

        warmup = math.ceil(self.warmup * steps)

        def share(step: int) -> float:
            """Return which share of the learning rate a step takes: up to 1 in the warm-up, then down to 0."""
            return step / warmup if step < warmup else (steps - step) / max(steps - warmup, 1)

        weights = [weight for weight in model.parameters() if weight.requires_grad]
        matrices, vectors = ([weight for weight in weights if (weight.ndim > 1) == matrix] for matrix in (True, False))
        groups = [{"params": matrices, "weight_decay": self.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
        optimizer = torch.optim.AdamW(groups, lr=self.learning_rate, fused=True)
        return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, share)


def _length_buckets(token_ids: TokenIds, batch_size: int, rng: np.random.Generator) -> list[Integers]:
    """Return one epoch's batches of row numbers: each row once, similar lengths together, in random order."""
    lengths = np.array([len(ids) for ids in token_ids])
    order = rng.permutation(len(lengths))
    batches = []
    for start in range(0, len(order), MEGA_BATCH * batch_size):
        rows = order[start : start + MEGA_BATCH * batch_size]
        rows = rows[np.argsort(-lengths[rows], kind="stable")]
        batches += [rows[first : first + batch_size] for first in range(0, len(rows), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def _entropy(labels: Integers) -> float:
    """Return the cross-entropy, in nats, of answering each class with its share among n labels, int64 (n,)."""
    shares = np.bincount(labels) / len(labels)
    shares = shares[shares > 0]
    return float(-(shares * np.log(shares)).sum())


def _scores(forward: Forward, token_ids: TokenIds, labels: Integers) -> dict[str, float]:
    """Return loss, accuracy, f1_macro and f1_weighted on validation.

    Raises:
        StrategyError: Where the model computes NaN or infinity.
    """
    import torch
    from torch.nn import functional as F

    logits = predict_logits(forward, token_ids)
    loss = float(F.cross_entropy(logits, torch.tensor(labels)))
    if not (torch.isfinite(logits).all() and math.isfinite(loss)):
        raise StrategyError(DIVERGED)
    scores = evaluate(labels, logits.softmax(dim=1).numpy())
    values = {name: getattr(scores, name) for name in ("accuracy", "f1_macro", "f1_weighted")}
    return {f"validation_{name}": value for name, value in {"loss": loss, **values}.items()}
