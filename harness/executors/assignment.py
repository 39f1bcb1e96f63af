"""Assignment: what a trial hands over to its strategy, and the context in which the strategy works."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from harness.data.task import Split
from harness.encoding.architecture import loading_modules
from harness.encoding.encoder import Encoder, Features, Progress, depth, pooling_of
from harness.errors import UserError
from harness.evaluation.metric import Metric
from harness.features.cache import FeatureCache
from harness.features.switched import SwitchedEncoding
from harness.strategies.member import Member
from harness.strategies.strategy import RunContext, Strategy, TellEpoch, tell_nobody
from harness.strategies.tags import tags_of
from harness.system.process import restored_globals, seed_everything
from harness.system.temporary_folders import temporary_folder


@dataclass(frozen=True)
class Assignment:
    """All that the strategy of a trial may know; of the test rows the texts alone.

    Attributes:
        name: Name of the trial.
        strategy: What is fitted.
        seed: Seeds everything random.
        train: The rows to fit on.
        validation: The rows to select on.
        test_texts: The texts to predict besides those of validation.
        label_names: Name of class i at position i.
        encoder: The checkpoint's encoder, None where the strategy needs none.
        features: Its frozen features, None where the strategy needs none.
        device: cpu, cuda or mps.
        dtype: float32 or bfloat16.
        select_by: The metric that chooses on validation, None where nobody named one.
        members: The classifiers that it combines, none where the strategy does not.
    """

    name: str
    strategy: Strategy
    seed: int
    train: Split
    validation: Split
    test_texts: tuple[str, ...]
    label_names: tuple[str, ...]
    encoder: Encoder | None
    features: FeatureCache | None
    device: str
    dtype: str
    select_by: Metric | None = None
    members: tuple[Member, ...] = ()

    @property
    def imports(self) -> tuple[str, ...]:
        """Modules that its process will import: the strategy's own, and what loads an encoder where it has one."""
        return (*tags_of(self.strategy).imports, *(loading_modules(self.encoder.directory) if self.encoder else ()))

    def context(self, workdir: Path, progress: Progress, epoch: TellEpoch = tell_nobody) -> RunContext:
        """Return what the strategy may use besides its data.

        Args:
            workdir: An empty folder for the strategy's temporary files.
            progress: Told how far the strategy is.
            epoch: Told each epoch of its training.
        """
        encoder, features = self.encoder, self.features
        return RunContext(
            encode=SwitchedEncoding(features, encoder) if features and encoder else refuse_to_encode,
            standardised=features.standardised if features else refuse_to_encode,
            label_names=self.label_names,
            model=encoder.directory if encoder else "",
            revision=encoder.revision if encoder else None,
            max_length=encoder.max_length if encoder else 0,
            device=self.device,
            dtype=self.dtype,
            seed=self.seed,
            workdir=workdir,
            progress=progress,
            n_layers=depth(encoder),
            pooling=pooling_of(encoder),
            epoch=epoch,
            select_by=self.select_by,
            members=self.members,
        )


def no_progress(what: str, done: int, total: int) -> None:
    """Report nothing."""


@contextmanager
def fit_context(
    assignment: Assignment,
    progress: Progress = no_progress,
    parent: Path | None = None,
    epoch: TellEpoch = tell_nobody,
) -> Iterator[RunContext]:
    """Import what a strategy needs, seed everything, give its context, and undo on exit what it did.

    Args:
        assignment: What it is given.
        progress: Told how far the strategy is.
        parent: Where its temporary folder goes, the system's place by default.
        epoch: Told each epoch of its training.
    """
    with restored_globals():
        for module in tags_of(assignment.strategy).imports:  # first: an import may draw random numbers, and takes time
            import_module(module)
        with temporary_folder(parent) as workdir:
            context = assignment.context(workdir, progress, epoch)
            seed_everything(assignment.seed)
            yield context


def refuse_to_encode(texts: Sequence[str], features: Features) -> NoReturn:
    """Stand in for encoding where there is no encoder.

    Raises:
        UserError: Always.
    """
    del texts
    raise UserError(f"the context was asked for {features}, but the strategy declares uses_model = False.")
