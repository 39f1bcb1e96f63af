"""Encoder, pooling, scaler and head as one torch module: token ids -> probabilities."""

from typing import TYPE_CHECKING, Any

from harness.encoding.encoder import Features
from harness.encoding.pooling import pool
from harness.encoding.transformer_encoder import TransformerEncoder

if TYPE_CHECKING:
    from torch.nn import Module


def probe_graph(encoder: TransformerEncoder, state: Features, head: "Module") -> "Module":
    """Return a frozen encoder with a head on one of its states.

    Args:
        encoder: What computes the states.
        state: Which of them the head reads; its pooling is resolved.
        head: Features, float32 (n, width) -> logits (n, k).

    Returns:
        A module: input_ids and attention_mask, int64 (n, tokens) -> probabilities, float32 (n, k). Its `prompt_tokens`
        are those at the start that are not pooled, so that a text has more.
    """
    from torch import nn

    model, last = encoder.model, state.layer in (-1, encoder.n_layers)
    skip = 0 if encoder.pools_prompt else encoder.prompt_tokens

    class Probe(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model, self.head = model, head
            self.prompt_tokens = skip

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            output = self.model(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=not last)
            states = output.last_hidden_state if last else output.hidden_states[state.layer]
            return self.head(pool(states, attention_mask.bool(), state.pooling, skip).float()).softmax(dim=-1)

    return Probe().eval()


def classifier_graph(model: Any) -> "Module":
    """Return a transformers model for sequence classification as a module like those of `probe_graph`."""
    from torch import nn

    class SequenceClassifier(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model
            self.prompt_tokens = 0

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return self.model(input_ids=input_ids, attention_mask=attention_mask).logits.softmax(dim=-1)

    return SequenceClassifier().eval()
