"""Task -> Audit: whether the data can carry a conclusion; counts and row numbers, never a text."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from harness.data.near_duplicates import NearDuplicates, find_near_duplicates
from harness.data.same_texts import SameTexts, as_it_is, find_same_texts, normalised
from harness.data.task import SPLITS, Split, Task, class_counts
from harness.data.words import count_words
from harness.encoding.encoder import Encoder, token_counts
from harness.encoding.unknown_tokens import many_unknown
from harness.frozen_model import Count, Fraction, FrozenModel

QUANTILES = {"minimum": 0.0, "q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95, "maximum": 1.0}


class Lengths(FrozenModel):
    """Lengths of the texts of a split; `q05` is what one in twenty does not exceed, and so on.

    Each is the length of one of the texts, the smallest that so many do not exceed (definition 1 of Hyndman and
    Fan, "Sample quantiles in statistical packages", The American Statistician 50, 1996).
    """

    minimum: Count
    q05: Count
    q25: Count
    median: Count
    q75: Count
    q95: Count
    maximum: Count


class SplitAudit(FrozenModel):
    """One split: its size, its balance and its lengths.

    Words are what white space parts, and each Chinese or Japanese character. `n_empty` counts texts of nothing but
    white space. `tokens` are counted before texts are cut, special tokens included, and None where no encoder was
    asked; `n_truncated` counts the texts longer than the encoder reads, None where that is not known.
    """

    n_rows: Count
    class_counts: list[Count]
    n_empty: Count
    characters: Lengths
    words: Lengths
    tokens: Lengths | None = None
    n_truncated: Count | None = None


class Audit(FrozenModel):
    """What was found in a data set.

    `exact` takes texts for the same where they agree letter by letter, `normalised` where they agree but for
    case, spacing and Unicode form. `near` is None unless near-duplicates were asked for. Rows are counted from 0
    in the split as it was read. `max_length` is the number of tokens that the encoder reads, None without one;
    `unknown_tokens` the share of the training texts' tokens that its tokenizer does not know, None up to 5 %.
    """

    label_names: list[str]
    splits: dict[str, SplitAudit]
    exact: SameTexts
    normalised: SameTexts
    near: NearDuplicates | None = None
    max_length: Count | None = None
    unknown_tokens: Fraction | None = None


def audit_task(
    task: Task,
    truncated: Mapping[str, int] | None = None,
    max_length: int | None = None,
    *,
    lengths: Mapping[str, NDArray[np.int64]] | None = None,
    unknown_tokens: float | None = None,
    near_duplicates: bool = False,
) -> Audit:
    """Look a data set over; nothing is trained or encoded, and 400,000 rows take seconds.

    Args:
        task: The data.
        truncated: Split -> texts longer than the encoder reads, as far as that is known.
        max_length: Tokens that the encoder reads.
        lengths: Split -> tokens of each text before it is cut, int64 (n,); where given, `truncated` is
            counted from it.
        unknown_tokens: Share of tokens that the encoder's tokenizer does not know, where that is known.
        near_duplicates: Look for texts that are nearly the same, too; takes about a minute and 4 GB for 400,000 rows.

    Returns:
        The counts, with row numbers of a few examples.

    Raises:
        UserError: Where near-duplicates are asked for and datasketch is not installed.
    """
    counts, truncated = lengths or {}, dict(truncated or {})
    if max_length is not None:
        truncated |= {split: int((tokens > max_length).sum()) for split, tokens in counts.items()}
    return Audit(
        label_names=list(task.label_names),
        splits={
            split: _audit_split(getattr(task, split), task.n_classes, counts.get(split), truncated.get(split))
            for split in SPLITS
        },
        exact=find_same_texts(task, as_it_is),
        normalised=find_same_texts(task, normalised),
        near=find_near_duplicates(task) if near_duplicates else None,
        max_length=max_length,
        unknown_tokens=unknown_tokens,
    )


def audit_with(task: Task, encoder: Encoder | None, *, near_duplicates: bool = False) -> Audit:
    """Look a data set over as `audit_task` does, its tokens counted by an encoder.

    Args:
        task: The data.
        encoder: Counts tokens and encodes nothing, None to count none.
        near_duplicates: Look for texts that are nearly the same, too.
    """
    if encoder is None:
        return audit_task(task, near_duplicates=near_duplicates)
    texts = {split: getattr(task, split).texts for split in SPLITS}
    counted = {split: tokens for split in SPLITS if (tokens := token_counts(encoder, texts[split])) is not None}
    truncated = {split: encoder.count_truncated(texts[split]) for split in SPLITS if split not in counted}
    return audit_task(
        task,
        truncated,
        encoder.max_length,
        lengths=counted,
        unknown_tokens=many_unknown(encoder.directory, task.train.texts),
        near_duplicates=near_duplicates,
    )


def _audit_split(split: Split, n_classes: int, tokens: NDArray[np.int64] | None, n_truncated: int | None) -> SplitAudit:
    words = np.array([count_words(text) for text in split.texts])
    return SplitAudit(
        n_rows=len(split),
        class_counts=list(class_counts(split, n_classes)),
        n_empty=int((words == 0).sum()),
        characters=_lengths(np.array([len(text) for text in split.texts])),
        words=_lengths(words),
        tokens=None if tokens is None else _lengths(tokens),
        n_truncated=n_truncated,
    )


def _lengths(values: NDArray[np.int64]) -> Lengths:
    found = np.quantile(values, list(QUANTILES.values()), method="inverted_cdf")
    return Lengths(**{name: int(length) for name, length in zip(QUANTILES, found, strict=True)})
