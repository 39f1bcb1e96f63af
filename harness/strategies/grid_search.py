"""Several configurations of one strategy as one row: all are fitted, the best on validation is kept."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.data.task import Split
from harness.encoding.encoder import Features
from harness.evaluation.metric import Metric
from harness.strategies.model_selection import Candidate, history_of, score_candidate
from harness.strategies.optimism import selection_optimism
from harness.strategies.strategy import Classifier, RunContext, Strategy, parameters, uses_model, wanted_features
from harness.strategies.tags import FitForecast, classifier_tags, expense_of, forecast_of, refusal_of, tags_of
from harness.system.process import seed_everything

CHOICE_FILE, CLASSIFIER_FOLDER = "choice.json", "classifier"


@dataclass(frozen=True)
class ChosenClassifier:
    """The classifier of the configuration that validation preferred.

    Args:
        classifier: As that configuration's `fit` returned it.
        index: Which configuration it was.
        params: Its hyperparameters.
        configurations_tried: How many there were, those among which each chose itself counted, too.
        history: One mapping a configuration: its number, its validation scores.
        optimism: By how much the choice flatters the validation score, None where unknown.
    """

    classifier: Classifier
    index: int
    params: dict[str, Any]
    configurations_tried: int
    history: list[dict[str, float]]
    optimism: float | None = None

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return class probabilities, float32 (n, k)."""
        return self.classifier.predict_proba(texts)

    def save(self, directory: Path) -> None:
        """Write the classifier to a folder of its own, and which configuration it is."""
        (directory / CLASSIFIER_FOLDER).mkdir()
        self.classifier.save(directory / CLASSIFIER_FOLDER)
        (directory / CHOICE_FILE).write_text(json.dumps({"configuration": self.index}), encoding="utf-8")

    @property
    def trainable_parameters(self) -> int | None:
        """Number of weights the chosen configuration trained."""
        return classifier_tags(self.classifier).trainable_parameters

    @property
    def own_parameters(self) -> int | None:
        """Number of weights the chosen classifier holds."""
        return classifier_tags(self.classifier).own_parameters

    @property
    def members(self) -> Mapping[str, float]:
        """Name of each of those that the chosen classifier predicts from -> its weight."""
        return classifier_tags(self.classifier).members


class GridSearch:
    """A strategy that tries several configurations of another and keeps the best on validation.

    Its cost is that of all of them. Of equal ones the first is kept. Each begins with the same seed, so that their
    order changes nothing.

    Args:
        name: Name of the row.
        candidates: The configurations, at least one.
    """

    def __init__(self, name: str, candidates: Sequence[Strategy]) -> None:
        self.name = name
        self.candidates = tuple(candidates)
        self.groups = tags_of(candidates[0]).groups
        self.uses_model = any(map(uses_model, candidates))
        self.deterministic = all(tags_of(each).deterministic for each in candidates)
        self.saves_encoder = all(tags_of(each).saves_encoder for each in candidates)
        self.reads_label_names = any(tags_of(each).reads_label_names for each in candidates)
        self.combines = any(tags_of(each).combines for each in candidates)
        self.address = next(filter(None, (tags_of(each).address for each in candidates)), "")
        self.imports = tuple(dict.fromkeys(m for each in candidates for m in tags_of(each).imports))

    def features_of(self, n_layers: int) -> tuple[Features, ...]:
        """Return every frozen state that one of the configurations reads of an encoder of so many blocks."""
        return tuple(dict.fromkeys(state for each in self.candidates for state in wanted_features(each, n_layers)))

    def refusal(self, model: str, n_layers: int, label_names: Sequence[str]) -> str | None:
        """Return why one of the configurations cannot be tried, None where nothing is known against any."""
        return next(filter(None, (refusal_of(each, model, n_layers, label_names) for each in self.candidates)), None)

    def forecast(self, train: Split, validation: Split, context: RunContext) -> FitForecast | None:
        """Return what fitting all configurations will take, None where one of them does not tell."""
        told = [forecast_of(each, train, validation, context) for each in self.candidates]
        known = [one for one in told if one]
        if len(known) < len(told):
            return None
        return FitForecast(sum(one.seconds for one in known), known[0].seconds_a_text)

    def expense(self, texts: Sequence[str], label_names: Sequence[str]) -> str | None:
        """Say what asking for the answers of all configurations costs, None where none asks anybody."""
        told = [expense_of(each, texts, label_names) for each in self.candidates]
        return "; ".join(filter(None, told)) or None

    def fit(self, train: Split, validation: Split, context: RunContext) -> ChosenClassifier:
        """Fit every configuration on train and keep the best on validation, by f1_macro or `context.select_by`."""
        best = BestSoFar(validation, context.select_by)
        for index, candidate in enumerate(self.candidates):
            best.offer(index, {}, self.fit_candidate(index, train, validation, context), parameters(candidate))
        history = [
            {"configuration": index, "validation_f1_macro": each.f1_macro, **history_of(context.select_by, each.score)}
            for index, each in best.scored.items()
        ]
        return best.chosen(history)

    def fit_candidate(self, index: int, train: Split, validation: Split, context: RunContext) -> Classifier:
        """Return the classifier of one configuration, fitted as if it were the only one."""
        context.progress(f"configuration {index + 1}", index, len(self.candidates))
        seed_everything(context.seed)
        return self.candidates[index].fit(train, validation, _within(context, index))

    def load(self, directory: Path, context: RunContext) -> Classifier:
        """Return the classifier that was saved."""
        index: int = json.loads((directory / CHOICE_FILE).read_text(encoding="utf-8"))["configuration"]
        return self.candidates[index].load(directory / CLASSIFIER_FOLDER, context)


