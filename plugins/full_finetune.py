"""Fine-tuning end to end: every weight of the encoder and a new classification head, with transformers' Trainer."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from annotated_types import Ge, Gt, Interval
from numpy.typing import NDArray
from transformers import (
    AutoModelForSequenceClassification,
    DataCollatorWithPadding,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)

from harness import RunContext, Split, StrategyError, evaluate, hookimpl, load_tokenizer

DIVERGED = "The loss became NaN or infinite. Lower learning_rate or use --dtype float32."
PREDICTION_BATCH = 64  # texts of similar length in one forward pass


@dataclass(frozen=True)
class FineTunedClassifier:
    """A fine-tuned model and its tokenizer."""

    model: Any
    tokenizer: Any
    max_length: int
    history: list[dict[str, float]] = field(default_factory=list)

    @torch.inference_mode()
    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return class probabilities, float32 (n, k)."""
        token_ids = _tokenise(self.tokenizer, texts, self.max_length)
        order = sorted(range(len(texts)), key=lambda row: len(token_ids[row]))
        scores = np.empty((len(texts), self.model.config.num_labels), np.float32)
        self.model.eval()
        for start in range(0, len(order), PREDICTION_BATCH):
            rows = order[start : start + PREDICTION_BATCH]
            batch = self.tokenizer.pad({"input_ids": [token_ids[row] for row in rows]}, return_tensors="pt")
            scores[rows] = self.model(**batch.to(self.model.device)).logits.float().cpu().numpy()
        probabilities: NDArray[np.float32] = torch.from_numpy(scores).softmax(dim=1).numpy()
        return probabilities

    def save(self, directory: Path) -> None:
        """Write model and tokenizer as `from_pretrained` reads them, without optimiser state."""
        self.model.save_pretrained(directory)
        self.tokenizer.save_pretrained(directory)

    @property
    def trainable_parameters(self) -> int:
        """Number of weights, all of them trained."""
        return sum(p.numel() for p in self.model.parameters())

    own_parameters = trainable_parameters


class _EpochWatcher(TrainerCallback):  # type: ignore[misc]
    """Reports progress, notes each epoch's scores and keeps the weights of the best one in memory."""

    def __init__(self, context: RunContext) -> None:
        self.context = context
        self.history: list[dict[str, float]] = []
        self.best: dict[str, torch.Tensor] = {}
        self._best_score = -math.inf
        self._train_loss = math.nan

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        epoch = math.ceil(state.epoch)
        self.context.progress(f"epoch {epoch}/{args.num_train_epochs:g}, step", state.global_step, state.max_steps)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **kwargs: Any) -> None:
        self._train_loss = logs.get("loss", self._train_loss)

    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: dict[str, float], model: Any, **kwargs: Any
    ) -> None:
        values = {name: metrics[f"eval_{name}"] for name in ("loss", "accuracy", "f1_macro", "f1_weighted")}
        if not (math.isfinite(self._train_loss) and math.isfinite(values["loss"])):
            raise StrategyError(DIVERGED)
        scores = {f"validation_{name}": value for name, value in values.items()}
        self.history.append({"epoch": round(state.epoch), "train_loss": self._train_loss, **scores})
        if values["f1_weighted"] > self._best_score:
            self._best_score = values["f1_weighted"]
            self.best = {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}


