"""Feature extraction with a non-linear head: one hidden layer on the frozen, standardised [CLS] state."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
import torch
from annotated_types import Ge, Gt, Interval
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

from harness import Features, RunContext, Split, hookimpl

FILE_NAME = "head.safetensors"


class Head(nn.Module):
    """Standardise, hidden layer, dropout, class scores; mean and scale are saved with the weights."""

    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(self, width: int, hidden_size: int, n_classes: int, dropout: float) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))
        self.hidden = nn.Linear(width, hidden_size)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden_size, n_classes)

    def standardise_like(self, x: torch.Tensor) -> None:
        """Take mean and scale from the training features (n, width)."""
        scale = x.std(dim=0, correction=0)
        self.mean.copy_(x.mean(dim=0))
        self.scale.copy_(torch.where(scale > 0, scale, 1.0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return class scores (n, k) for frozen features (n, width)."""
        hidden = F.relu(self.hidden((x - self.mean) / self.scale))  # (n, hidden_size)
        scores: torch.Tensor = self.output(self.dropout(hidden))
        return scores


@dataclass(frozen=True)
class MLPClassifier:
    """A fitted head and the frozen features it reads."""

    head: Head
    features: Features
    context: RunContext
    history: list[dict[str, float]] = field(default_factory=list)

    @torch.inference_mode()
    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return class probabilities, float32 (n, k)."""
        x = torch.from_numpy(self.context.encode(texts, self.features)).to(self.context.device)
        probabilities: NDArray[np.float32] = self.head.eval()(x).softmax(dim=1).cpu().numpy()
        return probabilities

    def save(self, directory: Path) -> None:
        """Write the weights, mean and scale included."""
        tensors = {name: tensor.contiguous().cpu() for name, tensor in self.head.state_dict().items()}
        save_file(tensors, directory / FILE_NAME)

    @property
    def trainable_parameters(self) -> int:
        """Number of weights of the two layers."""
        return sum(p.numel() for p in self.head.parameters())

    own_parameters = trainable_parameters


@dataclass(frozen=True)
class MLPProbe:
    """One hidden layer on standardised frozen features, stopped when the validation loss stops falling.

    Args:
        hidden_size: Units of the hidden layer.
        learning_rate: AdamW's step size.
        weight_decay: AdamW's weight decay.
        dropout: Share of hidden units dropped in training.
        batch_size: Rows a step.
        epochs: Most passes over train.
        patience: Epochs without a lower validation loss before it stops; the best weights are kept.
        layer: Hidden layer, 0 for the embeddings, negative counted from the last.
        pooling: `cls` for the first token's state, `mean` or `max` over the text's tokens.
    """

    name: ClassVar[str] = "mlp_probe"
    hidden_size: Annotated[int, Ge(1)] = 256
    learning_rate: Annotated[float, Gt(0)] = 1e-3
    weight_decay: Annotated[float, Ge(0)] = 0.01
    dropout: Annotated[float, Interval(ge=0, lt=1)] = 0.1
    batch_size: Annotated[int, Ge(1)] = 256
    epochs: Annotated[int, Ge(1)] = 100
    patience: Annotated[int, Ge(1)] = 5
    layer: int = -1
    pooling: Literal["cls", "mean", "max"] = "cls"

    @property
    def features(self) -> tuple[Features, ...]:
        """The one frozen state the probe reads."""
        return (Features(self.layer, self.pooling),)

    def fit(self, train: Split, validation: Split, context: RunContext) -> MLPClassifier:
        """Fit on train, keep the weights of the epoch with the lowest validation loss."""
        device = context.device
        x, x_val = (torch.from_numpy(context.encode(s.texts, self.features[0])).to(device) for s in (train, validation))
        y, y_val = (torch.from_numpy(np.array(s.labels)).to(device) for s in (train, validation))
        head = Head(x.shape[1], self.hidden_size, context.n_classes, self.dropout).to(device)
        head.standardise_like(x)
        optimizer = torch.optim.AdamW(head.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay)
        generator = torch.Generator().manual_seed(context.seed)
        best, best_loss, best_epoch, history = head.state_dict(), math.inf, 0, []
        for epoch in range(1, self.epochs + 1):
            loss = self._train_epoch(head, optimizer, x, y, generator)
            val_loss = _loss(head, x_val, y_val)
            history.append({"epoch": epoch, "train_loss": loss, "validation_loss": val_loss})
            context.progress(f"epoch {epoch}", epoch, self.epochs)
            if val_loss < best_loss:
                best, best_loss, best_epoch = {k: v.clone() for k, v in head.state_dict().items()}, val_loss, epoch
            elif epoch - best_epoch >= self.patience:
                break
        head.load_state_dict(best)
        return MLPClassifier(head, self.features[0], context, history)

    def _train_epoch(
        self, head: Head, optimizer: torch.optim.Optimizer, x: torch.Tensor, y: torch.Tensor, generator: torch.Generator
    ) -> float:
        """Take one pass over the rows in random order and return the mean loss."""
        head.train()
        total = torch.zeros((), device=x.device)
        for rows in torch.split(torch.randperm(len(x), generator=generator).to(x.device), self.batch_size):
            loss = F.cross_entropy(head(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += loss.detach() * len(rows)
        return float(total) / len(x)

    def load(self, directory: Path, context: RunContext) -> MLPClassifier:
        """Return the classifier saved in `directory`."""
        weights = load_file(directory / FILE_NAME)
        hidden_size, width = weights["hidden.weight"].shape
        head = Head(width, hidden_size, len(weights["output.bias"]), self.dropout)
        head.load_state_dict(weights)
        return MLPClassifier(head.to(context.device), self.features[0], context)


@torch.inference_mode()
def _loss(head: Head, x: torch.Tensor, y: torch.Tensor) -> float:
    return float(F.cross_entropy(head.eval()(x), y))


@hookimpl
def harness_strategies() -> list[MLPProbe]:
    """Offer the non-linear probe."""
    return [MLPProbe()]
