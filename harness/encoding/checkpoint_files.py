"""The files of a checkpoint's folder: is it a checkpoint at all, and does all that is loaded lie in it?"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from harness.errors import ModelError, reason_of
from harness.system.foreign_files import open_regular_file, read_json

CONFIG, TOKENIZER_CONFIG, ADAPTER = "config.json", "tokenizer_config.json", "adapter_config.json"
INDEX, INDEX_ENDING = "model.safetensors.index.json", ".safetensors.index.json"
WEIGHTS_KEY = "transformers_weights"  # of config.json: the weights that are loaded in place of model.safetensors
MOST_BYTES = 50_000_000  # of a JSON file; an index of the largest models holds a tenth
PICKLED = (".bin", ".pt", ".pth", ".pkl", ".ckpt")
OTHER_ENGINES = {
    ".onnx": "ONNX",
    ".gguf": "GGUF",
    ".tflite": "TensorFlow Lite",
    ".h5": "TensorFlow",
    ".msgpack": "Flax",
}
DEPTH = 3  # folders below the one that was named in which a checkpoint is looked for
SHOWN = 3  # things that a message lists
WEIGHTS = (".weight", ".bias")
WHOLE = ("I8", "U8", "I16", "U16", "I32", "U32", "I64", "U64", "BOOL")
GIT_LFS = b"version https://git-lfs"
# What runs on torch alone; others need a package, or program code that would be fetched from the hub.
ATTENTION = (None, "eager", "sdpa")
ATTENTION_KEYS = ("attn_implementation", "_attn_implementation", "_attn_implementation_internal")


def check_folder(directory: Path, name: str) -> None:
    """Refuse a folder that is no checkpoint, saying what it is, or whose weights lie elsewhere.

    Args:
        directory: The folder.
        name: What to call it in messages.

    Raises:
        ModelError: Where it is an adapter, holds checkpoints in folders below, weights of other kinds alone, or
            names files outside it.
    """
    if (directory / ADAPTER).exists():
        raise _is_adapter(directory, name)
    if not (directory / CONFIG).exists() and (below := _checkpoints_below(directory)):
        listed = ", ".join(below[:SHOWN]) + (f" and {len(below) - SHOWN} more" if len(below) > SHOWN else "")
        raise ModelError(f"Model {name} is a folder above checkpoints, not one. Name one with --model: {listed}.")
    refuse_other_weights(name, _names(directory))
    refuse_files_elsewhere(directory, name)


def refuse_other_weights(name: str, file_names: Sequence[str]) -> None:
    """Refuse a checkpoint without safetensors weights of its own, naming those that it has.

    Args:
        name: What to call it in messages.
        file_names: Its files, those in folders as `folder/file`.

    Raises:
        ModelError: Where there is no safetensors file beside config.json.
    """
    beside = [file for file in file_names if "/" not in file]
    if any(file.endswith(".safetensors") for file in beside):
        return
    if pickled := sorted(file for file in beside if file.endswith(PICKLED)):
        raise ModelError(
            f"Model {name}: its weights exist only as pickle ({', '.join(pickled[:SHOWN])}), which can run any "
            "code when loaded. Use a revision with model.safetensors, or convert it where you trust it."
        )
    for suffix, engine in OTHER_ENGINES.items():
        if found := sorted(file for file in file_names if file.endswith(suffix)):
            raise ModelError(
                f"Model {name}: its weights exist only for {engine} ({', '.join(found[:SHOWN])}); expected "
                "model.safetensors, which torch computes. Name the checkpoint that they were exported from."
            )
    raise ModelError(f"Model {name}: no model.safetensors among its files. Is it a transformers checkpoint?")


def check_attention(described: dict[str, Any], name: str) -> None:
    """Refuse a config.json that asks for attention which is not part of torch.

    Raises:
        ModelError: Where it names a package, or a kernel of the hub, which is program code.
    """
    for key in ATTENTION_KEYS:
        asked = described.get(key)
        if asked in ATTENTION:
            continue
        if isinstance(asked, str) and "/" in asked:
            what = "is a kernel of the hub, program code that is never fetched or run here"
        else:
            what = "needs a package of its own"
        raise ModelError(
            f"Model {name}: its config.json asks for {key} {str(asked)[:60]!r}, which {what}. Remove that line from "
            "config.json: the features are the same but for rounding."
        )


def read_checkpoint_json(file: Path, name: str) -> Any:
    """Return the content of a JSON file of a checkpoint.

    Raises:
        FileNotFoundError: Where there is no such file.
        ModelError: Where it is no regular file, too large, or no JSON.
    """
    try:
        return read_json(file, MOST_BYTES, any_number=True)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        reason = reason_of(error)
        raise ModelError(f"Model {name}: its {file.name} cannot be read: {reason}. Get an undamaged copy.") from error


def refuse_files_elsewhere(directory: Path, name: str) -> None:
    """Refuse a checkpoint whose own files name others to read that do not lie beside them: no fingerprint has those.

    Args:
        directory: Its folder.
        name: What to call it in messages.

    Raises:
        ModelError: Where it names weights, a configuration or a tokenizer in another folder, or weights that are
            missing.
    """
    described, tokenizer = (_object_in(directory / file, name) for file in (CONFIG, TOKENIZER_CONFIG))
    if described.get("configuration_files"):
        raise ModelError(
            f"Model {name}: its config.json lets another file take its place (configuration_files). Name that one "
            "config.json, so that it is checked, and remove this line."
        )
    for file in tokenizer.get("fast_tokenizer_files") or []:
        if not _is_beside(file, (".json",)):
            raise _elsewhere(name, TOKENIZER_CONFIG, file, "a JSON file beside it")
    weights = described.get(WEIGHTS_KEY)
    if weights is not None and not _is_beside(weights, (".safetensors", INDEX_ENDING)):
        raise _elsewhere(name, CONFIG, weights, "a safetensors file beside it")
    if weights is not None and weights.endswith(INDEX_ENDING):
        _check_index(directory, weights, name)
    elif not (directory / "model.safetensors").exists():  # then transformers reads no index
        _check_index(directory, INDEX, name)


def _object_in(file: Path, name: str) -> dict[str, Any]:
    """Return the JSON object in a file, {} where there is no such file or it holds anything else."""
    try:
        content = read_checkpoint_json(file, name)
    except FileNotFoundError:
        return {}
    return content if isinstance(content, dict) else {}


def _check_index(directory: Path, file_name: str, name: str) -> None:
    """Refuse an index of weights that names anything but files beside it."""
    try:
        index = read_checkpoint_json(directory / file_name, name)
    except FileNotFoundError:
        return
    mapped = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(mapped, dict) or not mapped:
        raise ModelError(f"Model {name}: expected a weight_map in its {file_name}. Get an undamaged copy.")
    for file in dict.fromkeys(map(str, mapped.values())):
        if not _is_beside(file, (".safetensors",)):
            raise _elsewhere(name, file_name, file, "safetensors files beside it")
        if not (directory / file).is_file():
            raise ModelError(f"Model {name}: its {file_name} names {file[:200]!r}, which is missing. Get it again.")


def _is_beside(file: object, endings: tuple[str, ...]) -> bool:
    """Return whether a value is the name of a file of such an ending, and no path."""
    return isinstance(file, str) and PurePosixPath(file).name == file and "\\" not in file and file.endswith(endings)


def _elsewhere(name: str, where: str, file: object, expected: str) -> ModelError:
    return ModelError(
        f"Model {name}: its {where} names {str(file)[:200]!r}; expected {expected}. Files from elsewhere are not "
        "loaded: nobody would notice when they change. Put them into the folder."
    )


def check_weights_files(directory: Path, name: str) -> None:
    """Refuse damaged and quantised safetensors files.

    Args:
        directory: Folder of the checkpoint.
        name: What to call it in messages.

    Raises:
        ModelError: Where a header is not that of safetensors or does not agree with what follows it, and where weights
            are whole numbers, which transformers would take for others.
    """
    for file in sorted(directory.glob("*.safetensors")):
        _check_weights_file(file, name)


def _check_weights_file(file: Path, name: str) -> None:
    from safetensors import SafetensorError, safe_open

    try:
        open_regular_file(file).close()
        with safe_open(file, framework="numpy") as opened:
            weights = [key for key in opened.keys() if key.endswith(WEIGHTS)]  # noqa: SIM118 - it is no mapping
            whole = [key for key in weights if opened.get_slice(key).get_dtype() in WHOLE]
    except (OSError, ValueError, SafetensorError) as error:
        pointer = (
            " It is a pointer of Git LFS: fetch what it stands for with git lfs pull." if _is_pointer(file) else ""
        )
        reason = reason_of(error)
        raise ModelError(
            f"Model {name}: its {file.name} cannot be read: {reason}.{pointer or ' Get an undamaged copy.'}"
        ) from error
    if whole:
        raise ModelError(
            f"Model {name}: tensor {whole[0]} of its {file.name} holds whole numbers ({len(whole)} such weights); "
            "expected floating-point numbers. It is quantised or damaged: name the checkpoint that it was made from."
        )


def _is_pointer(file: Path) -> bool:
    """Return whether a file stands for another, as Git LFS leaves it in a clone."""
    try:
        with open_regular_file(file) as opened:
            return opened.read(len(GIT_LFS)) == GIT_LFS
    except (OSError, ValueError):
        return False


def _is_adapter(directory: Path, name: str) -> ModelError:
    """Return the error for a folder of peft, with the command that makes a checkpoint of it."""
    described = read_checkpoint_json(directory / ADAPTER, name)
    base = described.get("base_model_name_or_path") if isinstance(described, dict) else None
    of = f" for {str(base)[:200]!r}" if base else ""
    return ModelError(
        f"Model {name} is an adapter of peft{of}, not a checkpoint: it changes an encoder that is not in this folder. "
        'Merge the two and name the result: python -c "import sys; from peft import '
        "AutoPeftModelForSequenceClassification as Model; from transformers import AutoTokenizer; "
        "Model.from_pretrained(sys.argv[1], num_labels=int(sys.argv[2])).merge_and_unload()"
        ".save_pretrained('merged'); AutoTokenizer.from_pretrained(sys.argv[1]).save_pretrained('merged')\" "
        f"{name} {_n_classes(directory)}"
    )


def _n_classes(directory: Path) -> str:
    """Return how many classes the adapter of a run has, as text; a placeholder for others."""
    try:
        return str(len(read_json(directory / "harness.json")["label_names"]))
    except (OSError, ValueError, LookupError, TypeError):
        return "CLASSES"


def _checkpoints_below(directory: Path) -> list[str]:
    """Return the folders below that hold a checkpoint, the nearest first."""
    level, found = [directory], []
    for _ in range(DEPTH):
        level = [folder for above in level for folder in sorted(above.iterdir()) if folder.is_dir()][:1000]
        found += [str(folder) for folder in level if _is_checkpoint(folder)]
    return found


def _is_checkpoint(folder: Path) -> bool:
    """Return whether a folder holds weights and says of which architecture, as a module such as 2_Dense does not."""
    try:
        described = read_json(folder / CONFIG, MOST_BYTES, any_number=True)
    except (OSError, ValueError):
        return False
    return isinstance(described, dict) and "model_type" in described and any(folder.glob("*.safetensors"))


def _names(directory: Path) -> list[str]:
    beside = sorted(directory.iterdir())
    below = [file for folder in beside if folder.is_dir() for file in sorted(folder.iterdir())]
    return [file.relative_to(directory).as_posix() for file in (*beside, *below)]
