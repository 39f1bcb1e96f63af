"""A fitted classifier of texts, as a user has it: names in place of class ids, scikit-learn's methods."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.data.column_choice import refuse_broken_characters
from harness.data.given_texts import listed_texts
from harness.encoding.encoder import Encoder
from harness.evaluation.metrics import checked_probabilities
from harness.results.saved_model import SavedModel
from harness.strategies.strategy import Classifier

if TYPE_CHECKING:
    from sklearn.utils import Tags


class TextClassifier:
    """A fitted classifier of texts, with the methods of a scikit-learn classifier.

    Attributes:
        classes_: Names of the k classes, object (k,), in the order of the columns of `predict_proba`.
        saved: What is known of how it was fitted.
        notes: What may make it predict otherwise than in its run, one sentence each.
        fitted: What its strategy loaded.
        members: The classifiers that it predicts from, none where it does so by itself.
        encoder: The frozen encoder that it reads or corrects, None where it needs none.
    """

    def __init__(
        self,
        classifier: Classifier,
        saved: SavedModel,
        notes: tuple[str, ...] = (),
        encoder: Encoder | None = None,
        members: tuple["TextClassifier", ...] = (),
    ) -> None:
        self.fitted, self.encoder, self.members = classifier, encoder, members
        self.saved = saved
        self.notes = notes
        self.classes_ = np.array([*saved.label_names, None], dtype=object)[:-1]  # never an array of letters

    def predict_proba(self, texts: Iterable[str]) -> NDArray[np.float32]:
        """Return the probability of each class.

        Args:
            texts: n texts, such as a list, an array or a column of a DataFrame.

        Returns:
            float32 (n, k), rows summing to 1.

        Raises:
            DataError: For a single text, or something that is none or holds half of a character.
        """
        listed = listed_texts(texts)
        refuse_broken_characters(listed, "the texts")
        return checked_probabilities(self.fitted.predict_proba(listed), len(listed), len(self.classes_))

    def predict(self, texts: Iterable[str]) -> NDArray[np.object_]:
        """Return the name of the most probable class of each of n texts, object (n,); of equal ones the first."""
        names: NDArray[np.object_] = self.classes_[self.predict_proba(texts).argmax(axis=1)]
        return names

    def __sklearn_tags__(self) -> "Tags":
        """Say to scikit-learn's scorers that this is a classifier, of a list of texts."""
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        read = InputTags(one_d_array=True, two_d_array=False, string=True)
        return Tags("classifier", TargetTags(required=True), classifier_tags=ClassifierTags(), input_tags=read)

    def __repr__(self) -> str:
        """Return strategy, seed and number of classes."""
        return f"<TextClassifier {self.saved.strategy}, seed {self.saved.seed}, {len(self.classes_)} classes>"
