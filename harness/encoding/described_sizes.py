"""Sizes that a config.json describes, refused before anything is built of them.

A library makes room for what it is told before it looks for the weights: a wrong digit costs the machine's memory.
"""

from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

from harness.errors import ModelError, reason_of

# Of what is built one by one, in Python: far beyond the deepest encoders, and built in seconds.
COUNTED = ("layer", "group", "block", "network")
MOST_COUNTED = 2_500
MOST_OF_A_KIND = 100_000  # any other number of something, such as of experts or of buckets
MOST_CLASSES = 1_000_000
MOST_POSITIONS = 2**24  # tokens; the longest contexts have 10 million
LONGEST_WINDOW = 2**13  # tokens; Longformer pads every text to a multiple
MOST_BESIDE = 2**31  # numbers that are computed, not saved, such as a causal mask of all positions
SURPLUS = 2  # a smaller one is named tensor by tensor once it is loaded
UNSAVED = ("pooler.",)  # a checkpoint may lack it


def check_entries(described: dict[str, Any], name: str) -> None:
    """Refuse a config.json that counts absurdly many layers, classes or positions.

    Args:
        described: Its content.
        name: What to call the model in messages.

    Raises:
        ModelError: With the entry that says so.
    """
    for key, value in _numbers(described):
        most = _most(key)
        if most is not None and value > most:
            raise ModelError(
                f"Model {name}: its config.json says {key} {value:g}; expected at most {most:,}. Restore the "
                "config.json of this checkpoint."
            )


def _most(key: str) -> int | None:
    """Return the largest value that an entry may have, None where it has no limit here."""
    counts = "num" in key
    if "layer" in key or key == "block_sizes" or (counts and any(part in key for part in COUNTED)):
        return MOST_COUNTED
    if "position" in key:
        return MOST_POSITIONS
    if key == "num_labels":
        return MOST_CLASSES
    if key == "attention_window":
        return LONGEST_WINDOW
    return MOST_OF_A_KIND if counts else None


def _numbers(described: Any, key: str = "") -> Iterator[tuple[str, float]]:
    """Yield each number of a configuration with the name of its entry, those of parts and lists, too."""
    if isinstance(described, dict):
        for name, value in described.items():
            yield from _numbers(value, name)
    elif isinstance(described, list):
        for value in described:
            yield from _numbers(value, key)
    elif isinstance(described, int | float):
        yield key, described


def outline(config: Any, name: str) -> Any:
    """Return an encoder that has shapes in place of numbers (torch's device `meta`), so that it takes no memory.

    Args:
        config: A transformers configuration.
        name: What to call the model in messages.

    Raises:
        ModelError: Where transformers can build nothing of the configuration.
    """
    import torch
    from transformers import AutoModel

    try:
        with torch.device("meta"):
            return AutoModel.from_config(config, trust_remote_code=False)
    except Exception as error:
        raise ModelError(
            f"Model {name}: its config.json describes no encoder that can be built: {reason_of(error)}. Restore it."
        ) from error


def outline_of(directory: str) -> Any:
    """Return the encoder of a checkpoint's folder as `outline` has it."""
    from transformers import AutoConfig

    return outline(AutoConfig.from_pretrained(directory, trust_remote_code=False, local_files_only=True), directory)


def check_fits_weights(config: Any, directory: Path, name: str) -> None:
    """Refuse a configuration whose encoder has far more numbers than the checkpoint's files hold.

    Args:
        config: A transformers configuration.
        directory: Folder of the checkpoint, its safetensors files found sound.
        name: What to call the model in messages.

    Raises:
        ModelError: With both numbers and the largest tensor.
    """
    model = outline(config, name)
    weights = {key: weight for key, weight in model.named_parameters() if not key.startswith(UNSAVED)}
    beside = sum(buffer.numel() for buffer in model.buffers())
    described, held = sum(weight.numel() for weight in weights.values()), _numbers_held(directory)
    if described > SURPLUS * held or beside > max(MOST_BESIDE, SURPLUS * held):
        largest, shape = max(
            ((key, weight.shape) for key, weight in (*weights.items(), *model.named_buffers())),
            key=lambda named: prod(named[1]),
        )
        raise ModelError(
            f"Model {name}: its config.json describes an encoder of {described + beside:,} numbers, its weights hold "
            f"{held:,}; the largest tensor would be {largest} of {' x '.join(map(str, shape))}. Restore the "
            "config.json that belongs to these weights."
        )


def _numbers_held(directory: Path) -> int:
    """Return how many numbers the safetensors files of a folder hold."""
    from safetensors import safe_open

    held = 0
    for file in directory.glob("*.safetensors"):
        with safe_open(file, framework="numpy") as opened:
            held += sum(prod(opened.get_slice(key).get_shape()) for key in opened.keys())  # noqa: SIM118
    return held
