"""Base for strategies that train a transformers model."""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Interval

from harness.data.stratification import stratified_rows
from harness.data.task import Split
from harness.encoding.described_sizes import outline_of
from harness.encoding.pooling import AUTO, Pooling
from harness.encoding.sequence_classifier import (
    OF_TRANSFORMERS,
    Head,
    encoder_width,
    other_classes,
)
from harness.errors import StrategyError, UndertrainedWarning, reason_of
from harness.strategies.class_weights import ClassWeight
from harness.strategies.finetuned_classifier import FineTunedClassifier
from harness.strategies.forward import if_it_fits
from harness.strategies.recipe import HEAD_FACTOR, MANY_CLASSES, TUTORIAL, Recipe, suited
from harness.strategies.strategy import RunContext, parameters
from harness.strategies.tags import FitForecast
from harness.strategies.timed_training import forecast_training
from harness.strategies.training import Training, floor_of, prior_loss
from harness.system.out_of_memory import is_out_of_memory

UNDERTRAINED = (
    "Next to nothing was learnt: the loss on train was {loss:.2f} at the end (answering each class's share: "
    "{prior:.2f}), the best {name} on validation {score:.3f} (always the largest class: {floor:.3f}). "
    "More steps (epochs, min_steps) or another learning_rate may help."
)
NARROW = "a {kind} cannot be trained in {dtype}: {reason}. Use --dtype float32."
NEAR = 0.95  # share of the loss of answering each class's share that is left where training is near where it began
LITTLE = 0.2  # of the way from always answering the largest class to all right
FEW = 100  # rows that a model is prepared with where its steps are only timed
SETTINGS = {each.name for each in fields(Recipe)}


