"""A task: three splits of labelled texts that validate themselves."""

import hashlib
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.data.given_texts import listed_texts
from harness.data.stratification import draw, held_out_rows, nested_rows, stratified_rows
from harness.errors import DataError, rows_named

SPLITS = ("train", "validation", "test")
VALIDATION_SHARE = 0.1  # of train, where a data set brings no validation split


@dataclass(frozen=True)
class Split:
    """Labelled texts.

    Args:
        texts: n texts.
        labels: Their class ids, int64 (n,).
        source_rows: Row of each text in the split it was read from, counted from 0, int64 (n,); 0..n-1 by default.

    Raises:
        DataError: Where the lengths differ, a text is no `str` or a label is no integer.
    """

    texts: tuple[str, ...]
    labels: NDArray[np.int64]
    source_rows: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        listed = listed_texts(self.texts)
        if not isinstance(self.texts, tuple):
            object.__setattr__(self, "texts", tuple(listed))
        labels = np.asarray(self.labels)
        if len(self.texts) and not np.issubdtype(labels.dtype, np.integer):
            raise DataError(f"Expected integer class ids as labels, got {labels.dtype}. Map names to ids first.")
        labels = labels.astype(np.int64)  # a copy: the caller's array stays the caller's
        labels.setflags(write=False)
        object.__setattr__(self, "labels", labels)
        if labels.shape != (len(self.texts),):
            raise DataError(
                f"Expected one label a text, got {len(self.texts)} texts and labels of shape {labels.shape}."
            )

    def __len__(self) -> int:
        return len(self.texts)

    def rows(self, indices: NDArray[np.int64]) -> "Split":
        """Return the split made of the given rows, int64 (m,), in that order."""
        return Split(tuple(self.texts[i] for i in indices), self.labels[indices], self.rows_in_source()[indices])

    def rows_in_source(self) -> NDArray[np.int64]:
        """Return the row of each text in the split it was read from, int64 (n,)."""
        return np.arange(len(self)) if self.source_rows is None else self.source_rows


IN_MEMORY = "memory"


