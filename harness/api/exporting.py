"""A classifier of a run as a folder of its own, for `RunResult.export` and the command line."""

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.api.classifiers import refuse_combined
from harness.api.comparing import loaded
from harness.api.row_texts import Tell
from harness.config.run_config import build_config
from harness.errors import ModelError, UserError

if TYPE_CHECKING:
    from harness.api.result import RunResult
    from harness.export.checking import Expected
    from harness.export.exporting import Exported
    from harness.export.form import FormName
    from harness.export.variants import WantedVariant
    from harness.results.records import RunRecord
    from harness.results.variants import NumberFormat
    from harness.runs.runner import Reporter
    from harness.runs.text_classifier import TextClassifier


def export_run(
    run: "RunResult",
    output: Path,
    reporter: "Reporter",
    tell: Tell = lambda note: None,
    *,
    strategy: str | None = None,
    form: "FormName" = "onnx",
    seed: int | None = None,
    model: str | Path | None = None,
    plugins: Sequence[Any] = (),
    cache: bool = True,
    cache_dir: str | Path | None = None,
    offline: bool = False,
    int8: bool = False,
    dtype: str = "float32",
    compare: bool = False,
    margin: float | None = None,
) -> "Exported":
    """Export a classifier of a run.

    Args:
        run: Whose classifier it is.
        output: The folder, new or empty.
        reporter: Told how far it is.
        tell: Told each note as soon as it is known.
        strategy: As of `RunResult.export`, as are the others and the errors.
        form: Of the folder.
        seed: Of the strategy.
        model: Encoder, where it is not where it was.
        plugins: Plugins that are not installed.
        cache: Read frozen features that runs have computed.
        cache_dir: Where they are.
        offline: Never touch the network.
        int8: Write weights in eight bits.
        dtype: Number format of weights, float32 or bfloat16.
        compare: Time that variant and what it was made from, and keep it in the run's folder, beside its parent.
        margin: How far behind in f1_macro the variant is as good.
    """
    from harness.export.exporting import check_form, export_classifier
    from harness.results.variants import write_variant

    record = run.record(run.named_or_recommended(strategy), seed)
    refuse_combined(record)
    number_format = _number_format(int8=int8, dtype=dtype)
    variant = _wanted(number_format, record.train_size, compare=compare, margin=margin)
    check_form(form, output, variant)
    folder = run.classifier_folder(strategy, seed=seed)
    config = build_config({"cache": cache} | ({} if cache_dir is None else {"cache_dir": str(cache_dir)}))
    reporter.stage("load", 1, 2)
    classifier = loaded(
        folder, model=model, plugins=(*run.plugins, *plugins), device="cpu", cache=config, offline=offline, keep=False
    )
    for note in classifier.notes:
        tell(note)

    def progress(done: int, total: int) -> None:
        if done:
            reporter.progress("check", done, total)

    def expected() -> "Expected":
        found = _expected(run, record, classifier)
        reporter.stage("export", 2, 2)
        return found

    done = export_classifier(classifier, output, form, expected, progress, variant)
    if done.variant and compare:
        made = done.variant
        predicted = made.rows, made.labels, made.probabilities
        write_variant(run.directory, made.record, classifier.saved.label_names, predicted)
    return done


def _number_format(*, int8: bool, dtype: str) -> "NumberFormat | None":
    if dtype not in ("float32", "bfloat16"):
        raise UserError(f"Expected as dtype float32 or bfloat16, got {dtype!r}.")
    if int8 and dtype == "bfloat16":
        raise UserError("--int8 and --dtype bfloat16 are two variants. Export one after the other.")
    return "int8" if int8 else "bfloat16" if dtype == "bfloat16" else None


def _wanted(
    number_format: "NumberFormat | None", train_size: int | None, *, compare: bool, margin: float | None
) -> "WantedVariant | None":
    from harness.evaluation.noninferiority import LOSS
    from harness.export.variants import WantedVariant

    if number_format is None and (compare or margin is not None):
        raise UserError("--compare and --margin are of a variant: name one with --int8 or --dtype bfloat16.")
    if margin is not None and not 0 < margin < 1:
        raise UserError(f"--margin: expected a fraction above 0 and below 1, such as 0.005, got {margin:g}.")
    if number_format is None:
        return None
    return WantedVariant(number_format, LOSS if margin is None else margin, compare, train_size)


def _expected(run: "RunResult", record: "RunRecord", classifier: "TextClassifier") -> "Expected":
    """Return what the run predicted on its test rows; where it kept no texts, what the classifier does on others."""
    from harness.export.checking import Expected
    from harness.results.predictions import predictions_of

    if list(classifier.saved.label_names) != list(run.run.task.label_names):
        raise ModelError(
            f"The classifier of {record.trial} in {run.path} has other classes than its run. 'harness verify' tells "
            "which files were changed; run the comparison again."
        )
    texts = run.facts.texts_by_row() if run.facts else {}
    predicted = predictions_of(run.directory, record)
    rows = predicted.rows.tolist()
    if texts.keys() >= {*rows}:
        return Expected(
            texts=[texts[row] for row in rows],
            probabilities=predicted.probabilities,
            what="test rows of the run",
            labels=predicted.labels,
            rows=predicted.rows,
            text_numbers=run.facts.text_numbers if run.facts else None,
        )
    lines = (files("harness.data.samples") / "test.jsonl").read_text("utf-8").splitlines()
    sample = [json.loads(line)["text"] for line in lines]
    return Expected(sample, classifier.predict_proba(sample), "texts of the bundled sample")
