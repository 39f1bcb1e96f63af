"""The files of a published classifier, and the folder that they make on the hub.

README.md               the model card
<the classifier>        what its strategy saved, with harness.json
.eval_results/*.yaml    the scores, as the hub's leaderboards read them; where the data are of the hub
run/run.json            the record of the whole run
run/records/*.json      the records of its trials
run/publication.json    what was chosen when it was published
run/predictions/        where they are wanted: labels and probabilities of the scored rows, no texts
run/test_rows.parquet   with these: what else is known of the test rows, without their texts
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from shlex import quote

from harness.errors import UserError
from harness.publishing.model_card import evaluation_results, model_card
from harness.publishing.publication import Publication, Published
from harness.results.records import Run, RunRecord
from harness.results.row_facts import FILE as ROW_FACTS_FILE
from harness.results.row_facts import read_row_facts, row_facts_content
from harness.results.run_directory import RUN_FILE, RunDirectory
from harness.results.saved_model import read_saved_model
from harness.system.files import folder_name, to_json
from harness.system.foreign_files import read_json

RUN_FOLDER, PUBLICATION_FILE, CARD_FILE = "run", "publication.json", "README.md"
_OURS = (CARD_FILE, RUN_FOLDER, ".eval_results")  # names that no file of a classifier may have


@dataclass(frozen=True)
class RepositoryFile:
    """A file to be published: its name there, and its content or where that lies."""

    name: str
    content: bytes | Path

    @property
    def size(self) -> int:
        """Bytes."""
        return self.content.stat().st_size if isinstance(self.content, Path) else len(self.content)


def refuse_to_publish(run: Run, record: RunRecord) -> None:
    """Refuse what nobody should find on the hub.

    Raises:
        UserError: For a run that stands in for another, or was stopped, and for one with failures.
    """
    if run.fallback:
        stood_in = {"-d": run.config.dataset, "-m": run.config.model}
        command = " ".join(f"{option} {quote(name)}" for option, name in stood_in.items() if name)
        raise UserError(
            "Refused to publish: a default could not be had, and nobody asked for what stood in for it. To publish "
            f"that, name it and run the comparison again: harness run {command}"
        )
    if run.status != "complete":
        missing = ", ".join(each.trial for each in run.records if not each.is_scored)
        raise UserError(
            f"Refused to publish: the run is {run.status}, without scores of {missing}, so its table is not whole. "
            "Run the comparison again or without these strategies; one that was stopped: 'harness run --resume RUN'."
        )
    if record.train_size is not None:
        raise UserError(
            f"Refused to publish: {record.trial} was fitted on {record.train_size:,} rows of train. Run the comparison "
            "without --train-sizes."
        )


def repository_files(
    directory: RunDirectory, run: Run, record: RunRecord, publication: Publication, *, with_predictions: bool
) -> list[RepositoryFile]:
    """Return what is published of a trial, the card first.

    Args:
        directory: Folder of the run.
        run: Its record.
        record: Of the trial.
        publication: What was chosen.
        with_predictions: Publish labels and probabilities of all trials, so that every score can be computed again.

    Raises:
        UserError: Where a file of the classifier has a name that is needed.
        ModelError: Where the classifier is not there or damaged.
    """
    folder = directory.model_path(record.trial)
    published = Published.of(run, read_saved_model(folder), publication)
    own = sorted(file for file in folder.rglob("*") if file.is_file())
    names = {file.relative_to(folder).as_posix(): file for file in own}
    if taken := [name for name in names if name.partition("/")[0] in _OURS]:
        raise UserError(f"Refused to publish: the classifier has a file {taken[0]}, which the repository needs itself.")
    listed = [RepositoryFile(CARD_FILE, model_card(published).encode())]
    listed += [RepositoryFile(name, file) for name, file in names.items()]
    if results := evaluation_results(published):
        listed.append(RepositoryFile(f".eval_results/{folder_name(run.task.name)}.yaml", results.encode()))
    facts = read_row_facts(directory) if with_predictions else None
    hashed = {RUN_FILE: (directory.path / RUN_FILE).read_bytes()}
    hashed |= {ROW_FACTS_FILE: row_facts_content(replace(facts, texts=None))} if facts else {}
    digests = {name: sha256(content).hexdigest() for name, content in hashed.items()}
    publication = publication.model_copy(update={"files": digests})
    hashed[PUBLICATION_FILE] = to_json(publication.model_dump(mode="json"))
    listed += [RepositoryFile(f"{RUN_FOLDER}/{name}", content) for name, content in hashed.items()]
    return [*listed, *_trial_files(directory, run, with_predictions=with_predictions)]


def _trial_files(directory: RunDirectory, run: Run, *, with_predictions: bool) -> Iterator[RepositoryFile]:
    """Yield the records of all trials and, where they are wanted, their predictions."""
    for record in run.records:
        files = [directory.record_file(record.trial)]
        files += [directory.predictions_file(record.trial)] if with_predictions else []
        for file in filter(Path.is_file, files):
            yield RepositoryFile(f"{RUN_FOLDER}/{file.relative_to(directory.path).as_posix()}", file)


def is_for_pipeline(folder: Path) -> bool:
    """Return whether a classifier's folder holds weights, tokenizer and head as transformers' pipeline loads them."""
    if not all((folder / name).is_file() for name in ("config.json", "model.safetensors", "tokenizer.json")):
        return False
    try:
        config = read_json(folder / "config.json", inside=folder)
    except (OSError, ValueError):
        return False
    architectures = config.get("architectures") if isinstance(config, dict) else None
    return any(str(name).endswith("ForSequenceClassification") for name in architectures or ())


def local_paths(run: Run) -> list[str]:
    """Return the paths of this machine that a run's record names: who publishes it should know."""
    named = [
        run.config.dataset,
        run.config.model,
        run.config.cache_dir,
        str(run.config.output_dir),
        *run.config.plugins,
    ]
    named += run.command
    found = (str(each) for each in named if each and (str(each).startswith(("/", "~", "..")) or "\\" in str(each)))
    return list(dict.fromkeys(found))
