"""Static encoders of model2vec as encoders: one state, the mean of vectors that are looked up, one a token."""

import copy
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.encoding.checkpoint_files import CONFIG, read_checkpoint_json
from harness.encoding.encoder import Features, Progress, missing_layer
from harness.encoding.fingerprint import weights_hash
from harness.encoding.pooling import PoolingSource, modes_of
from harness.encoding.sentence_encoder import MODULES_FILE
from harness.errors import ModelError, UserError, reason_of
from harness.system.files import sha256_of
from harness.system.packages import require_packages

PORTION = 4096  # texts that are encoded at once
TOKENIZER = "tokenizer.json"
USUAL_LENGTH = 512  # tokens, where its configuration says nothing of a limit, as model2vec has it
NO_LIMIT = 1_000_000  # tokens, where it says that there is none, as configurations of model2vec before 0.10 put it


def is_static(directory: Path, name: str) -> bool:
    """Return whether a folder holds a static encoder, as model2vec and sentence-transformers save it.

    Args:
        directory: Folder of a checkpoint.
        name: What to call it in messages.
    """
    try:
        config = read_checkpoint_json(directory / CONFIG, name)
    except FileNotFoundError:
        return False
    if not isinstance(config, dict) or "model_type" in config:
        return isinstance(config, dict) and config["model_type"] == "model2vec"
    try:
        modules = read_checkpoint_json(directory / MODULES_FILE, name)
    except FileNotFoundError:
        return False
    first = modules[0] if isinstance(modules, list) and modules else None
    return isinstance(first, dict) and first.get("path") == "." and str(first.get("type")).endswith(".StaticEmbedding")


def load_static_model(folder: Path) -> Any:
    """Return the `StaticModel` of model2vec in a folder.

    Args:
        folder: As `StaticModel.save_pretrained` writes it.

    Raises:
        ModelError: Where there is none, or its numbers are broken.
    """
    from model2vec import StaticModel

    try:
        model = StaticModel.from_pretrained(folder)
    except Exception as error:  # of safetensors, tokenizers, JSON or model2vec, whichever finds the damage
        raise ModelError(f"{folder} holds no static encoder that model2vec reads: {reason_of(error)}.") from error
    if not np.isfinite(model.embedding).all():
        raise ModelError(f"The static encoder in {folder} holds numbers that are not finite. Get it again.")
    model.median_token_length = sys.maxsize  # it would cut texts at so many characters a token, too, before any count
    return model


def embed_texts(model: Any, texts: Sequence[str], max_length: int | None = None) -> NDArray[np.float32]:
    """Return the mean vector of each text, 0 where no token of it is known.

    Args:
        model: As `load_static_model` returns it.
        texts: n texts.
        max_length: Tokens that texts are cut at; by default they are read whole, for a mean has no longest text.

    Returns:
        float32 (n, width).
    """
    return np.asarray(model.encode(list(texts), max_length=max_length, use_multiprocessing=False), np.float32)


