"""A checkpoint -> a transformers model for sequence classification, to be trained or to predict."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.encoding.checkpoint import read_all_tokens
from harness.encoding.checkpoint_files import check_weights_files
from harness.encoding.pooled_classifier import (
    HEAD_FILE,
    HEAD_WEIGHTS,
    pooled_classifier,
    saved_pooled_classifier,
)
from harness.encoding.silence import silent_transformers
from harness.encoding.static_encoder import is_static
from harness.errors import ModelError

Head = Literal["new", "kept", "saved"]
"""A new head for other classes, the checkpoint's own for classes of the same names, or all as a run saved it."""

OF_TRANSFORMERS = ("cls", "lasttoken")  # poolings whose token its heads read
SHOWN = 5  # names of classes that a message lists
ROUNDING = 1e-4  # of the largest logit, in float32


@dataclass(frozen=True)
class SequenceClassifier:
    """A model for sequence classification, and what of it does not come from its checkpoint.

    Attributes:
        model: A transformers model in float32, in evaluation mode, on its device.
        new_weights: Names of the weights that the checkpoint does not give, which are random.
        left_out: The checkpoint's own head in words, where it has one that was not taken; None where it has none.
    """

    model: Any
    new_weights: frozenset[str]
    left_out: str | None = None


def check_trainable(directory: str) -> None:
    """Refuse what no fine-tuning can begin from: a static encoder, or one of a plugin that has no checkpoint.

    Raises:
        ModelError: Saying so.
    """
    if not directory or is_static(Path(directory), directory):
        what = "a static encoder" if directory else "an encoder of a plugin, without a checkpoint"
        raise ModelError(f"Fine-tuning trains the blocks of an encoder, and this is {what}. Choose another --model.")


def encoder_width(directory: str) -> int:
    """Return how many numbers a token is for the checkpoint's encoder.

    Raises:
        ModelError: Where there is no encoder that transformers could train.
    """
    check_trainable(directory)
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(directory, trust_remote_code=False, local_files_only=True)
    return int(config.get_text_config().hidden_size)


def load_sequence_classifier(
    directory: str, label_names: Sequence[str], device: str, head: Head = "new", pooling: str = "cls"
) -> SequenceClassifier:
    """Load an encoder with a classification head.

    Args:
        directory: Folder of the checkpoint.
        label_names: Name of class i at position i.
        device: cpu, cuda or mps.
        head: `new` for a head with random weights, whatever head the checkpoint has; `kept` for the checkpoint's, its
            rows put in the order of our classes by their names; `saved` for the checkpoint as it is.
        pooling: What a new head reads: of `cls` and `lasttoken` the head of transformers is taken, which reads the
            first token or, of decoders, the last; of others a linear layer on the pooled states.

    Raises:
        ModelError: Where nothing can be trained, a kept head has other classes, or a saved model lacks weights.
    """
    check_trainable(directory)
    has_pooled_head = (Path(directory) / HEAD_FILE).is_file()
    if head == "saved" and has_pooled_head:
        return SequenceClassifier(saved_pooled_classifier(directory, label_names, device), frozenset())
    if head == "new" and pooling not in OF_TRANSFORMERS:
        left_out = _described(_class_names(directory)) if has_pooled_head else None
        return SequenceClassifier(pooled_classifier(directory, label_names, device, pooling), HEAD_WEIGHTS, left_out)
    model, missing, mismatched = _loaded(directory, label_names)
    of_head = head_weights(model)
    held, left_out = of_head - missing, None
    if head == "saved" and (lacking := sorted(missing | mismatched)):
        raise ModelError(
            f"The classifier in {directory} lacks {len(lacking)} of its weights, or they are of another shape, "
            f"{lacking[0]} first. They would be random numbers: train it again."
        )
    if foreign := sorted(mismatched - of_head):
        raise ModelError(f"The model in {directory}: its {foreign[0]} has another shape than its config.json says.")
    if head == "kept":
        model, missing, mismatched = _keeping(directory, label_names, of_head)
    elif head == "new" and held:
        left_out = _described(_class_names(directory))
        model, missing = _with_new_head(model, of_head | missing | mismatched)
        mismatched = set()
    return SequenceClassifier(model.eval().to(device), frozenset(missing | mismatched), left_out)


@silent_transformers()
def load_saved(directory: str) -> Any:
    """Load a saved transformers model for sequence classification in the number format that it was saved in."""
    from transformers import AutoModelForSequenceClassification

    check_weights_files(Path(directory), directory)
    model = AutoModelForSequenceClassification.from_pretrained(
        directory, trust_remote_code=False, use_safetensors=True, dtype="auto", local_files_only=True
    )
    read_all_tokens(model)
    return model.eval()


