"""Feature extraction with boosted trees: CatBoost on the frozen state (Prokhorenkova et al., NeurIPS 2018).

Hundreds of dense features make trees slow: each split looks at a tenth of them and at 32 borders of each, as CatBoost's
guide to speed has it, which takes a tenth of the time; validation ends boosting.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Interval
from numpy.typing import NDArray

from harness import Features, ModelError, Pooling, RunContext, Split, forecast_fit, hookimpl

BORDERS = 32
MODEL_FILE, CLASSES_FILE = "model.cbm", "classes.json"


@dataclass(frozen=True)
class CatBoostClassifier:
    """Boosted trees on a frozen state.

    Attributes:
        trees: The fitted `catboost.CatBoostClassifier`.
        classes: Ids of the classes that train holds, int64, in the order of its columns.
        features: The state that it reads.
        context: Encodes texts.
        history: Loss on train and validation by iteration.
        params: What it was fitted with.
    """

    trees: Any
    classes: NDArray[np.int64]
    features: Features
    context: RunContext
    history: Sequence[Mapping[str, float]] = ()
    params: Mapping[str, Any] | None = None

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return class probabilities, float32 (n, k)."""
        probabilities = np.zeros((len(texts), self.context.n_classes), np.float32)
        if len(texts):
            x = self.context.encode(texts, self.features)
            probabilities[:, self.classes] = self.trees.predict_proba(x, thread_count=1)
        return probabilities

    def save(self, directory: Path) -> None:
        """Write the trees in CatBoost's own format, which holds no pickle."""
        self.trees.save_model(str(directory / MODEL_FILE))
        (directory / CLASSES_FILE).write_text(json.dumps(self.classes.tolist()), encoding="utf-8")


@dataclass(frozen=True)
class CatBoostProbe:
    """Gradient boosted trees on frozen features; validation loss ends boosting.

    Args:
        layer: Hidden layer, 0 for the embeddings, negative counted from the last.
        pooling: `auto` as the checkpoint declares, `cls` for the first token's state, `mean` or another over all.
        iterations: Most trees.
        learning_rate: What each tree counts.
        depth: Of each tree.
        rsm: Share of the features that a split looks at.
        patience: Trees without a lower validation loss after which boosting ends; the best number is kept.
    """

    name: ClassVar[str] = "catboost_probe"
    requires: ClassVar[Mapping[str, str]] = {"catboost": "catboost"}
    imports: ClassVar[tuple[str, ...]] = ("catboost",)
    search_space: ClassVar[str] = "learning_rate=0.02..0.3:log, depth=3..8"
    layer: int = -1
    pooling: Pooling = "auto"
    iterations: Annotated[int, Ge(1)] = 500
    learning_rate: Annotated[float, Gt(0)] = 0.1
    depth: Annotated[int, Interval(ge=1, le=16)] = 4
    rsm: Annotated[float, Interval(gt=0, le=1)] = 0.1
    patience: Annotated[int, Ge(1)] = 30
    forecast = forecast_fit

    @property
    def features(self) -> tuple[Features, ...]:
        """The one frozen state that it reads."""
        return (Features(self.layer, self.pooling),)

    def fit(self, train: Split, validation: Split, context: RunContext) -> CatBoostClassifier:
        """Boost on train, stop on validation.

        Raises:
            ValueError: Where train holds a single class.
        """
        import catboost

        classes = np.unique(train.labels)
        if len(classes) == 1:
            raise ValueError("trees need rows of at least two classes to train on, got one class")
        known = np.isin(validation.labels, classes)  # of other classes no tree can know
        x_validation = context.encode(validation.texts, self.features[0])[known]
        trees = catboost.CatBoostClassifier(
            iterations=self.iterations,
            learning_rate=self.learning_rate,
            depth=self.depth,
            rsm=self.rsm,
            border_count=BORDERS,
            loss_function="MultiClass",
            random_seed=context.seed,
            allow_writing_files=False,
            verbose=False,
        )
        held_out = (x_validation, np.array(validation.labels)[known]) if known.any() else None
        stop = {"early_stopping_rounds": self.patience, "use_best_model": True} if held_out else {}
        trees.fit(context.encode(train.texts, self.features[0]), np.array(train.labels), eval_set=held_out, **stop)
        params = {**vars(self), "pooling": context.resolved(self.features[0]).pooling}
        return CatBoostClassifier(trees, classes, self.features[0], context, _history(trees), params)

    def load(self, directory: Path, context: RunContext) -> CatBoostClassifier:
        """Return the classifier saved in `directory`.

        Raises:
            ModelError: Where its files cannot be read.
        """
        import catboost

        trees = catboost.CatBoostClassifier()
        try:
            trees.load_model(str(directory / MODEL_FILE))
            classes = np.array(json.loads((directory / CLASSES_FILE).read_text(encoding="utf-8")), np.int64)
        except (catboost.CatBoostError, OSError, ValueError) as error:
            raise ModelError(f"{directory / MODEL_FILE} cannot be read: {error}".splitlines()[0]) from error
        return CatBoostClassifier(trees, classes, self.features[0], context)


def _history(trees: Any) -> list[dict[str, float]]:
    """Return the losses after each tree, a mapping an iteration."""
    told = trees.get_evals_result()
    losses = {"train_loss": told.get("learn", {}), "validation_loss": told.get("validation", {})}
    columns = {name: values["MultiClass"] for name, values in losses.items() if "MultiClass" in values}
    rows = zip(*columns.values(), strict=True)
    return [{"epoch": i, **dict(zip(columns, row, strict=True))} for i, row in enumerate(rows, start=1)]


@hookimpl
def harness_strategies() -> list[CatBoostProbe]:
    """Offer boosted trees."""
    return [CatBoostProbe()]
