"""Feature extraction with a non-linear head: one hidden layer on the frozen, standardised state."""

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt, Interval
from numpy.typing import NDArray

from harness import (
    Features,
    Pooling,
    RunContext,
    Split,
    class_weights,
    fit_candidates,
    forecast_fit,
    hookimpl,
    score_candidate,
    standardising_layer,
)

if TYPE_CHECKING:
    from torch import Generator, Tensor
    from torch.nn import Sequential
    from torch.optim import Optimizer

# Multiplications of a step's largest product, up to which a second thread is not worth its risk: for 256 rows of 384
# features and 256 units it takes 0.7 times the time where two cores are idle, but 10 times where one is busy.
FOR_ONE_THREAD = 2**26
FILE_NAME = "head.safetensors"
WEIGHT_DECAYS = (10.0, 1.0, 0.01)  # times a step size of 1e-3, each step shrinks the weights by a share of 1e-2 to 1e-5


@dataclass(frozen=True)
class MLPClassifier:
    """A fitted head, the frozen features it reads, and the (width,) statistics that standardise them."""

    head: "Sequential"
    mean: "Tensor"
    scale: "Tensor"
    features: Features
    context: RunContext
    history: list[dict[str, float]] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)
    configurations_tried: int = 1
    optimism: float | None = None

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return class probabilities, float32 (n, k)."""
        import torch

        with torch.inference_mode():
            x = (_on_device(texts, self.features, self.context) - self.mean) / self.scale
            probabilities: NDArray[np.float32] = self.head.eval()(x).softmax(dim=1).cpu().numpy()
        return probabilities

    def save(self, directory: Path) -> None:
        """Write the weights, and mean and scale beside them."""
        from safetensors.torch import save_file

        tensors = {"mean": self.mean, "scale": self.scale, **self.head.state_dict()}
        save_file({name: tensor.contiguous().cpu() for name, tensor in tensors.items()}, directory / FILE_NAME)

    def torch_head(self) -> "tuple[Features, Sequential]":
        """Return the frozen state that it reads, and all behind it as a torch module: features -> class scores."""
        from torch.nn import Sequential

        scaling = standardising_layer(self.mean.cpu().numpy(), self.scale.cpu().numpy())
        return self.context.resolved(self.features), Sequential(scaling, *self.head.eval())

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
        weight_decay: AdamW's weight decay; `auto` tries 10, 1 and 0.01 on validation.
        dropout: Share of hidden units dropped in training.
        batch_size: Rows a step.
        epochs: Most passes over train.
        patience: Epochs without a lower validation loss before it stops; the best weights are kept.
        layer: Hidden layer, 0 for the embeddings, negative counted from the last.
        pooling: `auto` as the checkpoint declares, `cls` for the first token's state, `mean` or another over all.
        class_weight: `balanced` lets each class count the same in the loss, `none` each row.
    """

    name: ClassVar[str] = "mlp_probe"
    groups: ClassVar[tuple[str, ...]] = ("seed", "fast")
    # torch imports its compiler when the first optimizer is made, a second.
    imports: ClassVar[tuple[str, ...]] = ("torch._dynamo", "sklearn.preprocessing")
    search_space: ClassVar[str] = (
        "hidden_size=64..1024:log, learning_rate=1e-4..1e-2:log, weight_decay=0.01..10:log, dropout=0..0.5, "
        "pooling=cls|mean"
    )
    hidden_size: Annotated[int, Ge(1)] = 256
    learning_rate: Annotated[float, Gt(0)] = 1e-3
    weight_decay: Literal["auto"] | Annotated[float, Ge(0)] = "auto"
    dropout: Annotated[float, Interval(ge=0, lt=1)] = 0.1
    batch_size: Annotated[int, Ge(1)] = 256
    epochs: Annotated[int, Ge(1)] = 100
    patience: Annotated[int, Ge(1)] = 5
    layer: int = -1
    pooling: Pooling = "auto"
    class_weight: Literal["none", "balanced"] = "none"
    forecast = forecast_fit

    @property
    def features(self) -> tuple[Features, ...]:
        """The one frozen state the probe reads."""
        return (Features(self.layer, self.pooling),)

    def fit(self, train: Split, validation: Split, context: RunContext) -> MLPClassifier:
        """Fit with each weight decay and keep the one that validation prefers."""
        if self.weight_decay != "auto":
            return self._fit_one(train, validation, context)

        def fit_with(**setting: Any) -> MLPClassifier:
            return replace(self, **setting)._fit_one(train, validation, context)

        settings = [{"weight_decay": each} for each in WEIGHT_DECAYS]
        chosen, choice = fit_candidates(settings, fit_with, validation, context.select_by)
        return replace(chosen, **choice)

    def _fit_one(self, train: Split, validation: Split, context: RunContext) -> MLPClassifier:
        """Fit on train, keep the weights of the epoch with the lowest validation loss, or the best `select_by`."""
        import torch

        torch.manual_seed(context.seed)  # whatever was tried before
        scaler, standardised = context.standardised(train.texts, self.features[0])
        x = torch.from_numpy(standardised).to(context.device)
        mean, scale = (torch.from_numpy(np.float32(v)).to(context.device) for v in (scaler.mean_, scaler.scale_))
        x_val = (_on_device(validation.texts, self.features[0], context) - mean) / scale
        y, y_val = (torch.from_numpy(np.array(split.labels)).to(context.device) for split in (train, validation))
        weights = class_weights(np.array(train.labels), context.n_classes, self.class_weight)
        of_class = None if weights is None else torch.from_numpy(np.float32(weights)).to(context.device)
        head = _head(x.shape[1], self.hidden_size, context.n_classes, self.dropout).to(context.device)
        if self.batch_size * x.shape[1] * self.hidden_size <= FOR_ONE_THREAD:
            torch.set_num_threads(1)  # the harness restores it after the trial
        optimizer = torch.optim.AdamW(
            head.parameters(), lr=self.learning_rate, weight_decay=float(self.weight_decay), fused=True
        )
        generator = torch.Generator().manual_seed(context.seed)
        least = -math.inf if context.select_by else 0.0  # of a loss that is no number nothing is better
        best, best_standing, best_epoch, history = head.state_dict(), (least, -math.inf), 0, []
        for epoch in range(1, self.epochs + 1):
            loss = self._train_epoch(head, optimizer, x, y, generator, of_class)
            val_loss = _loss(head, x_val, y_val, of_class)
            history.append({"epoch": epoch, "train_loss": loss, "validation_loss": val_loss})
            context.progress(f"epoch {epoch}", epoch, self.epochs)
            standing = _score(head, x_val, validation, context), -val_loss
            if standing > best_standing:
                best, best_standing, best_epoch = {k: v.clone() for k, v in head.state_dict().items()}, standing, epoch
            elif epoch - best_epoch >= self.patience:
                break
        head.load_state_dict(best)
        params = {**vars(self), "pooling": context.resolved(self.features[0]).pooling}
        return MLPClassifier(head, mean, scale, self.features[0], context, history, params)

    def _train_epoch(
        self,
        head: "Sequential",
        optimizer: "Optimizer",
        x: "Tensor",
        y: "Tensor",
        generator: "Generator",
        weight: "Tensor | None",
    ) -> float:
        """Take one pass over the rows in random order and return the mean loss."""
        import torch
        from torch.nn import functional as F

        head.train()
        total = torch.zeros((), device=x.device)
        for rows in torch.split(torch.randperm(len(x), generator=generator).to(x.device), self.batch_size):
            loss = F.cross_entropy(head(x.index_select(0, rows)), y.index_select(0, rows), weight)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += loss.detach() * len(rows)
        return float(total) / len(x)

    def load(self, directory: Path, context: RunContext) -> MLPClassifier:
        """Return the classifier saved in `directory`."""
        from safetensors.torch import load_file

        weights = load_file(directory / FILE_NAME, device=context.device)
        mean, scale = weights.pop("mean"), weights.pop("scale")
        hidden_size, width = weights["hidden.weight"].shape
        head = _head(width, hidden_size, len(weights["output.bias"]), self.dropout).to(context.device)
        head.load_state_dict(weights)
        return MLPClassifier(head, mean, scale, self.features[0], context)


