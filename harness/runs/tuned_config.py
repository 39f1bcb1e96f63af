"""The winner of a search as a configuration file that `harness run --config` repeats it from."""

from typing import Any

from harness.errors import UserError
from harness.runs.planning import Plan
from harness.runs.search_space import INSTALL, settings_of, with_text
from harness.runs.tuning import Tried, only_strategy
from harness.strategies.strategy import recorded_parameters

DECIDE_THE_SCORE = (
    "dataset",
    "text_column",
    "label_column",
    "label_names",
    "limit",
    "model",
    "revision",
    "seeds",
    "train_sizes",
    "per_class",
    "device",
    "dtype",
    "engine",
    "batch_tokens",
    "plugins",
    "select_by",
    "costs",
)
"""Options of a run that its scores depend on, besides the strategies."""


def as_toml(plan: Plan, best: Tried) -> str:
    """Return what `harness run --config` needs to repeat the best configuration of a search.

    Data set and model stand there by name even where they are the defaults. The values are in a `[set]` table, so that
    they hold for `--strategies` of the command line, too.

    Args:
        plan: What the search was made with.
        best: The configuration that it chose.

    Raises:
        UserError: Where tomli-w is not installed.
    """
    try:
        import tomli_w
    except ImportError as error:
        raise UserError(f"Writing a configuration file needs tomli-w, which is not installed: {INSTALL}") from error
    offer = only_strategy(plan)
    values = recorded_parameters(with_text(offer.strategy, best.params))
    chosen = {field: _toml_value(values[field]) for field in (*settings_of(offer, plan.config), *best.params)}
    options: dict[str, Any] = {**_options(plan), "strategies": [offer.base]}
    return tomli_w.dumps(options | ({"set": {offer.base: chosen}} if chosen else {})).rstrip("\n")


def _options(plan: Plan) -> dict[str, Any]:
    named = {"dataset": plan.config.dataset_name, **({"model": plan.config.model_name} if plan.encoder else {})}
    given = plan.config.model_dump(mode="json", include={*DECIDE_THE_SCORE}, exclude_defaults=True, exclude_none=True)
    return {name.replace("_", "-"): value for name, value in (named | given | {"seeds": plan.config.seeds}).items()}


def _toml_value(value: Any) -> Any:
    """Return a value as TOML can hold it, which has no null: None is the text that `--set` takes for it."""
    if isinstance(value, dict):
        return {name: _toml_value(each) for name, each in value.items()}
    return [_toml_value(each) for each in value] if isinstance(value, list) else "none" if value is None else value
