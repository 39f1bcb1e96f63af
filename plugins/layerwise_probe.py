"""Which layer to read: logistic regression on every layer of one encoder pass, the best on validation is kept."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt
from numpy.typing import NDArray

from harness import (
    Features,
    LinearProbe,
    Pooling,
    RunContext,
    SklearnClassifier,
    Split,
    forecast_fit,
    hookimpl,
    select_candidate,
    selection_optimism,
    sklearn_class_weight,
)

if TYPE_CHECKING:
    from torch.nn import Sequential

FILE_NAME = "layer.json"
DECADES = (1e-3, 0.01, 0.1, 1.0)  # coarser than the linear probe's, as there are as many paths as layers


@dataclass(frozen=True)
class OneLayer(LinearProbe):
    """Logistic regression on one scaled frozen state."""

    name: ClassVar[str] = "layerwise_probe"
    grid: ClassVar[Mapping[str, tuple[float, ...]]] = {"standard": DECADES, "unit": tuple(1000 * C for C in DECADES)}

    def estimator(self, seed: int) -> Any:
        """Return the linear head."""
        from sklearn.linear_model import LogisticRegression

        weight = sklearn_class_weight(self.class_weight)
        return LogisticRegression(C=self.C, max_iter=self.max_iter, class_weight=weight, random_state=seed)


@dataclass(frozen=True)
class BestLayer:
    """The probe of the layer that validation preferred; `history` holds the scores of all."""

    probe: SklearnClassifier
    state: Features
    history: list[dict[str, float]]
    params: dict[str, Any] = field(default_factory=dict)
    configurations_tried: int = 1
    optimism: float | None = None

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return class probabilities, float32 (n, k)."""
        return self.probe.predict_proba(texts)

    def save(self, directory: Path) -> None:
        """Write the probe, and beside it which layer it reads."""
        self.probe.save(directory)
        (directory / FILE_NAME).write_text(json.dumps(asdict(self.state)), encoding="utf-8")

    def torch_head(self) -> "tuple[Features, Sequential]":
        """Return the layer that it reads, and scaler and probe as a torch module."""
        return self.probe.torch_head()

    @property
    def trainable_parameters(self) -> int | None:
        """Number of coefficients of the one probe that is kept."""
        return self.probe.trainable_parameters

    own_parameters = trainable_parameters


@dataclass(frozen=True)
class LayerwiseProbe:
    """A linear probe on each layer; the one that validation prefers is kept, with the scale and penalty that suit it.

    Args:
        lowest: Lowest layer tried, 0 for the embeddings, negative counted from the last; all above it are tried, too.
        pooling: `auto` as the checkpoint declares, `cls` for the first token's state, `mean` or another over all.
        C: Inverse strength of the L2 penalty; `auto` tries those of a grid on validation.
        scaling: `standard` gives each feature mean 0 and deviation 1, `unit` each text length 1, `auto` the better of
            both on validation; `standard` where C is set.
        max_iter: Most iterations of L-BFGS.
        class_weight: `balanced` lets each class count the same in the loss, `none` each row.
    """

    name: ClassVar[str] = "layerwise_probe"
    groups: ClassVar[tuple[str, ...]] = ("fast",)
    imports: ClassVar[tuple[str, ...]] = ("sklearn.linear_model", "sklearn.preprocessing")
    search_space: ClassVar[str] = "scaling=standard(C=0.0001..10:log)|unit(C=0.1..10000:log), pooling=cls|mean"
    lowest: int = 0
    pooling: Pooling = "auto"
    C: Literal["auto"] | Annotated[float, Gt(0)] = "auto"
    scaling: Literal["auto", "standard", "unit"] = "auto"
    max_iter: Annotated[int, Ge(1)] = 1000
    class_weight: Literal["none", "balanced"] = "none"
    forecast = forecast_fit

    def features_of(self, n_layers: int) -> tuple[Features, ...]:
        """Return the state of every layer tried, lowest first; counted from the last, as other probes count."""
        lowest = self.lowest if self.lowest < 0 else self.lowest - n_layers - 1
        layers = range(lowest, 0) or (self.lowest,)  # one that is not there: the encoder says so
        return tuple(Features(layer, self.pooling) for layer in layers)

    def fit(self, train: Split, validation: Split, context: RunContext) -> BestLayer:
        """Fit a probe on every layer and keep the best."""
        history, best_of_layers, tried = [], [], []
        states = [context.resolved(state) for state in self.features_of(context.n_layers)]
        for number, state in enumerate(states):
            context.progress("layer", number, len(states))
            candidates = self._probe(state).search(train, validation, context)
            best_of_layers.append(select_candidate(candidates, len(validation), context.select_by))
            history.append({"layer": state.layer, "validation_f1_macro": best_of_layers[-1].f1_macro})
            tried += candidates
        best = select_candidate(best_of_layers, len(validation), context.select_by)
        state = states[next(number for number, each in enumerate(best_of_layers) if each is best)]
        setting: dict[str, Any] = dict(best.params)
        probe = replace(self._probe(state), **setting).fit(train, validation, context)
        params = {**vars(self), "pooling": state.pooling, **setting}
        optimism = selection_optimism(tried, validation.labels, metric=context.select_by)
        return BestLayer(probe, state, history, params, len(tried), optimism)

    def _probe(self, state: Features) -> OneLayer:
        layer, pooling, weight = state.layer, state.pooling, self.class_weight
        return OneLayer(layer, pooling, self.scaling, self.C, self.max_iter, weight)  # type: ignore[arg-type]

    def load(self, directory: Path, context: RunContext) -> BestLayer:
        """Return the classifier saved in `directory`."""
        state = Features(**json.loads((directory / FILE_NAME).read_text(encoding="utf-8")))
        return BestLayer(self._probe(state).load(directory, context), state, [])


@hookimpl
def harness_strategies() -> list[LayerwiseProbe]:
    """Offer the probe of all layers."""
    return [LayerwiseProbe()]
