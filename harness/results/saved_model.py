"""The record beside a saved classifier, harness.json: all that it needs to predict again."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator

from harness.config.run_config import MaxLength
from harness.encoding.encoder import Encoder, Features, pooling_of
from harness.encoding.engine import TORCH, EngineName, engine_name
from harness.encoding.tags import encoder_tags
from harness.errors import ModelError
from harness.frozen_model import Count, FrozenModel, first_problem
from harness.system.files import to_json, write_atomically
from harness.system.foreign_files import read_json

FILE = "harness.json"
LARGEST_FILE = 10_000_000  # bytes; 100,000 class names of 60 letters take as many

Name = Annotated[str, Field(min_length=1, max_length=10_000)]
FolderName = Annotated[str, Field(pattern=r"^[^/\\:.][^/\\:]*$", max_length=1_000)]
"""Of a folder beside that of a classifier: no path leads elsewhere."""


class SavedState(FrozenModel):
    """A frozen state that the classifier reads."""

    layer: int
    pooling: str


class SavedEncoder(FrozenModel):
    """The encoder of the run that a classifier was fitted in.

    Attributes:
        name: Hub id, or the folder's absolute path.
        revision: Commit of a hub checkpoint, None for a folder.
        fingerprint: Everything that can change its features, by name; None where that is not known.
        width: Numbers in one feature vector.
        max_length: Tokens that texts are cut at.
        n_layers: Number of its blocks.
        pooling: What `auto` is for it.
        prompt: What it puts before each text.
        engine: What computed its features.
        dtype: Number format that they were computed in, None for that of the classifier.
        states: What the classifier reads of it; none where it holds weights of its own.
    """

    name: Name
    revision: Name | None = None
    fingerprint: dict[str, str | None] | None = None
    width: Count
    max_length: MaxLength
    n_layers: Count
    pooling: Name = "cls"
    prompt: Annotated[str, Field(max_length=10_000)] = ""
    engine: EngineName = TORCH
    dtype: Literal["float32", "bfloat16"] | None = None
    states: tuple[SavedState, ...] = ()


class SavedModel(FrozenModel):
    """A saved classifier.

    Attributes:
        strategy: Name of the strategy in its run, such as logreg_probe(C=0.1).
        base: Name that its plugin offers it under, such as logreg_probe.
        plugin: Distribution of that plugin, or the name of a plugin that is none.
        plugin_version: Version of the distribution, hash of a file, None where there is neither.
        configurations: Hyperparameters: of a grid or a search those of each configuration, otherwise one.
        chosen: Whether it is one of several configurations, also where these are one.
        seed: Seed that it was fitted with.
        label_names: Name of class i at position i.
        encoder: None where the strategy needs none.
        device: Where it was fitted: cpu, cuda or mps.
        dtype: Number format that it was fitted in: float32 or bfloat16.
        members: Strategy -> folder beside this one, of each classifier that it predicts from.
    """

    schema_version: Literal[1] = 1
    strategy: Name
    base: Name
    plugin: Name
    plugin_version: str | None = None
    configurations: Annotated[tuple[dict[str, Any], ...], Field(min_length=1)]
    chosen: bool = False
    seed: Count
    label_names: Annotated[tuple[str, ...], Field(min_length=2)]
    encoder: SavedEncoder | None = None
    device: Literal["cpu", "cuda", "mps"]
    dtype: Literal["float32", "bfloat16"]
    members: dict[Name, FolderName] = Field(default_factory=dict)

    @field_validator("label_names")
    @classmethod
    def _differ(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) < len(names):
            raise ValueError("names of classes must differ")
        return names


def describe_encoder(encoder: Encoder, states: tuple[Features, ...]) -> SavedEncoder:
    """Return what has to be known of an encoder to find it again and to tell another one from it."""
    in_a_folder = encoder.revision is None and Path(encoder.name).expanduser().is_dir()
    return SavedEncoder(
        name=str(Path(encoder.name).expanduser().resolve()) if in_a_folder else encoder.name,
        revision=encoder.revision,
        fingerprint=fingerprint_as_text(encoder),
        width=encoder.width,
        max_length=encoder.max_length,
        n_layers=encoder.n_layers,
        pooling=pooling_of(encoder),
        prompt=encoder_tags(encoder).prompt,
        engine=engine_name(encoder_tags(encoder).engine),
        dtype=encoder_tags(encoder).dtype,
        states=tuple(SavedState(layer=state.layer, pooling=state.pooling) for state in states),
    )


def fingerprint_as_text(encoder: Encoder) -> dict[str, str | None] | None:
    """Return an encoder's fingerprint as JSON holds it, None where it has none."""
    fingerprint = encoder_tags(encoder).fingerprint
    if fingerprint is None:
        return None
    return {str(part): None if value is None else str(value) for part, value in fingerprint.items()}


def write_saved_model(directory: Path, saved: SavedModel) -> None:
    """Write what a saved classifier needs into its folder."""
    write_atomically(directory / FILE, to_json(saved.model_dump(mode="json")))


def read_saved_model(directory: Path) -> SavedModel:
    """Read what a saved classifier needs.

    Raises:
        ModelError: Where the folder holds no such file, or another content than this program writes.
    """
    file = directory / FILE
    try:
        content = read_json(file, LARGEST_FILE, directory)
    except FileNotFoundError:
        raise ModelError(
            f"{directory} holds no {FILE}, so nobody knows what its classifier was fitted on. Name the folder of a "
            "saved classifier, such as models/majority-seed0 in the folder of a run; a run of an older version has "
            "none: run the comparison again."
        ) from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{file} cannot be read as JSON: {error}. {_RESTORE}") from error
    if isinstance(content, dict) and content.get("schema_version") != 1:
        version = content.get("schema_version")
        raise ModelError(f"{file} has schema version {version!r}, this program reads 1. {_RESTORE}")
    try:
        return SavedModel.model_validate(content)
    except ValidationError as error:
        place, problem = first_problem(error)
        raise ModelError(f"{file} is damaged at {place or 'its top'}: {problem}. {_RESTORE}") from error


_RESTORE = "Restore it, or run the comparison again."
