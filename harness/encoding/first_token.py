"""The last block of BERT and DistilBERT for its first token alone: what nobody reads is not computed.

Where only [CLS] of the last layer is wanted, the last block needs keys and values of all tokens, but the
query, the attention output and the feed-forward network of the first token only: 10 of the 12 products of a
block's hidden_size x hidden_size weights are saved, 14 % of six blocks.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

TOLERANCE = 1e-5  # greatest difference from the plain path that is taken for rounding, in float32
BLOCKS = {"bert": ("encoder", "layer"), "distilbert": ("transformer", "layer")}
PROBE_LENGTHS = (9, 7, 2, 1)  # tokens of the made-up texts on which the two paths are compared


@contextmanager
def first_token_only(model: Any) -> Iterator[None]:
    """Let the model's last block return the state of the first token only, (batch, 1, width), while this is open.

    The block keeps its place, its weights, their gradients and its dropout, so a model can be trained this way.
    """
    block = _last_block(model)
    block.forward = partial(FORWARD[model.config.model_type], block)
    try:
        yield
    finally:
        del block.forward  # the class's own is visible again


@contextmanager
def first_token_beside(model: Any) -> Iterator[list[Any]]:
    """Let the last block compute all tokens, and the first once more as `first_token_only` does, while this is open.

    So the first token's state is the same to the last digit, whatever else is wanted beside it.

    Yields:
        A list that takes this state, (batch, 1, width), at every call of the model.
    """
    block = _last_block(model)
    found: list[Any] = []
    plain, alone = block.forward, partial(FORWARD[model.config.model_type], block)

    def both(*args: Any, **kwargs: Any) -> Any:
        found.append(alone(*args, **kwargs))
        return plain(*args, **kwargs)

    block.forward = both
    try:
        yield found
    finally:
        del block.forward


def supports_first_token_only(model: Any) -> bool:
    """Return whether `first_token_only` works on this model and gives what the plain path gives.

    Both paths are run in float32 on a few made-up texts of different lengths, the short one with the mask in
    four dimensions, (batch, 1, 1, tokens), True for tokens: given another, transformers asks the device for
    every batch whether there is padding in it. A model of another family, or one whose blocks turn out to be
    built differently, is left as it is.
    """
    import torch

    if model.config.model_type not in BLOCKS or getattr(model.config, "is_decoder", False):
        return False
    generator = torch.Generator().manual_seed(0)
    lengths = torch.tensor(PROBE_LENGTHS).clamp(max=model.config.max_position_embeddings)
    inputs = torch.randint(0, model.config.vocab_size, (len(lengths), int(lengths.max())), generator=generator)
    inputs, mask = (x.to(model.device) for x in (inputs, torch.arange(inputs.shape[1]) < lengths[:, None]))
    dtype = model.dtype
    try:
        with torch.inference_mode(), torch.autocast(model.device.type, enabled=False):
            model.float()  # exact, there and back
            plain = model(input_ids=inputs, attention_mask=mask.long()).last_hidden_state[:, 0]
            with first_token_only(model):
                short = model(input_ids=inputs, attention_mask=mask[:, None, None]).last_hidden_state
            return short.shape[1] == 1 and bool((short[:, 0] - plain).abs().max() <= TOLERANCE)
    except (AttributeError, LookupError, MemoryError, TypeError, RuntimeError, ValueError):
        return False  # transformers has changed the blocks: the plain path is right, only slower
    finally:
        model.to(dtype)


def _last_block(model: Any) -> Any:
    stack, name = BLOCKS[model.config.model_type]
    return getattr(getattr(model, stack), name)[-1]


def _bert(block: Any, states: Any, attention_mask: Any = None, *args: Any, **kwargs: Any) -> Any:
    inner, output = block.attention.self, block.attention.output
    heads = inner.num_attention_heads
    mixed = _attend(heads, inner.query, inner.key, inner.value, inner.dropout, states, attention_mask)
    return block.feed_forward_chunk(output(mixed, states[:, :1]))


def _distilbert(block: Any, states: Any, attention_mask: Any = None, *args: Any, **kwargs: Any) -> Any:
    inner = block.attention
    mixed = _attend(inner.n_heads, inner.q_lin, inner.k_lin, inner.v_lin, inner.dropout, states, attention_mask)
    attended = block.sa_layer_norm(inner.out_lin(mixed) + states[:, :1])
    return block.output_layer_norm(block.ffn(attended) + attended)


FORWARD = {"bert": _bert, "distilbert": _distilbert}


def _attend(heads: int, query: Any, key: Any, value: Any, dropout: Any, states: Any, mask: Any) -> Any:
    """Return what the first token takes from all, (batch, 1, width)."""
    from torch.nn import functional as F

    q, k, v = (x.unflatten(2, (heads, -1)).transpose(1, 2) for x in (query(states[:, :1]), key(states), value(states)))
    mask = None if mask is None else mask[:, :, :1]
    mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout.p if dropout.training else 0.0)
    return mixed.transpose(1, 2).flatten(2)
