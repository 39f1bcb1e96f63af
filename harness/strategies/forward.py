"""A sequence classifier as a function, token ids -> logits: nothing computed that its head does not read, and in parts
where memory runs out.
"""

import gc
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from harness.encoding.first_token import first_token_only, supports_first_token_only
from harness.encoding.padding import mask_of, moved, padded
from harness.encoding.pooled_classifier import head_pooling
from harness.system.out_of_memory import is_out_of_memory

if TYPE_CHECKING:
    import torch

PREDICTION_BATCH = 64  # texts of similar length in one forward pass
PADDING_READ = {"float32": 1e-4, "bfloat16": 0.1}  # share of the largest number that is more than rounding

Result = TypeVar("Result")
Integers = NDArray[np.int64]
TokenIds = Sequence[Integers]
Forward = Callable[[TokenIds], "torch.Tensor"]
"""Token ids of m texts -> logits, float32 (m, k), on the model's device."""
_WAYS: "WeakKeyDictionary[Any, dict[str, tuple[bool, bool]]]" = WeakKeyDictionary()
"""Of each model that was looked at, by dtype, what `_way_of` returns."""


def token_ids_of(tokenizer: Any, texts: Sequence[str], max_length: int) -> TokenIds:
    """Return the token ids of each text, at least one, cut off at `max_length`."""
    ids = tokenizer(list(texts), truncation=True, max_length=max_length, return_attention_mask=False)["input_ids"]
    return [np.array(row or [tokenizer.pad_token_id], dtype=np.int64) for row in ids]


@contextmanager
def fast_forward(model: Any, dtype: str) -> Iterator[Forward]:
    """Give the model as a function of token ids, which does not compute what its head does not read.

    The mask comes in its final form where it can, because transformers waits for the device to look at another.

    Args:
        model: A transformers model for sequence classification with a pad token; it is left in evaluation mode.
        dtype: float32 or bfloat16, to compute in.
    """
    model.eval()
    skips, minds_padding = _way_of(model, dtype)
    with first_token_only(model.base_model) if skips else nullcontext():
        forward = partial(_computed, model, dtype, skips)
        yield partial(_of_equal_length, forward) if minds_padding else forward


def _way_of(model: Any, dtype: str) -> tuple[bool, bool]:
    """Return whether the last block may compute the first token alone, and whether padding changes a text.

    How a model is built does not change, so it is looked at once: that takes longer than predicting a text.
    """
    known = _WAYS.setdefault(model, {})
    if dtype not in known:
        skips = head_pooling(model) is None and supports_first_token_only(model.base_model)
        forward = partial(_computed, model, dtype, False)
        known[dtype] = skips, not skips and _minds_padding(forward, model, dtype)
    return known[dtype]


def predict_logits(forward: Forward, token_ids: TokenIds) -> "torch.Tensor":
    """Return logits, float32 (n, k), on the CPU; where memory runs out, go on with batches half as large.

    Args:
        forward: What `fast_forward` gives.
        token_ids: Of n texts.
    """
    import torch

    order = sorted(range(len(token_ids)), key=lambda row: -len(token_ids[row]))
    parts, done, size = [], 0, PREDICTION_BATCH
    with torch.inference_mode():
        while done < len(order):
            rows = order[done : done + size]
            logits = if_it_fits(partial(forward, [token_ids[row] for row in rows]), len(rows))
            if logits is None:
                size = (len(rows) + 1) // 2
                continue
            parts.append(logits)
            done += len(rows)
        if size < PREDICTION_BATCH:
            warnings.warn(f"Memory ran out: {size} texts were predicted at once, not {PREDICTION_BATCH}.", stacklevel=2)
        return torch.cat(parts).cpu()[np.argsort(order)]


def add_gradient(
    forward: Forward,
    token_ids: TokenIds,
    labels: Integers,
    rows: Integers,
    part: int,
    weights: NDArray[np.float64] | None = None,
) -> Any:
    """Add the gradient of a batch's mean loss, computed part by part, and return the sum of its losses.

    Args:
        forward: What `fast_forward` gives.
        token_ids: Of all texts.
        labels: Of all texts.
        rows: Which of them are the batch, int64 (m,).
        part: Texts to compute at once.
        weights: How much a text of each class counts, (k,); None for all the same.
    """
    import torch
    from torch.nn import functional as F

    total: Any = 0.0
    for some in np.split(rows, range(part, len(rows), part)):
        logits = forward([token_ids[row] for row in some])
        weight = None if weights is None else moved(torch.from_numpy(weights.astype(np.float32)), logits.device)
        targets = moved(torch.from_numpy(labels[some]), logits.device)
        loss: Any = F.cross_entropy(logits, targets, weight, reduction="sum")
        (loss / len(rows)).backward()
        total = total + loss.detach()
    return total


def if_it_fits(compute: Callable[[], Result], size: int) -> Result | None:
    """Return the result, or None where memory ran out, what was held is free again, and half the size may fit."""
    try:
        return compute()
    except Exception as error:
        if size == 1 or not is_out_of_memory(error):
            raise
        traceback.clear_frames(error.__traceback__)  # its variables hold tensors
    import torch

    gc.collect()
    torch.cuda.empty_cache()  # does nothing where there is no CUDA
    return None


def _minds_padding(forward: Forward, model: Any, dtype: str) -> bool:
    """Return whether padding changes a text in spite of the mask, as in FNet and ConvBERT, or in a head that reads it.

    States of all tokens are compared, too: a convolution brings the padding to a logit only after some layers.
    """
    import torch

    last = min(model.config.get_text_config().vocab_size, 1000) - 1
    long, short = (np.arange(last - n, last, dtype=np.int64) for n in (7, 3))
    states = partial(_computed, model.base_model, dtype, False, output="last_hidden_state")
    with torch.inference_mode():
        pairs = [(compute([short])[0], compute([long, short])[1]) for compute in (forward, states)]
    return any(
        bool((alone - beside[: len(alone)]).abs().max() > PADDING_READ[dtype] * alone.abs().max())
        for alone, beside in pairs
    )


def _of_equal_length(forward: Forward, token_ids: TokenIds) -> "torch.Tensor":
    """Return the logits of m texts, computed without padding."""
    import torch

    lengths = np.array([len(ids) for ids in token_ids])
    groups = [np.flatnonzero(lengths == length) for length in np.unique(lengths)]
    logits = torch.cat([forward([token_ids[row] for row in rows.tolist()]) for rows in groups])
    return logits[np.argsort(np.concatenate(groups))]


def _computed(
    model: Any, dtype: str, mask_is_final: bool, token_ids: TokenIds, output: str = "logits"
) -> "torch.Tensor":
    import torch

    inputs, lengths = padded(token_ids, model.config.pad_token_id)
    mask = mask_of(lengths, inputs.shape[1], model.device)
    if mask is not None:
        mask = mask[:, None, None] if mask_is_final else mask.long()
    with torch.autocast(model.device.type, torch.bfloat16, enabled=dtype == "bfloat16"):
        found: torch.Tensor = getattr(model(input_ids=moved(inputs, model.device), attention_mask=mask), output)
    return found.float()
