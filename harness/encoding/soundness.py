"""Checks that the weights and the tokenizer of a checkpoint are whole, finite, and of one model."""

import re
from typing import Any

from harness.errors import ModelError

UNUSED_WEIGHTS = ("pooler.",)  # features are hidden states, which do not pass through it


def check_filled(model: Any, info: dict[str, Any], name: str) -> None:
    """Refuse weights that are not those of the encoder that config.json describes."""
    kind = model.config.model_type
    missing = [key for key in info["missing_keys"] if not key.startswith(UNUSED_WEIGHTS)]
    if unfilled := sorted([*missing, *(str(key[0]) for key in info["mismatched_keys"])]):
        raise ModelError(
            f"Model {name}: its weights do not fill the {kind} encoder that config.json describes: "
            f"{len(unfilled)} missing or of another shape, {unfilled[0]} first. They would be random numbers. "
            "Restore the config.json that belongs to these weights."
        )
    # Heads may be left over, blocks of the encoder itself may not: it would be cut off halfway, silently.
    own = {_numbers_hidden(key) for key in model.state_dict()}
    prefix = f"{model.base_model_prefix}."
    if surplus := sorted(key for key in info["unexpected_keys"] if _numbers_hidden(key.removeprefix(prefix)) in own):
        raise ModelError(
            f"Model {name}: its weights have more layers than the {kind} encoder that config.json describes: "
            f"{len(surplus)} would be left out, {surplus[0]} first. "
            "Restore the config.json that belongs to these weights."
        )


def _numbers_hidden(key: str) -> str:
    return re.sub(r"\d+", "#", key)


def check_weights(model: Any, name: str) -> None:
    """Refuse weights that are no numbers; transformers loads them without a word."""
    for key, weight in model.named_parameters():
        if not weight.isfinite().all():
            raise ModelError(
                f"Model {name}: its tensor {key} holds NaN or infinity. Get an undamaged copy of the weights."
            )


def check_vocabulary(tokenizer: Any, model: Any, name: str) -> None:
    """Refuse a tokenizer that knows no word, as transformers makes one up, or whose ids reach beyond the embeddings."""
    vocabulary = tokenizer.get_vocab()
    if vocabulary and vocabulary.keys() <= {*tokenizer.all_special_tokens}:
        raise ModelError(
            f"Model {name}: its tokenizer knows its {len(vocabulary)} special tokens and no word: the files it reads "
            "are not there. Restore the tokenizer files of this checkpoint."
        )
    try:
        n_embeddings = model.get_input_embeddings().weight.shape[0]
    except NotImplementedError:  # none that are looked up by id: CANINE hashes characters
        return
    if (largest := max(vocabulary.values(), default=0)) >= n_embeddings:
        raise ModelError(
            f"Model {name}: its tokenizer gives ids up to {largest}, its weights know {n_embeddings} tokens. "
            "They do not belong together: restore the tokenizer files of this checkpoint."
        )
