"""Adapters of a model put into its own weights, so that it needs no package to predict."""

from typing import Any

from harness.encoding.checkpoint import read_all_tokens
from harness.encoding.pooled_classifier import head_pooling


def merge_adapters(model: Any) -> Any:
    """Return a classifier whose adapters of peft, if it has any, are part of its weights.

    Args:
        model: One with adapters is changed, and another one returned, which has no trace of peft.
    """
    if head_pooling(model):
        model.base_model = merge_adapters(model.base_model)
        return model
    if not getattr(model, "_hf_peft_config_loaded", False):
        return model
    from peft.tuners.tuners_utils import BaseTunerLayer
    from peft.utils import ModulesToSaveWrapper

    for name, module in list(model.named_modules()):
        if isinstance(module, BaseTunerLayer):
            module.merge(safe_merge=True)
            _replace(model, name, module.get_base_layer())
        elif isinstance(module, ModulesToSaveWrapper):
            _replace(model, name, module.modules_to_save[module.active_adapter])
    merged = type(model)(model.config)
    if getattr(model, "pooler", merged) is None:
        merged.pooler = None
    merged.load_state_dict(model.state_dict())
    read_all_tokens(merged)
    return merged.eval()


def _replace(model: Any, name: str, new: Any) -> None:
    parent, _, child = name.rpartition(".")
    setattr(model.get_submodule(parent), child, new)
