"""The answer is one short sentence in the words of the question, and says no more than the numbers carry."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from harness.analysis.answer import MOST_WORDS, answer
from harness.analysis.answer_notes import NAMES
from harness.analysis.learning_curve import Crossing
from harness.analysis.ranking import Standing
from harness.evaluation.conclusion import Conclusion, Contestant, LeftOut, conclude
from harness.evaluation.metric import Selection
from harness.evaluation.metrics import evaluate
from harness.evaluation.predicted import Predicted, Rows
from harness.results.latency import Latency
from harness.results.records import RunRecord
from harness.wording.languages import LANGUAGES, translator

N = 2000
ROWS = Rows(np.arange(N, dtype=np.int64) % 3, 3)
GROUPS = {
    "fine": ("trained",),
    "blocks": ("trained",),
    "probe": ("frozen",),
    "knn": ("frozen",),
    "words": ("baselines",),
}


class Strategy:
    """One that is wrong in rows `first` to `last` of test, and has a place by validation and a price."""

    def __init__(
        self, name: str, first: int, last: int, validation: float, seconds: float, left_out: LeftOut | None = None
    ) -> None:
        predictions = ROWS.labels.copy()
        predictions[first:last] = (predictions[first:last] + 1) % 3
        scores = evaluate(ROWS.labels, np.eye(3, dtype=np.float32)[predictions])
        record = RunRecord(
            strategy=name,
            plugin="tests",
            groups=GROUPS.get(name, ()),
            status="ok",
            validation=scores.model_copy(update={"f1_macro": validation}),
            test=scores,
            fit_seconds=seconds,
            predict_seconds=0.0,
        )
        self.standing = Standing(name, (record,))
        predicted = Predicted(ROWS, predictions[np.newaxis])
        self.contestant = Contestant(name, predicted, validation, seconds, None, left_out, deterministic=True)


FINE = Strategy("fine", 0, 200, 0.9, 1000)
BLOCKS = Strategy("blocks", 0, 260, 0.88, 400)
PROBE = Strategy("probe", 0, 800, 0.6, 10)
WORDS = Strategy("words", 0, 500, 0.7, 2)


def concluded(*strategies: Strategy, margin: float = 0.01) -> Conclusion:
    return conclude([each.contestant for each in strategies], margin)


def told(*strategies: Strategy, margin: float = 0.01, language: str = "en", crossing: Crossing | None = None) -> str:
    say = translator(language)
    standings = [each.standing for each in strategies]
    return answer(concluded(*strategies, margin=margin), standings, N, say, crossing).text(say)


def notes(*strategies: Strategy) -> str:
    say = translator("en")
    standings = [each.standing for each in strategies]
    return " ".join(map(str, answer(concluded(*strategies), standings, N, say).notes))


def test_fine_tuning_is_held_against_the_best_probe_and_something_cheaper_is_named_with_its_price() -> None:
    assert told(FINE, BLOCKS, PROBE, WORDS) == (
        "Fine-tune (fine): test f1_macro 0.90 against 0.60 for the best probe (probe). "
        "blocks costs 0.03 (worse beyond chance) and takes 40 % of the time."
    )


def test_a_probe_that_is_ahead_is_enough() -> None:
    ahead = Strategy("probe", 0, 100, 0.95, 10)
    assert told(ahead, FINE) == (
        "A probe is enough (probe): test f1_macro 0.95 against 0.90 for the best fine-tuning (fine)."
    )


def test_without_fine_tuning_no_probe_is_called_enough() -> None:
    assert told(PROBE, Strategy("words", 0, 1000, 0.4, 2)).startswith(
        "Take a probe (probe): test f1_macro 0.60 against"
    )


def test_a_probe_that_is_as_good_is_recommended_for_its_price() -> None:
    nearly = Strategy("probe", 0, 201, 0.8, 10)
    assert told(FINE, nearly) == (
        "A probe is enough (probe): test f1_macro 0.899, within 0.01 of the best fine-tuning, fine (0.900)."
    )


def test_what_the_rows_cannot_tell_is_said_to_be_so() -> None:
    other = Strategy("probe", 190, 400, 0.8, 10)
    assert told(FINE, other) == (
        "These 2,000 rows cannot tell fine (test f1_macro 0.90) from the best probe, probe (0.89). "
        "probe takes 1 % of the time."
    )


@pytest.mark.parametrize(("seconds", "times"), [(30, "3.0"), (104, "10")])
def test_what_takes_longer_is_told_in_times_not_in_percent(seconds: float, times: str) -> None:
    slow, fast = Strategy("fine", 0, 200, 0.8, seconds), Strategy("probe", 190, 390, 0.9, 10)
    assert f"fine takes {times} times as long." in told(fast, slow)


def test_only_what_was_tested_is_said_of_what_is_cheaper_and_as_good() -> None:
    blocks, probe = Strategy("blocks", 0, 208, 0.88, 400), Strategy("probe", 0, 800, 0.6, 500)
    assert told(FINE, blocks, probe) == (
        "Fine-tune (fine): test f1_macro 0.90 against 0.60 for the best probe (probe). "
        "blocks is as good within 0.01 and takes 40 % of the time."
    )
    ahead = Strategy("probe", 60, 220, 0.6, 500)
    assert told(FINE, blocks, ahead).startswith(
        "By validation fine (test f1_macro 0.90), on test the best probe, probe, is better: 0.92."
    )
    same_price = Strategy("blocks", 0, 201, 0.88, 1000)
    same_price.contestant = replace(same_price.contestant, trainable_parameters=10)
    assert "blocks is as good within 0.01, with fewer trained weights." in told(FINE, same_price, probe)


def test_nothing_is_called_within_the_margin_of_what_is_further_ahead() -> None:
    few = Strategy("fine", 0, 200, 0.9, 10)
    ahead = Strategy("probe", 50, 215, 0.8, 500)  # by .018 on these rows, though not beyond chance once corrected
    others = [Strategy(f"knn{i}", 0, 800, 0.6, 500) for i in range(3)]
    text = told(few, ahead, *others)
    assert "within 0.01" not in text
    cheaper = told(Strategy("fine", 0, 200, 0.9, 500), Strategy("probe", 40, 230, 0.8, 10))
    assert cheaper == ("A probe is enough (probe): test f1_macro 0.905, not behind the best fine-tuning, fine (0.900).")


def test_what_was_shown_to_be_no_worse_is_not_said_to_be_undecided() -> None:
    few, ahead = Strategy("fine", 0, 200, 0.9, 10), Strategy("probe", 97, 273, 0.8, 500)
    assert [each.verdict for each in concluded(few, ahead).comparisons] == ["as good"]
    assert told(few, ahead).startswith(
        "By validation fine (test f1_macro 0.90); the best probe, probe, is not behind: 0.91."
    )


def a_floor() -> Strategy:
    floor = Strategy("floor", 0, 1300, 0.3, 0, "floor")
    floor.standing = Standing("floor", (floor.standing.first.model_copy(update={"groups": ("floors",)}),))
    return floor


def test_nobody_is_advised_to_take_what_does_not_beat_a_floor_on_test() -> None:
    strategies = (Strategy("fine", 0, 1500, 0.9, 10), a_floor())
    say = translator("en")
    given = answer(concluded(*strategies), [each.standing for each in strategies], N, say)
    assert given.recommended is None
    assert given.text(say).startswith("By validation fine, but its test f1_macro (0.")


def test_what_is_as_good_and_cheaper_is_taken_where_it_beats_the_floors_alone() -> None:
    best, cheap, floor = Strategy("fine", 0, 1200, 0.9, 10), Strategy("blocks", 0, 1400, 0.8, 1), a_floor()
    conclusion = conclude([each.contestant for each in (best, cheap, floor)], margin=0.5)
    assert conclusion.cheapest == "blocks"
    say = translator("en")
    given = answer(conclusion, [each.standing for each in (best, cheap, floor)], N, say)
    assert given.recommended == "fine"
    assert "as good within 0.5 and takes" not in given.text(say)


def test_what_stays_within_a_latency_and_does_not_beat_a_floor_is_not_recommended() -> None:
    strategies = (FINE, Strategy("words", 0, 1400, 0.6, 2), a_floor())
    standings = [timed(*each) for each in zip(strategies, (0.05, 0.001, 0.0001), strict=True)]
    say = translator("en")
    given = answer(concluded(*strategies), standings, N, say, max_latency=0.01)
    assert given.recommended is None
    assert "words is the best by validation, but its test f1_macro (0.30) is not above that of floor" in given.text(say)


def test_a_metric_without_a_value_on_test_is_said_to_have_none() -> None:
    selection = Selection(metric="roc_auc_ovr", higher_is_better=True)
    conclusion = conclude([FINE.contestant, WORDS.contestant], selection=selection)
    say = translator("en")
    standings = [
        Standing(each.standing.name, (each.standing.first.model_copy(update={"selection": selection}),))
        for each in (FINE, WORDS)
    ]
    given = answer(conclusion, standings, N, say)
    told = "Best by validation roc_auc_ovr: fine; on these test rows roc_auc_ovr has no value, so nothing is compared."
    assert (given.text(say), given.recommended) == (told, "fine")


def test_entailment_is_no_encoder_that_is_not_needed() -> None:
    entailment = Strategy("words", 0, 100, 0.95, 2)
    zero_shot = entailment.standing.first.model_copy(update={"groups": ("zero_shot",)})
    entailment.standing = Standing("words", (zero_shot,))
    assert told(entailment, PROBE).startswith("No training needed (words)")


def test_what_is_better_on_test_than_the_best_by_validation_is_said() -> None:
    hopeful = Strategy("words", 0, 600, 0.99, 2)
    assert "On test fine is better beyond chance: 0.90." in told(hopeful, PROBE, FINE)


def test_without_an_encoder_or_with_nothing_learnt() -> None:
    words = Strategy("words", 0, 100, 0.95, 2)
    assert told(words, FINE, PROBE).startswith("No encoder needed (words): test f1_macro 0.95")
    assert told(words, PROBE).startswith("Take it (words): test f1_macro 0.95 against 0.60 for the best probe")
    floor = Strategy("floor", 0, 1300, 0.3, 0, "floor")
    assert told(floor).startswith("Take none of these")
    idle = Strategy("blocks", 0, 1300, 0.3, 100, "not learnt")
    assert "blocks" not in told(FINE, PROBE, idle)
    assert "training has not learnt: blocks" in notes(FINE, PROBE, idle)


def test_where_train_sizes_were_tried_the_answer_names_where_it_changes() -> None:
    assert told(FINE, PROBE, crossing=Crossing("fine", "probe", 300, after=100, by=300)).endswith(
        "Fine-tuning overtakes probes between 100 and 300 rows of train."
    )
    assert "rows of train" not in told(FINE, PROBE, crossing=Crossing("fine", "probe", 300))


def test_where_the_answer_changes_is_said_only_where_the_tests_of_all_rows_bear_it_out() -> None:
    crossing = Crossing("fine", "probe", 300, after=100, by=300)
    undecided, ahead = Strategy("probe", 190, 400, 0.8, 10), Strategy("probe", 0, 100, 0.95, 10)
    for probe in (undecided, ahead):
        assert "rows of train" not in told(FINE, probe, crossing=crossing)
    hopeful = Strategy("probe", 0, 600, 0.99, 10)
    assert "rows of train" in told(hopeful, FINE, crossing=crossing)


@pytest.mark.parametrize("strategies", [(FINE, PROBE), (FINE, BLOCKS, PROBE, WORDS)])
def test_all_languages_say_the_same_facts(strategies: tuple[Strategy, ...]) -> None:
    crossing, standings = Crossing("fine", "probe", 300, after=100, by=300), [each.standing for each in strategies]
    facts = [
        [dict(said.values).keys() for said in answer(concluded(*strategies), standings, N, say, crossing).sentences]
        for say in map(translator, LANGUAGES)
    ]
    assert facts[0] == facts[1]


def test_the_smallest_difference_that_could_have_been_seen_is_told() -> None:
    assert "The smallest difference in f1_macro that 2,000 rows show in four of five cases: 0.0" in notes(FINE, PROBE)


CASES: Sequence[tuple[Strategy, ...]] = [
    (FINE, BLOCKS, PROBE, WORDS),
    (Strategy("probe", 0, 201, 0.8, 10), FINE, BLOCKS),
    (Strategy("words", 0, 600, 0.99, 2), PROBE, FINE),
    (WORDS,),
]


@pytest.mark.parametrize("strategies", CASES)
def test_no_answer_is_longer_than_30_words(strategies: tuple[Strategy, ...]) -> None:
    crossing = Crossing("fine", "probe", 300, after=100, by=300)
    assert len(told(*strategies, crossing=crossing).split()) <= MOST_WORDS


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("strategies", CASES)
def test_every_name_in_a_sentence_is_known_to_be_a_name(strategies: tuple[Strategy, ...], language: str) -> None:
    say = translator(language)
    given = answer(concluded(*strategies), [each.standing for each in strategies], N, say)
    for said in (*given.sentences, *given.notes):
        for place, value in said.values.items():
            assert (value in {each.standing.name for each in strategies}) == (place in NAMES - {"names"}), place


def timed(strategy: Strategy, p95: float | None) -> Standing:
    latency = None if p95 is None else Latency(p50_seconds=p95 / 2, p95_seconds=p95, n_texts=50)
    (record,) = strategy.standing.records
    return Standing(strategy.standing.name, (record.model_copy(update={"latency": latency}),))


@pytest.mark.parametrize(
    ("limit", "times", "told"),
    [
        (0.02, (0.05, 0.02, 0.001), "Within 20 ms for 95 of 100 single texts, take probe: test f1_macro 0.60, 20 ms."),
        (5e-4, (0.05, 0.02, 1e-3), "None of those compared answers 95 of 100 single texts within 0.5 ms; the fastest, words, takes 1 ms."),  # noqa: E501
        (0.02, (None,) * 3, "What single texts take was not measured, so nothing is known to stay within 20 ms."),
    ],
)  # fmt: skip
def test_the_best_within_a_latency_is_named_or_that_none_is(
    limit: float, times: tuple[float | None, ...], told: str
) -> None:
    probe = Strategy("probe", 0, 800, 0.75, 10)
    strategies = (FINE, probe, WORDS)
    standings = [timed(*each) for each in zip(strategies, times, strict=True)]
    for language in LANGUAGES:
        text = answer(concluded(*strategies), standings, N, translator(language), max_latency=limit).text(
            translator(language)
        )
        assert text.endswith(told) is (language == "en")
        assert ("probe" if "probe" in told else "words" if "words" in told else "20 ms") in text
