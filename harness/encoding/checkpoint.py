"""A checkpoint's folder -> its configuration, tokenizer and model, each found sound."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness.encoding.checkpoint_files import (
    CONFIG,
    TOKENIZER_CONFIG,
    check_attention,
    check_weights_files,
    read_checkpoint_json,
)
from harness.encoding.described_sizes import check_entries, check_fits_weights
from harness.encoding.fingerprint import EncoderFacts
from harness.encoding.precision import put_on
from harness.encoding.silence import silent_transformers
from harness.encoding.soundness import check_filled, check_vocabulary, check_weights
from harness.errors import ModelError, reason_of

TOKENIZER_FILES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
)
FEWEST_TOKENS = 4  # of a text with a beginning and an end
CHARACTERS = 128  # token ids that are tried where a model has no vocabulary, as CANINE, which reads code points


def load_parts(directory: Path, name: str, device: str, dtype: str) -> tuple[Any, Any]:
    """Return a checkpoint's model, frozen, on its device, and its tokenizer, both found sound."""
    if sys.flags.optimize > 1:
        raise ModelError(
            f"Model {name}: transformers loads no model in a Python without docstrings (-OO, PYTHONOPTIMIZE=2). "
            "Start Python without that."
        )
    config = _load_config(directory, name)
    tokenizer = load_tokenizer(str(directory), name)
    model = _load_model(directory, name, config)
    check_weights(model, name)
    check_vocabulary(tokenizer, model, name)
    return put_on(model.eval(), device, dtype), tokenizer


def facts_of(model: Any, tokenizer: Any) -> EncoderFacts:
    """Return what a loaded checkpoint is: width, limits, size, and which way it reads."""
    return EncoderFacts(
        width=model.config.hidden_size,
        max_length=min(tokenizer.model_max_length, _position_limit(model)),
        n_parameters=sum(p.numel() for p in model.parameters()),
        n_layers=model.config.num_hidden_layers,
        left_to_right=_reads_left_to_right(model, tokenizer),
        cls_is_last=_puts_cls_last(tokenizer),
    )


