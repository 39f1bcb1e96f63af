"""SetFit: the encoder learns to tell pairs of texts of one class from pairs of two, then a linear head reads it.

Tunstall et al., "Efficient Few-Shot Learning Without Prompts", 2022, in the library of its authors; for few labels.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt
from numpy.typing import NDArray

from harness import (
    FitForecast,
    RunContext,
    SklearnClassifier,
    SklearnStrategy,
    Split,
    fit_candidates,
    hookimpl,
    load_tokenizer,
    silent_transformers,
)

# The library's step size, and 3.5 times that, at the width of the encoder that the first was chosen with. Neither suits
# all: docs/defaults.md has what both score on `emotion` and on `sst5`.
RATES, WIDE = (2e-5, 7e-5), 768
HIGHEST_RATE = 3e-4  # as of fine-tuning
STEPS_OF_FEW_ROWS, TEXTS_A_ROW = 250, 10  # of `auto`
TIMED_STEPS, TIMED_TEXTS = 5, 64  # of a forecast
ROUNDING = 1e-4  # of the largest number of an embedding, in float32


@dataclass(frozen=True)
class Head(SklearnStrategy):
    """Logistic regression on what a sentence encoder makes of a text."""

    name: ClassVar[str] = "setfit"
    blas_threads: ClassVar[int | None] = 1  # a product with one column a class is too narrow to share
    body: Any

    def estimator(self, seed: int) -> Any:
        """Return the linear head."""
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(max_iter=1000, random_state=seed)

    @cached_property
    def reads_padding(self) -> bool:
        """Whether a text's embedding depends on what stands beside it in a batch, as in FNet and ConvBERT."""
        short, long = "is this read?", "is the padding behind the other text read, or is it masked?"
        encode = partial(self.body.encode, show_progress_bar=False)
        alone, beside = encode([short])[0], encode([short, long])[0]
        return bool(np.abs(alone - beside).max() > ROUNDING * np.abs(alone).max())

    def inputs(self, texts: Sequence[str], context: RunContext) -> NDArray[np.float32]:
        """Return the sentence embeddings of n texts, float32 (n, width)."""
        encode = partial(self.body.encode, show_progress_bar=False, convert_to_numpy=True)
        if not self.reads_padding:
            return np.asarray(encode(list(texts)), np.float32)
        ids = self.body.tokenizer(list(texts), truncation=True, max_length=self.body.max_seq_length)["input_ids"]
        lengths = np.array([len(row) for row in ids])
        groups = [np.flatnonzero(lengths == length) for length in np.unique(lengths)]
        states = np.concatenate([encode([texts[row] for row in rows.tolist()]) for rows in groups])
        return np.asarray(states[np.argsort(np.concatenate(groups))], np.float32)


