"""A linear head on a static encoder, which looks up a vector for each token: what a cent of compute buys.

Static encoders are those of model2vec (Tulkens and van Dongen, 2024), distilled from a sentence encoder once. A text is
the mean of its tokens' vectors, however many they are, so that encoding takes a thousandth of the arithmetic.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Gt

from harness import (
    RunContext,
    SklearnClassifier,
    SklearnStrategy,
    Split,
    embed_texts,
    find_model,
    fit_candidates,
    hookimpl,
    load_static_model,
    model_hash,
    sklearn_class_weight,
)

GRID = (1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0)  # as of logreg_probe, whose features are scaled alike
ENCODER_FOLDER = "encoder"  # of a saved classifier


@dataclass(frozen=True)
class StaticClassifier(SklearnClassifier):
    """A static encoder and the head that reads it."""

    encoder: Any = None

    def save(self, directory: Path) -> None:
        """Write the head, and the encoder as model2vec reads it, without pickle."""
        super().save(directory)
        self.encoder.save_pretrained(directory / ENCODER_FOLDER)

    @property
    def own_parameters(self) -> int:
        """Number of weights that it holds: the vectors of all tokens, and the head's."""
        return int(self.encoder.embedding.size) + (self.trainable_parameters or 0)


@dataclass(frozen=True)
class StaticProbe(SklearnStrategy):
    """Logistic regression on the mean of static token vectors, standardised, penalty chosen on validation.

    Args:
        model: Folder or hub id of a static encoder of model2vec, such as minishlab/potion-base-8M.
        C: Inverse strength of the L2 penalty; `auto` tries those of a grid on validation.
        class_weight: `balanced` lets each class count the same in the loss, `none` each row.
    """

    name: ClassVar[str] = "static_probe"
    deterministic: ClassVar[bool] = True
    groups: ClassVar[tuple[str, ...]] = ("baselines", "fast")
    requires: ClassVar[Mapping[str, str]] = {"model2vec": "static"}
    must_be_set: ClassVar[tuple[str, ...]] = ("model",)
    blas_threads: ClassVar[int | None] = 1  # a product with one column a class is too narrow to share
    imports: ClassVar[tuple[str, ...]] = ("model2vec", "sklearn.linear_model", "sklearn.preprocessing")
    search_space: ClassVar[str] = "C=0.0001..10:log"
    model: str | None = None
    C: Literal["auto"] | Annotated[float, Gt(0)] = "auto"
    class_weight: Literal["none", "balanced"] = "none"

    def refusal(self, model: str, n_layers: int, label_names: Sequence[str]) -> str | None:
        """Download the encoder where that is allowed, and refuse what is none before anything is trained."""
        del model, n_layers, label_names
        load_static_model(self._folder())
        return None

    def fit(self, train: Split, validation: Split, context: RunContext) -> StaticClassifier:
        """Fit the head on train, its penalty as validation prefers it; the encoder stays as it is."""
        from threadpoolctl import threadpool_limits

        encoder = load_static_model(self._folder())
        embed = cache(partial(embed_texts, encoder))  # the same texts for each penalty
        x, y = embed(train.texts), np.array(train.labels)

        def fit_with(C: float) -> StaticClassifier:
            this = replace(self, C=C)
            head = this.estimator(context.seed).fit(x, y)
            return StaticClassifier(head, embed, context.n_classes, vars(this), encoder=encoder)

        with threadpool_limits(self.blas_threads, user_api="blas"):
            if self.C != "auto":
                return replace(fit_with(self.C), inputs=partial(embed_texts, encoder))
            chosen, choice = fit_candidates([{"C": C} for C in GRID], fit_with, validation, context.select_by)
        return replace(chosen, inputs=partial(embed_texts, encoder), **choice)

    def estimator(self, seed: int) -> Any:
        """Return scaler and linear head."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        weight = sklearn_class_weight(self.class_weight)
        head = LogisticRegression(C=self.C, max_iter=1000, class_weight=weight, random_state=seed)
        return make_pipeline(StandardScaler(), head)

    def load(self, directory: Path, context: RunContext) -> StaticClassifier:
        """Return the classifier saved in `directory`."""
        encoder = load_static_model(directory / ENCODER_FOLDER)
        head = super().load(directory, context).estimator
        return StaticClassifier(head, partial(embed_texts, encoder), context.n_classes, encoder=encoder)

    def content_hash(self) -> str:
        """Return the hash of the static encoder."""
        return model_hash(self._folder())

    def _folder(self) -> Path:
        return find_model(str(self.model), "--set static_probe.model")


@hookimpl
def harness_strategies() -> list[StaticProbe]:
    """Offer the static encoder."""
    return [StaticProbe()]
