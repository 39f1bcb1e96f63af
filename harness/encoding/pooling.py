"""Token states -> one state a text: the ways of sentence-transformers, by its names."""

from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    import torch

PoolingMode = Literal["cls", "mean", "max", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"]
POOLING_MODES: tuple[str, ...] = get_args(PoolingMode)
AUTO = "auto"
"""As the encoder pools: what its checkpoint declares, or else what suits its architecture."""

Pooling = Literal["auto", PoolingMode]
"""What a strategy may ask for."""

PoolingSource = Literal["checkpoint", "left to right", "default"]
"""Why `auto` is what it is: the checkpoint says so, the encoder is a decoder, or neither."""


def modes_of(pooling: str) -> tuple[str, ...]:
    """Return the modes of a pooling, `cls+mean` for two side by side."""
    return tuple(pooling.split("+"))


def is_pooling(pooling: object) -> bool:
    """Return whether something names a pooling: a mode, several different ones joined by `+`, or `auto`."""
    if not isinstance(pooling, str):
        return False
    modes = modes_of(pooling)
    return pooling == AUTO or (set(modes) <= {*POOLING_MODES} and len({*modes}) == len(modes))


def pool(states: "torch.Tensor", mask: "torch.Tensor | None", pooling: str, skip: int = 0) -> "torch.Tensor":
    """Turn the states of m texts into one state a text.

    Args:
        states: (m, tokens, width).
        mask: True for tokens and False for the padding behind them, (m, tokens); None where there is no padding.
        pooling: A mode, or several joined by `+`.
        skip: Tokens at the start that only `cls` may read, those of a prompt that is not to be pooled.

    Returns:
        (m, width), of several modes (m, modes * width), their states side by side; sums are taken in float32, since
        bfloat16 cannot count beyond 256.
    """
    import torch

    pooled = [_pool(states, mask, mode, skip if mode != "cls" else 0) for mode in modes_of(pooling)]
    return pooled[0] if len(pooled) == 1 else torch.cat([each.float() for each in pooled], dim=1)


def _pool(states: "torch.Tensor", mask: "torch.Tensor | None", mode: str, skip: int) -> "torch.Tensor":
    import torch

    if mode == "cls":
        return states[:, 0]
    if mode == "lasttoken":
        last = -1 if mask is None else mask.sum(dim=1) - 1
        return states[torch.arange(states.shape[0], device=states.device), last]  # shape, which is not fixed by tracing
    position = torch.arange(skip + 1, states.shape[1] + 1, device=states.device)
    states, mask = states[:, skip:], None if mask is None else mask[:, skip:]
    if mode == "max":
        return (states if mask is None else states.masked_fill(~mask[..., None], float("-inf"))).amax(dim=1)
    weights = torch.ones(states.shape[:2], device=states.device) if mask is None else mask.float()
    if mode == "weightedmean":
        weights = weights * position  # Muennighoff (2022), SGPT: what stands later has read more
    total = weights.sum(dim=1, keepdim=True)
    summed = (states * weights[..., None].to(states.dtype)).sum(dim=1, dtype=torch.float32)
    return summed / (total.sqrt() if mode == "mean_sqrt_len_tokens" else total)
