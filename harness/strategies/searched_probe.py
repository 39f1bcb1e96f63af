"""Bases of probes that choose the scale of the features and the strength of the penalty on validation."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt
from numpy.typing import NDArray

from harness.data.task import Split
from harness.encoding.pooling import AUTO
from harness.strategies.class_weights import ClassWeight, class_weights
from harness.strategies.linear_path import LinearPath, Loss
from harness.strategies.model_selection import (
    Candidate,
    candidate_history,
    path_has_ended,
    score_candidate,
    select_candidate,
)
from harness.strategies.optimism import selection_optimism
from harness.strategies.sklearn_probe import SklearnClassifier, SklearnProbe
from harness.strategies.strategy import RunContext, parameters

Table = NDArray[np.floating]
Answer = Callable[[Table], NDArray[np.floating]]
"""Features (n, p) -> probabilities (n, number of classes that train holds)."""

SEARCH_TOLERANCE, TOLERANCE = 1e-3, 1e-6  # of a fit that is only compared, and of one that is kept


@dataclass(frozen=True)
class SearchedProbe(SklearnProbe):
    """Base of probes that choose scale and strength on validation; what is set is not searched.

    Args:
        scaling: `standard` gives each feature mean 0 and deviation 1, `unit` each text length 1, `auto` the better of
            both on validation; `standard` where the strength is set.
    """

    strength: ClassVar[str] = "C"
    grid: ClassVar[Mapping[str, tuple[float, ...]]] = {}
    scaling: Literal["auto", "standard", "unit"] = "auto"

    @abstractmethod
    def path(self, x: Table, y: NDArray[np.int64], strengths: Sequence[float]) -> Iterator[tuple[float, Answer]]:
        """Yield each strength and what a head fitted with it on scaled features answers."""

    @abstractmethod
    def fitted(self, x: Table, y: NDArray[np.int64], strength: float, seed: int) -> Any:
        """Return a scikit-learn classifier fitted on scaled features."""

    def fit(self, train: Split, validation: Split, context: RunContext) -> SklearnClassifier:
        """Choose on validation, then fit on train alone as if the choice had been set."""
        from sklearn.pipeline import make_pipeline
        from threadpoolctl import threadpool_limits

        with threadpool_limits(self.blas_threads, user_api="blas"):
            candidates = [] if self._is_set else self.search(train, validation, context)
            chosen: Any = (
                select_candidate(candidates, len(validation), context.select_by).params if candidates else self._given
            )
            scaler, x = self._scaled(train, chosen["scaling"], context)
            estimator = self.fitted(x, np.array(train.labels), chosen[self.strength], context.seed)
        params = {**parameters(self), "pooling": context.resolved(self.features[0]).pooling, **chosen}
        fitted = self._classifier(make_pipeline(scaler, estimator), context)
        return replace(
            fitted,
            params=params,
            history=candidate_history(candidates, context.select_by),
            configurations_tried=max(len(candidates), 1),
            optimism=selection_optimism(candidates, np.array(validation.labels), metric=context.select_by),
        )

    def search(self, train: Split, validation: Split, context: RunContext) -> list[Candidate]:
        """Return the configurations that were tried, scored on validation.

        Raises:
            ValueError: Where train holds a single class, which no penalty can suit.
        """
        candidates: list[Candidate] = []
        for scaling in self._scalings:
            strengths = self.grid[scaling] if self._set is None else (self._set,)
            of_path: list[Candidate] = []
            for strength, answers in self._answers(train, validation, context, scaling, strengths):
                params: dict[str, float | str] = {"scaling": scaling, self.strength: strength}
                of_path.append(score_candidate(params, answers, validation.labels, context.select_by))
                if path_has_ended(of_path):
                    break
            candidates += of_path
        return candidates

    def compare(
        self, candidates: Sequence["SearchedProbe"], train: Split, validation: Split, context: RunContext
    ) -> list[NDArray[np.float32]] | None:
        """Return what settings of this probe answer on validation, those that differ in strength alone from one path.

        Args:
            candidates: The settings, this one among them.
            train: The rows to fit on.
            validation: The rows to answer.
            context: As of `fit`.

        Returns:
            Class probabilities of each, float32 (n, k); None where one of them has a choice left to make.
        """
        from threadpoolctl import threadpool_limits

        paths: dict[str, list[int]] = {}
        for i, each in enumerate(candidates):
            paths.setdefault(str({**parameters(each), self.strength: AUTO}), []).append(i)
        answers: dict[int, NDArray[np.float32]] = {}
        for members in paths.values():
            probe = candidates[members[0]]
            if not probe._is_set:
                return None
            members.sort(key=lambda i: getattr(candidates[i], self.strength))
            strengths = [getattr(candidates[i], self.strength) for i in members]
            with threadpool_limits(self.blas_threads, user_api="blas"):
                told = probe._answers(train, validation, context, probe._scalings[0], strengths)
                answers |= {i: each for i, (_, each) in zip(members, told, strict=True)}
        return [answers[i] for i in range(len(candidates))]

    def _answers(
        self, train: Split, validation: Split, context: RunContext, scaling: str, strengths: Sequence[float]
    ) -> Iterator[tuple[float, NDArray[np.float32]]]:
        """Yield each strength and what a head fitted with it answers on validation, float32 (n, k)."""
        classes, y = np.unique(train.labels, return_inverse=True)
        if len(classes) == 1:
            raise ValueError("a probe needs rows of at least two classes to train on, got one class")
        scaler, x = self._scaled(train, scaling, context)
        x_validation = scaler.transform(self.inputs(validation.texts, context))
        for strength, answer in self.path(x, y, strengths):
            answers = np.zeros((len(validation), context.n_classes), np.float32)
            answers[:, classes] = answer(x_validation)
            yield strength, answers

    @property
    def _is_set(self) -> bool:
        return self._set is not None and len(self._scalings) == 1

    @property
    def _given(self) -> dict[str, Any]:
        """What is set, where nothing is searched."""
        return {"scaling": self._scalings[0], self.strength: self._set}

    @property
    def _set(self) -> float | None:
        value = getattr(self, self.strength)
        return None if value == AUTO else value

    @property
    def _scalings(self) -> tuple[str, ...]:
        if self.scaling != AUTO:
            return (self.scaling,)
        return ("standard", "unit") if self._set is None else ("standard",)

    def _scaled(self, train: Split, scaling: str, context: RunContext) -> tuple[Any, Table]:
        """Return a fitted scaler and train's features scaled by it."""
        from sklearn.preprocessing import Normalizer

        if scaling == "standard":
            return context.standardised(train.texts, self.features[0])
        scaler = Normalizer()
        return scaler, scaler.fit_transform(self.inputs(train.texts, context))


