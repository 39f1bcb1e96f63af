"""Token ids of different lengths -> one tensor and its mask."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch


def padded(
    token_ids: Sequence[Sequence[int] | NDArray[np.int64]], pad_token_id: int
) -> tuple["torch.Tensor", "torch.Tensor"]:
    """Return token ids (m, tokens) and lengths (m,), both int64, on the CPU."""
    import torch

    lengths = np.array([len(ids) for ids in token_ids])
    inputs = np.full((len(token_ids), int(lengths.max())), pad_token_id, dtype=np.int64)
    inputs[np.arange(inputs.shape[1]) < lengths[:, None]] = np.concatenate(token_ids)
    return torch.from_numpy(inputs), torch.from_numpy(lengths)


def mask_of(lengths: "torch.Tensor", width: int, device: Any) -> "torch.Tensor | None":
    """Return True for tokens and False for padding, (m, width); None where there is no padding."""
    import torch

    return (
        None if width == lengths.min() else torch.arange(width, device=device)[None] < moved(lengths, device)[:, None]
    )


def moved(tensor: "torch.Tensor", device: Any) -> "torch.Tensor":
    """Return a tensor on a device, which a CUDA device copies while others compute."""
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)
