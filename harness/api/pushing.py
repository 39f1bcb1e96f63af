"""A classifier of a run -> a repository of the hub, for `RunResult.push` and `harness push`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from harness.api.classifiers import refuse_combined
from harness.huggingface.uploading import HUB, Upload, check_repository, download, upload
from harness.publishing.publication import Publication
from harness.publishing.repository_files import (
    CARD_FILE,
    RepositoryFile,
    is_for_pipeline,
    local_paths,
    refuse_to_publish,
    repository_files,
)
from harness.publishing.verification import is_published, not_covered_of_published, verify_published
from harness.results.run_directory import RunDirectory
from harness.results.saved_model import read_saved_model
from harness.system.temporary_folders import temporary_folder

if TYPE_CHECKING:
    from harness.analysis.verification import Check
    from harness.api.result import RunResult


@dataclass(frozen=True)
class Push:
    """A classifier that is ready to be pushed.

    Attributes:
        publication: What was chosen.
        files: All files, the card first.
        notes: What whoever pushes it should know, one sentence each.
    """

    publication: Publication
    files: Sequence[RepositoryFile]
    notes: Sequence[str]

    @property
    def card(self) -> str:
        """The model card."""
        content = next(file.content for file in self.files if file.name == CARD_FILE)
        assert isinstance(content, bytes)
        return content.decode()

    def send(self, *, public: bool = False) -> str:
        """Push it and return the address of the commit; arguments and errors as of `upload`."""
        chosen = self.publication
        files = [Upload(file.name, file.content) for file in self.files]
        message = f"{chosen.strategy}, seed {chosen.seed}, with the evidence of its run"
        return upload(chosen.repository, files, private=not public, message=message)


def prepare_push(
    run: "RunResult",
    repository: str,
    strategy: str | None = None,
    *,
    seed: int | None = None,
    with_predictions: bool = False,
    license: str = "",
    data_license: str = "",
    language: str = "en",
) -> Push:
    """Put together what would be pushed; the network is not touched.

    Args:
        run: A finished run.
        repository: OWNER/NAME on the hub.
        strategy: Name of the strategy, by default the one that the run's answer recommends.
        seed: Of several seeds, this one; the lowest by default.
        with_predictions: Push labels and probabilities of the scored rows, too, but no texts.
        license: Of the classifier, as the hub names licences, such as apache-2.0.
        data_license: Of the data.
        language: Of the model card.

    Raises:
        UserError: For a name that is none, a run that kept no classifiers, failed, or stands in for another.
        ModelError: Where the classifier is damaged.
    """
    check_repository(repository)
    record = run.record(run.named_or_recommended(strategy), seed)
    refuse_combined(record)
    refuse_to_publish(run.run, record)
    folder = run.classifier_folder(record.strategy, seed=record.seed)
    publication = Publication(
        repository=repository,
        strategy=record.strategy,
        seed=record.seed,
        language=cast("Literal['en', 'zh-TW']", language),
        license=license,
        data_license=data_license,
        pipeline=is_for_pipeline(folder),
    )
    directory = RunDirectory(run.path)
    files = repository_files(directory, run.run, record, publication, with_predictions=with_predictions)
    return Push(publication, files, list(_notes(run, folder)))


def _notes(run: "RunResult", folder: Path) -> list[str]:
    notes = []
    if read_saved_model(folder).encoder is None:
        notes.append("The classifier holds words of the texts that it was fitted on: the vocabulary of a bag of words")
    if paths := local_paths(run.run):
        notes.append(f"run/run.json and the card name paths of this machine: {', '.join(paths)}")
    return notes


def checks_of_published(name: str) -> "tuple[list[Check], list[str]] | None":
    """Check a published classifier: hf://OWNER/NAME, or a folder that holds one.

    Returns:
        The checks and what none of them looks at; None for a folder that holds no published classifier.

    Raises:
        UserError: Where an address is none, or the record is damaged.
        UnavailableError: Where the hub cannot be reached or has no such repository.
    """
    if not name.startswith(HUB):
        folder = Path(name).expanduser()
        return (verify_published(folder), not_covered_of_published(folder)) if is_published(folder) else None
    with temporary_folder() as parent:
        folder = parent / "repository"
        download(name, folder)
        return verify_published(folder), not_covered_of_published(folder)
