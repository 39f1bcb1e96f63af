"""A graph of OpenVINO in eight bits: weights and activations quantised by NNCF, by the same texts for all.

The texts are bundled sentences and made-up ones of tokens from the whole vocabulary, never rows of a data set: one
checkpoint is one encoder, whatever it encodes, and no training text hides in its ranges. Measured (all-MiniLM-L6-v2,
2026-11-30), of a text's ten nearest neighbours in float32 stay, on `emotion`, `subj` and Chinese reviews: with ranges
from bundled sentences .90, .88 and .80, with those from both .91, .89 and .84; on `emotion` from its own train .89.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harness.encoding.batching import TokenIds
from harness.encoding.kept_graph import read_whole
from harness.encoding.padding import mask_of, padded
from harness.encoding.traced_graph import INPUTS
from harness.system.silent_openvino import import_openvino
from harness.system.temporary_folders import temporary_folder

if TYPE_CHECKING:
    from harness.encoding.transformer_encoder import TransformerEncoder

SENTENCES, MADE_UP = 128, 32  # what ranges are measured on
A_BATCH = 16
MADE_UP_TOKENS = (8, 128)  # at least and at most
NEIGHBOURS = 10

Inputs = dict[str, NDArray[np.int64]]


def quantised(graph: Any, encoder: "TransformerEncoder") -> Any:
    """Return a graph in eight bits, made in a process of its own: NNCF prints, and reports its use to its maker.

    Args:
        graph: Of OpenVINO, in float32.
        encoder: Whose graph it is.

    Raises:
        RuntimeError: Where NNCF cannot quantise it.
    """
    with temporary_folder() as workdir:
        folder = Path(workdir)
        import_openvino().save_model(graph, folder / "graph.xml", compress_to_fp16=False)
        for number, batch in enumerate(_calibration(encoder)):
            np.save(folder / f"batch-{number:03}.npy", np.stack([batch[name] for name in INPUTS]))
        command = [sys.executable, "-P", "-m", "harness.encoding.nncf_process", str(folder)]
        found_as_here = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        done = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace", env=found_as_here)
        if done.returncode:
            told = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise RuntimeError(f"NNCF: {told[-1]}")
        return read_whole(folder / "int8.xml")


def neighbours_kept(one: NDArray[np.float32], two: NDArray[np.float32]) -> float:
    """Return which share of each text's ten nearest neighbours by cosine in one table are so in the other, too.

    Args:
        one: (n, width).
        two: (n, width) of the same texts.
    """
    nearest = [_nearest(table) for table in (one, two)]
    return float(np.mean([len({*a} & {*b}) / len(a) for a, b in zip(*nearest, strict=True)]))


def other_sentences() -> list[str]:
    """Return bundled sentences that no range is measured on."""
    return _sentences("validation.jsonl")


def portions(token_ids: TokenIds) -> list[TokenIds]:
    """Return texts in batches."""
    return [token_ids[start : start + A_BATCH] for start in range(0, len(token_ids), A_BATCH)]


def as_inputs(encoder: "TransformerEncoder", token_ids: TokenIds) -> Inputs:
    """Return what a graph reads of m texts, each (m, tokens)."""
    import torch

    ids, lengths = padded(token_ids, encoder.tokenizer.pad_token_id)
    mask = mask_of(lengths, ids.shape[1], torch.device("cpu"))
    mask = torch.ones_like(ids) if mask is None else mask.long()
    return dict(zip(INPUTS, (ids.numpy(), mask.numpy()), strict=True))


def _calibration(encoder: "TransformerEncoder") -> list[Inputs]:
    """Return batches of the texts that ranges are measured on."""
    texts = encoder.tokenise(_sentences("train.jsonl")[:SENTENCES])
    made_up = _made_up(encoder, texts[0])
    return [as_inputs(encoder, portion) for portion in (*portions(texts), *portions(made_up))]


def _made_up(encoder: "TransformerEncoder", pattern: list[int]) -> TokenIds:
    """Return texts of random tokens, which begin and end as a text does."""
    generator = np.random.default_rng(0)
    before = pattern[: encoder.prompt_tokens + 1]
    most = min(MADE_UP_TOKENS[1], encoder.max_length)
    lengths = generator.integers(min(MADE_UP_TOKENS[0], most), most, MADE_UP, endpoint=True)
    known = getattr(encoder.model.config, "vocab_size", encoder.tokenizer.vocab_size)
    drawn = (generator.integers(0, known, max(length - len(before) - 1, 1)).tolist() for length in lengths)
    return [[*before, *tokens, pattern[-1]][: encoder.max_length] for tokens in drawn]


def _sentences(name: str) -> list[str]:
    lines = (files("harness.data.samples") / name).read_text("utf-8").splitlines()
    rows: list[Mapping[str, Any]] = [json.loads(line) for line in lines]
    return [row["text"] for row in rows]


def _nearest(table: NDArray[np.float32]) -> NDArray[np.int64]:
    unit = table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-12)
    alike = unit @ unit.T
    np.fill_diagonal(alike, -np.inf)
    return np.argsort(-alike, axis=1, kind="stable")[:, :NEIGHBOURS]
