"""Fine-tuning end to end: every weight of the encoder and a new classification head.

The recipe is that of transformers' Trainer: AdamW without weight decay on biases and LayerNorms, a linear schedule,
gradients clipped to norm 1. The loop is our own because Trainer takes about 10 ms more a step: 4-8 % of MiniLM's on two
CPU cores, but 20-30 % where the device needs little time for the arithmetic.
"""

import gc
import math
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

import numpy as np
from annotated_types import Ge, Gt, Interval
from numpy.typing import NDArray

from harness import (
    RunContext,
    Split,
    StrategyError,
    evaluate,
    first_token_only,
    hookimpl,
    is_out_of_memory,
    load_tokenizer,
    supports_first_token_only,
)

if TYPE_CHECKING:
    import torch

DIVERGED = "The loss became NaN or infinite. Lower learning_rate or use --dtype float32."
PREDICTION_BATCH = 64  # texts of similar length in one forward pass
MEGA_BATCH = 50  # batches sorted by length together, as transformers' group_by_length does

Result = TypeVar("Result")
Integers = NDArray[np.int64]
TokenIds = Sequence[Integers]
Forward = Callable[[TokenIds], "torch.Tensor"]
"""Token ids of m texts -> logits, float32 (m, k), on the model's device."""


@dataclass(frozen=True)
class FineTunedClassifier:
    """A fine-tuned model and its tokenizer."""

    model: Any
    tokenizer: Any
    max_length: int
    dtype: str
    history: list[dict[str, float]] = field(default_factory=list)

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return class probabilities, float32 (n, k)."""
        if not texts:
            return np.empty((0, self.model.config.num_labels), np.float32)
        with _fast_forward(self.model, self.dtype) as forward:
            logits = _predict(forward, _tokenise(self.tokenizer, texts, self.max_length))
        return np.asarray(logits.softmax(dim=1))

    def save(self, directory: Path) -> None:
        """Write model and tokenizer as `from_pretrained` reads them, without optimiser state."""
        self.model.save_pretrained(directory)
        self.tokenizer.save_pretrained(directory)

    @property
    def trainable_parameters(self) -> int:
        """Number of weights, all of them trained."""
        return sum(p.numel() for p in self.model.parameters())

    own_parameters = trainable_parameters


@dataclass(frozen=True)
class FullFineTune:
    """All weights trained end to end; the epoch with the best validation f1_weighted is kept.

    Defaults are those of "Natural Language Processing with Transformers" (Tunstall et al., 2022), chapter 2.

    Args:
        learning_rate: AdamW's highest step size; it falls linearly to 0.
        epochs: Passes over train, each followed by an evaluation on validation.
        batch_size: Texts a step.
        weight_decay: AdamW's weight decay.
        warmup: Share of the steps in which the step size rises from 0.
    """

    name: ClassVar[str] = "full_finetune"
    imports: ClassVar[tuple[str, ...]] = ("transformers.models.auto.modeling_auto", "transformers.optimization")
    learning_rate: Annotated[float, Gt(0)] = 2e-5
    epochs: Annotated[int, Ge(1)] = 2
    batch_size: Annotated[int, Ge(1)] = 64
    weight_decay: Annotated[float, Ge(0)] = 0.01
    warmup: Annotated[float, Interval(ge=0, lt=1)] = 0.0

    def fit(self, train: Split, validation: Split, context: RunContext) -> FineTunedClassifier:
        """Fine-tune on train, evaluate on validation after each epoch.

        Where memory runs out, all starts again from step 0, the same seed and batches computed in parts half as large.
        """
        whole = part = min(self.batch_size, len(train))
        while (trained := _if_it_fits(partial(self._train, train, validation, context, part), part)) is None:
            part = (part + 1) // 2
        if part < whole:
            warnings.warn(f"Memory ran out: each step of {whole} texts was computed in parts of {part}.", stacklevel=2)
        return trained

    def _train(self, train: Split, validation: Split, context: RunContext, part: int) -> FineTunedClassifier:
        """Train from step 0, computing at most `part` texts at once, and keep the best epoch."""
        import torch

        torch.manual_seed(context.seed)  # of the head's first weights and of dropout
        rng = np.random.default_rng(context.seed)
        model, tokenizer = _pretrained(context.model, context), load_tokenizer(context.model)
        model.config.pad_token_id = tokenizer.pad_token_id
        train_ids, validation_ids = (_tokenise(tokenizer, s.texts, context.max_length) for s in (train, validation))
        steps = self.epochs * math.ceil(len(train) / self.batch_size)
        optimizer, schedule = self._optimizer(model, steps)
        history: list[dict[str, float]] = []
        best, best_score = {}, -math.inf
        with _fast_forward(model, context.dtype) as forward:
            for epoch in range(1, self.epochs + 1):
                model.train()
                loss = torch.zeros((), device=model.device)  # read once an epoch: to read it is to wait for it
                for rows in _length_buckets(train_ids, self.batch_size, rng):
                    loss += _backward(forward, train_ids, train.labels, rows, part) / len(train)
                    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
                    optimizer.step()
                    schedule.step()
                    optimizer.zero_grad()
                    context.progress(f"epoch {epoch}/{self.epochs}, step", schedule.last_epoch, steps)
                model.eval()
                scores = {"train_loss": float(loss), **_scores(forward, validation_ids, validation.labels)}
                if not all(map(math.isfinite, scores.values())):
                    raise StrategyError(DIVERGED)
                history.append({"epoch": epoch, **scores})
                if scores["validation_f1_weighted"] > best_score:
                    best_score = scores["validation_f1_weighted"]
                    best = {name: tensor.to("cpu", copy=True) for name, tensor in model.state_dict().items()}
        model.load_state_dict(best)
        return FineTunedClassifier(model.eval(), tokenizer, context.max_length, context.dtype, history)

    def _optimizer(self, model: Any, steps: int) -> tuple[Any, Any]:
        """Return AdamW, whose decay spares biases and LayerNorms (all that are vectors), and its schedule."""
        import torch
        from transformers import get_linear_schedule_with_warmup

        matrices, vectors = ([p for p in model.parameters() if (p.ndim > 1) == matrix] for matrix in (True, False))
        groups = [{"params": matrices, "weight_decay": self.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
        optimizer = torch.optim.AdamW(groups, lr=self.learning_rate, fused=True)
        return optimizer, get_linear_schedule_with_warmup(optimizer, math.ceil(self.warmup * steps), steps)

    def load(self, directory: Path, context: RunContext) -> FineTunedClassifier:
        """Return the classifier saved in `directory`."""
        model, tokenizer = _pretrained(str(directory), context), load_tokenizer(str(directory))
        return FineTunedClassifier(model, tokenizer, context.max_length, context.dtype)


def _tokenise(tokenizer: Any, texts: Sequence[str], max_length: int) -> TokenIds:
    ids = tokenizer(list(texts), truncation=True, max_length=max_length, return_attention_mask=False)["input_ids"]
    return [np.array(row or [tokenizer.pad_token_id], dtype=np.int64) for row in ids]


def _pretrained(directory: str, context: RunContext) -> Any:
    import torch
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(
        directory,
        trust_remote_code=False,
        use_safetensors=True,
        dtype=torch.float32,
        id2label=dict(enumerate(context.label_names)),
        label2id={name: i for i, name in enumerate(context.label_names)},
    )
    return model.to(context.device)


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


def _backward(forward: Forward, token_ids: TokenIds, labels: Integers, rows: Integers, part: int) -> Any:
    """Add the gradient of a batch's mean loss, computed part by part, and return the sum of its losses."""
    from torch.nn import functional as F

    total: Any = 0.0
    for some in np.split(rows, range(part, len(rows), part)):
        logits = forward([token_ids[row] for row in some])
        loss: Any = F.cross_entropy(logits, _moved(labels[some], logits.device), reduction="sum")
        (loss / len(rows)).backward()
        total = total + loss.detach()
    return total


