"""A saved classifier's folder -> a classifier that takes texts and returns label names, as scikit-learn's do."""

import weakref
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from harness.config.run_config import RunConfig
from harness.encoding.encoder import Encoder, pooling_of
from harness.encoding.engine import OTHER_LIBRARIES
from harness.encoding.fingerprint import LIBRARIES
from harness.encoding.tags import encoder_tags
from harness.errors import ModelError, PluginError, UnavailableError, UserError, reason_of
from harness.executors.assignment import refuse_to_encode
from harness.features.directory import CacheDirectory
from harness.features.on_demand import OnDemandFeatures
from harness.huggingface import SAMPLE, settle_network_for
from harness.huggingface.network import network_block
from harness.plugin_system.manager import PluginManager
from harness.results.saved_model import SavedEncoder, SavedModel, fingerprint_as_text, read_saved_model
from harness.runs.feasibility import refuse_network
from harness.runs.saved_files import VERIFY, changed_files, member_folders, unreadable_file
from harness.runs.text_classifier import TextClassifier
from harness.strategies.grid_search import GridSearch
from harness.strategies.member import Member
from harness.strategies.strategy import Classifier, RunContext, Strategy, saves_encoder, uses_model, with_parameters
from harness.system.device import choose_device
from harness.system.process import restored_globals
from harness.system.temporary_folders import temporary_folder

if TYPE_CHECKING:
    pass

OTHERWISE = "It may predict otherwise."
# Parts of a fingerprint that change features by rounding at most, or name what others hash: not another encoder.
# Modules behind the pooling are applied by strategies alone that keep what they trained.
CIRCUMSTANCES = frozenset({"revision", "modules", "device", "dtype", *LIBRARIES, *OTHER_LIBRARIES})


@network_block()
def load_saved_classifier(
    directory: Path,
    manager: PluginManager,
    *,
    given: Sequence[Strategy] = (),
    model: str | None = None,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
    cache: CacheDirectory | None = None,
    offline: bool = False,
    keep: bool = True,
    known: Sequence[str] = (),
    encoders: dict[str, Encoder] | None = None,
) -> TextClassifier:
    """Load a classifier that a run saved.

    One that reads frozen features finds the encoder that it was fitted on, and encodes through the cache of runs; one
    with weights of its own needs no encoder. What combines others loads them from the folders beside its own.

    Args:
        directory: Its folder, such as models/logreg_probe-seed0 in the folder of a run.
        manager: The plugins; the strategy that fitted it must be among theirs.
        given: Strategies that no plugin offers; the caller vouches for them.
        model: Folder or hub id of the encoder, where it is not where it was.
        device: Where to compute.
        cache: The cache of frozen features, None for none.
        offline: Never touch the network.
        keep: Write to the cache what is computed for long lists of texts.
        known: Texts of the run, as one of its splits has them: their features are in the cache.
        encoders: Those that are loaded already, by what they are; what is loaded here is added.

    Raises:
        ModelError: Where the folder holds no saved classifier, or the encoder is another one.
        PluginError: Where the strategy's plugin is not there.
        UnavailableError: Where the encoder is not there.
    """
    saved = read_saved_model(directory)
    strategy, notes = _strategy(saved, manager, given, directory)
    chosen = choose_device(device)
    encoder, encoders = None, {} if encoders is None else encoders
    refuse_network(strategy.name, strategy, offline=offline)
    settle_network_for(RunConfig(dataset=SAMPLE, offline=offline), needs_model=False)  # for models that it names itself
    if uses_model(strategy) and not saves_encoder(strategy):
        read = saved.encoder.model_copy(update={"states": ()}).model_dump_json() if saved.encoder else ""
        encoder = encoders.get(read) or _encoder(saved, manager, directory, model, chosen, offline)
        encoders[read] = encoder
    options: dict[str, Any] = {"model": model, "device": device, "cache": cache, "offline": offline, "keep": keep}
    options |= {"given": given, "known": known, "encoders": encoders}
    members = tuple(load_saved_classifier(each, manager, **options) for each in member_folders(saved, directory))
    features = OnDemandFeatures(encoder, cache, keep=keep, known=known) if encoder else None
    with ExitStack() as held:
        workdir = held.enter_context(temporary_folder())
        with restored_globals():
            fitted = _fitted(strategy, directory, _context(saved, encoder, features, chosen, workdir, members))
        kept = held.pop_all()  # where it could not be loaded, the folder has gone
    if changed := changed_files(directory):
        listed = ", ".join(changed)
        notes += (f"Files of the classifier in {directory} are not as its run left them: {listed}. {OTHERWISE}",)
    notes += tuple(note for member in members for note in member.notes)
    classifier = TextClassifier(fitted, saved, notes, encoder, members)
    weakref.finalize(classifier, kept.close)
    return classifier


def _strategy(
    saved: SavedModel, manager: PluginManager, given: Sequence[Strategy], directory: Path
) -> tuple[Strategy, tuple[str, ...]]:
    """Return the strategy as it was configured, from the caller or its plugin, and what changed about the plugin."""
    if handed_over := [strategy for strategy in given if strategy.name == saved.base]:
        return _configured(handed_over[0], saved), ()
    offer = manager.offers.get(saved.base)
    origin = f"{saved.plugin} {saved.plugin_version}" if saved.plugin_version else saved.plugin
    if offer is None or (offer.plugin.distribution or offer.plugin.name) != saved.plugin:
        found = f"that name is offered by {offer.plugin.origin}" if offer else _why_missing(saved.base, manager)
        raise PluginError(
            f"The classifier in {directory} was fitted by strategy {saved.base!r} of the plugin {origin}, but {found}. "
            "Install that plugin, or hand it over: plugins=[...] takes files, modules and strategies."
        )
    if offer.not_installed:
        raise UserError(f"The classifier in {directory} needs a package that is {offer.not_installed}.")
    strategy, now = _configured(offer.strategy, saved), offer.plugin.version
    if now == saved.plugin_version:
        return strategy, ()
    changed = f"The classifier in {directory} was fitted by {origin}, whose version is {now or 'none'} now."
    return strategy, (f"{changed} {OTHERWISE}",)


