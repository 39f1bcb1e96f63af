"""Declarations of a sentence-transformers checkpoint: how it pools, and the prompt before each text."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from harness.encoding.pooling import POOLING_MODES
from harness.errors import ModelError
from harness.system.foreign_files import read_json

MODULES_FILE, PROMPTS_FILE, CONFIG_FILE = "modules.json", "config_sentence_transformers.json", "config.json"
MOST_BYTES = 1_000_000  # of one of these files; they hold a few lines
MOST_CHARACTERS = 10_000  # of a prompt
# Keys of a pooling's configuration before sentence-transformers 5.4, in the order in which states are put side by side.
SWITCHES = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
POOLING_FOLDER = "1_Pooling"  # its usual name
OF_FIRST_VERSIONS = "0_Transformer"  # the folder below the one that declares, where they kept the transformer


@dataclass(frozen=True)
class Declared:
    """What a checkpoint declares.

    Attributes:
        pooling: How it pools, several modes joined by `+`; None where it does not say.
        prompt: What it puts before a text where nobody names another prompt.
        pools_prompt: Whether the tokens of the prompt are pooled, too.
        notes: What of it is not followed, one sentence each.
    """

    pooling: str | None = None
    prompt: str = ""
    pools_prompt: bool = True
    notes: tuple[str, ...] = ()


def transformer_in(directory: Path) -> Path:
    """Return the folder of a checkpoint's transformer: the one below it that first versions made, or itself."""
    inner = directory / OF_FIRST_VERSIONS
    declares = (directory / MODULES_FILE).is_file() and not any(directory.glob("*.safetensors"))
    return inner if declares and (inner / CONFIG_FILE).is_file() else directory


def declaring(directory: Path) -> Path:
    """Return the folder with modules.json of a transformer's folder: the one above in first versions, or itself."""
    return directory.parent if transformer_in(directory.parent) == directory else directory


def read_declared(directory: Path, name: str) -> Declared:
    """Return what a checkpoint declares; one that sentence-transformers did not save declares nothing.

    Args:
        directory: Folder of the checkpoint.
        name: What to call it in messages.

    Raises:
        ModelError: Where one of these files is not what sentence-transformers writes.
    """
    if directory.name == OF_FIRST_VERSIONS:
        directory = directory.parent
    modules = _read(directory / MODULES_FILE, name, list) or []
    kinds = [_text(module, "type", MODULES_FILE, name).rpartition(".")[2] for module in modules]
    paths = [PurePosixPath(_text(module, "path", MODULES_FILE, name)) for module in modules]
    if outside := [str(path) for path in paths if path.is_absolute() or ".." in path.parts or "\\" in str(path)]:
        raise _unexpected(name, MODULES_FILE, "the path of each module to be a folder of the checkpoint", outside[0])
    prompt = _default_prompt(_read(directory / PROMPTS_FILE, name, dict) or {}, name)
    if "Pooling" not in kinds:
        return Declared(prompt=prompt)
    number = kinds.index("Pooling")
    path = paths[number]
    file = directory / path / CONFIG_FILE
    config = _read(file, name, dict)
    if config is None:
        note = (
            f"The checkpoint's {MODULES_FILE} declares a pooling, but {path / CONFIG_FILE}, which names it, is missing."
        )
        return Declared(prompt=prompt, notes=(note,))
    where = str(path / CONFIG_FILE)
    pools_prompt = config.get("include_prompt", True)
    if not isinstance(pools_prompt, bool):
        raise _unexpected(name, where, "include_prompt to be true or false", pools_prompt)
    return Declared("+".join(_modes(config, where, name)), prompt, pools_prompt, _left_out(kinds[number + 1 :]))


def _left_out(kinds: list[str]) -> tuple[str, ...]:
    """Say which modules behind the pooling are not applied: unit length is a probe's own choice, the rest is lost."""
    kinds = [kind for kind in kinds if kind != "Normalize"]
    told = f"The checkpoint's {', '.join(kinds)} behind its pooling: not applied, probes read the pooled states."
    return (told,) if kinds else ()


def _modes(config: dict[str, Any], where: str, name: str) -> list[str]:
    found = config.get("pooling_mode")
    if found is None:
        found = [mode for key, mode in SWITCHES.items() if config.get(key) is True] or ["mean"]
    modes = [found] if isinstance(found, str) else found
    if not isinstance(modes, list) or not modes or not all(mode in POOLING_MODES for mode in modes):
        raise _unexpected(name, where, f"pooling_mode to be among {', '.join(POOLING_MODES)}", found)
    return list(dict.fromkeys(modes))


def _default_prompt(config: dict[str, Any], name: str) -> str:
    chosen, prompts = config.get("default_prompt_name"), config.get("prompts") or {}
    if chosen is None:
        return ""
    prompt = prompts.get(chosen) if isinstance(prompts, dict) and isinstance(chosen, str) else None
    if not isinstance(prompt, str) or len(prompt) > MOST_CHARACTERS:
        expected = f"default_prompt_name to name a prompt of at most {MOST_CHARACTERS:,} characters"
        raise _unexpected(name, PROMPTS_FILE, expected, chosen)
    return prompt


def _read(file: Path, name: str, kind: type) -> Any:
    """Return the content of a JSON file, None where there is no such file."""
    try:
        value = read_json(file, MOST_BYTES, any_number=True)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ModelError(f"Model {name}: {file} cannot be read: {error.strerror}. Make it readable.") from error
    except ValueError as error:
        raise ModelError(f"Model {name}: {file} is not valid JSON: {error}. Get an undamaged copy.") from error
    if not isinstance(value, kind):
        raise _unexpected(name, file.name, f"a JSON {'array' if kind is list else 'object'}", type(value).__name__)
    return value


def _text(module: Any, key: str, where: str, name: str) -> str:
    value = module.get(key) if isinstance(module, dict) else None
    if not isinstance(value, str):
        raise _unexpected(name, where, f"each module to have a {key} that is text", value)
    return value


def _unexpected(name: str, where: str, expected: str, found: object) -> ModelError:
    return ModelError(f"Model {name}: expected {expected} in its {where}, got {str(found)[:100]!r}. Restore that file.")