@contextmanager
def _fast_forward(model: Any, dtype: str) -> Iterator[Forward]:
    """Give the model as a function of token ids, which does not compute what its head does not read.

    The mask comes in its final form where it can, because transformers waits for the device to look at another.
    """
    model.eval()
    encoder = model.base_model
    skips = supports_first_token_only(encoder)
    with first_token_only(encoder) if skips else nullcontext():
        yield partial(_logits, model, dtype, skips)


def _logits(model: Any, dtype: str, mask_is_final: bool, token_ids: TokenIds) -> "torch.Tensor":
    import torch

    lengths = np.array([len(ids) for ids in token_ids])
    is_token = np.arange(lengths.max()) < lengths[:, None]  # (m, tokens)
    inputs = np.full(is_token.shape, model.config.pad_token_id, dtype=np.int64)
    inputs[is_token] = np.concatenate(token_ids)
    mask = None
    if not is_token.all():
        mask = _moved(is_token, model.device)
        mask = mask[:, None, None] if mask_is_final else mask.long()
    with torch.autocast(model.device.type, torch.bfloat16, enabled=dtype == "bfloat16"):
        logits: torch.Tensor = model(input_ids=_moved(inputs, model.device), attention_mask=mask).logits
    return logits.float()


def _moved(array: NDArray[Any], device: Any) -> "torch.Tensor":
    """Copy an array to the device without waiting for it."""
    import torch

    tensor = torch.from_numpy(array)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def _predict(forward: Forward, token_ids: TokenIds) -> "torch.Tensor":
    """Return logits, float32 (n, k), on the CPU; where memory runs out, go on with batches half as large."""
    import torch

    order = sorted(range(len(token_ids)), key=lambda row: -len(token_ids[row]))
    parts, done, size = [], 0, PREDICTION_BATCH
    with torch.inference_mode():
        while done < len(order):
            rows = order[done : done + size]
            logits = _if_it_fits(partial(forward, [token_ids[row] for row in rows]), len(rows))
            if logits is None:
                size = (len(rows) + 1) // 2
                continue
            parts.append(logits)
            done += len(rows)
        if size < PREDICTION_BATCH:
            warnings.warn(f"Memory ran out: {size} texts were predicted at once, not {PREDICTION_BATCH}.", stacklevel=2)
        return torch.cat(parts).cpu()[np.argsort(order)]


