"""Publication: what is published of a run, and under which name."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from harness.errors import UserError
from harness.evaluation.trial_evidence import TrialEvidence
from harness.frozen_model import Count, FrozenModel
from harness.results.records import Run, RunRecord
from harness.results.saved_model import SavedModel

ShortText = Annotated[str, Field(max_length=200)]


class Publication(FrozenModel):
    """What was chosen when a classifier was published, run/publication.json: its card can be written again.

    Attributes:
        repository: OWNER/NAME on the hub.
        strategy: Name of the strategy in its run.
        seed: Seed of the trial.
        language: Of the card: en or zh-TW.
        license: Of the classifier, as the hub names licences, "" where nobody stated one.
        data_license: Of the data, "" where nobody stated one.
        pipeline: Whether transformers' pipeline can load the repository.
        files: sha256 of the files beside this one that no other record holds a hash of, by name.
    """

    schema_version: Literal[1] = 1
    repository: ShortText
    strategy: Annotated[str, Field(max_length=10_000)]
    seed: Count
    language: Literal["en", "zh-TW"] = "en"
    license: ShortText = ""
    data_license: ShortText = ""
    pipeline: bool = False
    files: dict[Literal["run.json", "test_rows.parquet"], Annotated[str, Field(max_length=64)]] = Field(
        default_factory=dict
    )


@dataclass(frozen=True)
class Published:
    """A classifier of a run that is to be published, or was.

    Attributes:
        run: The run.
        record: Of the trial that fitted it.
        saved: The record beside the classifier.
        publication: What was chosen.
    """

    run: Run
    record: RunRecord
    saved: SavedModel
    publication: Publication

    @classmethod
    def of(cls, run: Run, saved: SavedModel, publication: Publication) -> "Published":
        """Find the record of a published trial.

        Raises:
            UserError: Where the run has no scored trial of that name.
        """
        for record in run.records:
            if (record.strategy, record.seed) == (publication.strategy, publication.seed) and record.is_scored:
                return cls(run, record, saved, publication)
        raise UserError(f"The run has no scored trial of {publication.strategy} with seed {publication.seed}.")

    @property
    def evidence(self) -> TrialEvidence | None:
        """Intervals of the trial's scores, None where the run has none."""
        trials = self.run.evidence.trials if self.run.evidence else []
        return next((t for t in trials if (t.strategy, t.seed) == (self.record.strategy, self.record.seed)), None)

    @property
    def base_model(self) -> str | None:
        """Hub id of the encoder that it was fitted on, None where it needs none or that was a folder."""
        name = self.saved.encoder.name if self.saved.encoder else None
        return None if name is None or name.startswith("/") or ":" in name or "\\" in name else name

    @property
    def hub_data_set(self) -> str | None:
        """Hub id of the data, None for files."""
        return self.run.task.source.partition(":")[0] if self.run.task.revision else None