@dataclass(frozen=True)
class SetFitClassifier:
    """A sentence encoder and the head that reads it, with what is told of the choice of its step size."""

    body: Any
    head: SklearnClassifier
    params: Mapping[str, Any] = field(default_factory=dict)
    history: Sequence[Mapping[str, float]] = ()
    configurations_tried: int = 1
    optimism: float | None = None

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return class probabilities, float32 (n, k)."""
        return self.head.predict_proba(texts)

    def save(self, directory: Path) -> None:
        """Write the encoder as sentence-transformers reads it, and the head beside it, without pickle."""
        with silent_transformers():
            self.body.save(str(directory), create_model_card=False)
        self.head.save(directory)

    @property
    def trainable_parameters(self) -> int:
        """Number of weights, all of them trained."""
        of_encoder: int = sum(p.numel() for p in self.body.parameters())
        return of_encoder + (self.head.trainable_parameters or 0)

    own_parameters = trainable_parameters


@dataclass(frozen=True)
class SetFit:
    """Contrastive fine-tuning on pairs of texts, then logistic regression; validation chooses the step size alone.

    `batch_size` and `num_iterations` are those of the paper; `max_rows` and `max_steps` keep it about as dear as
    fine-tuning.

    Args:
        learning_rate: AdamW's highest step size, after a warm-up over a tenth of the steps. `auto` trains with that of
            the paper's library, 2e-5, and with 7e-5, for encoders of the width that the first was chosen with, 768, and
            keeps what validation prefers. Both rise with the square of how much narrower an encoder is, as that of
            fine-tuning does, up to 3e-4.
        batch_size: Pairs a step.
        num_iterations: Pairs of one class and of two, each, that are drawn for every text.
        max_steps: Most steps, however many pairs there are. `auto` is 250, what 100 rows take, or as many as read ten
            texts a row, as fine-tuning does.
        max_rows: Rows of train that pairs are drawn from, where it holds more; the head is fitted on all.
    """

    name: ClassVar[str] = "setfit"
    saves_encoder: ClassVar[bool] = True
    requires: ClassVar[Mapping[str, str]] = {"setfit": "setfit"}
    search_space: ClassVar[str] = "learning_rate=1e-5..3e-4:log, num_iterations=5..20, batch_size=8|16|32"
    imports: ClassVar[tuple[str, ...]] = ("setfit", "sklearn.linear_model")
    learning_rate: Literal["auto"] | Annotated[float, Gt(0)] = "auto"
    batch_size: Annotated[int, Ge(1)] = 16
    num_iterations: Annotated[int, Ge(1)] = 20
    max_steps: Literal["auto"] | Annotated[int, Ge(1)] = "auto"
    max_rows: Annotated[int, Ge(2)] = 2000

    def fit(self, train: Split, validation: Split, context: RunContext) -> SetFitClassifier:
        """Fine-tune the encoder on pairs, then fit the head."""
        steps = self._steps(len(train))

        def fit_with(learning_rate: float) -> SetFitClassifier:
            body = _body(context.model, context)
            self._train_on_pairs(body, train, context, learning_rate, steps)
            params = {**vars(self), "learning_rate": learning_rate, "max_steps": steps}
            return SetFitClassifier(body, Head(body).fit(train, validation, context), params)

        rates = self._rates(_body(context.model, context).get_embedding_dimension())
        if len(rates) == 1:
            return fit_with(rates[0])
        settings = [{"learning_rate": rate} for rate in rates]
        chosen, choice = fit_candidates(settings, fit_with, validation, context.select_by)
        return replace(chosen, **choice)

    def forecast(self, train: Split, validation: Split, context: RunContext) -> FitForecast:
        """Return what `fit` will take, from a few timed steps and texts; arguments as of `fit`."""
        body = _body(context.model, context)
        rates = self._rates(body.get_embedding_dimension())
        some = train.rows(np.random.default_rng(context.seed).permutation(len(train))[:TIMED_TEXTS])

        def seconds(max_steps: int) -> float:
            started = perf_counter()
            self._train_on_pairs(body, some, context, rates[0], max_steps)
            return perf_counter() - started

        seconds(1)  # loads what takes long, once
        one, several = seconds(1), seconds(1 + TIMED_STEPS)
        started = perf_counter()
        body.encode(list(some.texts), show_progress_bar=False)
        a_text = (perf_counter() - started) / len(some)
        steps = one + (self._steps(len(train)) - 1) * max(several - one, 0.0) / TIMED_STEPS
        n_read = len(train) + (len(validation) if len(rates) > 1 else 0)
        return FitForecast(len(rates) * (steps + n_read * a_text), a_text)

    def _rates(self, width: int) -> list[float]:
        """Return the step sizes to choose from, those that suit the encoder's width where nobody named one."""
        if self.learning_rate != "auto":
            return [self.learning_rate]
        return list(dict.fromkeys(min(rate * (WIDE / width) ** 2, HIGHEST_RATE) for rate in RATES))

    def _steps(self, n_rows: int) -> int:
        """Return how many steps it takes, at most as many as there are pairs for."""
        rows = min(n_rows, self.max_rows)
        by_rule = max(STEPS_OF_FEW_ROWS, TEXTS_A_ROW * rows // (2 * self.batch_size))
        most = by_rule if self.max_steps == "auto" else int(self.max_steps)
        return min(most, -(-2 * self.num_iterations * rows // self.batch_size))

    def _train_on_pairs(self, body: Any, train: Split, context: RunContext, rate: float, steps: int) -> None:
        import setfit
        from transformers import PrinterCallback, ProgressCallback

        if context.device == "cpu":  # the trainer would take what it finds; the harness restores the variable
            os.environ["ACCELERATE_USE_CPU"] = "true"
        setfit.logging.set_verbosity_error()
        rows = np.random.default_rng(context.seed).permutation(len(train))[: self.max_rows]
        arguments = setfit.TrainingArguments(
            output_dir=str(context.workdir),
            body_learning_rate=rate,
            batch_size=self.batch_size,
            num_iterations=self.num_iterations,
            max_steps=steps,
            seed=context.seed,
            report_to="none",
            logging_strategy="no",
            save_strategy="no",
        )
        trainer = setfit.Trainer(setfit.SetFitModel(model_body=body), arguments)
        for printing in (PrinterCallback, ProgressCallback):
            trainer.remove_callback(printing)
        trainer.add_callback(_reporting(context))
        trainer.st_trainer.args.dataloader_pin_memory = context.device == "cuda"
        texts = [train.texts[row] for row in rows]
        trainer.train_embeddings(texts, train.labels[rows].tolist(), args=arguments)
        body.eval()

    def load(self, directory: Path, context: RunContext) -> SetFitClassifier:
        """Return the classifier saved in `directory`."""
        body = _body(str(directory), context)
        return SetFitClassifier(body, Head(body).load(directory, context))


def _body(directory: str, context: RunContext) -> Any:
    """Return a checkpoint as a sentence encoder, with the pooling it was trained with or else the mean."""
    import torch
    from sentence_transformers import SentenceTransformer

    with silent_transformers():
        body = SentenceTransformer(
            directory,
            device=context.device,
            trust_remote_code=False,
            local_files_only=True,
            model_kwargs={"dtype": torch.float32, "use_safetensors": True},
        )
    body.max_seq_length = context.max_length
    if body.tokenizer.pad_token is None:  # GPT-2's has none
        body.tokenizer.pad_token = load_tokenizer(directory).pad_token
    for module in body.modules():  # BigBird attends to all tokens from its first short text on, for good
        if hasattr(module, "set_attention_type"):
            module.set_attention_type("original_full")
    return body


def _reporting(context: RunContext) -> Any:
    """Return what tells the user how far the trainer is."""
    from transformers import TrainerCallback

    class Reporting(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
            context.progress("pairs, step", state.global_step, state.max_steps)

    return Reporting()


@hookimpl
def harness_strategies() -> list[SetFit]:
    """Offer SetFit."""
    return [SetFit()]
