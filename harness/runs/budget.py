"""Equal budgets: each strategy of a run is searched in its own space, with as many configurations or as much time."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from harness.config.amounts import MOST_CONFIGURATIONS, read_duration
from harness.config.run_config import RunConfig
from harness.encoding.encoder import Encoder
from harness.errors import UserError
from harness.plugin_system.offers import Offer
from harness.runs.feasibility import refuse_setting
from harness.runs.search_space import INSTALL, Space, search_space, settings_of, suggest, with_text, without, written
from harness.strategies.random_search import RandomSearch
from harness.strategies.strategy import Strategy
from harness.strategies.tags import tags_of

MOST_REFUSED = 1000  # draws in a row that cannot be with the encoder


def refuse_vain_budget(offers: Sequence[Offer], config: RunConfig) -> None:
    """Refuse a budget that no strategy could use, before anything is loaded.

    Raises:
        UserError: Where none has anything to search, or optuna is not installed.
    """
    if config.budget is None:
        return
    if not any(_space(offer, config) for offer in offers):
        names = ", ".join(offer.name for offer in offers)
        raise UserError(
            f"--budget {config.budget}: none of the strategies ({names}) has anything to search: a search_space that "
            "it declares, with a field that is not set. Leave out --budget, or name a strategy such as logreg_probe."
        )
    if find_spec("optuna") is None:
        raise UserError(f"--budget needs optuna, which is not installed: {INSTALL}")


def with_budget(
    offers: Sequence[Offer], config: RunConfig, encoder: Encoder | None, label_names: Sequence[str]
) -> tuple[list[Offer], list[str]]:
    """Return the strategies of a run, those that can be searched as searches, and what is to be known of it.

    All seeds and sizes of train try the same configurations, which the run's first seed draws.

    Args:
        offers: The selected strategies.
        config: Says what the budget is.
        encoder: What they read; values that cannot be with it are not drawn.
        label_names: Name of class i at position i.

    Raises:
        UserError: Where nothing that a space holds can be with the encoder.
    """
    if config.budget is None:
        return list(offers), []
    searched = [_searched(offer, config, encoder, label_names) for offer in offers]
    unsearched = [offer.name for offer in searched if not isinstance(offer.strategy, RandomSearch)]
    drawn = "drawn at random from the search space that it declares"
    if isinstance(config.budget, int):
        notes = [f"budget: {config.budget:,} configurations of each strategy, {drawn}"]
    else:
        notes = [f"budget: {config.budget} to fit configurations of each strategy in, {drawn}"]
    if unsearched:
        notes.append(f"not searched, as it declares no search space or all of it is set: {', '.join(unsearched)}")
    return searched, notes


def _space(offer: Offer, config: RunConfig) -> Space:
    """Return where a strategy is searched: what it declares, without the fields that are set already."""
    if not tags_of(offer.strategy).search_space:
        return {}
    return without(search_space(offer.strategy, None), settings_of(offer, config))


def _searched(offer: Offer, config: RunConfig, encoder: Encoder | None, label_names: Sequence[str]) -> Offer:
    if not (space := _space(offer, config)):
        return offer
    n = config.budget if isinstance(config.budget, int) else MOST_CONFIGURATIONS
    drawn = _draw(offer, space, n, config.seeds[0], encoder, label_names)
    strategies, params = zip(*drawn, strict=True)
    seconds = read_duration(config.budget) if isinstance(config.budget, str) else None
    search = RandomSearch(offer.strategy.name, strategies, params, written(space), seconds)
    return replace(offer, strategy=search, label=offer.name)


def _draw(
    offer: Offer, space: Space, n: int, seed: int, encoder: Encoder | None, label_names: Sequence[str]
) -> list[tuple[Strategy, Mapping[str, Any]]]:
    """Draw configurations independently; one that cannot be with the encoder is drawn again."""
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    optuna.logging.set_verbosity(verbosity)
    drawn: list[tuple[Strategy, Mapping[str, Any]]] = []
    refused = 0
    while len(drawn) < n:
        asked = study.ask()
        params = suggest(asked, space, offer.strategy)
        try:
            strategy = with_text(offer.strategy, params)
            refuse_setting(offer.name, strategy, encoder, label_names)
        except UserError:
            refused += 1
            if refused >= MOST_REFUSED:
                raise
            continue
        refused = 0
        drawn.append((strategy, params))
    return drawn