@dataclass(frozen=True)
class Provenance:
    """Where a task comes from.

    Args:
        source: Hub id, or path or name as it was given; `IN_MEMORY` for what has no name to load it by again.
        revision: Commit of a hub data set, None for local files.
        notes: What was guessed, set aside or left out on the way, one sentence each.
    """

    source: str
    revision: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """A classification task: names of the classes and three splits over them.

    Args:
        name: Short name for tables and directories.
        label_names: Name of class i at position i, k names.
        train: Split to fit on.
        validation: Split for selection and early stopping.
        test: Split that only the runner scores on.
        provenance: Where all this comes from.
        allow_unseen: Whether validation and test may hold classes that train lacks, as in a subset; a whole data set
            may not.

    Raises:
        DataError: For names that are no text, an empty split, a label out of range, a duplicate label name, fewer than
            two classes in train, or a class of validation or test that train does not hold.
    """

    name: str
    label_names: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    provenance: Provenance = field(default_factory=lambda: Provenance(IN_MEMORY))
    allow_unseen: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise DataError(f"Expected a name of the task, got {self.name!r}. Give it a short one, such as 'reviews'.")
        if isinstance(self.label_names, str):
            raise DataError("Expected a sequence of class names, got one str. Wrap it in a list.")
        if wrong := [name for name in self.label_names if not isinstance(name, str)]:
            raise DataError(
                f"Data set {self.name!r}: expected class names as text, got {wrong[0]!r}. Write them as text."
            )
        object.__setattr__(self, "label_names", tuple(map(str, self.label_names)))
        if len(set(self.label_names)) < len(self.label_names):
            repeated = [name for name, times in Counter(self.label_names).items() if times > 1]
            raise DataError(
                f"Data set {self.name!r}: label names must differ, but {names_shown(repeated)} comes twice."
            )
        for name in SPLITS:
            self._check_split(name, getattr(self, name))
        present = np.unique(self.train.labels)
        if len(present) < 2:  # noqa: PLR2004
            only = self.label_names[present[0]]
            raise DataError(
                f"Data set {self.name!r}: a classifier needs at least two classes, but every row of train "
                f"is labelled {only!r}. Check the labels, or name another column of labels."
            )

    def _check_split(self, name: str, split: Split) -> None:
        if not len(split):
            raise DataError(f"Data set {self.name!r}: the {name} split is empty. Give it at least one row.")
        outside = np.flatnonzero((split.labels < 0) | (split.labels >= len(self.label_names)))
        if len(outside):
            raise DataError(
                f"Data set {self.name!r}: labels must lie in 0..{len(self.label_names) - 1}, but {name} "
                f"{rows_named(outside.tolist(), 'hold')} {split.labels[outside[0]]}. Mend or remove these rows."
            )
        unseen = np.flatnonzero(~np.isin(split.labels, self.train.labels))
        if len(unseen) and not self.allow_unseen:
            names = names_shown([self.label_names[i] for i in np.unique(split.labels[unseen])])
            raise DataError(
                f"Data set {self.name!r}: {name} {rows_named(unseen.tolist(), 'carry')} {names}, which no row "
                "of train does, so no strategy could learn it. Add such rows to train, remove these, or name "
                "another column of labels."
            )

    @classmethod
    def from_pandas(
        cls,
        frame: Any,
        text: Hashable = "text",
        label: Hashable = "label",
        *,
        name: str = "data",
        validation: Any = None,
        test: Any = None,
        test_size: float = 0.2,
        seed: int = 0,
        label_names: Sequence[str] | None = None,
    ) -> "Task":
        """Make a task of a pandas DataFrame.

        Args:
            frame: A row a text; train and, where these are not given, the rows to set aside for validation and test.
            text: Column of the texts.
            label: Column of the labels: names, whole numbers, or categories, whose order is kept.
            name: Short name for tables and folders.
            validation: A frame with the same columns; a tenth of train, stratified, by default.
            test: A frame with the same columns; `test_size` of `frame`, stratified, by default.
            test_size: Share of the rows to set aside as test, above 0 and below 1; not used where `test` is given.
            seed: Seed of the rows that are set aside as test.
            label_names: Class names in id order, by default those of the categories, else sorted.

        Returns:
            The task. `source_rows` of its splits are positions in the frame that a row comes from, counted from 0.

        Raises:
            DataError: For a missing label, a text that is no text, a column that is not there, and what else no
                comparison can be made of.
        """
        from harness.data.frames import task_of_frames

        frames = {"train": frame, "validation": validation, "test": test}
        given = {split: each for split, each in frames.items() if each is not None}
        return task_of_frames(name, given, text, label, test_size=test_size, seed=seed, label_names=label_names)

    @property
    def n_classes(self) -> int:
        """Number of classes, k."""
        return len(self.label_names)

    def test_hash(self) -> str:
        """Return the sha256 of texts and labels of the test split, in order."""
        return hash_of_split(self.test.texts, self.test.labels)

    def content_hash(self) -> str:
        """Return the sha256 of label names, texts and labels of all splits, in order."""
        digest = hashlib.sha256()
        _digest_texts(digest, self.label_names)
        for name in SPLITS:
            _digest_texts(digest, getattr(self, name).texts)
        for name in SPLITS:
            split = getattr(self, name)
            digest.update(len(split).to_bytes(8, "little") + split.labels.astype("<i8").tobytes())
        return digest.hexdigest()

    def with_train_rows(self, n_rows: int, seed: int) -> "Task":
        """Return the task with a stratified part of train; larger parts of the same seed hold the smaller ones."""
        return replace(self, train=self.train.rows(nested_rows(self.train.labels, n_rows, seed)), allow_unseen=True)

    def with_rows_of_each_class(self, n_rows: int, seed: int) -> "Task":
        """Return the task with so many rows of each class of train, drawn at random; of a smaller class all of them."""
        take = np.minimum(np.bincount(self.train.labels, minlength=self.n_classes), n_rows)
        return replace(self, train=self.train.rows(draw(self.train.labels, take, seed)), allow_unseen=True)

    def limited(self, n_rows: int) -> "Task":
        """Return the task cut to at most `n_rows` rows of each split, every class kept where that allows."""

        def cut(split: Split) -> Split:
            return split.rows(stratified_rows(split.labels, n_rows)) if len(split) > n_rows else split

        train = cut(self.train)
        note = f"limited to at most {n_rows} rows of each split, stratified"
        lost = [self.label_names[i] for i in np.setdiff1d(self.train.labels, train.labels)]
        note += f"; train has no row left of {names_shown(lost)}" if lost else ""
        provenance = replace(self.provenance, notes=(*self.provenance.notes, note))
        return replace(
            self,
            train=train,
            validation=cut(self.validation),
            test=cut(self.test),
            provenance=provenance,
            allow_unseen=True,
        )


def set_aside_validation(train: Split) -> tuple[Split, Split]:
    """Split train into train and a stratified validation part of 10 %, the same rows every time.

    Args:
        train: The rows to divide.

    Returns:
        The remaining train rows and the validation rows. A class with a single row stays in train.

    Raises:
        DataError: Where every class has a single row.
    """
    held = held_out_rows(train.labels, round(VALIDATION_SHARE * len(train)))
    if not len(held):
        raise DataError(
            "There is no validation split, and none can be set aside: every class of train has a single row. "
            "Name another column of labels, or add rows or a validation split."
        )
    return train.rows(np.setdiff1d(np.arange(len(train)), held)), train.rows(held)


def texts_hash(texts: Sequence[str]) -> str:
    """Return the sha256 of texts in their order; no two different lists share the bytes it is taken of."""
    digest = hashlib.sha256()
    _digest_texts(digest, texts)
    return digest.hexdigest()


def hash_of_split(texts: Sequence[str], labels: NDArray[np.int64]) -> str:
    """Return the sha256 of texts and labels in order."""
    digest = hashlib.sha256()
    _digest_texts(digest, texts)
    digest.update(labels.astype("<i8").tobytes())
    return digest.hexdigest()


def _digest_texts(digest: "hashlib._Hash", texts: Sequence[str]) -> None:
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "little") + encoded)


def names_shown(names: Sequence[str], shown: int = 10, width: int = 40) -> str:
    """Quote at most `shown` names of `width` characters for a message: a wrong column can hold a text in each row."""
    rest = len(names) - shown
    cut = [name if len(name) <= width else f"{name[: width - 3]}..." for name in names[:shown]]
    return ", ".join(map(repr, cut)) + (f" and {rest} more" if rest > 0 else "")


def class_counts(split: Split, n_classes: int) -> Sequence[int]:
    """Return how many rows each class has in `split`, k numbers."""
    return [int(n) for n in np.bincount(split.labels, minlength=n_classes)]
