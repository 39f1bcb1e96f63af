"""A small convolutional network on the bytes of a text, trained from nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from annotated_types import Ge, Gt
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

from harness import RunContext, Split, evaluate, hookimpl

PADDING = 256  # besides the 256 bytes
AT_ONCE = 256  # texts in one forward pass


class Network(nn.Module):
    """Bytes (n, length) -> class scores (n, k): embedding, one convolution, maximum over the text."""

    def __init__(self, channels: int, n_classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(PADDING + 1, 32, padding_idx=PADDING)
        self.convolution = nn.Conv1d(32, channels, kernel_size=5, padding=2)
        self.output = nn.Linear(channels, n_classes)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Return class scores, (n, k)."""
        hidden = F.relu(self.convolution(self.embedding(ids).transpose(1, 2)))
        return self.output(hidden.amax(dim=2))


@dataclass(frozen=True)
class ByteCNNClassifier:
    """A trained network."""

    network: Network
    max_bytes: int
    device: str
    history: list[dict[str, float]] = field(default_factory=list)

    @torch.inference_mode()
    def predict_proba(self, texts: Sequence[str]) -> Any:
        """Return class probabilities, float32 (n, k)."""
        parts = torch.split(to_ids(texts, self.max_bytes), AT_ONCE)
        scores = [self.network.eval()(ids.to(self.device)) for ids in parts]
        return torch.cat(scores).softmax(dim=1).cpu().numpy()

    def save(self, directory: Path) -> None:
        """Write the weights."""
        save_file(self.network.state_dict(), directory / "network.safetensors")

    @property
    def trainable_parameters(self) -> int:
        """Number of weights."""
        return sum(weight.numel() for weight in self.network.parameters())

    own_parameters = trainable_parameters


@dataclass(frozen=True)
class ByteCNN:
    """One convolution over bytes; the epoch with the best validation f1_macro is kept.

    Args:
        channels: Patterns that the convolution looks for.
        learning_rate: AdamW's step size.
        epochs: Passes over train.
        batch_size: Texts a step.
        max_bytes: Bytes of a text that are read.
    """

    name: ClassVar[str] = "byte_cnn"
    imports: ClassVar[tuple[str, ...]] = ("torch._dynamo",)  # when the first optimizer is made
    uses_model: ClassVar[bool] = False
    channels: Annotated[int, Ge(1)] = 64
    learning_rate: Annotated[float, Gt(0)] = 0.003
    epochs: Annotated[int, Ge(1)] = 12
    batch_size: Annotated[int, Ge(1)] = 32
    max_bytes: Annotated[int, Ge(1)] = 256

    def fit(self, train: Split, validation: Split, context: RunContext) -> ByteCNNClassifier:
        """Train on train, choose the epoch on validation."""
        torch.manual_seed(context.seed)
        network = Network(self.channels, context.n_classes).to(context.device)
        optimizer = torch.optim.AdamW(network.parameters(), lr=self.learning_rate)
        ids, labels = to_ids(train.texts, self.max_bytes), torch.tensor(np.array(train.labels))
        classifier = ByteCNNClassifier(network, self.max_bytes, context.device)
        best, best_score = network.state_dict(), -1.0
        for epoch in range(1, self.epochs + 1):
            for rows in torch.split(torch.randperm(len(ids)), self.batch_size):
                scores = network.train()(ids[rows].to(context.device))
                optimizer.zero_grad()
                F.cross_entropy(scores, labels[rows].to(context.device)).backward()
                optimizer.step()
            score = evaluate(validation.labels, classifier.predict_proba(validation.texts)).f1_macro
            classifier.history.append({"epoch": epoch, "validation_f1_macro": score})
            context.progress(f"epoch {epoch}", epoch, self.epochs)
            if score > best_score:
                best_score, best = score, {name: w.clone() for name, w in network.state_dict().items()}
        network.load_state_dict(best)
        return classifier

    def load(self, directory: Path, context: RunContext) -> ByteCNNClassifier:
        """Return the classifier saved in `directory`."""
        network = Network(self.channels, context.n_classes).to(context.device)
        network.load_state_dict(load_file(directory / "network.safetensors", device=context.device))
        return ByteCNNClassifier(network, self.max_bytes, context.device)


def to_ids(texts: Sequence[str], max_bytes: int) -> torch.Tensor:
    """Return the first bytes of n texts, int64 (n, max_bytes), padded."""
    ids = torch.full((len(texts), max_bytes), PADDING)
    for row, text in enumerate(texts):
        read = text.encode("utf-8", "replace")[:max_bytes]
        ids[row, : len(read)] = torch.tensor(list(read), dtype=torch.int64)
    return ids


@hookimpl
def harness_strategies() -> list[ByteCNN]:
    """Offer it."""
    return [ByteCNN()]