def head_weights(model: Any) -> set[str]:
    """Return the names of the weights that are not the encoder's."""
    of_encoder = {id(weight) for weight in model.base_model.parameters()}
    return {name for name, weight in model.named_parameters() if id(weight) not in of_encoder}


def last_layer(model: Any) -> tuple[Any, str]:
    """Return the module that holds the head's last linear layer, and its name there."""
    from torch.nn import Linear

    of_encoder = {id(module) for module in model.base_model.modules()}
    linear = [n for n, m in model.named_modules() if isinstance(m, Linear) and id(m) not in of_encoder]
    if not linear:
        raise ModelError(f"The head of a {model.config.model_type} has no linear layer that gives the classes.")
    parent, _, name = linear[-1].rpartition(".")
    return model.get_submodule(parent), name


@silent_transformers()
def _with_new_head(model: Any, new: set[str]) -> tuple[Any, set[str]]:
    """Return a model with other first weights of these names, and the names."""
    weights = {name: weight for name, weight in model.state_dict().items() if name not in new}
    model, info = type(model).from_pretrained(
        None, config=model.config, state_dict=weights, dtype=model.dtype, output_loading_info=True
    )
    return model, set(info["missing_keys"])


@silent_transformers()
def _loaded(directory: str, label_names: Sequence[str]) -> tuple[Any, set[str], set[str]]:
    """Return a model, its weights that the checkpoint lacks, and those that it has in another shape."""
    import torch
    from transformers import AutoModelForSequenceClassification

    check_weights_files(Path(directory), directory)
    model, info = AutoModelForSequenceClassification.from_pretrained(
        directory,
        trust_remote_code=False,
        use_safetensors=True,
        dtype=torch.float32,
        return_dict=True,
        id2label=dict(enumerate(label_names)),
        label2id={name: i for i, name in enumerate(label_names)},
        output_loading_info=True,
        ignore_mismatched_sizes=True,  # a head for another number of classes; nothing else is let pass
    )
    read_all_tokens(model)
    return model, set(info["missing_keys"]), {str(key[0]) for key in info["mismatched_keys"]}


def _class_names(directory: str) -> list[str]:
    """Return the names of the classes that a checkpoint's head gives, in their order."""
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(directory, trust_remote_code=False, local_files_only=True)
    return [str(name) for _, name in sorted(config.id2label.items())]


def other_classes(directory: str, label_names: Sequence[str]) -> str | None:
    """Say that the head of a checkpoint has other classes than the data, None where it has the same.

    Args:
        directory: Folder of the checkpoint.
        label_names: Names of the classes of the data.
    """
    theirs = _class_names(directory)
    if sorted(theirs) == sorted(label_names):
        return None
    return (
        f"keep_head: the head of the checkpoint in {directory} has {_described(theirs)}; expected the "
        f"{_described(label_names)} of the data. Rename them in one of the two, or leave keep_head out."
    )


def _described(names: Sequence[str]) -> str:
    listed = ", ".join(repr(name[:40]) for name in names[:SHOWN])
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{len(names)} {'class' if len(names) == 1 else 'classes'}: {listed}{more}"


def _keeping(directory: str, label_names: Sequence[str], of_head: set[str]) -> tuple[Any, set[str], set[str]]:
    """Return the model with the checkpoint's own head, its classes in our order."""
    import torch

    if problem := other_classes(directory, label_names):
        raise ModelError(problem)
    theirs = _class_names(directory)
    model, missing, mismatched = _loaded(directory, theirs)
    if lacking := sorted(of_head & (missing | mismatched)):
        raise ModelError(f"keep_head: the checkpoint in {directory} has no head: it lacks {lacking[0]}. Leave it out.")
    order = [theirs.index(name) for name in label_names]
    ids = torch.tensor([[1, 2, 3]])
    model.config.pad_token_id = model.config.pad_token_id or 0
    with torch.inference_mode():
        before = model.eval()(input_ids=ids).logits[:, order]
    module, name = last_layer(model)
    with torch.no_grad():
        for weight in getattr(module, name).parameters():
            weight.copy_(weight[order].clone())
    with torch.inference_mode():
        apart = (model(input_ids=ids).logits - before).abs().max()
    if apart > ROUNDING * before.abs().max():
        raise ModelError(
            f"keep_head: the classes of a {model.config.model_type}'s head cannot be put in another order."
        )
    model.config.id2label = dict(enumerate(label_names))
    model.config.label2id = {name: i for i, name in enumerate(label_names)}
    return model, missing, mismatched
