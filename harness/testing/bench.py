"""The bench of a check: a task, an encoder, a folder, and ways to fit a strategy on them."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.data.task import Task
from harness.encoding.encoder import Encoder
from harness.errors import UndertrainedWarning
from harness.evaluation.metrics import checked_probabilities
from harness.executors.assignment import fit_context
from harness.features.cache import FeatureCache
from harness.plugin_system.offers import Offer, Plugin
from harness.runs.session import Session, Trial
from harness.strategies.strategy import Classifier, RunContext, Strategy, uses_model
from harness.strategies.tags import tags_of
from harness.system.temporary_folders import temporary_folder
from harness.testing.fresh_process import FreshProcess
from harness.testing.members import tiny_members
from harness.testing.tiny import tiny_encoder, tiny_task


@dataclass(frozen=True)
class Bench:
    """What a check works with.

    What was learnt of a strategy by fitting it is kept as long as the bench is, so that one fit serves many checks.

    Attributes:
        task: A tiny task.
        encoder: A tiny encoder.
        folder: A folder for temporary files.
        fresh_process: A process that loads what was saved, None to start one whenever it is needed.
        examinations: What was learnt of each strategy, by its `id`.
    """

    task: Task
    encoder: Encoder
    folder: Path
    fresh_process: FreshProcess | None = None
    examinations: dict[int, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def prepare(
        self, strategy: Strategy, task: Task | None = None, seed: int = 0, features: FeatureCache | None = None
    ) -> tuple[Session, Trial]:
        """Return a trial of the strategy that saves nothing, as `run_trial` takes it.

        Args:
            strategy: What to try.
            task: The data, those of the bench by default.
            seed: Seeds everything random.
            features: Frozen features computed before; by default they are computed when they are asked for.
        """
        encoder = self.encoder if uses_model(strategy) else None
        given = (features or FeatureCache(encoder)) if encoder else None
        task = task or self.task
        members = tiny_members(task) if tags_of(strategy).combines else ()
        session = Session(task, encoder, given, device="cpu", dtype="float32", members=members)
        return session, Trial(Offer(strategy, Plugin("check")), seed)

    @contextmanager
    def fitted(
        self, strategy: Strategy, task: Task | None = None, seed: int = 0, features: FeatureCache | None = None
    ) -> Iterator[tuple[Classifier, RunContext]]:
        """Fit a strategy and give the classifier and its context; the arguments are those of `prepare`."""
        session, trial = self.prepare(strategy, task, seed, features)
        with self.in_context(session, trial) as context:
            yield strategy.fit(session.task.train, session.task.validation, context), context

    @contextmanager
    def in_context(self, session: Session, trial: Trial) -> Iterator[RunContext]:
        """Seed everything, give a trial's context, and undo on exit what happened to global state."""
        with fit_context(session.assignment(trial), parent=self.folder) as context:
            warnings.simplefilter("ignore", UndertrainedWarning)  # on tiny tasks nothing is learnt in the few steps
            yield context

    def probabilities(self, strategy: Strategy, texts: Sequence[str], task: Task | None = None) -> NDArray[np.float32]:
        """Fit a strategy and return its checked probabilities, float32 (n, k)."""
        with self.fitted(strategy, task) as (classifier, _):
            return checked_probabilities(
                classifier.predict_proba(list(texts)), len(texts), (task or self.task).n_classes
            )


@contextmanager
def open_bench(folder: Path | None = None) -> Iterator[Bench]:
    """Give a bench with the tiny task, the tiny encoder and one process for all that is loaded anew.

    Args:
        folder: An existing, empty folder for its files; by default a temporary one, removed at the end.
    """
    with (
        FreshProcess() as fresh_process,
        temporary_folder(folder) as directory,
    ):
        checkpoint = directory / "checkpoint"
        checkpoint.mkdir()
        yield Bench(tiny_task(), tiny_encoder(checkpoint), directory, fresh_process)
