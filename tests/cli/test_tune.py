"""`harness tune`: chosen on validation, resumable, the winner usable as a configuration."""

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest
from annotated_types import Ge
from sklearn.dummy import DummyClassifier

from harness import Features, RunContext, SklearnStrategy, hookimpl
from harness.plugin_system.manager import PluginManager
from harness.plugin_system.offers import Offer
from harness.runs.search_space import Choice, all_fields, search_space
from harness.strategies.strategy import parameters, with_parameters

from .commands import Harness

pytest.importorskip("optuna", reason="needs the extra tune: pip install 'strategy-harness[tune]'")

SPACE = "C=0.0001..100:log, pooling=cls|mean"


@pytest.fixture
def tune(harness: Harness, tiny_data: Path, tiny_model: Path, tmp_path: Path) -> Harness:
    known = ["-d", str(tiny_data), "-m", str(tiny_model), "--offline", "-q", "-o", str(tmp_path / "searches")]
    return lambda strategy, *argv, **options: harness("tune", strategy, *known, *argv, **options)


@dataclass(frozen=True)
class Fussy(SklearnStrategy):
    """Never works at depth 2."""

    name: ClassVar[str] = "fussy"
    search_space: ClassVar[str] = "depth=1..4"
    depth: Annotated[int, Ge(1)] = 1

    def estimator(self, seed: int) -> Any:
        if self.depth == 2:
            raise ValueError("never at two")
        return DummyClassifier(strategy="most_frequent")


class FussyPlugin:
    @staticmethod
    @hookimpl
    def harness_strategies() -> list[Fussy]:
        return [Fussy()]


class Nosy(Fussy):
    """Notes every text it is asked about."""

    name: ClassVar[str] = "nosy"
    seen: ClassVar[list[str]] = []

    def inputs(self, texts: Any, context: RunContext) -> Any:
        self.seen.extend(texts)
        return list(texts)


class NosyPlugin:
    def __init__(self, seen: list[str]) -> None:
        Nosy.seen = seen

    @hookimpl
    def harness_strategies(self) -> list[Nosy]:
        return [Nosy()]


def test_the_winner_is_the_best_on_validation_and_a_run_repeats_its_score(
    tune: Harness, run: Harness, harness: Harness, tmp_path: Path
) -> None:
    found = json.loads(tune("logreg_probe", "--space", SPACE, "--trials", "5", "--json").out)
    assert len(found["tried"]) == 5
    assert found["best"]["f1_macro"] == max(tried["f1_macro"] for tried in found["tried"])
    file = tmp_path / "best.toml"
    file.write_text(found["config"], encoding="utf-8")
    (record,) = harness("run", "-c", str(file), "--offline", "-q").run.records  # it names data, encoder and strategy
    assert record.validation is not None
    assert record.validation.f1_macro == pytest.approx(found["best"]["f1_macro"])
    beside = run("-c", str(file), strategies="majority,logreg_probe").run.records[1]
    assert (beside.params, beside.validation) == (record.params, record.validation)


def test_the_metric_that_was_named_chooses_and_the_configuration_names_it(tune: Harness) -> None:
    found = json.loads(tune("knn_probe", "--trials", "4", "--select-by", "log_loss", "--json").out)
    assert found["best"]["selected"] == min(tried["selected"] for tried in found["tried"])
    assert tomllib.loads(found["config"])["select-by"] == "log_loss"
    assert {tried["selected"] for tried in json.loads(tune("knn_probe", "--trials", "4", "--json").out)["tried"]} == {
        None
    }


def test_the_same_command_goes_on_where_it_stopped_with_other_configurations(tune: Harness) -> None:
    first = json.loads(tune("logreg_probe", "--space", SPACE, "--trials", "3", "--json").out)
    again = json.loads(tune("logreg_probe", "--space", SPACE, "--trials", "3", "--json").out)
    more = json.loads(tune("logreg_probe", "--space", SPACE, "--trials", "5", "--json").out)
    assert again == first
    assert more["tried"][:3] == first["tried"]
    assert len({tried["params"]["C"] for tried in more["tried"]}) == 5


def test_a_configuration_that_fails_is_one_that_was_tried(tune: Harness) -> None:
    outcome = tune("fussy", "--trials", "12", "--json", plugins=[FussyPlugin()])
    found = json.loads(outcome.out)
    problems = {tried["problem"] for tried in found["tried"] if tried["params"]["depth"] == 2}
    assert problems == {"ValueError: never at two"}
    assert outcome.code == 0
    assert "configurations tried" in tune("fussy", "--trials", "12", plugins=[FussyPlugin()]).err


def test_features_that_no_cache_keeps_lie_beside_the_search_until_its_end(tune: Harness, tmp_path: Path) -> None:
    searches = tmp_path / "searches" / "tuning"
    (searches / ".features-of-a-killed-search").mkdir(parents=True)
    seen: list[Path] = []

    @dataclass(frozen=True)
    class Looks(Fussy):
        """Looks where the features of the search are."""

        name: ClassVar[str] = "looks"
        uses_model: ClassVar[bool] = True
        features: ClassVar[Any] = (Features(),)

        def estimator(self, seed: int) -> Any:
            seen.extend(searches.glob(".features-*/**/*.npy"))
            return super().estimator(seed)

    class Plugin:
        @hookimpl
        def harness_strategies(self) -> list[Looks]:
            return [Looks()]

    (tmp_path / "no-cache.toml").write_text("cache = false")
    outcome = tune("looks", "-c", str(tmp_path / "no-cache.toml"), "--trials", "1", plugins=[Plugin()])
    assert outcome.code == 0, outcome.err
    assert seen
    assert not [*searches.glob(".features-*")]


