"""Bases for strategies whose classifier is a scikit-learn estimator."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from harness.data.task import Split
from harness.encoding.encoder import Features
from harness.encoding.pooling import Pooling
from harness.errors import ModelError, UserError
from harness.strategies.strategy import RunContext, parameters
from harness.strategies.timed_fit import forecast_fit
from harness.strategies.torch_head import linear_head

if TYPE_CHECKING:
    from torch.nn import Sequential

FILE_NAME = "estimator.skops"
_FITTED = ("coef_", "intercept_", "coefs_", "intercepts_")


@dataclass(frozen=True)
class SklearnClassifier:
    """A fitted scikit-learn estimator as a `Classifier`.

    Args:
        estimator: Fitted on integer class ids.
        inputs: Texts -> what the estimator reads, (n, ...).
        n_classes: Number of classes of the task, k; those it never saw get probability 0.
        params: The hyperparameters it was fitted with, for the record; empty for those of the strategy.
        history: What was tried on validation, one mapping a configuration.
        configurations_tried: How many that were.
        optimism: By how much choosing among them flatters the validation score, None where unknown.
        state: The frozen state that the inputs are, None where they are something else.
    """

    estimator: Any
    inputs: Callable[[Sequence[str]], Any]
    n_classes: int
    params: Mapping[str, Any] = field(default_factory=dict)
    history: Sequence[Mapping[str, float]] = ()
    configurations_tried: int = 1
    optimism: float | None = None
    state: Features | None = None

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return class probabilities, float32 (n, k).

        An estimator without `predict_proba` gives the softmax of its `decision_function`, or else all
        weight to its prediction.
        """
        probabilities = np.zeros((len(texts), self.n_classes), dtype=np.float32)
        if len(texts):  # scikit-learn refuses to predict nothing
            probabilities[:, self.estimator.classes_] = _probabilities(self.estimator, self.inputs(texts))
        return probabilities

    def save(self, directory: Path) -> None:
        """Write the estimator as a skops file, which holds no pickle."""
        import skops.io

        skops.io.dump(self.estimator, directory / FILE_NAME)

    def torch_head(self) -> "tuple[Features, Sequential]":
        """Return the frozen state that it reads and, where scaler and estimator are linear, both as a torch module."""
        if self.state is None:
            raise UserError("it reads something else than one frozen state of the encoder.")
        return self.state, linear_head(self.estimator, self.n_classes)

    @property
    def trainable_parameters(self) -> int | None:
        """Number of fitted coefficients, None where the estimator has none to count."""
        final = self.estimator[-1] if hasattr(self.estimator, "steps") else self.estimator
        found = [getattr(final, name) for name in _FITTED if hasattr(final, name)]
        arrays = [array for value in found for array in (value if isinstance(value, list) else [value])]
        return sum(int(np.size(array)) for array in arrays) if arrays else None

    own_parameters = trainable_parameters


def _probabilities(estimator: Any, inputs: Any) -> NDArray[Any]:
    """Return (n, number of seen classes) in the order of `estimator.classes_`."""
    from scipy.special import expit, softmax

    if hasattr(estimator, "predict_proba"):
        table: NDArray[Any] = np.asarray(estimator.predict_proba(inputs))
    elif hasattr(estimator, "decision_function"):
        scores = np.asarray(estimator.decision_function(inputs))
        two = scores.ndim == 1
        table = np.stack([expit(-scores), expit(scores)], axis=1) if two else softmax(scores, axis=1)
    else:
        table = (np.asarray(estimator.predict(inputs))[:, None] == estimator.classes_).astype(np.float32)
    return table


