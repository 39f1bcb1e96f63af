"""The recipe of a fine-tuning: its length, step sizes and batches by the number of rows and the encoder's width."""

import math
from dataclasses import dataclass, replace

WIDE = 768  # width of BERT base and DistilBERT, for which most published recipes are
MANY_ROWS = 10_000  # BERT's published settings are for sets at least about as large; fewer rows need more passes
FEW_ROWS = 1000
TEXTS_READ = 20_000  # texts that training reads, each as often as it takes: 625 steps of 32
MANY_CLASSES = 20  # above, each class reads as many texts as one of 20 does: it learns from its own (docs/defaults.md)
MOST_EPOCHS = 15  # validation no longer rose after 12 of 20 (docs/defaults.md)
LEAST_STEPS, MOST_EPOCHS_OF_FEW_STEPS = 300, 30
RATE = 4e-5  # of a whole encoder of that width
# Times the step size for a whole encoder, of a linear layer that begins at random (docs/defaults.md).
HEAD_FACTOR = 10.0
HIGHEST_RATE = 3e-4  # of a whole encoder, the highest of Turc et al.


@dataclass(frozen=True)
class Recipe:
    """Settings of AdamW and its schedule.

    Attributes:
        learning_rate: Highest step size.
        epochs: Passes over train.
        batch_size: Texts a step.
        weight_decay: AdamW's weight decay.
        warmup: Share of the steps in which the step size rises from 0, before it falls linearly to 0.
        patience: Evaluations without a better score after which training stops.
        head_factor: How many times that step size the classification head takes.
    """

    learning_rate: float
    epochs: int
    batch_size: int
    weight_decay: float
    warmup: float
    patience: int = 3
    head_factor: float = 1.0


TUTORIAL = Recipe(learning_rate=2e-5, epochs=2, batch_size=64, weight_decay=0.01, warmup=0.0)
"""Of "Natural Language Processing with Transformers" (Tunstall et al., 2022), chapter 2: DistilBERT, 16,000 rows."""


def suited(n_rows: int, width: int, n_classes: int, rate_factor: float = 1.0) -> Recipe:
    """Return the recipe for so many rows of train, of so many classes, and an encoder of such a width.

    From `MANY_ROWS` on, an encoder of BERT's width gets the tutorial's recipe, but for many classes. It is well inside
    what BERT's authors recommend (2 to 4 epochs, 2e-5 to 5e-5, batches of 16 or 32; Devlin et al., 2019, appendix
    A.3). With fewer rows, or with more than 20 classes, that is too few steps, the main reason why fine-tuning was
    called unstable: Mosbach et al. (2021) recommend 20 epochs, a warm-up over a tenth of the steps, AdamW with bias
    correction and a small step size; Zhang et al. (2021) find the same for up to 1,000 rows. AutoGluon's AutoMM (up to
    20 epochs, warm-up 0.1) and AutoIntent (30 epochs) are published defaults of that kind.

    The step size falls with the square of the width. It is 4e-5 at 768, within what Devlin et al. recommend and twice
    the tutorial's, for there are fewer steps; 1.6e-4 at 384 (AutoMM takes 1e-4; measured in docs/defaults.md); and 3e-4
    at most, the best of Turc et al. (2019) for the smallest BERTs.

    Args:
        n_rows: Rows of train.
        width: Numbers a token of the encoder.
        n_classes: Classes of the task.
        rate_factor: How many times the step size for the whole encoder suits what is trained.
    """
    by_width = rate_factor * (WIDE / width) ** 2
    has_many_classes = n_classes > MANY_CLASSES
    texts = max(1, n_classes / MANY_CLASSES) * TEXTS_READ
    if n_rows >= MANY_ROWS and width >= WIDE and not has_many_classes:
        return replace(TUTORIAL, learning_rate=TUTORIAL.learning_rate * by_width)
    batch_size = 16 if n_rows <= FEW_ROWS else 32
    steps_a_pass = math.ceil(n_rows / batch_size)
    epochs = max(
        math.ceil(TUTORIAL.epochs * math.sqrt(WIDE / width)),  # narrow encoders learn more slowly
        min(math.ceil(texts / n_rows), MOST_EPOCHS_OF_FEW_STEPS if has_many_classes else MOST_EPOCHS),
        min(math.ceil(LEAST_STEPS / steps_a_pass), MOST_EPOCHS_OF_FEW_STEPS),
    )
    rate = min(RATE * by_width, HIGHEST_RATE * rate_factor)
    return Recipe(rate, epochs, batch_size, weight_decay=TUTORIAL.weight_decay, warmup=0.1)
