"""A probe on the first token as the head that transformers has for an architecture, where that can hold it exactly."""

from typing import TYPE_CHECKING, Any, NamedTuple

from harness.encoding.encoder import Features
from harness.encoding.sequence_classifier import load_sequence_classifier
from harness.encoding.transformer_encoder import TransformerEncoder
from harness.errors import UserError
from harness.strategies.torch_head import linear_layer

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module, Sequential

SMALL = 2.0**-20  # tanh of what is this small is the same number, in float32


class Head(NamedTuple):
    """Where an architecture has its dense layer, what it does with its numbers, and where its last layer is."""

    dense: str
    activation: str
    last: str


HEADS = {  # model_type -> head; each reads the first token of the last layer
    "albert": Head("albert.pooler", "tanh", "classifier"),
    "bert": Head("bert.pooler.dense", "tanh", "classifier"),
    "camembert": Head("classifier.dense", "tanh", "classifier.out_proj"),
    "deberta-v2": Head("pooler.dense", "gelu", "classifier"),
    "distilbert": Head("pre_classifier", "relu", "classifier"),
    "electra": Head("classifier.dense", "gelu", "classifier.out_proj"),
    "mpnet": Head("classifier.dense", "tanh", "classifier.out_proj"),
    "roberta": Head("classifier.dense", "tanh", "classifier.out_proj"),
    "xlm-roberta": Head("classifier.dense", "tanh", "classifier.out_proj"),
}


class Layers(NamedTuple):
    """Weights and biases of a dense layer and of the last one."""

    dense: "Tensor"
    dense_bias: "Tensor"
    last: "Tensor"
    last_bias: "Tensor"


def sequence_classifier(
    encoder: TransformerEncoder, state: Features, head: "Sequential", label_names: tuple[str, ...]
) -> Any:
    """Return a transformers model for sequence classification that is the encoder with the probe.

    A linear probe z = Wx goes through a dense layer and its activation f unchanged: f(z) - f(-z) = z where f is relu
    or gelu, and tanh(z) = z where z is small.

    Args:
        encoder: The frozen encoder.
        state: The state that the probe reads.
        head: Features -> logits: layers that standardise, are linear, or ReLU.
        label_names: Name of class i at position i.

    Raises:
        UserError: Where the architecture's head cannot hold it, with the reason.
    """
    import torch

    _check_state(encoder, state)
    kind, width = encoder.model.config.model_type, encoder.width
    if kind not in HEADS:
        raise UserError(f"which of its numbers the classification head of a {kind} reads is not known here")
    where = HEADS[kind]
    layers = _two_layers(_unscaled(head), where.activation)
    if layers is None:
        raise UserError(f"the classification head of a {kind} has other layers than the probe")
    if len(layers.dense) > width:
        needed = len(layers.dense)
        raise UserError(f"the classification head of a {kind} has {width} numbers, and {needed} would be needed")
    model = load_sequence_classifier(encoder.directory, label_names, "cpu", "new").model
    with torch.no_grad():
        _fill(model.get_submodule(where.dense), layers.dense, layers.dense_bias)
        _fill(model.get_submodule(where.last), layers.last, layers.last_bias)
    return model


def _check_state(encoder: TransformerEncoder, state: Features) -> None:
    if encoder.prompt:
        raise UserError("it puts a prompt before each text, which the pipeline of transformers does not")
    if state.layer not in (-1, encoder.n_layers):
        raise UserError(f"it reads layer {state.layer}, and sequence classifiers of transformers read the last")
    if state.pooling != "cls":
        raise UserError(
            f"it reads the {state.pooling} of all tokens, and sequence classifiers of transformers read the first token"
        )


def _unscaled(head: "Sequential") -> "list[Module]":
    """Return the layers of a probe without dropout, what standardises at their beginning counted into the first."""
    from torch import nn

    layers = [layer for layer in head if not isinstance(layer, nn.Dropout)]
    match layers:
        case [scaling, nn.Linear() as linear, *rest] if hasattr(scaling, "mean"):
            layers = [_with_scaling(linear, scaling), *rest]
    if not isinstance(layers[0], nn.Linear):
        raise UserError("it scales each text to unit length, which sequence classifiers of transformers do not")
    return layers


def _two_layers(layers: "list[Module]", activation: str) -> Layers | None:
    """Return a probe as a dense layer and a last one with an activation between them, None where it has others."""
    from torch import nn

    first: Any = layers[0]
    if len(layers) == 1:
        return Layers(*_through(activation, first.weight), first.bias)
    if [type(layer) for layer in layers[1:]] == [nn.ReLU, nn.Linear] and activation == "relu":
        last: Any = layers[2]
        return Layers(first.weight, first.bias, last.weight, last.bias)
    return None


def _with_scaling(layer: Any, scaling: Any) -> Any:
    """Return a linear layer for features that are not standardised."""
    mean, scale, weight, bias = (each.detach().double() for each in (scaling.mean, scaling.scale, *layer.parameters()))
    weight = weight / scale
    return linear_layer(weight.numpy(), (bias - weight @ mean).numpy())


def _through(activation: str, weight: "Tensor") -> "tuple[Tensor, Tensor, Tensor]":
    """Return weights and bias of a dense layer and weights of a last one that are together one linear layer."""
    import torch

    k = len(weight)
    if activation == "tanh":
        return SMALL * weight, torch.zeros(k), torch.eye(k) / SMALL
    return torch.cat([weight, -weight]), torch.zeros(2 * k), torch.cat([torch.eye(k), -torch.eye(k)], dim=1)


def _fill(layer: Any, weight: "Tensor", bias: "Tensor") -> None:
    """Put weights into the first rows and columns of a wider layer; the others are 0."""
    layer.weight.zero_()
    layer.bias.zero_()
    layer.weight[: weight.shape[0], : weight.shape[1]] = weight
    layer.bias[: len(bias)] = bias
