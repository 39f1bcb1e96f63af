"""Published folder -> whether card, classifier and scores still are what the run said."""

from pathlib import Path
from typing import Any

from harness.analysis.data_checks import table_problem
from harness.analysis.verification import (
    Check,
    evidence_checks,
    hash_check,
    leading_outside,
    record_check,
    score_check,
)
from harness.errors import UserError
from harness.frozen_model import why_unreadable
from harness.publishing.model_card import metadata_of, part_between_marks, written_part
from harness.publishing.publication import Publication, Published
from harness.publishing.repository_files import CARD_FILE, PUBLICATION_FILE, RUN_FOLDER
from harness.results.records import Run, read_run
from harness.results.run_directory import RunDirectory
from harness.results.saved_model import read_saved_model
from harness.system.foreign_files import open_regular_file

LARGEST_CARD = 20_000_000  # bytes


def is_published(folder: Path) -> bool:
    """Return whether a folder holds a published classifier."""
    return (folder / RUN_FOLDER / PUBLICATION_FILE).is_file()


def verify_published(folder: Path) -> list[Check]:
    """Check a published classifier against the record of its run, and that against the predictions.

    Args:
        folder: What was published, downloaded.

    Returns:
        The checks: files of the classifier and of the run against their sha256, records, scores and evidence where
        predictions were published, and the card, which is written again. Where a link leads out of the folder, that is
        the only one.

    Raises:
        UserError: Where the folder holds no published classifier, or its record is damaged.
    """
    if outside := list(leading_outside((), folder)):
        return outside
    directory = RunDirectory(folder / RUN_FOLDER)
    run, publication = read_run(directory), _read_publication(directory)
    published = Published.of(run, read_saved_model(folder), publication)
    files = _recorded_files(published)
    of_run = _predictions(run, directory)
    of_run.update(publication.files.items())
    if outside := list(leading_outside([*files, *(f"{RUN_FOLDER}/{name}" for name in of_run)], folder)):
        return outside
    checks = [hash_check(name, folder / name, digest) for name, digest in files.items()]
    if not files:
        checks.append(Check("the classifier", "run.json lists no files of it"))
    checks += [hash_check(name, directory.path / name, digest) for name, digest in of_run.items()]
    for record in run.records:
        checks.append(record_check(record, directory))
        if record.is_scored and directory.predictions_file(record.trial).is_file():
            checks += [score_check(record, directory, run.task), Check(*table_problem(record, directory, run.task))]
    if has_predictions(run, directory):
        checks += evidence_checks(run, directory)
    return [*checks, *_card_checks(published, folder / CARD_FILE)]


def has_predictions(run: Run, directory: RunDirectory) -> bool:
    """Return whether the predictions of all scored trials were published."""
    return all(directory.predictions_file(record.trial).is_file() for record in run.records if record.is_scored)


def not_covered_of_published(folder: Path) -> list[str]:
    """Return what no check of a published classifier looks at, one phrase each."""
    directory = RunDirectory(folder / RUN_FOLDER)
    left = ["what stands outside of the marks in README.md", "whether the classifier predicts what the tables say"]
    left.append("the data, of which a hash alone was published")
    if not has_predictions(read_run(directory), directory):
        left.insert(0, "the scores, whose predictions were not published")
    return left


def _read_publication(directory: RunDirectory) -> Publication:
    file = directory.path / PUBLICATION_FILE
    try:
        return Publication.model_validate(directory.read_json(file))
    except (OSError, ValueError) as error:
        raise UserError(
            f"{file} cannot be read: {why_unreadable(error)}. Download the repository again, or name the folder of a "
            "run."
        ) from error


def _recorded_files(published: Published) -> dict[str, str]:
    """Return name -> sha256 of the files of the classifier, as its run recorded them."""
    beginning = f"models/{RunDirectory(Path()).model_path(published.record.trial).name}/"
    recorded = published.run.files.items()
    return {name.removeprefix(beginning): digest for name, digest in recorded if name.startswith(beginning)}


def _predictions(run: Run, directory: RunDirectory) -> dict[str, str]:
    """Return name -> sha256 of the predictions that were published, as their run recorded them."""
    files = [directory.predictions_file(record.trial) for record in run.records]
    names = [file.relative_to(directory.path).as_posix() for file in files if file.is_file()]
    return {name: run.files[name] for name in names if name in run.files}


def _card_checks(published: Published, file: Path) -> list[Check]:
    """Write the card again and compare what stands between its marks, and the scores in its metadata."""
    try:
        with open_regular_file(file) as opened:
            content = opened.read(LARGEST_CARD + 1)
        if len(content) > LARGEST_CARD:
            return [Check(CARD_FILE, f"it is larger than {LARGEST_CARD:,} bytes")]
        card = content.decode()
    except (OSError, ValueError) as error:
        return [Check(CARD_FILE, f"it cannot be read: {error}")]
    same = part_between_marks(card) == written_part(published)
    problem = None if same else "what stands between its marks is not what run.json says"
    return [
        Check(CARD_FILE, problem),
        Check(f"scores in the metadata of {CARD_FILE}", _metadata_problem(published, card)),
    ]


def _metadata_problem(published: Published, card: str) -> str | None:
    from huggingface_hub import ModelCard

    try:
        found: Any = ModelCard(card, ignore_metadata_errors=True)
        scores = dict(found.data.to_dict()).get("model-index")
    except Exception as error:  # of a library, on YAML that somebody wrote
        return f"they cannot be read: {type(error).__name__}"
    ours = dict(metadata_of(published).to_dict())
    return None if scores == ours.get("model-index") else "they are not those of run.json"