class BestSoFar:
    """The configurations that were tried, and the classifier of the best of them on validation.

    Args:
        validation: Rows to choose on.
        metric: What chooses, `context.select_by`; None for f1_macro.

    Attributes:
        scored: Number of each configuration that has scores -> these.
    """

    def __init__(self, validation: Split, metric: Metric | None) -> None:
        self._validation, self._metric = validation, metric
        self.scored: dict[int, Candidate] = {}
        self._tried: dict[int, int] = {}
        self._best: tuple[float, int, Classifier, dict[str, Any]] | None = None

    def offer(
        self, index: int, drawn: Mapping[str, float | str], classifier: Classifier, params: Mapping[str, Any]
    ) -> None:
        """Score a configuration and keep its classifier where it is the best so far; of equal ones the first.

        Args:
            index: Its number.
            drawn: What a history tells of its settings.
            classifier: What came of it.
            params: All its hyperparameters.
        """
        scored = self.compare(index, drawn, np.asarray(classifier.predict_proba(list(self._validation.texts))))
        tags = classifier_tags(classifier)
        self._tried[index] = tags.configurations_tried
        if self._best is None or scored.score > self._best[0]:
            self._best = scored.score, index, classifier, dict(tags.params) or dict(params)

    def compare(self, index: int, drawn: Mapping[str, float | str], probabilities: NDArray[np.floating]) -> Candidate:
        """Score a configuration by what it answers on validation, (n, k), and keep nothing but that."""
        scored = score_candidate(drawn, probabilities, self._validation.labels, self._metric)
        self.scored[index], self._tried[index] = scored, 1
        return scored

    def chosen(self, history: list[dict[str, float]]) -> ChosenClassifier:
        """Return the best, with the history of all for its record.

        Raises:
            ValueError: Where there is none.
        """
        if self._best is None:
            raise ValueError("a search needs at least one configuration")
        _, index, classifier, params = self._best
        own = classifier_tags(classifier).optimism  # of what the chosen one chose by itself
        scored, labels = list(self.scored.values()), np.array(self._validation.labels)
        among = selection_optimism(scored, labels, nearly_best=0.0, metric=self._metric)
        optimism = None if own is None and among is None else (own or 0.0) + (among or 0.0)
        return ChosenClassifier(classifier, index, params, sum(self._tried.values()), history, optimism)


def _within(context: RunContext, index: int) -> RunContext:
    """Give a configuration a folder and a share of the progress of its own."""
    workdir = context.workdir / f"configuration-{index}"
    workdir.mkdir()
    return replace(context, workdir=workdir)
