"""An encoder's fingerprint: all that its features depend on, read off its files without loading it."""

import contextlib
import hashlib
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from harness.encoding.engine import CALIBRATION, INT8, PACKAGES, TORCH, EngineName
from harness.encoding.precision import is_mixed
from harness.encoding.sentence_encoder import OF_FIRST_VERSIONS, Declared
from harness.errors import UnavailableError
from harness.system.files import read_sealed, sha256_of, write_sealed

ENCODING_VERSION = 2  # raise it with any change of the code that changes features by more than rounding
# Weights, those of other engines, optimizer states, documentation and code, which is never run.
OTHER_FILES = frozenset(
    (".safetensors", ".bin", ".pt", ".pth", ".h5", ".msgpack", ".ot", ".onnx", ".gguf", ".md", ".py", ".png", "")
)
FIRST_PASS = 1  # raise it where the first pass (first_pass.py) begins to refuse more
LIBRARIES = ("torch", "transformers", "tokenizers")
WEIGHTS = "*.safetensors"


@dataclass(frozen=True)
class EncoderFacts:
    """What a checkpoint turned out to be when it was loaded and found sound.

    Attributes:
        width: Numbers in one feature vector.
        max_length: Tokens of the longest text it reads whole.
        n_parameters: Number of its weights.
        n_layers: Number of its blocks.
        left_to_right: Whether no token's state knows what follows it, as in decoders.
        cls_is_last: Whether its tokenizer puts [CLS] behind the text, as XLNet's does.
        first_pass: Version of the first pass that it came through.
    """

    width: int
    max_length: int
    n_parameters: int
    n_layers: int
    left_to_right: bool
    cls_is_last: bool
    first_pass: int = FIRST_PASS


def fingerprint(
    directory: Path,
    revision: str | None,
    device: str,
    dtype: str,
    declared: Declared | None = None,
    engine: EngineName = TORCH,
) -> dict[str, str | None]:
    """Return everything that can change the features of a checkpoint, by name.

    The versions of the libraries that compute are part of it: a new one may compute otherwise. How features are pooled
    is not: each names its own pooling.

    Args:
        directory: Folder of the checkpoint.
        revision: Commit of a hub checkpoint.
        device: cpu, cuda or mps.
        dtype: float32 or bfloat16.
        declared: The prompt in use, and whether it is pooled, too.
        engine: What computes the features.
    """
    prompt = {} if not declared or not declared.prompt else {"prompt": declared.prompt}
    if prompt and declared and not declared.pools_prompt:
        prompt["prompt_pooled"] = "no"
    return {
        "revision": revision,
        "weights": weights_hash(str(directory)),
        "config": sha256_of(directory / "config.json"),
        "tokenizer": _hash_of_files([file for file in sorted(directory.iterdir()) if _is_of_tokenizer(file)]),
        "device": device,
        "dtype": f"{dtype} by autocast" if engine == TORCH and is_mixed(device, dtype) else dtype,
        **{library: metadata.version(library) for library in (*LIBRARIES, *PACKAGES[engine])},
        "encoding": str(ENCODING_VERSION),
        **prompt,
        **({} if engine == TORCH else {"engine": engine}),
        **({"calibration": str(CALIBRATION)} if engine == INT8 else {}),
        **({"modules": _hash_of_files(modules)} if (modules := _trained_modules(directory)) else {}),
    }


def weights_hash(directory: str) -> str | None:
    """Return the sha256 of a checkpoint's weights.

    Args:
        directory: Its folder; "" where an encoder has none.

    Returns:
        That of its safetensors file; of several, that of their sha256s in the order of names; of none, None.
    """
    hashes = [sha256_of(file) for file in sorted(Path(directory).glob(WEIGHTS))] if directory else []
    if not hashes:
        return None
    if len(hashes) == 1:
        return hashes[0]
    return hashlib.sha256(bytes.fromhex("".join(hashes))).hexdigest()


def checkpoint_bytes(directory: Path) -> int:
    """Return the bytes of a checkpoint's files that predicting needs."""
    return sum(file.stat().st_size for file in checkpoint_files(directory))


def checkpoint_files(directory: Path) -> list[Path]:
    """Return a checkpoint's files that predicting needs: weights, configuration, tokenizer, modules behind it."""
    files = [file for file in sorted(directory.iterdir()) if _is_of_tokenizer(file)]
    weights = sorted(directory.glob(WEIGHTS))
    modules = [file for folder in _modules(directory) for file in _files_of_module(folder)]
    return [file for file in (*files, directory / "config.json", *weights, *modules) if file.is_file()]


def _is_of_tokenizer(file: Path) -> bool:
    """Return whether a tokenizer could read a file: whatever has no other known use, since each kind has its own."""
    return file.is_file() and file.name != "config.json" and file.suffix not in OTHER_FILES and file.name[0] != "."


def _trained_modules(directory: Path) -> list[Path]:
    """Return the files of modules of sentence-transformers with weights, such as 2_Dense, which SetFit loads."""
    return [file for folder in _modules(directory) if any(folder.glob(WEIGHTS)) for file in _files_of_module(folder)]


def _files_of_module(folder: Path) -> list[Path]:
    if folder.name == OF_FIRST_VERSIONS:
        return checkpoint_files(folder)
    return [*sorted(folder.glob(WEIGHTS)), *sorted(folder.glob("*.json"))]


def _modules(directory: Path) -> list[Path]:
    return [folder for folder in sorted(directory.iterdir()) if folder.is_dir() and folder.name[0].isdigit()]


def _hash_of_files(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name}:{sha256_of(file)};".encode())
    return digest.hexdigest()


def read_facts(file: Path) -> EncoderFacts | None:
    """Return what an earlier load has told, None where there was none, or where it was tried by less than now."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        content = read_sealed(file)
        return EncoderFacts(**content) if content.get("first_pass") == FIRST_PASS else None
    return None


def write_facts(file: Path, facts: EncoderFacts) -> None:
    """Keep what loading has told; where the disk refuses, the next run loads again."""
    with contextlib.suppress(UnavailableError):
        write_sealed(file, asdict(facts))
