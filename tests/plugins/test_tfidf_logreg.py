"""Word counts and logistic regression, where there are hardly any words."""

from dataclasses import replace

import numpy as np
import pytest

from harness import Split
from harness.plugin_system.manager import PluginManager
from harness.testing import Bench


def test_where_no_words_occur_in_enough_texts_all_words_count_and_that_is_said(bench: Bench) -> None:
    strategy = PluginManager().offers["tfidf_logreg"].strategy
    train = Split(("quiet lake", "late train", "sunny song"), np.arange(3))
    task = replace(bench.task, train=train)
    with pytest.warns(UserWarning, match="No words occur in 2 of the 3 texts: those of one count"):
        found = bench.probabilities(strategy, ["a lake", "a train", "a song"], task)
    assert found.argmax(axis=1).tolist() == [0, 1, 2]
