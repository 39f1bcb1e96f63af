"""Settings that cannot be with an encoder, found before any text is encoded."""

from collections.abc import Mapping, Sequence

from harness.config.strategy_spec import base_name
from harness.encoding.encoder import Encoder, missing_layer
from harness.errors import HarnessError, PluginError, UserError
from harness.plugin_system.offers import Offer
from harness.strategies.strategy import Strategy, parameters, uses_model, wanted_features
from harness.strategies.tags import refusal_of


def refuse_impossible(
    offers: Sequence[Offer], as_offered: Mapping[str, Offer], encoder: Encoder | None, label_names: Sequence[str]
) -> None:
    """Refuse settings made by hand that the encoder's config.json or a strategy's options rule out.

    What a strategy is offered with is tried, and fails as a record: nobody asked for it, and others go on.

    Args:
        offers: What is to be run.
        as_offered: Strategies as plugins offer them, by name.
        encoder: What they read, None where none is needed.
        label_names: Name of class i at position i.

    Raises:
        UserError: With the first such setting.
    """
    for offer in offers:
        untouched = as_offered.get(base_name(offer.name))
        if untouched is None or untouched.strategy != offer.strategy:
            refuse_setting(offer.name, offer.strategy, encoder, label_names)


def refuse_setting(name: str, strategy: Strategy, encoder: Encoder | None, label_names: Sequence[str]) -> None:
    """Refuse a strategy as it is set, where that cannot be with an encoder.

    Raises:
        UserError: Saying what cannot be.
    """
    try:
        if encoder and uses_model(strategy):
            states = wanted_features(strategy, encoder.n_layers)
            missing = filter(None, (missing_layer(state, encoder.name, encoder.n_layers) for state in states))
            problem = next(missing, None) or refusal_of(strategy, encoder.directory, encoder.n_layers, label_names)
        else:
            problem = refusal_of(strategy, "", 0, label_names)
    except HarnessError:
        raise
    except Exception as error:
        raise PluginError(f"Strategy {name!r}: its plugin failed on {parameters(strategy)}: {error}") from error
    if problem:
        raise UserError(f"Strategy {name!r}: {problem}")
