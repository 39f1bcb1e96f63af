"""Settings that cannot be with an encoder, the classes or the network, found before any text is encoded."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from harness.config.strategy_spec import base_name
from harness.encoding.encoder import Encoder, missing_layer
from harness.errors import HarnessError, PluginError, UserError
from harness.plugin_system.offers import Offer
from harness.strategies.strategy import Strategy, parameters, uses_model, wanted_features
from harness.strategies.tags import refusal_of, tags_of

SAYS_NOTHING = re.compile(r"((class|label|category|target|id|c|y)[ _-]*)?\d+", re.IGNORECASE)
"""Names of classes that are numbers, such as `class_0` and `LABEL_1`."""
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


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
        problem = _names_without_meaning(strategy, label_names)  # first, as a strategy may download what it asks
        if encoder and uses_model(strategy):
            states = wanted_features(strategy, encoder.n_layers)
            missing = filter(None, (missing_layer(state, encoder.name, encoder.n_layers) for state in states))
            problem = problem or next(missing, None)
            problem = problem or refusal_of(strategy, encoder.directory, encoder.n_layers, label_names)
        else:
            problem = problem or refusal_of(strategy, "", 0, label_names)
    except HarnessError:
        raise
    except Exception as error:
        raise PluginError(f"Strategy {name!r}: its plugin failed on {parameters(strategy)}: {error}") from error
    if problem:
        raise UserError(f"Strategy {name!r}: {problem}")


def refuse_network(name: str, strategy: Strategy, *, offline: bool) -> None:
    """Refuse a strategy that asks another machine where the user forbade the network.

    Raises:
        UserError: Saying whom it would ask.
    """
    if offline and (address := tags_of(strategy).address) and urlsplit(address).hostname not in THIS_MACHINE:
        raise UserError(f"Strategy {name!r} asks {address}, which --offline forbids. Leave out one of the two.")


def _names_without_meaning(strategy: Strategy, label_names: Sequence[str]) -> str | None:
    """Say which class has a name that is a number, where the strategy goes by names."""
    if not tags_of(strategy).reads_label_names:
        return None
    bare = [label for label in label_names if SAYS_NOTHING.fullmatch(label.strip())]
    advice = "Give the classes names that say what they are: --label-names"
    return f"it goes by what names of classes mean, and {bare[0]!r} means nothing. {advice}." if bare else None
