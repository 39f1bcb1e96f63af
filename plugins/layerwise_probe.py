"""Which layer to read: logistic regression on every layer of one encoder pass, the best on validation is kept."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge, Gt
from numpy.typing import NDArray

from harness import Features, Pooling, RunContext, SklearnClassifier, SklearnStrategy, Split, evaluate, hookimpl

FILE_NAME = "layer.json"


@dataclass(frozen=True)
class OneLayer(SklearnStrategy):
    """Logistic regression on one standardised frozen state."""

    name: ClassVar[str] = "layerwise_probe"
    blas_threads: ClassVar[int | None] = 1  # a product with one column a class is too narrow to share
    state: Features
    C: float
    max_iter: int

    def estimator(self, seed: int) -> Any:
        """Return scaler and linear head."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        head = LogisticRegression(C=self.C, max_iter=self.max_iter, random_state=seed)
        return make_pipeline(StandardScaler(), head)

    def inputs(self, texts: Sequence[str], context: RunContext) -> NDArray[np.float32]:
        """Return the frozen state of n texts, float32 (n, width)."""
        return context.encode(texts, self.state)


@dataclass(frozen=True)
class BestLayer:
    """The probe of the layer that validation preferred; `history` holds the scores of all."""

    probe: SklearnClassifier
    state: Features
    history: list[dict[str, float]]
    params: dict[str, Any] = field(default_factory=dict)

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return class probabilities, float32 (n, k)."""
        return self.probe.predict_proba(texts)

    def save(self, directory: Path) -> None:
        """Write the probe, and beside it which layer it reads."""
        self.probe.save(directory)
        (directory / FILE_NAME).write_text(json.dumps(asdict(self.state)), encoding="utf-8")

    @property
    def trainable_parameters(self) -> int | None:
        """Number of coefficients of the one probe that is kept."""
        return self.probe.trainable_parameters

    own_parameters = trainable_parameters

    @property
    def configurations_tried(self) -> int:
        """Number of layers."""
        return len(self.history)


@dataclass(frozen=True)
class LayerwiseProbe:
    """A linear probe on each layer; the one with the best validation f1_macro is kept, of equal ones the lowest.

    Args:
        lowest: Lowest layer tried, 0 for the embeddings, negative counted from the last; all above it are tried, too.
        pooling: `auto` as the checkpoint declares, `cls` for the first token's state, `mean` or another over all.
        C: Inverse strength of the L2 penalty.
        max_iter: Most iterations of L-BFGS.
    """

    name: ClassVar[str] = "layerwise_probe"
    groups: ClassVar[tuple[str, ...]] = ("fast",)
    imports: ClassVar[tuple[str, ...]] = ("sklearn.linear_model", "sklearn.preprocessing")
    search_space: ClassVar[str] = "C=0.0001..10:log, pooling=cls|mean"
    lowest: int = 0
    pooling: Pooling = "auto"
    C: Annotated[float, Gt(0)] = 1.0
    max_iter: Annotated[int, Ge(1)] = 1000

    def features_of(self, n_layers: int) -> tuple[Features, ...]:
        """Return the state of every layer tried, lowest first; counted from the last, as other probes count."""
        lowest = self.lowest if self.lowest < 0 else self.lowest - n_layers - 1
        layers = range(lowest, 0) or (self.lowest,)  # one that is not there: the encoder says so
        return tuple(Features(layer, self.pooling) for layer in layers)

    def fit(self, train: Split, validation: Split, context: RunContext) -> BestLayer:
        """Fit a probe on every layer and keep the best."""
        probes, history = [], []
        states = [context.resolved(state) for state in self.features_of(context.n_layers)]
        for number, state in enumerate(states):
            context.progress("layer", number, len(states))
            probe = OneLayer(state, self.C, self.max_iter).fit(train, validation, context)
            scores = evaluate(validation.labels, probe.predict_proba(validation.texts))
            told = {"validation_accuracy": scores.accuracy, "validation_f1_macro": scores.f1_macro}
            history.append({"layer": state.layer, **told})
            probes.append(probe)
        best = int(np.argmax([scores["validation_f1_macro"] for scores in history]))
        return BestLayer(probes[best], states[best], history, {**vars(self), "pooling": states[best].pooling})

    def load(self, directory: Path, context: RunContext) -> BestLayer:
        """Return the classifier saved in `directory`."""
        state = Features(**json.loads((directory / FILE_NAME).read_text(encoding="utf-8")))
        return BestLayer(OneLayer(state, self.C, self.max_iter).load(directory, context), state, [])


@hookimpl
def harness_strategies() -> list[LayerwiseProbe]:
    """Offer the probe of all layers."""
    return [LayerwiseProbe()]
