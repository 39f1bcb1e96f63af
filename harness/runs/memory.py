"""What memory trials will hold, so that several at a time do not swap."""

from collections.abc import Callable, Sequence

from harness.encoding.encoder import Encoder, TokenCounter
from harness.runs.forecast import trains_encoder
from harness.runs.session import Trial
from harness.wording import quantities

LIBRARY_BYTES = 500_000_000  # torch, transformers and scikit-learn resident on Linux; on a GPU, a context
TRAINED_WEIGHT_BYTES = 16  # the weight, its gradient and AdamW's two moments, in float32
BATCH = 32  # texts of a step, each taken to be as long as the longest
# What the backward pass of a block needs: numbers of each token and unit of width, and of each two tokens of a text and
# head, as Korthikanti et al. (2022), section 4, count them. Measured with torch 2.13 on a CPU: BERT of width 384 and
# 768, 12 heads, texts of 64 to 256 tokens, within a tenth. Kernels of GPUs that recompute attention keep less.
KEPT_NUMBERS, KEPT_OF_PAIRS = 24, 3.25
HEADS, HEAD_WIDTH = 12, 64  # as in BERT-base; so many at least, or one for so many units of width
LONGEST_TEXTS = 20  # by their characters, whose tokens are counted
FLOAT32_BYTES = 4


def longest_text(encoder: Encoder | None, texts: Sequence[str]) -> int | None:
    """Return the tokens of the longest text, of those with the most characters; None where nobody counts.

    Args:
        encoder: What reads them.
        texts: Texts of train, at least one.
    """
    if not isinstance(encoder, TokenCounter):
        return None
    longest = sorted(texts, key=len)[-LONGEST_TEXTS:]
    return min(int(encoder.count_tokens(longest).max()), encoder.max_length)


class MemoryForecast:
    """Bytes that trials of a run hold: what earlier ones of their strategy did, else what training takes by its sizes.

    Args:
        encoder: What is trained, None where no strategy reads one.
        available: Returns the bytes that are left.
        longest: Tokens of the longest text, None for as many as the encoder reads.

    Attributes:
        note: Of the first trial that had to wait, None as long as none had.
        is_short: Whether a trial waits now.
    """

    def __init__(self, encoder: Encoder | None, available: Callable[[], int], longest: int | None = None) -> None:
        self._encoder, self._available, self._longest = encoder, available, longest
        self._held: dict[str, int] = {}
        self._room = 0
        self.note: str | None = None
        self.is_short = False

    def held(self, trial: Trial, n_bytes: int) -> None:
        """Take note of what a trial held at its highest."""
        self._held[trial.offer.name] = max(n_bytes, self._held.get(trial.offer.name, 0))

    def need(self, trial: Trial) -> int:
        """Return the bytes that a trial will hold."""
        if known := self._held.get(trial.offer.name):
            return known
        if not (trains_encoder(trial) and self._encoder):
            return LIBRARY_BYTES
        encoder, tokens = self._encoder, self._longest or self._encoder.max_length
        of_token = encoder.width * KEPT_NUMBERS + max(HEADS, encoder.width // HEAD_WIDTH) * tokens * KEPT_OF_PAIRS
        kept = round(BATCH * tokens * encoder.n_layers * of_token)
        return LIBRARY_BYTES + encoder.n_parameters * TRAINED_WEIGHT_BYTES + kept * FLOAT32_BYTES

    def fitting(self, waiting: Sequence[Trial], running: Sequence[Trial]) -> list[Trial]:
        """Return what may start beside what runs; all of it where nothing does.

        What runs may not hold yet what it will, so what is left is what was left before any of it ran, less its needs,
        and never more than there is now.

        Args:
            waiting: Trials to come, at least one.
            running: Trials that run.
        """
        self.is_short = False
        if not running:
            self._room = self._available()
            return [*waiting]
        left = min(self._room - sum(map(self.need, running)), self._available())
        fitting = [trial for trial in waiting if self.need(trial) <= left]
        self.is_short = not fitting
        if self.is_short and self.note is None:
            least = min(waiting, key=self.need)
            self.note = (
                f"{least.name} and what comes after it waited for memory: it is taken to need "
                f"{quantities.size(self.need(least))}, and {quantities.size(max(0, left))} was left beside "
                f"{', '.join(trial.name for trial in running)}"
            )
        return fitting
