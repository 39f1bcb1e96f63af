"""Where a strategy fails: rows, classes, groups of rows, and what the others make of the same rows."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import log_loss

from harness import UserError
from harness.analysis.error_analysis import N_EXAMPLES, ErrorAnalysis, analyse_errors
from harness.analysis.joint_errors import find_joint_errors
from harness.analysis.row_groups import RowGroup, breakdowns
from harness.evaluation.intervals import wilson
from harness.results.predictions import Predictions
from harness.results.row_facts import RowFacts

LABELS = (0, 0, 0, 1, 1, 2)
ROWS = (10, 11, 12, 13, 14, 15)


def predicting(
    classes: tuple[int, ...], sure: float | tuple[float, ...] = 0.8, labels: tuple[int, ...] = LABELS
) -> Predictions:
    """Predictions of three classes with these probabilities, the rest shared by the other two."""
    n = len(classes)
    of_prediction = np.broadcast_to(np.array(sure, dtype=np.float32), n)
    table = np.repeat(((1 - of_prediction) / 2)[:, None], 3, axis=1).astype(np.float32)
    table[np.arange(n), classes] = of_prediction
    return Predictions(np.array(ROWS[:n]), np.array(labels), table)


def facts_of(n: int = 6, **columns: object) -> RowFacts:
    never = np.zeros(n, dtype=np.bool_)
    facts = RowFacts(np.array(ROWS[:n]), None, np.arange(n), never, None, never)
    return replace(facts, **columns)  # type: ignore[arg-type]


def analysis_of(own: Predictions, n_shown: int = 10, **others: Predictions) -> ErrorAnalysis:
    return analyse_errors("own", {"own": own, **others}, None, n_shown)


def test_rows_right_are_counted_with_wilsons_interval() -> None:
    analysis = analysis_of(predicting((0, 0, 1, 1, 1, 0)))
    assert (analysis.n, analysis.n_right, analysis.accuracy) == (6, 4, 4 / 6)
    assert analysis.interval == wilson(4, 6)


def test_the_rows_with_the_highest_loss_lead_and_their_mean_is_the_cross_entropy() -> None:
    own = predicting((0, 1, 0, 1, 2, 2), (0.9, 0.95, 0.5, 0.6, 0.7, 0.4))
    found = analysis_of(own).highest_loss
    assert [error.row for error in found] == [11, 14, 15, 12, 13, 10]
    first = found[0]
    assert (first.label, first.prediction) == (0, 1)
    assert first.probability == pytest.approx(0.95)
    assert first.label_probability == pytest.approx(0.025)
    assert first.loss == pytest.approx(-np.log(0.025), rel=1e-5)
    mean = np.mean([error.loss for error in found])
    assert mean == pytest.approx(log_loss(own.labels, own.probabilities), rel=1e-5)


def test_a_label_that_was_held_impossible_has_a_finite_loss() -> None:
    own = predicting((1, 0, 0, 1, 1, 2), (1.0, 0.8, 0.8, 0.8, 0.8, 0.8))
    assert analysis_of(own).highest_loss[0].loss == pytest.approx(15.94, abs=0.01)


def test_only_so_many_rows_and_pairs_are_returned() -> None:
    analysis = analysis_of(predicting((1, 2, 1, 0, 2, 0)), n_shown=2)
    assert len(analysis.highest_loss) == len(analysis.confused) == 2


def test_confused_pairs_come_with_their_share_of_the_class_and_the_surest_rows() -> None:
    pairs = analysis_of(predicting((1, 1, 1, 1, 2, 2), (0.5, 0.9, 0.7, 0.8, 0.8, 0.8))).confused
    assert [(pair.label, pair.prediction, pair.n) for pair in pairs] == [(0, 1, 3), (1, 2, 1)]
    assert [pair.share for pair in pairs] == [1.0, 0.5]
    assert pairs[0].examples == (11, 12)[:N_EXAMPLES]


def test_a_strategy_without_errors_confuses_nothing() -> None:
    analysis = analysis_of(predicting(LABELS))
    assert analysis.confused == ()
    assert analysis.accuracy == 1


def test_rows_that_all_miss_lead_with_the_label_that_is_least_probable() -> None:
    first = predicting((1, 2, 0, 0, 1, 0), (0.9, 0.6, 0.8, 0.8, 0.8, 0.99))
    second = predicting((1, 1, 0, 0, 1, 2), (0.7, 0.5, 0.8, 0.9, 0.8, 0.8))
    joint = find_joint_errors({"first": first, "second": second})
    assert joint is not None
    missed = joint.missed_by_all
    assert [(each.row, each.label, each.answer, each.n_agree) for each in missed] == [
        (13, 1, 0, 2),
        (10, 0, 1, 2),
        (11, 0, 2, 1),
    ]
    assert [each.label_probability for each in missed] == pytest.approx([0.075, 0.1, 0.225])


def test_planted_label_errors_come_before_the_mistakes_of_what_is_too_sure() -> None:
    rng = np.random.default_rng(1)
    n, k, shown = 1000, 4, 40
    truth = rng.integers(k, size=n)
    planted = rng.choice(n, 50, replace=False)
    labels = truth.copy()
    labels[planted] = (truth[planted] + 1 + rng.integers(k - 1, size=50)) % k
    hardness = rng.normal(scale=1.2, size=(n, k))

    def predicted(sharpness: float, noise: float) -> Predictions:
        scores = np.eye(k)[truth] * 3 + hardness + rng.normal(scale=noise, size=(n, k))
        powers = np.exp(sharpness * (scores - scores.max(axis=1, keepdims=True)))
        return Predictions(np.arange(n), labels, (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32))

    strategies = {
        "calm": predicted(1, 1),
        "sober": predicted(1, 1),
        "certain": predicted(30, 2),
        "sure": predicted(30, 2),
    }
    joint = find_joint_errors(strategies)
    assert joint is not None
    assert joint.calibrated == ("calm", "sober")
    rows = [each.row for each in joint.missed_by_all]
    mean = np.mean([each.probabilities for each in strategies.values()], axis=0)
    by_answer = sorted(rows, key=lambda row: -mean[row].max())
    assert len({*rows[:shown]} & {*planted.tolist()}) == 34
    assert len({*by_answer[:shown]} & {*planted.tolist()}) == 27


def test_the_answer_of_most_strategies_is_told_though_one_other_is_surer() -> None:
    strategies = {
        "a": predicting((1, 0, 0, 1, 1, 2), 0.5),
        "b": predicting((1, 0, 0, 1, 1, 2), 0.5),
        "c": predicting((2, 0, 0, 1, 1, 2), 0.99),
    }
    joint = find_joint_errors(strategies)
    assert joint is not None
    (missed,) = joint.missed_by_all
    assert (missed.answer, missed.n_agree) == (1, 2)


def test_the_ceiling_is_the_share_of_rows_that_any_strategy_gets_right() -> None:
    joint = find_joint_errors({"a": predicting((0, 0, 0, 0, 0, 1)), "b": predicting((0, 1, 1, 1, 1, 1))})
    assert joint is not None
    assert (joint.right_by_any, joint.ceiling) == (5, 5 / 6)
    assert joint.n_right == {"a": 3, "b": 3}
    assert joint.only_right == {"a": 2, "b": 2}
    assert joint.best == "a"
    assert len(joint.missed_by_all) == 1


def test_rows_that_only_the_strategy_gets_right_lead_with_those_it_is_surest_of() -> None:
    own = predicting((0, 0, 0, 0, 0, 2), (0.5, 0.9, 0.8, 0.8, 0.8, 0.7))
    other = predicting((1, 1, 0, 1, 1, 1))
    analysis = analysis_of(own, other=other)
    assert analysis.only_right == (11, 15, 10)
    assert analysis.joint is not None
    assert analysis.joint.only_right == {"own": 3, "other": 2}


def test_a_strategy_that_always_answers_the_same_is_left_out_of_comparisons() -> None:
    strategies = {
        "own": predicting((1, 0, 0, 1, 0, 0), 0.9),
        "majority": predicting((0,) * 6),
        "other": predicting((1, 0, 0, 0, 1, 0), 0.9),
    }
    analysis = analyse_errors("own", strategies)
    assert analysis.joint is not None
    assert (analysis.joint.compared, analysis.joint.left_out) == (("own", "other"), ("majority",))
    assert [missed.row for missed in analysis.joint.missed_by_all] == [10, 15]  # majority is right on row 10
    assert analysis.joint.right_by_any == 4
    assert analyse_errors("majority", strategies).joint == analysis.joint
    assert analyse_errors("majority", strategies).only_right == ()


def test_a_floor_that_guesses_is_left_out_of_comparisons() -> None:
    strategies = {
        "own": predicting((1, 0, 0, 1, 0, 0), 0.9),
        "guess": predicting(LABELS),
        "other": predicting((1, 0, 0, 0, 1, 0), 0.9),
    }
    analysis = analyse_errors("own", strategies, floors={"guess"})
    assert analysis.joint is not None
    assert (analysis.joint.compared, analysis.joint.left_out) == (("own", "other"), ("guess",))
    assert analysis.joint.right_by_any < len(LABELS)
    assert analyse_errors("guess", strategies, floors={"guess"}).only_right == ()


def test_one_strategy_alone_is_compared_with_nobody() -> None:
    alone = analysis_of(predicting(LABELS), majority=predicting((0,) * 6))
    assert alone.joint is None
    assert alone.only_right == ()


def test_accuracy_by_length_divides_the_rows_into_quarters_of_words() -> None:
    never = np.zeros(40, dtype=np.bool_)
    facts = RowFacts(np.arange(40), None, np.arange(1, 41), never, None, never)
    (by_words,) = breakdowns(np.arange(40) % 4 != 0, facts)
    assert by_words.by == "words in text"
    assert [group.name for group in by_words.groups] == ["1-10", "11-20", "21-30", "31-40"]
    assert [group.n for group in by_words.groups] == [10] * 4
    assert [group.n_right for group in by_words.groups] == [7, 8, 7, 8]
    assert by_words.groups[0] == RowGroup("1-10", 10, 7, wilson(7, 10))
    assert by_words.groups[0].accuracy == 0.7


def test_equal_lengths_stay_together() -> None:
    n_words = np.array([3] * 30 + [4] * 5 + [9] * 5)
    facts = RowFacts(np.arange(40), None, n_words, np.zeros(40, np.bool_), None, np.zeros(40, np.bool_))
    (by_words,) = breakdowns(np.ones(40, np.bool_), facts)
    assert [(group.name, group.n) for group in by_words.groups] == [("3", 30), ("4-9", 10)]


def test_texts_of_one_length_are_not_divided() -> None:
    facts = facts_of(n_words=np.full(6, 7))
    assert breakdowns(np.ones(6, np.bool_), facts) == ()


def test_negation_truncation_and_train_are_divisions_where_both_sides_have_rows() -> None:
    flags = np.array([True, True, False, False, False, False])
    facts = facts_of(n_words=np.full(6, 7), negated=flags, truncated=~flags, in_train=flags)
    found = {each.by: each.groups for each in breakdowns(np.array([True, False, True, True, True, False]), facts)}
    assert list(found) == ["negation word", "truncation", "text in train"]
    assert [(g.name, g.n, g.n_right) for g in found["negation word"]] == [("with", 2, 1), ("without", 4, 3)]
    assert [(g.name, g.n, g.n_right) for g in found["truncation"]] == [("truncated", 4, 3), ("whole", 2, 1)]
    assert [(g.name, g.n, g.n_right) for g in found["text in train"]] == [("yes", 2, 1), ("no", 4, 3)]
    one_sided = facts_of(n_words=np.full(6, 7), negated=np.ones(6, np.bool_), in_train=flags)
    assert [each.by for each in breakdowns(np.ones(6, np.bool_), one_sided)] == ["text in train"]


def test_every_row_that_is_named_is_listed_once() -> None:
    own = predicting((1, 1, 0, 1, 1, 2))
    analysis = analyse_errors("own", {"own": own, "other": predicting((1, 0, 1, 1, 0, 2))}, None, 1)
    assert analysis.rows_named() == [10, 11, 12, 14]


def test_a_strategy_that_does_not_exist_is_refused_with_the_closest_name() -> None:
    with pytest.raises(UserError, match=r"There are no predictions of 'onw'\. Did you mean 'own'\?"):
        analyse_errors("onw", {"own": predicting(LABELS)})


def test_predictions_of_other_rows_are_refused() -> None:
    other = replace(predicting(LABELS), rows=np.arange(6))
    with pytest.raises(UserError, match="the predictions of 'other' are of other rows or labels than those of 'own'"):
        analysis_of(predicting(LABELS), other=other)
    relabelled = predicting(LABELS, labels=(0, 0, 0, 1, 1, 1))
    with pytest.raises(UserError, match="harness verify"):
        analysis_of(predicting(LABELS), other=relabelled)


def test_facts_of_other_rows_are_refused() -> None:
    facts = facts_of(rows=np.arange(6))
    with pytest.raises(UserError, match="facts of the test rows are of other rows"):
        analyse_errors("own", {"own": predicting(LABELS)}, facts)