@dataclass(frozen=True)
class LinearProbe(SearchedProbe):
    """Base of linear probes; a subclass gives an `estimator`, whose fitted weights are set, and a `loss`.

    Args:
        C: Inverse strength of the L2 penalty; `auto` tries those of a grid on validation.
        max_iter: Most iterations of L-BFGS.
        class_weight: `balanced` lets each class count the same in the loss, `none` each row.
    """

    loss: ClassVar[Loss] = "log"
    # A product with one column a class is too narrow to share: two threads take twice the time of one.
    blas_threads: ClassVar[int | None] = 1
    C: Literal["auto"] | Annotated[float, Gt(0)] = "auto"
    max_iter: Annotated[int, Ge(1)] = 1000
    class_weight: ClassWeight = "none"

    def path(self, x: Table, y: NDArray[np.int64], strengths: Sequence[float]) -> Iterator[tuple[float, Answer]]:
        """Yield each C and what its head answers, each fit begun where the last one ended."""
        path = LinearPath(x, y, self.loss, weights=class_weights(y, int(y.max()) + 1, self.class_weight))
        for C in strengths:
            yield C, path.fit(C, SEARCH_TOLERANCE, self.max_iter).probabilities

    def fitted(self, x: Table, y: NDArray[np.int64], strength: float, seed: int) -> Any:
        """Return the estimator with the weights that minimise its objective."""
        estimator = replace(self, C=strength).estimator(seed)
        classes, numbers = np.unique(y, return_inverse=True)
        if len(classes) == 1:
            return estimator.fit(x, y)  # which says that one class is too few
        weights = class_weights(numbers, len(classes), self.class_weight)
        head = LinearPath(x, numbers, self.loss, exact=True, weights=weights).fit(strength, TOLERANCE, self.max_iter)
        estimator.classes_, estimator.n_features_in_ = classes, x.shape[1]
        estimator.coef_, estimator.intercept_ = head.coef, head.intercept
        estimator.n_iter_ = np.array([head.steps])
        return estimator
