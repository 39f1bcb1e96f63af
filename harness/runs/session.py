"""Trial and Session: the key of a trial, and all that trials share."""

from dataclasses import dataclass
from typing import Literal

from harness.data.task import Task
from harness.encoding.encoder import Encoder
from harness.evaluation.metric import Metric, selection_of
from harness.evaluation.search_evidence import Search
from harness.executors.assignment import Assignment
from harness.features.cache import FeatureCache
from harness.plugin_system.offers import Offer
from harness.results.records import RunRecord, trial_name
from harness.results.run_directory import RunDirectory
from harness.strategies.member import Member
from harness.strategies.random_search import RandomSearch
from harness.strategies.strategy import Strategy, recorded_parameters, uses_model


@dataclass(frozen=True)
class Trial:
    """The key of a trial: it and its session determine the numbers.

    Attributes:
        offer: The strategy and the plugin it comes from.
        seed: Seeds everything random.
        train_size: Rows of train to fit on, None for all.
        per_class: Rows of each class of train to fit on, None for all.
        select_by: The metric that chooses on validation, None where nobody named one.
    """

    offer: Offer
    seed: int
    train_size: int | None = None
    per_class: int | None = None
    select_by: Metric | None = None

    @property
    def strategy(self) -> Strategy:
        """What is fitted."""
        return self.offer.strategy

    @property
    def name(self) -> str:
        """Name of the trial, as in the names of its files."""
        return trial_name(self.offer.name, self.seed, self.train_size)

    def blank_record(self, status: Literal["ok", "failed", "interrupted", "skipped"]) -> RunRecord:
        """Return the record of this trial before anything is known of its outcome."""
        plugin, search = self.offer.plugin, self.strategy if isinstance(self.strategy, RandomSearch) else None
        return RunRecord(
            strategy=self.offer.name,
            plugin=plugin.distribution or plugin.name,
            plugin_version=plugin.version,
            groups=self.offer.named_groups,
            params=recorded_parameters(self.strategy),
            seed=self.seed,
            train_size=self.train_size,
            per_class=self.per_class,
            selection=selection_of(self.select_by),
            search=Search(space=search.search_space, seconds=search.seconds) if search else None,
            status=status,
        )


@dataclass(frozen=True)
class Session:
    """What the trials of a run share; the process that holds it keeps the score.

    Attributes:
        task: The data, with all rows of train; only scoring reads `task.test.labels`.
        encoder: The checkpoint's encoder, None where no strategy needs one.
        features: Its frozen features, computed or read before, None where no trial so far needed them.
        device: cpu, cuda or mps.
        dtype: float32 or bfloat16.
        encode_peak_bytes: The highest memory in use while the features were computed.
        directory: The run folder to save records and predictions in, None to save nothing.
        save_models: Whether to save the classifiers there, too.
        members: The classifiers that a trial combines, none where its strategy does not.
    """

    task: Task
    encoder: Encoder | None
    features: FeatureCache | None
    device: str
    dtype: str
    encode_peak_bytes: int = 0
    directory: RunDirectory | None = None
    save_models: bool = True
    members: tuple[Member, ...] = ()

    def task_of(self, trial: Trial) -> Task:
        """Return the data of a trial: train cut to its rows, which its seed draws."""
        if trial.per_class is not None:
            return self.task.with_rows_of_each_class(trial.per_class, trial.seed)
        return self.task if trial.train_size is None else self.task.with_train_rows(trial.train_size, trial.seed)

    def assignment(self, trial: Trial) -> Assignment:
        """Return what a trial hands over to its strategy; nothing in it leads to the test labels."""
        task = self.task_of(trial)
        encoder = self.encoder if uses_model(trial.strategy) else None
        return Assignment(
            name=trial.name,
            strategy=trial.strategy,
            seed=trial.seed,
            train=task.train,
            validation=task.validation,
            test_texts=task.test.texts,
            label_names=task.label_names,
            encoder=encoder,
            features=self.features if encoder else None,
            device=self.device,
            dtype=self.dtype,
            select_by=trial.select_by,
            members=self.members,
        )