def _head(width: int, hidden_size: int, n_classes: int, dropout: float) -> "Sequential":
    """Return an untrained head: (n, width) standardised features -> (n, k) class scores."""
    from torch import nn

    layers = {
        "hidden": nn.Linear(width, hidden_size),
        "relu": nn.ReLU(),
        "dropout": nn.Dropout(dropout),
        "output": nn.Linear(hidden_size, n_classes),
    }
    return nn.Sequential(OrderedDict(layers))


def _on_device(texts: Sequence[str], features: Features, context: RunContext) -> "Tensor":
    """Return the frozen features of n texts, float32 (n, width), private to the caller."""
    import torch

    return torch.from_numpy(context.encode(texts, features)).to(context.device)


def _score(head: "Sequential", x: "Tensor", validation: Split, context: RunContext) -> float:
    """Return the score by the metric that chooses; the same for all epochs where none was named."""
    import torch

    if context.select_by is None:
        return 0.0
    with torch.no_grad():
        probabilities = head.eval()(x).softmax(dim=1).float().cpu().numpy()
    return score_candidate({}, probabilities, validation.labels, context.select_by).score


def _loss(head: "Sequential", x: "Tensor", y: "Tensor", weight: "Tensor | None") -> float:
    import torch
    from torch.nn import functional as F

    with torch.inference_mode():
        return float(F.cross_entropy(head.eval()(x), y, weight))


@hookimpl
def harness_strategies() -> list[MLPProbe]:
    """Offer the non-linear probe."""
    return [MLPProbe()]
