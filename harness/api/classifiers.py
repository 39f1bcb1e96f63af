"""What a finished run does with its fitted classifiers: load them, predict with them, export or push them."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from harness.errors import UserError
from harness.results.run_directory import RunDirectory

if TYPE_CHECKING:
    from harness.api.predicting import PredictedFile
    from harness.api.result import RunResult
    from harness.export.exporting import Exported
    from harness.export.form import FormName
    from harness.results.records import RunRecord
    from harness.runs.text_classifier import TextClassifier


def refuse_combined(record: "RunRecord") -> None:
    """Refuse to hand on by itself what predicts from other classifiers of its run.

    Raises:
        UserError: Naming these.
    """
    if record.members:
        raise UserError(
            f"{record.strategy} predicts from {', '.join(record.members)} of its run and is nothing by itself. Name "
            f"one of these, such as -s {next(iter(record.members))}, or predict where the run is: harness predict."
        )


class RunClassifiers(ABC):
    """Base of `RunResult`: the fitted classifiers in its folder."""

    path: Path
    plugins: tuple[Any, ...]
    directory: RunDirectory

    @property
    @abstractmethod
    def recommended(self) -> str | None:
        """Name of the strategy that the answer recommends, None where it recommends none."""

    def named_or_recommended(self, strategy: str | None) -> str:
        """Return a strategy's name, or else that of `recommended`.

        Raises:
            UserError: Where none was named and the answer recommends none.
        """
        name = strategy or self.recommended
        if name is None:
            raise UserError(f"The answer of {self.path} recommends none of its strategies. Name the one that you want.")
        return name

    @abstractmethod
    def record(self, strategy: str, seed: int | None = None) -> "RunRecord":
        """Return the record of a seed of a strategy, of the lowest by default."""

    def classifier(
        self,
        strategy: str | None = None,
        *,
        seed: int | None = None,
        plugins: Iterable[Any] = (),
        cache: bool = True,
        cache_dir: str | Path | None = None,
        offline: bool = False,
    ) -> "TextClassifier":
        """Load a fitted classifier, with `predict`, `predict_proba` and `classes_` as scikit-learn's.

        Args:
            strategy: Its name, that of `recommended` by default.
            seed: Of several seeds, this one; the lowest by default.
            plugins: As of `harness.load_classifier`, besides those that the run was made with in this process.
            cache: Read frozen features that runs have computed, and keep those of many texts.
            cache_dir: Where they are kept.
            offline: Never touch the network.

        Raises:
            UserError: Where the run kept no classifiers.
        """
        from harness.api.comparing import load_classifier

        folder = self.classifier_folder(strategy, seed=seed)
        used = (*self.plugins, *plugins)
        return load_classifier(folder, plugins=used, cache=cache, cache_dir=cache_dir, offline=offline)

    def classifier_folder(self, strategy: str | None = None, *, seed: int | None = None) -> Path:
        """Return the folder of a fitted classifier; arguments and errors as of `classifier`."""
        trial = self.record(self.named_or_recommended(strategy), seed).trial
        folder = self.directory.model_path(trial)
        if not folder.is_dir():
            raise UserError(
                f"{self.path} holds no classifier of {trial}: it was run without saving models, or saving failed. "
                "Run the comparison again with save_models=True."
            )
        return folder

    def predict_file(
        self,
        source: str | Path,
        output: str | Path,
        strategy: str | None = None,
        *,
        seed: int | None = None,
        text_column: str | None = None,
        progress: bool = True,
        **options: Any,
    ) -> "PredictedFile":
        """Predict the labels of a file's texts, as `harness predict` does: any number of rows in the same memory.

        Args:
            source: A .csv, .tsv, .jsonl, .parquet or .txt, of which each line is a text.
            output: Where its rows go with their predictions: a .csv, .jsonl or .parquet. An older file is replaced.
            strategy: Name of the one that predicts, that of `recommended` by default.
            seed: Of several seeds, this one; the lowest by default.
            text_column: Column of the texts, by default the one of the run, else by its usual names.
            progress: Show how far it is.
            options: `header`, `columns`, `encoding`, `quoting` as of `harness.compare`; `model`, `plugins`, `device`,
                `cache`, `cache_dir`, `offline` as of `harness.load_classifier`.

        Returns:
            How many rows there were, how many of them without a text, and what was told.
        """
        from harness.api.predicting import predict_file
        from harness.api.progress import shown_progress

        chosen: dict[str, Any] = {"strategy": strategy, "seed": seed, "text_column": text_column}
        with shown_progress(wanted=progress) as reporter:
            return predict_file(cast("RunResult", self), str(source), Path(output), reporter, **chosen, **options)

    def export(
        self,
        output: str | Path,
        strategy: str | None = None,
        *,
        form: "FormName" = "onnx",
        seed: int | None = None,
        progress: bool = True,
        **options: Any,
    ) -> "Exported":
        """Write a classifier as a folder that predicts without this package, as `harness export` does.

        What the folder predicts on the test rows is compared with what the run did: the same labels, and probabilities
        within 1e-4. Where that does not hold, nothing is written.

        Args:
            output: The folder, new or empty.
            strategy: Name of the one to export, that of `recommended` by default.
            form: `onnx` and `openvino` are tokenizer and graph, from token ids to probabilities; `transformers` is what
                `pipeline("text-classification", output)` reads.
            seed: Of several seeds, this one; the lowest by default.
            progress: Show how far it is.
            options: `model`, `plugins`, `cache`, `cache_dir`, `offline` as of `harness.load_classifier`. `int8` writes
                weights of `onnx` in eight bits, `dtype="bfloat16"` those of `transformers` in sixteen, and what they
                predict on the test rows is held against the run's: whether less than `margin`, 0.005, is lost is
                proven, refuted or not decided. `compare` times both and keeps the variant in the run: `variants`.

        Returns:
            What was written, and how far its predictions are from those of the run.

        Raises:
            UserError: For a classifier that has no such form, with the reason, a form whose packages are not installed,
                or an output that holds something.
            ModelError: Where the folder predicts otherwise.
        """
        from harness.api.exporting import export_run
        from harness.api.progress import shown_progress

        with shown_progress(wanted=progress) as reporter:
            return export_run(
                cast("RunResult", self), Path(output), reporter, strategy=strategy, form=form, seed=seed, **options
            )

    def push(
        self,
        repository: str,
        strategy: str | None = None,
        *,
        public: bool = False,
        with_predictions: bool = False,
        language: str = "en",
        **options: Any,
    ) -> str:
        """Push a classifier to the hub with a model card made from the run, as `harness push` does; texts never.

        Args:
            repository: OWNER/NAME; a private one is made where there is none.
            strategy: Name of the strategy, that of `recommended` by default.
            public: Let everybody see it.
            with_predictions: Push labels and probabilities of the scored rows, too.
            language: Of the card.
            options: `seed`, of several seeds this one; `license` and `data_license`, such as apache-2.0.

        Returns:
            The address of the commit.

        Raises:
            UserError: For a run that failed, stands in for another or kept no classifiers, and where nobody is logged
                in: 'hf auth login' or HF_TOKEN.
            UnavailableError: Where the hub cannot be reached or refuses.
        """
        from harness.api.pushing import prepare_push

        chosen: dict[str, Any] = {"with_predictions": with_predictions, "language": language, **options}
        return prepare_push(cast("RunResult", self), repository, strategy, **chosen).send(public=public)