def _reads_left_to_right(model: Any, tokenizer: Any) -> bool:
    """Return whether what follows a token changes its state nowhere, found by trying: names of families do not tell."""
    import torch

    known = getattr(model.config, "vocab_size", CHARACTERS)
    ids = [token for token in range(min(len(tokenizer), known)) if token != tokenizer.pad_token_id]
    following = min(7, _position_limit(model) - 1)
    texts = torch.tensor(
        [[ids[0], *[other] * following] for other in (ids[-1], ids[len(ids) // 2])], device=model.device
    )
    try:
        with torch.inference_mode():
            states = model(input_ids=texts, attention_mask=torch.ones_like(texts)).last_hidden_state
    except (RuntimeError, TypeError, ValueError, LookupError):
        return False  # the first pass says what it cannot compute
    first, second = states[:, 0].float()
    return following > 0 and torch.equal(first, second)


def _puts_cls_last(tokenizer: Any) -> bool:
    """Return whether a tokenizer puts its [CLS] behind the text."""
    ids = tokenizer("a", verbose=False)["input_ids"]
    return len(ids) > 1 and tokenizer.cls_token_id is not None and ids[-1] == tokenizer.cls_token_id != ids[0]


def load_tokenizer(directory: str, name: str | None = None) -> Any:
    """Load a checkpoint's tokenizer, with a pad token and padding on the right.

    Args:
        directory: Folder of the checkpoint.
        name: What to call it in messages, the folder by default.

    Returns:
        A transformers tokenizer. One without a pad token borrows its end, separator or unknown token:
        padding is masked, so its value changes nothing.

    Raises:
        ModelError: Where the folder holds no tokenizer. Transformers would make one up that knows no word.
    """
    name = name or directory
    found = [file for file in TOKENIZER_FILES if (Path(directory) / file).is_file()]
    if not found and not _needs_no_vocabulary(Path(directory), name):
        raise ModelError(
            f"Model {name}: expected a tokenizer file such as {TOKENIZER_FILES[0]} or {TOKENIZER_FILES[1]} beside the "
            "weights, found none. Save the tokenizer there: tokenizer.save_pretrained(folder)."
        )
    tokenizer = _read_tokenizer(directory, name, found)
    limit = tokenizer.model_max_length
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not limit >= FEWEST_TOKENS:
        raise ModelError(
            f"Model {name}: expected model_max_length in its {TOKENIZER_CONFIG} to be a number of tokens from "
            f"{FEWEST_TOKENS}, got {limit!r:.60}. Restore that file."
        )
    tokenizer.padding_side = "right"
    if tokenizer.pad_token is None:
        substitutes = (tokenizer.eos_token, tokenizer.sep_token, tokenizer.unk_token)
        tokenizer.pad_token = next((token for token in substitutes if token), None)
    if tokenizer.pad_token is None:
        raise ModelError(
            f"Model {name}: its tokenizer has no pad token and none to stand in for it. Set one and save it."
        )
    return tokenizer


def _read_tokenizer(directory: str, name: str, files: Sequence[str]) -> Any:
    """Return the tokenizer that transformers reads from files of a folder, or say which of them keeps it from that."""
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(directory, trust_remote_code=False)
    except Exception as error:
        if files and all(file.endswith(".model") for file in files):
            raise ModelError(
                f"Model {name}: its tokenizer exists only as {files[0]}, which other packages read: pip install "
                "sentencepiece protobuf tiktoken. Or write the tokenizer.json that needs none where they are: "
                "AutoTokenizer.from_pretrained(folder).save_pretrained(folder)."
            ) from error
        _refuse_damaged_json(Path(directory), name)
        raise ModelError(
            f"Model {name}: its tokenizer cannot be loaded: {reason_of(error)}. Restore its tokenizer files."
        ) from error


def _refuse_damaged_json(directory: Path, name: str) -> None:
    """Refuse a folder in which a file of the tokenizer is no JSON, naming it."""
    for file in ("tokenizer.json", TOKENIZER_CONFIG, "special_tokens_map.json", "added_tokens.json", "vocab.json"):
        with suppress(FileNotFoundError):
            read_checkpoint_json(directory / file, name)


def _needs_no_vocabulary(directory: Path, name: str) -> bool:
    """Return whether the tokenizer is one of characters or bytes, which has no file of its own, as CANINE's."""
    from transformers.models.auto.tokenization_auto import tokenizer_class_from_name

    try:
        described = read_checkpoint_json(directory / TOKENIZER_CONFIG, name)
        kind = tokenizer_class_from_name(described["tokenizer_class"])
    except (FileNotFoundError, LookupError, TypeError, AttributeError, ImportError):
        return False
    return kind is not None and not kind.vocab_files_names


def _load_config(directory: Path, name: str) -> Any:
    """Return a checkpoint's configuration, refusing what transformers would ask or guess about."""
    from transformers import CONFIG_MAPPING, AutoConfig, __version__

    described = read_config(directory, name)
    kind = described.get("model_type")
    if not isinstance(kind, str) or kind not in CONFIG_MAPPING:
        if "auto_map" in described:
            raise ModelError(
                f"Model {name} needs program code of its own (auto_map in its config.json), which is never run here. "
                "Choose a --model whose architecture comes with transformers."
            )
        raise ModelError(
            f"Model {name}: expected model_type in its config.json to be an architecture of transformers "
            f"{__version__}, such as bert, got {kind!r}. Restore the config.json of this checkpoint, or choose "
            "another --model."
        )
    try:
        config = AutoConfig.from_pretrained(directory, trust_remote_code=False)
    except Exception as error:
        raise ModelError(f"Model {name}: its config.json is not valid: {reason_of(error)}. Restore it.") from error
    config.return_dict = True  # a file may say otherwise
    _refuse_other_than_encoder(config, name, kind)
    return config


def _refuse_other_than_encoder(config: Any, name: str, kind: str) -> None:
    """Refuse the configuration of a model that is not one stack of layers which reads texts."""
    if getattr(config, "is_encoder_decoder", False):
        raise ModelError(
            f"Model {name} is an encoder-decoder ({kind}); expected an encoder, such as BERT. Choose another --model."
        )
    if _is_half(config):
        raise ModelError(
            f"Model {name} is the encoder of an encoder-decoder ({kind}), saved alone; expected an encoder that was "
            "trained as one, such as BERT. Choose another --model."
        )
    if not (hasattr(config, "hidden_size") and hasattr(config, "num_hidden_layers")):
        raise ModelError(
            f"Model {name} is not one stack of layers ({kind}); expected an encoder, such as BERT. "
            "Choose another --model."
        )


def _is_half(config: Any) -> bool:
    """Return whether a configuration is one of an encoder-decoder whose decoder was left out."""
    try:
        return bool(type(config)().is_encoder_decoder)
    except (TypeError, ValueError, AttributeError):  # of a configuration that needs others, or has no such thing
        return False


def read_config(directory: Path, name: str) -> dict[str, Any]:
    """Return the content of a checkpoint's config.json.

    Raises:
        ModelError: Where it is missing, cannot be read or is no JSON object.
    """
    try:
        described = read_checkpoint_json(directory / CONFIG, name)
    except FileNotFoundError as error:
        raise ModelError(
            f"Model {name}: expected a config.json beside the weights, found none. Restore the one saved with them."
        ) from error
    if not isinstance(described, dict):
        raise ModelError(
            f"Model {name}: expected a JSON object in its config.json, got {type(described).__name__}. Restore it."
        )
    check_attention(described, name)
    check_entries(described, name)
    _check_shares(described, name)
    return described


def _check_shares(described: dict[str, Any], name: str) -> None:
    """Refuse shares to be dropped in training that are none; whatever reads them says so only where it trains."""
    for key, value in described.items():
        is_share = key.endswith(("dropout", "_prob", "pdrop")) and isinstance(value, int | float)
        if is_share and not 0 <= value <= 1:
            raise ModelError(f"Model {name}: its config.json sets {key} to {value}; expected a share 0-1. Restore it.")


@silent_transformers()
def _load_model(directory: Path, name: str, config: Any) -> Any:
    import torch
    from transformers import AutoModel

    check_weights_files(directory, name)
    check_fits_weights(config, directory, name)
    try:
        model, info = AutoModel.from_pretrained(
            directory,
            config=config,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # so that they are named below
            dtype=torch.float32,
        )
    except Exception as error:
        raise ModelError(
            f"Model {name} cannot be loaded: {reason_of(error)}. "
            "If a file of it was cut short or changed, get it again."
        ) from error
    check_filled(model, info, name)
    read_all_tokens(model)
    return model


def read_all_tokens(model: Any) -> None:
    """Let each token of a BigBird attend to all others: it does so from its first short text on, for good.

    The states of a long text would depend on whether a short one came before it.
    """
    for module in model.modules():
        if hasattr(module, "set_attention_type"):
            module.set_attention_type("original_full")


def _position_limit(model: Any) -> int:
    """Return how many tokens the position embeddings reach."""
    limit = getattr(model.config, "max_position_embeddings", None)
    if not limit or limit < 1:  # relative positions, as in DeBERTa: no limit of their own
        return 512
    embeddings = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
    padding = getattr(embeddings, "padding_idx", None)  # RoBERTa counts positions from padding_idx + 1
    return int(limit) - (padding + 1 if padding is not None else 0)
