"""A loaded classifier -> a folder that is whole, checked, and needs nothing of this package; or none."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from harness.encoding.pooled_classifier import head_pooling
from harness.encoding.transformer_encoder import TransformerEncoder
from harness.errors import UserError, reason_of
from harness.export import onnx_form, openvino_form, transformers_form
from harness.export.adapters import merge_adapters
from harness.export.bag_of_words import is_bag_of_words, write_bag_of_words
from harness.export.checking import Agreement, Expected, Progress, check_agreement
from harness.export.form import README_FILE, Described, FormName, Predict, write_tokenizer
from harness.export.graph import classifier_graph, probe_graph
from harness.export.sequence_head import sequence_classifier
from harness.export.variants import MadeVariant, WantedVariant, check_labels, check_number_format, make_variant
from harness.runs.text_classifier import TextClassifier
from harness.strategies.finetuned_classifier import FineTunedClassifier
from harness.strategies.sklearn_probe import SklearnClassifier
from harness.strategies.torch_head import TorchHead
from harness.system.disk_errors import disk_errors_of_libraries
from harness.system.files import folder_size, folder_written_whole
from harness.system.packages import require_packages

if TYPE_CHECKING:
    from torch.nn import Module

FORMS: tuple[FormName, ...] = get_args(FormName)
OPTION = "-o"


@dataclass(frozen=True)
class Exported:
    """What came of an export.

    Attributes:
        folder: Where it lies.
        form: Which form it has.
        strategy: The one that was exported.
        seed: Of which it is.
        agreement: What was checked of it.
        size: Bytes of its files.
        variant: What is known of the variant that it is, None where it is none.
    """

    folder: Path
    form: FormName
    strategy: str
    seed: int
    agreement: Agreement
    size: int
    variant: MadeVariant | None = None


def check_form(form: str, output: Path, variant: WantedVariant | None = None) -> None:
    """Refuse what no export can be made of, before anything is loaded.

    Raises:
        UserError: For a form whose packages are not installed, or that has no such variant, or an output that holds
            something.
    """
    if form not in FORMS:
        raise UserError(f"Expected as form one of {', '.join(FORMS)}, got {form!r}.")
    if variant:
        check_number_format(variant.number_format, form)
    require_packages(f"--to {form}", form, _PACKAGES[form])
    if output.exists() and not (output.is_dir() and not any(output.iterdir())):
        raise UserError(f"{output} is there already and no empty folder. Name another one, so that nothing is lost.")


def export_classifier(
    classifier: TextClassifier,
    output: Path,
    form: FormName,
    expected: Callable[[], Expected],
    progress: Progress,
    wanted_variant: WantedVariant | None = None,
) -> Exported:
    """Write a classifier as a folder that predicts without this package, and check what it predicts.

    Args:
        classifier: It is used up: adapters are merged into its weights.
        output: The folder, new or empty; written aside and renamed.
        form: transformers, onnx or openvino.
        expected: Returns what the folder must predict.
        progress: Told how many texts of the check are done.
        wanted_variant: Which variant takes the place of what was checked, None for none.

    Raises:
        UserError: For a classifier that has no such form, with the reason, and an output that holds something.
        ModelError: Where the folder predicts otherwise; then nothing is left of it.
        UnavailableError: Where the disk refuses.
    """
    check_form(form, output, wanted_variant)
    wanted = expected()  # before adapters are merged
    if wanted_variant:
        check_labels(wanted)
    with folder_written_whole(output, OPTION) as folder, disk_errors_of_libraries(output, OPTION):
        described, predict = _written(classifier, folder, form)
        agreement = check_agreement(predict, wanted, progress, _computed_in(classifier))
        variant = None
        if wanted_variant:
            variant = make_variant(folder, form, predict, described, wanted, wanted_variant, progress)
        described.write(folder, checked=asdict(agreement))
        (folder / README_FILE).write_text(_README[form], encoding="utf-8")
        size = folder_size(folder)
    return Exported(output, form, described.strategy, described.seed, agreement, size, variant)


def _computed_in(classifier: TextClassifier) -> str:
    """Return what the run's predictions were computed in: a probe's in the format of the features that it reads."""
    saved = classifier.saved
    if saved.encoder is None:
        return "float32"
    return (saved.encoder.dtype if saved.encoder.states else None) or saved.dtype


def _written(classifier: TextClassifier, folder: Path, form: FormName) -> tuple[Described, Predict]:
    """Write all files but the README, and return what they say and what predicts with them.

    Raises:
        UserError: For a classifier that has no such form.
    """
    fitted = classifier.fitted
    try:
        if isinstance(fitted, FineTunedClassifier):
            return _finetuned(classifier, fitted, folder, form)
        if isinstance(fitted, SklearnClassifier) and is_bag_of_words(fitted.estimator):
            return _bag_of_words(classifier, fitted, folder, form)
        if isinstance(fitted, TorchHead) and isinstance(classifier.encoder, TransformerEncoder):
            return _probe(classifier, fitted, classifier.encoder, folder, form)
        raise UserError("only fine-tuned models, probes on frozen features of a transformers model and TF-IDF can be.")
    except UserError as error:
        raise UserError(f"{classifier.saved.strategy} cannot be exported: {error}") from error


def _finetuned(
    classifier: TextClassifier, fitted: FineTunedClassifier, folder: Path, form: FormName
) -> tuple[Described, Predict]:
    if form == "transformers" and (pooling := head_pooling(fitted.model)):
        raise UserError(
            f"a transformers folder cannot hold it: its head reads the {pooling} of all tokens, and sequence "
            "classifiers of transformers read the first token. Use --to onnx, or run it again with "
            f"--set {classifier.saved.strategy}.pooling=cls."
        )
    model, described = merge_adapters(fitted.model), _described(classifier, fitted.max_length)
    described.write(folder)
    if form == "transformers":
        transformers_form.write_transformers(model, fitted.tokenizer, fitted.max_length, folder)
        return described, transformers_form.open_transformers(folder, described.labels)
    write_tokenizer(fitted.tokenizer, fitted.max_length, folder)
    return described, _as_graph(classifier_graph(model), folder, form)


def _probe(
    classifier: TextClassifier, fitted: TorchHead, encoder: TransformerEncoder, folder: Path, form: FormName
) -> tuple[Described, Predict]:
    state, head = fitted.torch_head()
    described = _described(classifier, encoder.max_length, encoder.prompt)
    described.write(folder)
    if form == "transformers":
        try:
            model = sequence_classifier(encoder, state, head, described.labels)
        except UserError as error:
            raise UserError(f"a transformers folder cannot hold it: {error}. Use --to onnx.") from error
        transformers_form.write_transformers(model, encoder.tokenizer, encoder.max_length, folder)
        return described, transformers_form.open_transformers(folder, described.labels)
    write_tokenizer(encoder.tokenizer, encoder.max_length, folder)
    return described, _as_graph(probe_graph(encoder, state, head), folder, form)


def _bag_of_words(
    classifier: TextClassifier, fitted: SklearnClassifier, folder: Path, form: FormName
) -> tuple[Described, Predict]:
    if form != "onnx":
        raise UserError(f"it counts words, and nothing that reads a folder of {form} does. Use --to onnx.")
    described = _described(classifier, None)
    described.write(folder)
    write_bag_of_words(fitted.estimator, fitted.n_classes, folder)
    return described, onnx_form.open_onnx(folder)


def _described(classifier: TextClassifier, max_length: int | None, prompt: str = "") -> Described:
    saved = classifier.saved
    encoder, revision = (saved.encoder.name, saved.encoder.revision) if saved.encoder else (None, None)
    if encoder is not None and Path(encoder).is_absolute():
        encoder = Path(encoder).name  # where it lay on this machine is nobody's business elsewhere
    return Described(saved.label_names, max_length, prompt, saved.strategy, saved.seed, encoder, revision)


def _as_graph(graph: "Module", folder: Path, form: FormName) -> Predict:
    write, read = _GRAPH_FORMS[form]
    try:
        write(graph, folder)
        return read(folder)
    except Exception as error:  # of torch or a runtime, for a model that holds what they do not know
        raise UserError(f"{form} cannot hold its model: {reason_of(error)}. Try --to transformers.") from error


_GRAPH_FORMS = {
    "onnx": (onnx_form.write_onnx, onnx_form.open_onnx),
    "openvino": (openvino_form.write_openvino, openvino_form.open_openvino),
}
_PACKAGES: dict[str, tuple[str, ...]] = {
    "transformers": (), "onnx": onnx_form.PACKAGES, "openvino": openvino_form.PACKAGES,
}  # fmt: skip
_README: dict[str, str] = {
    "transformers": transformers_form.README, "onnx": onnx_form.README, "openvino": openvino_form.README,
}  # fmt: skip
