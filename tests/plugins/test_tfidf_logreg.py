"""Word counts and logistic regression, where there are hardly any words."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness import Split, StrategyError
from harness.plugin_system.manager import PluginManager
from harness.testing import Bench


def tfidf_logreg() -> Any:
    return PluginManager().offers["tfidf_logreg"].strategy


def test_where_no_words_occur_in_enough_texts_all_words_count_and_that_is_said(bench: Bench) -> None:
    strategy = tfidf_logreg()
    train = Split(("quiet lake", "late train", "sunny song"), np.arange(3))
    task = replace(bench.task, train=train)
    with pytest.warns(UserWarning, match="No words occur in 2 of the 3 texts: those of one count"):
        found = bench.probabilities(strategy, ["a lake", "a train", "a song"], task)
    assert found.argmax(axis=1).tolist() == [0, 1, 2]


def test_texts_of_spaces_alone_are_refused_in_our_words(bench: Bench) -> None:
    task = replace(bench.task, train=Split((" ", "", "  "), np.arange(3)))
    with pytest.raises(StrategyError, match="no text of train holds a word"):
        bench.probabilities(tfidf_logreg(), ["a lake"], task)


def test_word_pairs_and_penalty_are_chosen_on_validation_and_give_the_same_where_they_are_set(bench: Bench) -> None:
    test = bench.task.test.texts
    with bench.fitted(tfidf_logreg()) as (chosen, _):
        assert chosen.configurations_tried == len(chosen.history) == 8  # type: ignore[attr-defined]
        found = chosen.predict_proba(test)
        kept = {name: chosen.params[name] for name in ("C", "max_ngram")}  # type: ignore[attr-defined]
    with bench.fitted(replace(tfidf_logreg(), **kept)) as (again, _):
        assert again.configurations_tried == 1  # type: ignore[attr-defined]
        assert np.array_equal(again.predict_proba(test), found)


def split(texts: tuple[str, ...], times: int = 4) -> Split:
    """Return texts of alternating classes, each several times."""
    return Split(texts * times, np.arange(len(texts) * times) % 2)


@pytest.mark.parametrize(
    ("texts", "analyzer"),
    [
        (("ok good", "ok bad"), "word"),
        (("今天的菜难吃极了", "今天的菜香甜极了"), "mixed"),
        (("まずい店でした", "うまい店でした"), "mixed"),
        (("อาหารแย่มาก", "อาหารดีมาก"), "mixed"),
        (("अच्छी है", "अच्छा है"), "word"),
        (("\N{GRINNING FACE}", "\N{CRYING FACE}"), "word"),
        (("! 1", "? 1"), "char"),
    ],
)
def test_what_is_counted_goes_by_the_script_of_train_and_tells_two_texts_apart(
    bench: Bench, texts: tuple[str, ...], analyzer: str
) -> None:
    train = split(texts)
    task = replace(bench.task, train=train, validation=train, test=train, label_names=("neg", "pos"))
    with bench.fitted(tfidf_logreg(), task) as (classifier, _):
        assert classifier.params["analyzer"] == analyzer  # type: ignore[attr-defined]
        assert classifier.predict_proba(list(texts)).argmax(axis=1).tolist() == [0, 1]
