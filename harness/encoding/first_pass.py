"""The first pass of a checkpoint just loaded: do our batches give what `model(**tokenizer(text))` gives?

It guards families of models that nobody has tried: those that need more than token ids and a mask, whose layers shorten
texts, or that read padding in a way that goes unnoticed.
"""

from typing import TYPE_CHECKING, Any

from harness.encoding.encoder import Features
from harness.encoding.precision import computing, format_of
from harness.encoding.transformer_encoder import TransformerEncoder
from harness.errors import ModelError, reason_of
from harness.system.out_of_memory import is_out_of_memory

if TYPE_CHECKING:
    import torch

TEXT = "Does it read this?"
COMPANY = f"{TEXT} {TEXT} {TEXT}"  # a longer text in the same batch
TOLERANCE = {"float32": 1e-3, "bfloat16": 0.1}  # of the largest number; rounding in float32 is at most 6e-7
PASSED = ("input_ids", "attention_mask")  # what we give a model


def check_first_pass(encoder: TransformerEncoder) -> None:
    """Refuse an encoder that this program would not read as transformers does.

    Args:
        encoder: With its model loaded.

    Raises:
        ModelError: Where transformers computes no states of one text, not one state a token and layer, none that
            depends on other tokens, or where ours differ: of the text alone, or beside a longer one.
    """
    inputs = _plain_inputs(encoder)
    states = _plain_states(encoder, inputs)
    _check_shapes(encoder, states, inputs["input_ids"].shape[1])
    _check_attention(encoder)
    wanted = [Features(layer, pooling) for layer in range(len(states)) for pooling in ("cls", "mean")]
    for texts in ([TEXT], [TEXT, COMPANY]):
        found = encoder.encode(texts, wanted)
        for features, table in found.items():
            plain = _pooled(encoder, states[features.layer], features.pooling)
            _check_equal(encoder, features, abs(table[0] - plain).max(), abs(plain).max(), inputs, texts)


def _plain_inputs(encoder: TransformerEncoder) -> dict[str, Any]:
    """Return all that the tokenizer gives for the text and the model takes."""
    from inspect import signature

    takes = signature(encoder.model.forward).parameters
    try:
        given = encoder.tokenizer(
            encoder.prompt + TEXT, truncation=True, max_length=encoder.max_length, return_tensors="pt"
        )
        encoder.tokenise(["a " * 2 * min(encoder.max_length, 1024)])  # one that must be cut
    except Exception as error:
        raise _refusal(encoder, f"its tokenizer cannot read a text by itself: {reason_of(error)}") from error
    return {name: value.to(encoder.model.device) for name, value in given.items() if name in takes}


def _plain_states(encoder: TransformerEncoder, inputs: dict[str, Any]) -> "tuple[torch.Tensor, ...]":
    """Return the states of each layer, (1, tokens, width), as transformers computes them."""
    import torch

    try:
        with torch.inference_mode(), computing(encoder.model):
            output = encoder.model(**inputs, output_hidden_states=True)
        return (*output.hidden_states[:-1], output.last_hidden_state)
    except Exception as error:
        if is_out_of_memory(error):
            raise ModelError(
                f"Model {encoder.name}: memory does not hold even one text of {inputs['input_ids'].shape[1]} tokens. "
                "Choose a smaller --model, another --device or close other programs."
            ) from error
        narrow = ". Use --dtype float32." if format_of(encoder.model) == "bfloat16" else ""
        raise _refusal(encoder, f"transformers cannot compute a text with it: {reason_of(error)}{narrow}") from error


def _check_shapes(encoder: TransformerEncoder, states: "tuple[torch.Tensor, ...]", n_tokens: int) -> None:
    if len(states) != encoder.n_layers + 1:
        raise _refusal(encoder, f"it gives {len(states)} hidden states, its config.json says {encoder.n_layers} layers")
    for layer, state in enumerate(states):
        if state.shape[1] != n_tokens:
            raise _refusal(encoder, f"layer {layer} holds {state.shape[1]} states for {n_tokens} tokens")
        if state.shape[2] != encoder.width:
            numbers = f"{state.shape[2]} numbers a token, its config.json says {encoder.width}"
            raise _refusal(encoder, f"the states of layer {layer} have {numbers}")


def _check_attention(encoder: TransformerEncoder) -> None:
    """Refuse a model in which the last token's state depends on no other, as where its own kernels are missing."""
    import torch

    if encoder.n_layers == 0:
        return  # it has none
    other = encoder.tokenise(["a"])[0][-1]
    ids = torch.tensor([encoder.tokenise([COMPANY])[0]] * 2, device=encoder.model.device)
    ids[1, :-1] = torch.where(ids[1, :-1] == other, ids[1, 0], other)
    with torch.inference_mode(), computing(encoder.model):
        one, two = encoder.model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state[:, -1]
    if ids.shape[1] > 1 and torch.equal(one, two):
        raise _refusal(encoder, "no token's state depends on the tokens before it, as if its attention did nothing")


def _pooled(encoder: TransformerEncoder, state: "torch.Tensor", pooling: str) -> Any:
    skip = 0 if encoder.pools_prompt or pooling == "cls" else encoder.prompt_tokens
    tokens = state[0, skip:].float()
    return (tokens[0] if pooling == "cls" else tokens.mean(dim=0)).cpu().numpy()


def _check_equal(
    encoder: TransformerEncoder, features: Features, apart: float, largest: float, inputs: Any, texts: list[str]
) -> None:
    if apart <= TOLERANCE[format_of(encoder.model)] * largest:
        return
    others = [name for name in inputs if name not in PASSED]
    if len(texts) > 1:
        why = "the state of a text depends on what stands beside it in a batch"
    elif others:
        why = f"it reads {' and '.join(others)} beside token ids, which are not passed to it here"
    else:
        why = "its states are not those that transformers gives for a text alone"
    raise _refusal(encoder, f"{why} (layer {features.layer}, {features.pooling}: {apart:.1g} of {largest:.1g})")


def _refusal(encoder: TransformerEncoder, why: str) -> ModelError:
    kind = encoder.model.config.model_type
    return ModelError(
        f"Model {encoder.name} cannot be used ({kind}): {why.rstrip('.')}. Choose a --model of another architecture, "
        "such as BERT."
    )