def _why_missing(name: str, manager: PluginManager) -> str:
    broken = next((plugin for plugin in manager.broken if plugin.name == name), None)
    return f"it could not be loaded: {broken.error}" if broken and broken.error else "no plugin here offers it"


def _configured(strategy: Strategy, saved: SavedModel) -> Strategy:
    candidates = [with_parameters(strategy, values, "harness.json") for values in saved.configurations]
    among_several = saved.chosen or len(candidates) > 1
    return GridSearch(saved.strategy, candidates) if among_several else candidates[0]


def _encoder(
    saved: SavedModel, manager: PluginManager, directory: Path, model: str | None, device: str, offline: bool
) -> Encoder:
    """Return the encoder that a classifier was fitted on, and no other.

    Raises:
        ModelError: Where the one of that name is another one.
    """
    fitted_on = saved.encoder
    if fitted_on is None:
        raise ModelError(f"The classifier in {directory} reads an encoder, but harness.json names none. Restore it.")
    # A data set that needs no network, so that only the encoder decides whether the hub is asked.
    config = RunConfig(
        dataset=SAMPLE,
        model=model or fitted_on.name,
        revision=None if model else fitted_on.revision,
        offline=offline,
        prompt=fitted_on.prompt or None,
        max_length=fitted_on.max_length,
        engine=fitted_on.engine,
        dtype=(dtype := fitted_on.dtype or saved.dtype),
    )
    settle_network_for(config)
    try:
        encoder = manager.load_encoder(config, device, dtype)
    except UnavailableError as error:
        raise UnavailableError(
            f"The classifier in {directory} reads the encoder {fitted_on.name!r}, which is not where it was. {error} "
            "Where it lies elsewhere now, name that: model=..."
        ) from error
    if problem := _difference(fitted_on, encoder):
        raise ModelError(
            f"The classifier in {directory} was fitted on the encoder {fitted_on.name!r}, and {encoder.name!r} is "
            f"another one: {problem}. On its features the classifier would answer nonsense. Name the encoder of the "
            "run with model=..., or run the comparison again."
        )
    return encoder


def _difference(fitted_on: SavedEncoder, encoder: Encoder) -> str | None:
    """Say in what an encoder differs from the one that a classifier was fitted on, None where in nothing."""
    then, now = fitted_on.fingerprint, fingerprint_as_text(encoder)
    if then is not None and now is not None:
        parts = sorted(part for part in {*then, *now} - CIRCUMSTANCES if then.get(part) != now.get(part))
        if parts:
            return f"their {' and '.join(parts)} differ"
    if encoder_tags(encoder).prompt != fitted_on.prompt or pooling_of(encoder) != fitted_on.pooling:
        return "it pools otherwise or puts another prompt before texts"
    sizes = ("width", "max_length", "n_layers")
    parts = [f"{size} {getattr(fitted_on, size)}, not {getattr(encoder, size)}" for size in sizes
             if getattr(fitted_on, size) != getattr(encoder, size)]  # fmt: skip
    return f"it has {' and '.join(parts)}" if parts else None


def _context(
    saved: SavedModel,
    encoder: Encoder | None,
    features: OnDemandFeatures | None,
    device: str,
    workdir: Path,
    members: Sequence[TextClassifier],
) -> RunContext:
    fitted_on = saved.encoder
    return RunContext(
        encode=features.encode if features else refuse_to_encode,
        standardised=features.standardised if features else refuse_to_encode,
        label_names=saved.label_names,
        model=encoder.directory if encoder else "",
        revision=encoder.revision if encoder else None,
        max_length=fitted_on.max_length if fitted_on else 0,
        device=device,
        dtype=saved.dtype,
        seed=saved.seed,
        workdir=workdir,
        progress=_tell_nobody,
        n_layers=fitted_on.n_layers if fitted_on else 0,
        pooling=fitted_on.pooling if fitted_on else "cls",
        members=tuple(Member(each.saved.strategy, each.predict_proba) for each in members),
    )


def _tell_nobody(what: str, done: int, total: int) -> None:
    """Show no progress; a function of the module, so that a classifier can be pickled."""


def _fitted(strategy: Strategy, directory: Path, context: RunContext) -> Classifier:
    try:
        return strategy.load(directory, context)
    except (UserError, ModelError, UnavailableError, KeyboardInterrupt):
        raise
    except Exception as error:  # of a library, on files that somebody may have changed
        reason = unreadable_file(directory) or reason_of(error)
        raise ModelError(
            f"The classifier in {directory} cannot be loaded by strategy {strategy.name!r}: {reason}. "
            f"{_said_of_changed(directory) or f'Restore its files. {VERIFY}'}"
        ) from error


def _said_of_changed(directory: Path) -> str:
    changed = changed_files(directory)
    return f"Not as its run left them: {', '.join(changed)}. Restore them." if changed else ""
