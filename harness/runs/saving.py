"""The description that is saved beside a classifier, so that it can be loaded by itself."""

from harness.encoding.encoder import depth, resolved
from harness.results.saved_model import SavedModel, describe_encoder
from harness.runs.session import Session, Trial
from harness.strategies.grid_search import GridSearch
from harness.strategies.strategy import recorded_parameters, uses_model, wanted_features


def describe_classifier(session: Session, trial: Trial) -> SavedModel:
    """Return what loading a trial's classifier needs."""
    strategy, plugin = trial.strategy, trial.offer.plugin
    candidates = strategy.candidates if isinstance(strategy, GridSearch) else (strategy,)
    read = session.encoder if uses_model(strategy) else None
    states = tuple(resolved(features, read) for features in wanted_features(strategy, depth(read)))
    content = {
        "strategy": trial.offer.name,
        "base": candidates[0].name,
        "plugin": plugin.distribution or plugin.name,
        "plugin_version": plugin.version,
        "configurations": [recorded_parameters(candidate) for candidate in candidates],
        "seed": trial.seed,
        "label_names": session.task.label_names,
        "encoder": describe_encoder(read, states) if read else None,
        "device": session.device,
        "dtype": session.dtype,
    }
    return SavedModel.model_validate(content)