@dataclass
class StaticEncoder:
    """An `Encoder` around a static model, which is loaded when it is first needed.

    Args:
        name: Hub id or path it was asked for by.
        revision: Commit of a hub checkpoint, None for a folder.
        directory: Local folder of the checkpoint.
        max_length: Tokens that texts are cut at.
        prompt: Put before each text.
        fingerprint: Everything that can change its features, by name.
        width: Numbers in one feature vector.
        n_parameters: Number of its weights.
    """

    name: str
    revision: str | None
    directory: str
    max_length: int
    prompt: str = ""
    fingerprint: Mapping[str, str | None] | None = None
    width: int = 0
    n_parameters: int = 0
    n_layers: int = 0
    pooling: str = "mean"
    pooling_source: PoolingSource = "checkpoint"
    notes: tuple[str, ...] = (
        "The encoder is static: it looks up a vector for each token, and its only state is their mean, whatever "
        "pooling is asked for.",
    )

    @cached_property
    def model(self) -> Any:
        """The model of model2vec."""
        return load_static_model(Path(self.directory))

    @cached_property
    def tokenizer(self) -> Any:
        """Its tokenizer without the limit, at which model2vec cuts already here."""
        tokenizer = copy.deepcopy(self.model.tokenizer)
        tokenizer.no_truncation()
        return tokenizer

    def __getstate__(self) -> dict[str, Any]:  # loaded anew in another process
        return {name: value for name, value in self.__dict__.items() if name not in ("model", "tokenizer")}

    @property
    def engine(self) -> str:
        """What computes its states."""
        return f"model2vec {metadata.version('model2vec')}"

    def encode(
        self, texts: Sequence[str], wanted: Sequence[Features], progress: Progress | None = None
    ) -> dict[Features, NDArray[np.float32]]:
        """Return float32 (n, width) for each wanted state, in the order of `texts`.

        Args:
            texts: n texts.
            wanted: The states to return; of several modes side by side, the mean as often.
            progress: Told how many texts are done after each portion.

        Raises:
            UserError: For a layer other than the only one.
        """
        for features in wanted:
            if problem := missing_layer(features, self.name, self.n_layers):
                raise UserError(problem)
        table = np.zeros((len(texts), self.width), np.float32)
        for start in range(0, len(texts), PORTION):
            portion = [self.prompt + text for text in texts[start : start + PORTION]]
            table[start : start + PORTION] = embed_texts(self.model, portion, max_length=self.max_length)
            if progress:
                progress("encode", start + len(portion), len(texts))
        return {features: np.tile(table, (1, len(modes_of(features.pooling)))) for features in wanted}

    def count_tokens(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Return the tokens of each of n texts before it is cut, unknown ones among them, int64 (n,)."""
        counts = np.zeros(len(texts), np.int64)
        for start in range(0, len(texts), PORTION):
            portion = [self.prompt + text for text in texts[start : start + PORTION]]
            encoded = self.tokenizer.encode_batch_fast(portion, add_special_tokens=False)
            counts[start : start + PORTION] = [len(each.ids) for each in encoded]
        return counts

    def count_truncated(self, texts: Sequence[str]) -> int:
        """Return how many of the texts are longer than `max_length` tokens."""
        return int((self.count_tokens(texts) > self.max_length).sum())


def load_static_encoder(
    name: str, directory: Path, revision: str | None, prompt: str | None = None, max_length: int | None = None
) -> StaticEncoder:
    """Load a static encoder.

    Args:
        name: Hub id or path it was asked for by.
        directory: Folder of the checkpoint.
        revision: Commit of a hub checkpoint.
        prompt: Put before each text, None for nothing.
        max_length: Tokens that texts are cut at, also more than its own limit, None for that.

    Raises:
        UserError: Where model2vec is not installed.
        ModelError: Where its files are damaged.
    """
    require_packages(f"Model {name}, a static encoder,", "static", ("model2vec",))
    config = read_checkpoint_json(directory / CONFIG, name)
    limit = config.get("max_length", config.get("seq_length", USUAL_LENGTH)) or NO_LIMIT
    own = limit if isinstance(limit, int) and limit > 0 else USUAL_LENGTH
    parts = {
        "revision": revision,
        "weights": weights_hash(str(directory)),
        "config": sha256_of(directory / CONFIG),
        "tokenizer": sha256_of(directory / TOKENIZER),
        "engine": "model2vec",
        "cut": "by tokens alone",  # once it was by characters, too, and nobody counted
        **{library: metadata.version(library) for library in ("model2vec", "tokenizers")},
        **({"prompt": prompt} if prompt else {}),
    }
    encoder = StaticEncoder(name, revision, str(directory), max_length or own, prompt or "", parts)
    encoder.width, encoder.n_parameters = int(encoder.model.dim), int(encoder.model.embedding.size)
    return encoder
