"""One strategy, many configurations, chosen on validation alone: the search is optuna's, and can be resumed."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.encoding.encoder import depth
from harness.errors import UserError
from harness.evaluation.metric import Selection, selection_of
from harness.evaluation.metrics import checked_probabilities, evaluate
from harness.executors.assignment import fit_context
from harness.features.cache import FeatureCache
from harness.features.scratch import scratch_folder
from harness.huggingface.network import offline_hub
from harness.plugin_system.offers import Offer
from harness.runs.feasibility import refuse_setting
from harness.runs.planning import Plan
from harness.runs.search_space import (
    INSTALL,
    Choice,
    Range,
    Space,
    all_fields,
    field_of,
    is_whole,
    settings_of,
    suggest,
    with_text,
    without,
)
from harness.strategies.strategy import wanted_features
from harness.system.disk_errors import disk_errors
from harness.system.files import folder_name

if TYPE_CHECKING:
    import optuna

FOLDER = "tuning"


@dataclass(frozen=True)
class Tried:
    """One configuration: what was changed, and its validation f1_macro or why it has none.

    `selected` is its score by the metric that was named to choose by, None where none was.
    """

    params: dict[str, Any]
    f1_macro: float | None
    problem: str | None = None
    selected: float | None = None

    @property
    def shown(self) -> float | None:
        """The score that chooses, None where the configuration has none."""
        return self.f1_macro if self.selected is None else self.selected


@dataclass(frozen=True)
class Tuning:
    """A search: every configuration that was tried, in this run and before.

    `file` is where it goes on from, `selection` the metric that was named to choose by, None for f1_macro.
    """

    strategy: str
    tried: tuple[Tried, ...]
    file: Path
    selection: Selection | None = None

    @property
    def ranked(self) -> list[Tried]:
        """The configurations that have a validation score, the best first, of equal ones the first."""
        scored = [(tried, score) for tried in self.tried if (score := tried.shown) is not None]
        oriented = self.selection.oriented if self.selection else float
        return [tried for tried, _ in sorted(scored, key=lambda each: -oriented(each[1]))]

    @property
    def best(self) -> Tried | None:
        """The configuration with the best validation score, None where none has any."""
        return next(iter(self.ranked), None)


def tune(
    plan: Plan,
    space: Space,
    *,
    n_trials: int | None,
    seconds: float | None,
    tell: Callable[[int, Tried], None] = lambda number, tried: None,
) -> Tuning:
    """Search a strategy's hyperparameters; test is neither predicted nor scored.

    Args:
        plan: A run of one strategy, one seed and one number of rows of train.
        space: Where to search.
        n_trials: Configurations to try in all, those of an earlier search among them; None for no limit.
        seconds: Time to begin new configurations in, None for no limit.
        tell: Called with the number and outcome of each configuration.

    Raises:
        UserError: Where optuna is not installed, or the plan holds not just one strategy.
        UnavailableError: Where the search cannot be saved.
    """
    offer, selection = only_strategy(plan), selection_of(plan.select_by)
    file = Path(plan.config.output_dir) / FOLDER / f"{folder_name(_study_name(plan, offer))}.jsonl"
    with disk_errors(file):
        file.parent.mkdir(parents=True, exist_ok=True)
    study = _open_study(file, _study_name(plan, offer), plan.config.seeds[0])
    ends = None if seconds is None else time.monotonic() + seconds
    with scratch_folder(file.parent, file.stem) as scratch:
        features = plan.new_features(scratch)
        while (n_trials is None or len(study.trials) < n_trials) and (ends is None or time.monotonic() < ends):
            asked = study.ask()
            params = suggest(asked, space, offer.strategy)
            tried = _try(plan, offer, params, features)
            _tell_study(study, asked, tried, selection)
            tell(len(study.trials), tried)
    return Tuning(offer.name, tuple(_tried(each, selection) for each in study.trials), file, selection)


def only_strategy(plan: Plan) -> Offer:
    """Return the one strategy of a plan.

    Raises:
        UserError: Where it holds several, or several seeds or sizes of train.
    """
    for what, given, example in (
        ("strategy", [offer.name for offer in plan.offers], "logreg_probe"),
        ("seed", plan.config.seeds, f"--seed {plan.config.seeds[0]}"),
        ("number of train rows", plan.config.train_sizes, f"--train-size {plan.config.train_sizes[-1]}"),
    ):
        if len(given) != 1:
            came = ", ".join(map(str, given)) or "none"
            raise UserError(f"Tuning takes one {what}, got {came}. Name one, such as {example}.")
    return plan.offers[0]


def left_to_search(plan: Plan, space: Space, *, named: bool) -> Space:
    """Return the space without the fields that are set already.

    Args:
        plan: A run of one strategy and one seed.
        space: Field -> where to search.
        named: Whether the user named the space; then a field of it cannot be set, too.

    Raises:
        UserError: Where a field is to be searched and set, or nothing is left to search.
    """
    given = settings_of(only_strategy(plan), plan.config)
    fixed, left = given.keys() & {field for field, _ in all_fields(space)}, without(space, given)
    if fixed and (named or not left):
        fields = ", ".join(sorted(fixed))
        raise UserError(f"{fields}: set (by --set, a configuration file or STRATEGY) and to be searched. Keep one.")
    return left


def refuse_impossible_space(plan: Plan, space: Space) -> None:
    """Refuse a space that the user named, where one of its values or ends cannot be with the encoder.

    Raises:
        UserError: Saying what cannot be.
    """
    offer, encoder = only_strategy(plan), plan.encoder
    for field, where in all_fields(space):
        for value in _ends(where, whole=is_whole(offer.strategy, field)):
            with suppress(ValueError):  # what suits no other field's default may suit what is drawn for that
                changed = with_text(offer.strategy, {field: value})
                refuse_setting(offer.name, changed, encoder, plan.task.label_names)


def _ends(where: Range | Choice, *, whole: bool) -> tuple[Any, ...]:
    if isinstance(where, Choice):
        return where.values
    return (round(where.low), round(where.high)) if whole else (where.low, where.high)


def _study_name(plan: Plan, offer: Offer) -> str:
    """Name what makes two searches the same: strategy and its settings, data, encoder, rows of train, seed."""
    encoder = plan.encoder.name if plan.encoder else "no-model"
    settings = "".join(f"-{field}={value}" for field, value in sorted(settings_of(offer, plan.config).items()))
    data = f"{plan.task.name}-{plan.task.content_hash()[:12]}"
    size = plan.trials[0].train_size
    rows = "" if size is None else f"-{size}rows"
    by = f"-by-{plan.select_by.name}" if plan.select_by else ""
    return f"{offer.base}{settings}-{data}-{encoder}{rows}-seed{plan.config.seeds[0]}{by}"


def _open_study(file: Path, name: str, seed: int) -> "optuna.Study":
    try:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend
    except ImportError as error:
        raise UserError(f"Tuning needs optuna, which is not installed: {INSTALL}") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with disk_errors(file):
        study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(file))),
            study_name=name,
            direction="maximize",
            load_if_exists=True,
        )
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials))  # resumed, it goes on with other draws
    return study


def _try(plan: Plan, offer: Offer, params: dict[str, Any], features: FeatureCache | None) -> Tried:
    try:
        changed = replace(offer, strategy=with_text(offer.strategy, params))
        return _validated(plan, changed, params, features)
    except (KeyboardInterrupt, UserError):
        raise
    except BaseException as error:  # a configuration that fails is one that was tried
        return Tried(params, None, f"{type(error).__name__}: {error}".splitlines()[0])


def _validated(plan: Plan, offer: Offer, params: dict[str, Any], features: FeatureCache | None) -> Tried:
    """Fit a configuration and score it on validation."""
    (trial,), strategy = plan.trials, offer.strategy
    session = plan.session(features)
    task = session.task_of(trial)
    if features and (wanted := wanted_features(strategy, depth(plan.encoder))):
        features.fill([task.train.texts, task.validation.texts], wanted)
    with offline_hub(plan.offline), fit_context(session.assignment(replace(trial, offer=offer))) as context:
        classifier = strategy.fit(task.train, task.validation, context)
        probabilities = classifier.predict_proba(list(task.validation.texts))
        checked = checked_probabilities(probabilities, len(task.validation), task.n_classes)
        f1_macro = evaluate(task.validation.labels, checked).f1_macro
        selected = plan.select_by.value(task.validation.labels, checked) if plan.select_by else None
        return Tried(params, f1_macro, selected=selected)


def _tell_study(study: "optuna.Study", asked: "optuna.Trial", tried: Tried, selection: Selection | None) -> None:
    import optuna

    if tried.shown is None:
        asked.set_user_attr("problem", tried.problem)
        study.tell(asked, state=optuna.trial.TrialState.FAIL)
        return
    asked.set_user_attr("f1_macro", tried.f1_macro)
    study.tell(asked, selection.oriented(tried.shown) if selection else tried.shown)


def _tried(trial: "optuna.trial.FrozenTrial", selection: Selection | None) -> Tried:
    problem = trial.user_attrs.get("problem")
    params = {field_of(name): value for name, value in trial.params.items()}
    if selection is None or trial.value is None:
        return Tried(params, trial.value, problem)
    return Tried(params, trial.user_attrs.get("f1_macro"), problem, selection.oriented(trial.value))
