"""What a saved classifier is: the description beside it, by which it is loaded, and how large it is."""

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from harness.encoding.encoder import depth, resolved
from harness.encoding.fingerprint import checkpoint_bytes
from harness.executors.outcome import Outcome
from harness.results.records import trial_name
from harness.results.run_directory import model_folder
from harness.results.saved_model import SavedModel, describe_encoder
from harness.runs.session import Session, Trial
from harness.strategies.grid_search import GridSearch
from harness.strategies.strategy import recorded_parameters, saves_encoder, uses_model, wanted_features
from harness.system.files import folder_size


def describe_classifier(session: Session, trial: Trial, members: Collection[str] = ()) -> SavedModel:
    """Return what loading a trial's classifier needs.

    Args:
        session: What the trials of its run share.
        trial: The trial.
        members: Names of the strategies that it combines.
    """
    folders = {name: model_folder(trial_name(name, trial.seed, trial.train_size)) for name in members}
    strategy, plugin = trial.strategy, trial.offer.plugin
    candidates = strategy.candidates if isinstance(strategy, GridSearch) else (strategy,)
    read = session.encoder if uses_model(strategy) else None
    states = tuple(resolved(features, read) for features in wanted_features(strategy, depth(read)))
    content = {
        "strategy": trial.offer.name,
        "base": candidates[0].name,
        "plugin": plugin.distribution or plugin.name,
        "plugin_version": plugin.version,
        "chosen": isinstance(strategy, GridSearch),
        "configurations": [recorded_parameters(candidate) for candidate in candidates],
        "seed": trial.seed,
        "label_names": session.task.label_names,
        "encoder": describe_encoder(read, states) if read else None,
        "device": session.device,
        "dtype": session.dtype,
        "members": folders,
    }
    return SavedModel.model_validate(content)


def saved_bytes(session: Session, trial: Trial, outcome: Outcome) -> dict[str, int | None]:
    """Return the bytes of a saved classifier's files, and of those of its encoder that it needs besides."""
    encoder = session.encoder if uses_model(trial.strategy) and not saves_encoder(trial.strategy) else None
    if outcome.model is None:
        return {}
    with suppress(OSError):
        own = folder_size(outcome.model)
        of_encoder = checkpoint_bytes(Path(encoder.directory)) if encoder and encoder.directory else 0
        return {"model_bytes": own, "encoder_bytes": None if encoder and not of_encoder else of_encoder}
    return {}