class SklearnStrategy:
    """Base of strategies that give texts straight to a scikit-learn estimator, without an encoder.

    A subclass is a frozen dataclass with a `name` and an `estimator(seed)`.

    Attributes:
        trusted_types: Types of the estimator, as skops names them, that a saved file may hold besides
            those skops trusts by itself.
        blas_threads: Threads that matrix products may use in `fit`, None for as many as there are.
    """

    name: ClassVar[str]
    uses_model: ClassVar[bool] = False
    blas_threads: ClassVar[int | None] = None
    trusted_types: ClassVar[tuple[str, ...]] = ()
    forecast = forecast_fit

    def estimator(self, seed: int) -> Any:
        """Return an unfitted scikit-learn classifier."""
        raise NotImplementedError(f"{type(self).__name__} must define estimator(seed).")

    def inputs(self, texts: Sequence[str], context: RunContext) -> Any:
        """Return what the fitted classifier reads for n texts, here the texts themselves."""
        del context
        return list(texts)

    def fit(self, train: Split, validation: Split, context: RunContext) -> SklearnClassifier:
        """Fit the estimator on train; validation is not used."""
        del validation
        from threadpoolctl import threadpool_limits

        estimator = self.estimator(context.seed)
        with threadpool_limits(self.blas_threads, user_api="blas"):
            estimator.fit(self.inputs(train.texts, context), np.array(train.labels))
        return self._classifier(estimator, context)

    def load(self, directory: Path, context: RunContext) -> SklearnClassifier:
        """Return a saved classifier.

        Raises:
            ModelError: Where the file cannot be read, or holds types that nobody vouched for.
        """
        import skops.io

        file = directory / FILE_NAME
        try:
            foreign = sorted(set(skops.io.get_untrusted_types(file=file)) - set(self.trusted_types))
        except Exception as error:  # of zip, JSON or skops itself, whichever finds the damage
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            raise ModelError(f"{file} cannot be read: {reason}. Restore it or run the comparison again.") from error
        if foreign:
            raise ModelError(
                f"{file} holds {', '.join(foreign)}, which strategy {self.name!r} does not trust. If the file is "
                "yours, add these to the strategy's trusted_types."
            )
        with warnings.catch_warnings():
            # skops names a retired scipy module while it looks up sparse types.
            warnings.simplefilter("ignore", DeprecationWarning)
            return self._classifier(skops.io.load(file, trusted=list(self.trusted_types)), context)

    def _classifier(self, estimator: Any, context: RunContext) -> SklearnClassifier:
        return SklearnClassifier(estimator, partial(self.inputs, context=context), context.n_classes)


@dataclass(frozen=True)
class SklearnProbe(SklearnStrategy):
    """Base of probes: a scikit-learn classifier on standardised frozen features.

    A subclass is a frozen dataclass with a `name` and an `estimator(seed)`, and is done.

    Args:
        layer: Hidden layer, 0 for the embeddings, negative counted from the last.
        pooling: `auto` as the checkpoint declares, `cls` for the first token's state, `mean` or another over all.
    """

    uses_model: ClassVar[bool] = True
    layer: int = -1
    pooling: Pooling = "auto"

    @property
    def features(self) -> tuple[Features, ...]:
        """The one frozen state the probe reads."""
        return (Features(self.layer, self.pooling),)

    def inputs(self, texts: Sequence[str], context: RunContext) -> NDArray[np.float32]:
        """Return the frozen features of n texts, float32 (n, width)."""
        return context.encode(texts, self.features[0])

    def _classifier(self, estimator: Any, context: RunContext) -> SklearnClassifier:
        fitted = super()._classifier(estimator, context)
        plain = type(self).inputs is SklearnProbe.inputs  # what a subclass makes of the state, nobody knows
        return replace(fitted, state=context.resolved(self.features[0])) if plain else fitted

    def fit(self, train: Split, validation: Split, context: RunContext) -> SklearnClassifier:
        """Fit the estimator on train's standardised features, which all probes of a run share."""
        del validation
        from sklearn.pipeline import make_pipeline
        from threadpoolctl import threadpool_limits

        estimator = self.estimator(context.seed)
        scaler, standardised = context.standardised(train.texts, self.features[0])
        with threadpool_limits(self.blas_threads, user_api="blas"):
            estimator.fit(standardised, np.array(train.labels))
        fitted = self._classifier(make_pipeline(scaler, estimator), context)
        return replace(fitted, params={**parameters(self), "pooling": context.resolved(self.features[0]).pooling})