OFFERS = [offer for _, offer in sorted(PluginManager().offers.items()) if parameters(offer.strategy)]
TUNABLE = [offer for offer in OFFERS if offer.groups.isdisjoint({"zero_shot", "combined"})]


@pytest.mark.parametrize("offer", TUNABLE, ids=lambda offer: offer.name)
def test_every_shipped_strategy_with_parameters_says_where_to_search(offer: Offer) -> None:
    space = search_space(offer.strategy, None)
    for field, where in all_fields(space):
        ends = where.values if isinstance(where, Choice) else (where.low, where.high)
        for value in ends:
            written = str(value) if isinstance(where, Choice) else f"{value:g}"
            changed = with_parameters(offer.strategy, {field: written}, "--space")
            assert parameters(changed)[field] == type(parameters(changed)[field])(written)


def test_a_field_is_searched_with_each_value_of_another_in_its_own_way(tune: Harness) -> None:
    space = "scaling=standard(C=0.001..0.01)|unit(C=10..20), pooling=cls"
    found = json.loads(tune("logreg_probe", "--space", space, "--trials", "6", "--json").out)
    more = json.loads(tune("logreg_probe", "--space", space, "--trials", "8", "--json").out)
    tried = [each["params"] for each in more["tried"]]
    assert tried[:6] == [each["params"] for each in found["tried"]]
    assert {each["scaling"] for each in tried} == {"standard", "unit"}
    assert all((each["C"] >= 10) == (each["scaling"] == "unit") for each in tried)


def test_whole_numbers_are_searched_as_such_also_where_the_default_is_a_word(tune: Harness) -> None:
    found = json.loads(tune("full_finetune", "--space", "epochs=1..3", "--trials", "2", "--json").out)
    assert [tried["problem"] for tried in found["tried"]] == [None, None]
    assert {type(tried["params"]["epochs"]) for tried in found["tried"]} == {int}


def test_a_search_needs_no_space_where_the_strategy_has_one(tune: Harness) -> None:
    outcome = tune("logreg_probe", "--trials", "3", "--json")
    assert outcome.code == 0
    assert {frozenset(tried["params"]) for tried in json.loads(outcome.out)["tried"]} == {
        frozenset({"scaling", "C", "pooling"})
    }


def test_what_is_set_is_not_searched_and_stands_with_the_winner(tune: Harness, tmp_path: Path) -> None:
    outcome = tune("logreg_probe", "--trials", "3", "--set", "logreg_probe.C=3")
    assert outcome.code == 0
    table = tomllib.loads(outcome.out)["set"]["logreg_probe"]  # standard output can be saved as a configuration
    assert table.keys() == {"C", "scaling", "pooling"}
    assert table["C"] == 3
    assert tune("logreg_probe(C=3)", "--trials", "3").out == outcome.out
    other = json.loads(tune("logreg_probe", "--trials", "3", "--json").out)
    assert [set(tried["params"]) for tried in other["tried"]] == [{"C", "scaling", "pooling"}] * 3  # not gone on with


def test_no_test_text_is_encoded_or_predicted(tune: Harness, tiny_data: Path) -> None:
    seen: list[str] = []
    outcome = tune("nosy", "--trials", "2", plugins=[NosyPlugin(seen)])
    assert outcome.code == 0
    texts = {name: _texts(tiny_data / f"{name}.jsonl") for name in ("validation", "test")}
    assert set(seen) >= texts["validation"]
    assert not set(seen) & (texts["test"] - texts["validation"])


def _texts(file: Path) -> set[str]:
    return {json.loads(line)["text"] for line in file.read_text(encoding="utf-8").splitlines()}


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (("majority",), "declares no search_space"),
        (("logreg_probe", "--space", "c=1..2"), "Did you mean 'C'?"),
        (("logreg_probe", "--space", "C=2..1"), "LOW below HIGH"),
        (("logreg_probe", "--space", "C=0..1:log"), "above 0 with :log"),
        (("logreg_probe", "--space", "C"), "--space expects"),
        (("logreg_probe", "--space", "scaling=unit(C=1..2"), "left open"),
        (("logreg_probe", "--space", "scaling=standard|unit(D=1..2)"), "no parameter 'D'"),
        (("logreg_probe", "--space", "layer=0..3"), "but layer 3 was asked for"),
        (("logreg_probe", "--space", "pooling=cls|sum"), "--space logreg_probe.pooling:"),
        (("logreg_prob", "--space", SPACE), "Did you mean 'logreg_probe'?"),
        (("frozen", "--space", SPACE), "one strategy"),
        (("logreg_probe", "--space", SPACE, "--set", "logreg_probe.C=3"), "C: set (by --set, a configuration file"),
        (("logreg_probe(C=3)", "--space", SPACE), "C: set (by --set, a configuration file or STRATEGY)"),
    ],
)
def test_what_cannot_be_meant_is_refused(argv: tuple[str, ...], told: str, tune: Harness) -> None:
    outcome = tune(*argv)
    assert outcome.code == 2
    assert told in outcome.err
