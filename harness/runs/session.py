"""Trial and Session: the key of a trial, and all that trials share."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal, NoReturn

from harness.data.task import Task
from harness.encoding.encoder import Encoder, Features, Progress, depth, pooling_of
from harness.errors import UserError
from harness.features.cache import FeatureCache
from harness.plugin_system.offers import Offer
from harness.results.records import RunRecord, trial_name
from harness.results.run_directory import RunDirectory
from harness.strategies.strategy import RunContext, Strategy, recorded_parameters, uses_model
from harness.strategies.tags import tags_of
from harness.system.process import restored_globals, seed_everything


@dataclass(frozen=True)
class Trial:
    """The key of a trial: it and its session determine the numbers.

    Attributes:
        offer: The strategy and the plugin it comes from.
        seed: Seeds everything random.
        train_size: Rows of train to fit on, None for all.
        per_class: Rows of each class of train to fit on, None for all.
    """

    offer: Offer
    seed: int
    train_size: int | None = None
    per_class: int | None = None

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
        plugin = self.offer.plugin
        return RunRecord(
            strategy=self.offer.name,
            plugin=plugin.distribution or plugin.name,
            plugin_version=plugin.version,
            groups=self.offer.named_groups,
            params=recorded_parameters(self.strategy),
            seed=self.seed,
            train_size=self.train_size,
            per_class=self.per_class,
            status=status,
        )


@dataclass(frozen=True)
class Session:
    """What the trials of a run share; with a trial it pickles, for another process.

    Attributes:
        task: The data, with all rows of train; only `run_trial` reads `task.test.labels`.
        encoder: The checkpoint's encoder, None where no strategy needs one.
        features: Its frozen features, computed or read before, None where no trial so far needed them.
        device: cpu, cuda or mps.
        dtype: float32 or bfloat16.
        encode_peak_bytes: The highest memory in use while the features were computed.
        directory: The run folder to save records and predictions in, None to save nothing.
        save_models: Whether to save the classifiers there, too.
    """

    task: Task
    encoder: Encoder | None
    features: FeatureCache | None
    device: str
    dtype: str
    encode_peak_bytes: int = 0
    directory: RunDirectory | None = None
    save_models: bool = True

    def task_of(self, trial: Trial) -> Task:
        """Return the data of a trial: train cut to its rows, which its seed draws."""
        if trial.per_class is not None:
            return self.task.with_rows_of_each_class(trial.per_class, trial.seed)
        return self.task if trial.train_size is None else self.task.with_train_rows(trial.train_size, trial.seed)

    def context(self, trial: Trial, workdir: Path, progress: Progress) -> RunContext:
        """Return what a trial's strategy may use; nothing in it leads to the test labels.

        Args:
            trial: The trial.
            workdir: An empty folder for the strategy's temporary files.
            progress: Told how far the strategy is.
        """
        encoder = self.encoder if uses_model(trial.strategy) else None
        features = self.features if encoder else None
        return RunContext(
            encode=features.encode if features else _no_encoder,
            standardised=features.standardised if features else _no_encoder,
            label_names=self.task.label_names,
            model=encoder.directory if encoder else "",
            revision=encoder.revision if encoder else None,
            max_length=encoder.max_length if encoder else 0,
            device=self.device,
            dtype=self.dtype,
            seed=trial.seed,
            workdir=workdir,
            progress=progress,
            n_layers=depth(encoder),
            pooling=pooling_of(encoder),
        )


def no_progress(what: str, done: int, total: int) -> None:
    """Report nothing."""


@contextmanager
def fit_context(
    session: Session, trial: Trial, progress: Progress = no_progress, parent: Path | None = None
) -> Iterator[RunContext]:
    """Import what a trial's strategy needs, seed everything, give its context, and undo on exit what it did.

    Args:
        session: What the trial is run with.
        trial: The trial.
        progress: Told how far the strategy is.
        parent: Where its temporary folder goes, the system's place by default.
    """
    with restored_globals():
        for module in tags_of(trial.strategy).imports:  # first: an import may draw random numbers, and takes time
            import_module(module)
        with tempfile.TemporaryDirectory(prefix="harness-", dir=parent, ignore_cleanup_errors=True) as workdir:
            context = session.context(trial, Path(workdir), progress)
            seed_everything(trial.seed)
            yield context


def _no_encoder(texts: Sequence[str], features: Features) -> NoReturn:
    del texts
    raise UserError(f"the context was asked for {features}, but the strategy declares uses_model = False.")
