"""What a sceptic tries first: word counts and logistic regression, no encoder at all.

Sublinear term frequency of words that two texts hold at least; whether word pairs count, too, and how strong the
penalty is, is chosen on validation: what suits 16,000 rows of `emotion` costs .14 f1_macro on 2,000 (docs/defaults.md).
"""

import re
import warnings
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt

from harness import (
    RunContext,
    SklearnClassifier,
    SklearnStrategy,
    Split,
    StrategyError,
    choose_tokens,
    fit_candidates,
    hookimpl,
    sklearn_class_weight,
    token_pattern,
)

GRID = (3.0, 10.0, 30.0, 100.0)
NGRAMS = (1, 2)


@dataclass(frozen=True)
class TfidfLogReg(SklearnStrategy):
    """TF-IDF of words, or words and word pairs, into logistic regression; characters where a script parts no words.

    Args:
        C: Inverse strength of the L2 penalty; `auto` tries 3 to 100 on validation.
        analyzer: What is counted: words, characters where a script puts no space between words (`mixed`), or every
            character; `auto` goes by the texts of train.
        max_ngram: Longest run of words counted; `auto` tries 1 and 2 on validation.
        min_df: Texts a run of words must occur in.
        max_iter: Most iterations of L-BFGS.
        class_weight: `balanced` lets each class count the same in the loss, `none` each row.
    """

    name: ClassVar[str] = "tfidf_logreg"
    deterministic: ClassVar[bool] = True
    groups: ClassVar[tuple[str, ...]] = ("baselines", "fast")
    blas_threads: ClassVar[int | None] = 1  # its vectors are narrow: two threads mostly wait, on busy cores for ages
    imports: ClassVar[tuple[str, ...]] = ("sklearn.feature_extraction.text", "sklearn.linear_model")
    search_space: ClassVar[str] = "C=0.1..1000:log, max_ngram=1..3, min_df=1..5"
    C: Literal["auto"] | Annotated[float, Gt(0)] = "auto"
    analyzer: Literal["auto", "word", "mixed", "char"] = "auto"
    max_ngram: Literal["auto"] | Annotated[int, Ge(1)] = "auto"
    min_df: Annotated[int, Ge(1)] = 2
    max_iter: Annotated[int, Ge(1)] = 1000
    class_weight: Literal["none", "balanced"] = "none"

    def fit(self, train: Split, validation: Split, context: RunContext) -> SklearnClassifier:
        """Fit each configuration on train and keep the one that validation prefers.

        Where train is so small that nothing occurs in `min_df` texts, every run of words counts, and a warning says so.
        """
        if self.analyzer == "auto":
            return replace(self, analyzer=choose_tokens(train.texts)).fit(train, validation, context)
        if not any(map(re.compile(token_pattern(self.analyzer)).search, train.texts)):
            raise StrategyError("no text of train holds a word or a sign to count. 'harness audit' looks at the texts.")
        try:
            return self._best(train, validation, context)
        except ValueError:
            if self.min_df == 1:
                raise
        warnings.warn(f"No words occur in {self.min_df} of the {len(train)} texts: those of one count.", stacklevel=2)
        return replace(self, min_df=1).fit(train, validation, context)

    def _best(self, train: Split, validation: Split, context: RunContext) -> SklearnClassifier:
        if "auto" not in (self.C, self.max_ngram):
            return replace(super().fit(train, validation, context), params=vars(self))
        ngrams = NGRAMS if self.max_ngram == "auto" else (self.max_ngram,)
        values = GRID if self.C == "auto" else (self.C,)
        settings = [{"max_ngram": max_ngram, "C": C} for max_ngram in ngrams for C in values]

        def fit_with(**setting: Any) -> SklearnClassifier:
            return replace(self, **setting)._best(train, validation, context)

        chosen, choice = fit_candidates(settings, fit_with, validation, context.select_by)
        return replace(chosen, **choice)

    def estimator(self, seed: int) -> Any:
        """Return the pipeline from text to class."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        pattern = token_pattern("word" if self.analyzer == "auto" else self.analyzer)
        words = TfidfVectorizer(
            token_pattern=pattern, ngram_range=(1, self.max_ngram), min_df=self.min_df, sublinear_tf=True
        )
        weight = sklearn_class_weight(self.class_weight)
        head = LogisticRegression(C=self.C, max_iter=self.max_iter, class_weight=weight, random_state=seed)
        return make_pipeline(words, head)


@hookimpl
def harness_strategies() -> list[TfidfLogReg]:
    """Offer the sceptic's baseline."""
    return [TfidfLogReg()]
