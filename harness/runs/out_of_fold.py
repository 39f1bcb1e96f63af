"""What strategies say of rows of train that they were not fitted on: out-of-fold predictions."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.data.same_texts import text_numbers
from harness.data.task import Split
from harness.errors import HarnessError, StrategyError, reason_of
from harness.evaluation.metrics import checked_probabilities
from harness.executors.assignment import fit_context
from harness.features.cache import FeatureCache
from harness.huggingface.network import offline_hub
from harness.results.predictions import Predictions
from harness.runs.planning import Plan
from harness.runs.reporter import Reporter, Silence
from harness.runs.session import Session, Trial
from harness.system.temporary_folders import temporary_folder

FOLDS, SEED = 5, 0


def out_of_fold(plan: Plan, folds: int = FOLDS, reporter: Reporter | None = None) -> dict[str, Predictions]:
    """Fit each strategy of a plan on all folds of train but one, and predict that one, for every fold.

    Rows with the same text stand in one fold: a wrong label that comes twice would vouch for itself. A class whose rows
    have all one text is nowhere to be learnt when it is asked for; its rows are left out.

    Args:
        plan: Strategies, data and encoder; of its seeds the first counts.
        folds: Parts of train.
        reporter: Told how far it is.

    Returns:
        Strategy -> its predictions of the rows of train, in their order.

    Raises:
        StrategyError: Where a strategy fails.
    """
    reporter, train = reporter or Silence(), plan.task.train
    trials = list({trial.offer.name: trial for trial in reversed(plan.trials)}.values())[::-1]
    fold = fold_of_rows(train, folds)
    rows = np.flatnonzero(fold >= 0)
    found = {}
    with _features(plan, reporter) as features:
        for number, trial in enumerate(trials, 1):
            reporter.stage(trial.offer.name, number, len(trials))
            table = _table(plan, trial, features, fold, reporter)
            found[trial.offer.name] = Predictions(train.rows_in_source()[rows], train.labels[rows], table[rows])
    return found


def fold_of_rows(train: Split, folds: int) -> NDArray[np.int64]:
    """Return the fold of each row, int64 (n,): classes spread evenly, equal texts together; -1 for what is left out."""
    _, first, text = np.unique(text_numbers(train.texts), return_index=True, return_inverse=True)
    classes = train.labels[first]
    order = np.random.default_rng(SEED).permutation(len(first))
    order = order[np.argsort(classes[order], kind="stable")]
    fold = np.empty(len(first), np.int64)
    fold[order] = np.arange(len(first)) % min(folds, len(first))
    several = np.array([len(np.unique(text[train.labels == k])) > 1 for k in range(train.labels.max() + 1)])
    return np.where(several[train.labels], fold[text], -1)


@contextmanager
def _features(plan: Plan, reporter: Reporter) -> Iterator[FeatureCache | None]:
    """Give the frozen features of train and validation that the strategies read, from the cache where they are."""
    with temporary_folder() as scratch:
        features = plan.new_features(Path(scratch) / "features")
        if features and plan.wanted_features:
            splits = [plan.task.train.texts, plan.task.validation.texts]
            features.fill(splits, plan.wanted_features, reporter.progress)
        yield features


def _table(
    plan: Plan, trial: Trial, features: FeatureCache | None, fold: NDArray[np.int64], reporter: Reporter
) -> NDArray[np.float32]:
    """Return the probabilities of each row by a classifier that did not see it, float32 (n, k)."""
    task, table = plan.task, np.zeros((len(plan.task.train), plan.task.n_classes), np.float32)
    n_folds = int(fold.max()) + 1
    for k in range(n_folds):
        reporter.progress("fold", k, n_folds)
        rest, held = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        part = replace(task, train=task.train.rows(rest), allow_unseen=True)
        session = replace(plan.session(features), task=part)
        texts = [task.train.texts[row] for row in held]
        with offline_hub(plan.offline):
            table[held] = checked_probabilities(_predicted(session, trial, texts), len(held), task.n_classes)
    return table


def _predicted(session: Session, trial: Trial, texts: list[str]) -> NDArray[np.float32]:
    """Return the probabilities of texts by a classifier that is fitted on the train of a session."""
    try:
        with fit_context(session.assignment(trial)) as context, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the run has told those of the strategy
            return trial.strategy.fit(session.task.train, session.task.validation, context).predict_proba(texts)
    except (HarnessError, KeyboardInterrupt):
        raise
    except BaseException as error:  # of a plugin, whose SystemExit must not end the process either
        reason = reason_of(error) if isinstance(error, Exception) else type(error).__name__
        raise StrategyError(f"{trial.offer.name} failed on a part of train: {reason}.") from error