@dataclass(frozen=True)
class FullFineTune:
    """All weights trained end to end; the epoch with the best validation f1_weighted is kept.

    Defaults are those of "Natural Language Processing with Transformers" (Tunstall et al., 2022), chapter 2.

    Args:
        learning_rate: AdamW's highest step size; it falls linearly to 0.
        epochs: Passes over train, each followed by an evaluation on validation.
        batch_size: Texts a step.
        weight_decay: AdamW's weight decay.
        warmup: Share of the steps in which the step size rises from 0.
    """

    name: ClassVar[str] = "full_finetune"
    learning_rate: Annotated[float, Gt(0)] = 2e-5
    epochs: Annotated[int, Ge(1)] = 2
    batch_size: Annotated[int, Ge(1)] = 64
    weight_decay: Annotated[float, Ge(0)] = 0.01
    warmup: Annotated[float, Interval(ge=0, lt=1)] = 0.0

    def fit(self, train: Split, validation: Split, context: RunContext) -> FineTunedClassifier:
        """Fine-tune on train, evaluate on validation after each epoch."""
        set_seed(context.seed)
        tokenizer = load_tokenizer(context.model)
        model = AutoModelForSequenceClassification.from_pretrained(
            context.model,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=torch.float32,
            id2label=dict(enumerate(context.label_names)),
            label2id={name: i for i, name in enumerate(context.label_names)},
        )
        model.config.pad_token_id = tokenizer.pad_token_id
        watcher = _EpochWatcher(context)
        trainer = Trainer(
            model=model,
            args=self._arguments(context),
            train_dataset=_examples(tokenizer, train, context.max_length),
            # Batches of similar length waste no padding; the order changes no score.
            eval_dataset=sorted(
                _examples(tokenizer, validation, context.max_length), key=lambda e: len(e["input_ids"])
            ),
            data_collator=DataCollatorWithPadding(tokenizer),
            compute_metrics=_scores,
            callbacks=[watcher],
        )
        trainer.remove_callback(PrinterCallback)  # it would print into our progress display
        trainer.train()
        model.load_state_dict(watcher.best)
        return FineTunedClassifier(model, tokenizer, context.max_length, watcher.history)

    def _arguments(self, context: RunContext) -> TrainingArguments:
        return TrainingArguments(
            output_dir=str(context.workdir),
            learning_rate=self.learning_rate,
            num_train_epochs=self.epochs,
            per_device_train_batch_size=self.batch_size,
            per_device_eval_batch_size=PREDICTION_BATCH,
            weight_decay=self.weight_decay,
            warmup_steps=self.warmup,  # below 1 it is a share of all steps
            lr_scheduler_type="linear",
            train_sampling_strategy="group_by_length",
            eval_strategy="epoch",
            logging_strategy="epoch",
            logging_nan_inf_filter=False,  # a NaN loss must be seen
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            bf16=context.dtype == "bfloat16",
            use_cpu=context.device == "cpu",
            dataloader_pin_memory=context.device == "cuda",
            seed=context.seed,
        )

    def load(self, directory: Path, context: RunContext) -> FineTunedClassifier:
        """Return the classifier saved in `directory`."""
        model = AutoModelForSequenceClassification.from_pretrained(
            directory, trust_remote_code=False, use_safetensors=True
        )
        return FineTunedClassifier(model.to(context.device), load_tokenizer(str(directory)), context.max_length)


def _tokenise(tokenizer: Any, texts: Sequence[str], max_length: int) -> list[list[int]]:
    ids: list[list[int]] = tokenizer(list(texts), truncation=True, max_length=max_length)["input_ids"]
    return [row or [tokenizer.pad_token_id] for row in ids]


def _examples(tokenizer: Any, split: Split, max_length: int) -> list[dict[str, Any]]:
    token_ids = _tokenise(tokenizer, split.texts, max_length)
    return [{"input_ids": ids, "labels": int(label)} for ids, label in zip(token_ids, split.labels, strict=True)]


def _scores(prediction: Any) -> dict[str, float]:
    if not np.isfinite(prediction.predictions).all():
        raise StrategyError(DIVERGED)
    probabilities = torch.from_numpy(prediction.predictions).float().softmax(dim=1).numpy()
    scores = evaluate(prediction.label_ids.astype(np.int64), probabilities)
    return {"accuracy": scores.accuracy, "f1_macro": scores.f1_macro, "f1_weighted": scores.f1_weighted}


@hookimpl
def harness_strategies() -> list[FullFineTune]:
    """Offer fine-tuning."""
    return [FullFineTune()]
