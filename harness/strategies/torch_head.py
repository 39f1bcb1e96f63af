"""What a probe puts on frozen features, as a torch module: for graphs that predict without scikit-learn."""

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from harness.encoding.encoder import Features
from harness.errors import UserError

if TYPE_CHECKING:
    from torch.nn import Linear, Module, Sequential

NEVER = -1e30  # logit of a class that train did not hold: its share of a softmax is exactly 0
TWO = 2  # classes, which scikit-learn tells apart by one column of scores


@runtime_checkable
class TorchHead(Protocol):
    """What a classifier on frozen features may offer besides: itself as a torch module, so that it can be exported."""

    def torch_head(self) -> "tuple[Features, Sequential]":
        """Return the frozen state that it reads, and a module: features, float32 (n, width) -> logits (n, k).

        Raises:
            UserError: Where it is none, with the reason.
        """


def linear_head(pipeline: Any, n_classes: int) -> "Sequential":
    """Return a scaler and a linear scikit-learn classifier as a module: features -> logits, float32 (n, k).

    Their softmax is what `SklearnClassifier.predict_proba` gives: of LogisticRegression its probabilities, of others
    the softmax of their scores.

    Args:
        pipeline: A fitted scikit-learn pipeline of StandardScaler or Normalizer and a linear classifier.
        n_classes: Number of classes of the task, k.

    Raises:
        UserError: Where it is another pipeline.
    """
    from torch.nn import Sequential

    *scalers, final = [step for _, step in getattr(pipeline, "steps", [("", pipeline)])]
    return Sequential(*map(_scaling_layer, scalers), linear_layer(*linear_weights(final, n_classes)))


def linear_weights(estimator: Any, n_classes: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return weights (k, width) and bias (k,), float64, whose softmax are the probabilities of a linear classifier.

    Args:
        estimator: A fitted linear classifier of scikit-learn.
        n_classes: Number of classes of the task, k.

    Raises:
        UserError: Where it is another estimator.
    """
    from sklearn.linear_model import LogisticRegression, RidgeClassifier
    from sklearn.svm import LinearSVC

    one_by_one = isinstance(estimator, LogisticRegression) and estimator.solver == "liblinear"  # no softmax
    if type(estimator) not in (LogisticRegression, RidgeClassifier, LinearSVC) or one_by_one:
        raise UserError(f"{type(estimator).__name__} is not a linear head, and others cannot be exported yet.")
    return _of_all_classes(np.asarray(estimator.coef_), np.asarray(estimator.intercept_), estimator.classes_, n_classes)


def _scaling_layer(scaler: Any) -> "Module":
    from sklearn.preprocessing import Normalizer, StandardScaler

    if type(scaler) is StandardScaler and scaler.mean_ is not None and scaler.scale_ is not None:
        return standardising_layer(scaler.mean_, scaler.scale_)
    if type(scaler) is Normalizer and scaler.norm == "l2":
        return _unit_length()
    raise UserError(f"{type(scaler).__name__} before a linear head cannot be exported.")


def linear_layer(weight: NDArray[Any], bias: NDArray[Any]) -> "Linear":
    """Return a torch layer with the weights, (k, width) and (k,), in float32."""
    import torch

    layer = torch.nn.Linear(weight.shape[1], weight.shape[0])
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(np.float32(weight)))
        layer.bias.copy_(torch.from_numpy(np.float32(bias)))
    return layer.requires_grad_(False)


def _of_all_classes(
    weight: NDArray[np.float64], bias: NDArray[np.float64], seen: NDArray[np.int64], n_classes: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return weights (k, width) and (k,), also of the first of two classes and of classes that train did not hold."""
    if len(seen) == TWO:
        weight, bias = np.vstack([np.zeros_like(weight), weight]), np.concatenate([np.zeros(1), bias])
    all_weights, all_biases = np.zeros((n_classes, weight.shape[1])), np.full(n_classes, NEVER)
    all_weights[seen], all_biases[seen] = weight, bias
    return all_weights, all_biases


def standardising_layer(mean: NDArray[Any], scale: NDArray[Any]) -> "Module":
    """Return a torch module: features (n, width) -> their differences from the mean, divided by the scale.

    Args:
        mean: (width,), kept in float32 as its buffer `mean`.
        scale: (width,), the same.
    """
    import torch

    class Standardise(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("mean", torch.from_numpy(np.array(mean, np.float32)))
            self.register_buffer("scale", torch.from_numpy(np.array(scale, np.float32)))

        def forward(self, x: Any) -> Any:
            return (x - self.mean) / self.scale

    return Standardise()


def _unit_length() -> "Module":
    from torch import nn
    from torch.nn import functional as F

    class UnitLength(nn.Module):
        def forward(self, x: Any) -> Any:
            return F.normalize(x, dim=1)

    return UnitLength()