def _scores(forward: Forward, token_ids: TokenIds, labels: Integers) -> dict[str, float]:
    """Return loss, accuracy, f1_macro and f1_weighted on validation."""
    import torch
    from torch.nn import functional as F

    logits = _predict(forward, token_ids)
    if not torch.isfinite(logits).all():
        raise StrategyError(DIVERGED)
    scores = evaluate(labels, logits.softmax(dim=1).numpy())
    loss = float(F.cross_entropy(logits, torch.tensor(labels)))
    values = {name: getattr(scores, name) for name in ("accuracy", "f1_macro", "f1_weighted")}
    return {f"validation_{name}": value for name, value in {"loss": loss, **values}.items()}


def _if_it_fits(compute: Callable[[], Result], size: int) -> Result | None:
    """Return the result, or None where memory ran out, what was held is free again, and half the size may fit."""
    try:
        return compute()
    except Exception as error:
        if size == 1 or not is_out_of_memory(error):
            raise
        traceback.clear_frames(error.__traceback__)  # its variables hold tensors
    import torch

    gc.collect()
    torch.cuda.empty_cache()  # does nothing where there is no CUDA
    return None


@hookimpl
def harness_strategies() -> list[FullFineTune]:
    """Offer fine-tuning."""
    return [FullFineTune()]
