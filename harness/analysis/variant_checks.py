"""Variants in a run's folder, computed anew from what they and their parents predicted."""

from collections.abc import Iterator
from hashlib import sha256

import numpy as np

from harness.analysis.rounding import equal_but_for_rounding
from harness.errors import HarnessError
from harness.evaluation.metrics import evaluate
from harness.evaluation.noninferiority import non_inferiority
from harness.evaluation.predicted import Rows
from harness.results.predictions import predictions_of, problem_of_table, read_predictions
from harness.results.records import Run, RunRecord
from harness.results.row_facts import read_row_facts
from harness.results.run_directory import VARIANTS_FOLDER, RunDirectory
from harness.results.variants import NUMBER_FORMATS, Variant, read_variant, record_of_variant


def variant_problems(run: Run, directory: RunDirectory) -> Iterator[tuple[str, str | None]]:
    """Yield what was checked of the variants, and what does not hold of it, None where all does.

    Args:
        run: The run.
        directory: Its folder, of which no link leads out.
    """
    known = set()
    for record in (each for each in run.records if each.is_scored):
        for number_format in NUMBER_FORMATS:
            files = (
                record_of_variant(directory, record.trial, number_format),
                directory.predictions_file(record.trial, number_format),
            )
            known |= {*files}
            if not any(file.exists() for file in files):
                continue
            try:
                variant = read_variant(directory, record, number_format)
                problem = "its record is missing" if variant is None else _problem(variant, record, directory)
                problem = problem or problem_of_table(directory, record.trial, run.task.label_names, number_format)
            except (HarnessError, ValueError) as error:
                problem = str(error)
            yield f"variant {number_format} of {record.trial}", problem
    for file in sorted((directory.path / VARIANTS_FOLDER).rglob("*")):
        if not file.is_dir() and file not in known:
            yield file.relative_to(directory.path).as_posix(), "it is of no trial in run.json: the file was added"


def _problem(variant: Variant, record: RunRecord, directory: RunDirectory) -> str | None:
    parent = predictions_of(directory, record)
    own = read_predictions(directory, record.trial, variant=variant.number_format)
    if not (np.array_equal(own.rows, parent.rows) and np.array_equal(own.labels, parent.labels)):
        return "its predictions are of other rows or labels than its parent's"
    if own.probabilities.shape != parent.probabilities.shape:
        return "its predictions are of other classes than its parent's"
    if sha256(own.probabilities.tobytes()).hexdigest() != variant.predictions_sha256:
        return "the sha256 of the probabilities is not the recorded one"
    if evaluate(own.labels, own.probabilities) != variant.test:
        return "computed anew from the predictions, its scores differ"
    facts = read_row_facts(directory)
    rows = Rows(own.labels, own.probabilities.shape[1], facts.text_numbers if facts else None)
    again = non_inferiority(rows, parent.predictions, own.predictions, variant.scores.margin, own.rows)
    if not equal_but_for_rounding(again.model_dump(), variant.scores.model_dump()):
        return "computed anew from the predictions, what it loses against its parent differs"
    return None