@dataclass(frozen=True)
class FineTuning:
    """Base of fine-tuning strategies; as it is, all weights are trained and the head begins at random.

    A subclass is a frozen dataclass with a `name`; what it does otherwise stands in its `prepare`.

    Attributes:
        scores_start: Whether the model is evaluated before the first step, too, as epoch 0, and may be kept as it was
            then: for models that begin with a head that can predict.
        rate_factor: How many times the step size for a whole encoder suits what is trained.
        search_space: That of BERT (Devlin et al., 2019, appendix A.3), with larger steps for smaller encoders.

    Args:
        recipe: Where the settings left at auto come from: auto suits them to the number of rows and the encoder's
            width; tutorial is 2 epochs at 2e-5 in batches of 64, weight decay 0.01, no warm-up.
        learning_rate: AdamW's highest step size; it falls linearly to 0.
        epochs: Passes over train; validation is evaluated after each or, of more than ten, ten times, and the state
            with the best f1_weighted, or by what --select-by names, is kept.
        batch_size: Texts a step.
        weight_decay: AdamW's weight decay.
        warmup: Share of the steps in which the step size rises from 0.
        head_factor: How many times that step size the head takes.
        min_steps: Least number of steps: where train is too small for as many, there are more epochs.
        patience: Evaluations without a better f1_weighted after which training stops; they count from where it is
            above that of always answering the largest class, so that a slow start stops nothing.
        pooling: What a new head reads. `cls` is the head of transformers for the architecture, which reads [CLS] or,
            of decoders, the last token; another is one linear layer on that pooling. `auto` is, with 20 classes
            or more, what the encoder pools by, else `cls` (docs/defaults.md).
        keep_head: Begin with the checkpoint's own classification head, its classes put in our order by their names,
            in place of a new one; refused where the names differ.
        class_weight: `balanced` lets each class count the same in the loss, `none` each text.
    """

    name: ClassVar[str]
    # What torch and transformers import on first use, one to two seconds of the first trial;
    # making an optimizer imports even torch's compiler.
    imports: ClassVar[tuple[str, ...]] = (
        "transformers.models.auto.tokenization_auto",
        "transformers.models.auto.modeling_auto",
        "transformers.modeling_utils",
        "torch._dynamo",
    )
    saves_encoder: ClassVar[bool] = True
    scores_start: ClassVar[bool] = False
    rate_factor: ClassVar[float] = 1.0
    search_space: ClassVar[str] = "learning_rate=1e-5..3e-4:log, batch_size=16|32"
    recipe: Literal["auto", "tutorial"] = "auto"
    learning_rate: Annotated[float, Gt(0)] | Literal["auto"] = "auto"
    epochs: Annotated[int, Ge(1)] | Literal["auto"] = "auto"
    batch_size: Annotated[int, Ge(1)] | Literal["auto"] = "auto"
    weight_decay: Annotated[float, Ge(0)] | Literal["auto"] = "auto"
    warmup: Annotated[float, Interval(ge=0, lt=1)] | Literal["auto"] = "auto"
    head_factor: Annotated[float, Gt(0)] | Literal["auto"] = "auto"
    min_steps: Annotated[int, Ge(0)] = 0
    patience: Annotated[int, Ge(1)] = 3
    pooling: Pooling = "auto"
    keep_head: bool = False
    class_weight: ClassWeight = "none"

    def prepare(self, untrained: FineTunedClassifier, train: Split, context: RunContext) -> None:
        """Freeze, wrap or set weights of the model before training; what requires no gradient stays as it is.

        Args:
            untrained: The pre-trained encoder with a new head; torch was seeded for what is random here.
            train: What it will be trained on.
            context: What else may be used.
        """

    def refusal(self, model: str, n_layers: int, label_names: Sequence[str]) -> str | None:
        """Return why the checkpoint's head cannot be kept, None where it can or is not to be."""
        return other_classes(model, label_names) if self.keep_head else None

    @staticmethod
    def outline(model: str) -> Any:
        """Return the encoder in a checkpoint's folder with shapes in place of numbers, for a `refusal` to look into."""
        return outline_of(model)

    def fit(self, train: Split, validation: Split, context: RunContext) -> FineTunedClassifier:
        """Fine-tune on train, evaluate on validation at most ten times, keep the best state.

        Where memory runs out, all starts again from step 0, the same seed and batches computed in parts half as large.

        Warns:
            UndertrainedWarning: Where the loss on train is not below that of answering each class's share, validation
                was never better than always answering the largest class, or both are near that.
        """
        recipe = self._recipe(train, context)
        whole = part = min(recipe.batch_size, len(train))
        while (trained := if_it_fits(partial(self._train, train, validation, context, recipe, part), part)) is None:
            part = (part + 1) // 2
        if part < whole:
            warnings.warn(f"Memory ran out: each step of {whole} texts was computed in parts of {part}.", stacklevel=2)
        _warn_if_undertrained(trained.history, train, validation, self.class_weight)
        return trained

    def forecast(self, train: Split, validation: Split, context: RunContext) -> FitForecast:
        """Return what `fit` will take where it does not stop early, from a few timed steps; arguments as of `fit`."""
        recipe = self._recipe(train, context)
        few = train.rows(stratified_rows(train.labels, min(len(train), FEW)))
        _, training = self._begun(few, context, recipe, min(recipe.batch_size, len(train)))
        return forecast_training(training, train, validation)

    def recipe_for(self, n_rows: int, width: int, n_classes: int, is_new_layer: bool = False) -> Recipe:
        """Return the settings: what is set, else the rule.

        Args:
            n_rows: Rows of train.
            width: Numbers a token of the encoder.
            n_classes: Classes of the task.
            is_new_layer: Whether the head is a linear layer that begins at random, not one of transformers.
        """
        rule = TUTORIAL if self.recipe == "tutorial" else suited(n_rows, width, n_classes, self.rate_factor)
        if is_new_layer and self.recipe == "auto":
            rule = replace(rule, head_factor=HEAD_FACTOR / self.rate_factor)
        chosen = {name: value for name, value in parameters(self).items() if name in SETTINGS and value != "auto"}
        recipe = replace(rule, **chosen)
        least_epochs = math.ceil(self.min_steps / math.ceil(n_rows / recipe.batch_size))
        return replace(recipe, epochs=max(recipe.epochs, least_epochs))

    def head_pooling(self, context: RunContext) -> str:
        """Return what the head reads: what is set, else the rule; one that is kept is of transformers."""
        if self.keep_head or self.pooling != AUTO:
            return "cls" if self.keep_head else self.pooling
        is_like_a_probe = self.recipe == "auto" and context.n_classes >= MANY_CLASSES
        return context.pooling if is_like_a_probe else "cls"

    def load(self, directory: Path, context: RunContext) -> FineTunedClassifier:
        """Return the classifier saved in `directory`."""
        return FineTunedClassifier.pretrained(str(directory), context, "saved")

    def _recipe(self, train: Split, context: RunContext) -> Recipe:
        is_new_layer = self.head_pooling(context) not in OF_TRANSFORMERS and not self.scores_start
        return self.recipe_for(len(train), encoder_width(context.model), context.n_classes, is_new_layer)

    def _begun(
        self, train: Split, context: RunContext, recipe: Recipe, part: int
    ) -> tuple[FineTunedClassifier, Training]:
        """Return the model as it is before the first step, and its training."""
        import torch

        torch.manual_seed(context.seed)  # of the head's first weights and of dropout
        head: Head = "kept" if self.keep_head else "new"
        start = FineTunedClassifier.pretrained(context.model, context, head, self.head_pooling(context))
        self.prepare(start, train, context)
        training = Training(
            start.model,
            start.tokenizer,
            context.max_length,
            context.dtype,
            recipe,
            part,
            context.seed,
            context.progress,
            context.epoch,
            context.select_by,
            self.class_weight,
        )
        return start, training

    def _train(
        self, train: Split, validation: Split, context: RunContext, recipe: Recipe, part: int
    ) -> FineTunedClassifier:
        """Train from step 0, computing at most `part` texts at once, and keep the best state."""
        start, training = self._begun(train, context, recipe, part)
        try:
            course = training.best(train, validation, self.scores_start)
        except RuntimeError as error:
            if context.dtype == "float32" or is_out_of_memory(error):
                raise
            kind, reason = start.model.config.model_type, reason_of(error)
            raise StrategyError(NARROW.format(kind=kind, dtype=context.dtype, reason=reason)) from error
        n_trained = sum(weight.numel() for weight in start.model.parameters() if weight.requires_grad)
        params = {**parameters(self), **asdict(recipe), "pooling": self.head_pooling(context)}
        return replace(
            start, history=course.history, optimism=course.optimism, trainable_parameters=n_trained, params=params
        )


def _warn_if_undertrained(history: Sequence[Mapping[str, float]], train: Split, val: Split, by: ClassWeight) -> None:
    loss, prior = history[-1]["train_loss"], prior_loss(train.labels, by)
    name, floor = floor_of(train, val, by)
    score = max(entry[f"validation_{name}"] for entry in history)
    barely = loss >= NEAR * prior and score < floor + LITTLE * (1 - floor)
    if loss >= prior or score <= floor or barely:
        said = UNDERTRAINED.format(loss=loss, prior=prior, name=name, score=score, floor=floor)
        warnings.warn(said, UndertrainedWarning, stacklevel=3)
