"""The architecture of a checkpoint: which modules of transformers hold its code."""

from pathlib import Path

from harness.encoding.checkpoint_files import CONFIG
from harness.system.foreign_files import read_json


def loading_modules(directory: str) -> tuple[str, ...]:
    """Return the modules that loading a checkpoint imports, for seconds; some of them may not exist.

    Args:
        directory: Its folder; for one without a readable config.json, the modules that all architectures share.
    """
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES, model_type_to_module_name

    shared = ("transformers.modeling_utils",)
    try:
        kind = read_json(Path(directory) / CONFIG)["model_type"]
        if kind not in CONFIG_MAPPING_NAMES:
            return shared
    except (OSError, ValueError, LookupError, TypeError):
        return shared
    module = model_type_to_module_name(kind)
    return (*shared, *(f"transformers.models.{module}.{part}_{module}" for part in ("modeling", "tokenization")))
