"""What plugins declare by attributes is read with its defaults, and what is misspelt or of another type is named."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sklearn.dummy import DummyClassifier

from harness import Features, PluginError, RunConfig, SklearnStrategy, hookimpl
from harness.cli import main
from harness.encoding.tags import encoder_tags
from harness.plugin_system.manager import PluginManager
from harness.plugin_system.offers import check_strategy
from harness.strategies.tags import ClassifierTags, StrategyTags, classifier_tags, tags_of

PLUGIN = """
from dataclasses import dataclass
from typing import ClassVar
from sklearn.dummy import DummyClassifier
from harness import SklearnStrategy, hookimpl

@dataclass(frozen=True)
class Words(SklearnStrategy):
    name: ClassVar[str] = "words"
    depth: int = 1
    serach_space: ClassVar[str] = "depth=1..4"

    def estimator(self, seed):
        return DummyClassifier()

@hookimpl
def harness_strategies():
    return [Words()]
"""


@dataclass(frozen=True)
class Plain(SklearnStrategy):
    name: ClassVar[str] = "plain"

    def estimator(self, seed: int) -> Any:
        return DummyClassifier()


def test_what_is_not_declared_has_its_default() -> None:
    assert tags_of(object()) == StrategyTags()
    assert classifier_tags(object()) == ClassifierTags()
    assert tags_of(Plain()) == StrategyTags(uses_model=False)
    assert encoder_tags(None).pooling == "cls"


def test_what_is_declared_is_read_from_classes_instances_and_properties() -> None:
    class Probe(Plain):
        groups: ClassVar[list[str]] = ["fast"]
        uses_model: ClassVar[bool] = True

        @property
        def features(self) -> list[Features]:
            return [Features(layer=0)]

    assert tags_of(Probe()) == StrategyTags(features=(Features(layer=0),), groups=("fast",))


def test_states_that_depend_on_the_depth_are_read_for_that_depth() -> None:
    class EveryLayer(Plain):
        def features_of(self, n_layers: int) -> list[Features]:
            return [Features(layer) for layer in range(n_layers + 1)]

    assert len(tags_of(EveryLayer(), n_layers=6).features) == 7


@pytest.mark.parametrize(
    ("attribute", "value", "meant"),
    [
        ("serach_space", "depth=1..4", "search_space"),
        ("use_model", False, "uses_model"),
        ("Requires", {}, "requires"),
        ("feature", property(lambda self: ()), "features"),
        ("features_off", lambda self, n_layers: (), "features_of"),
    ],
)
def test_a_misspelt_tag_of_a_strategy_is_an_error_with_the_name_that_was_meant(
    attribute: str, value: object, meant: str
) -> None:
    misspelt = type("Misspelt", (Plain,), {attribute: value, "__module__": "my_plugin"})()
    with pytest.raises(PluginError, match=rf"{attribute} \(did you mean {meant}\?\)"):
        check_strategy(misspelt)


@pytest.mark.parametrize(
    "own",
    [
        {"grouped": ("a",), "imported": ("b",)},  # like a tag, but not so much
        {"feature": Features(), "features": (Features(),)},  # the tag is there, too
        {"feature": lambda self, text: text},  # a method
        {"_group": 1, "blas_threads": 1, "cutoff": 3},
    ],
)
def test_attributes_that_are_a_strategys_own_are_let_be(own: dict[str, object]) -> None:
    check_strategy(type("Own", (Plain,), {**own, "__module__": "my_plugin"})())


def test_a_hyperparameter_may_be_called_nearly_like_a_tag() -> None:
    @dataclass(frozen=True)
    class WithGroup(Plain):
        group: int = 3

    check_strategy(WithGroup())


@pytest.mark.parametrize(
    ("tag", "value"),
    [("groups", "fast"), ("requires", ["peft"]), ("uses_model", "no"), ("features", "cls"), ("search_space", {"C": 1})],
)
def test_a_tag_of_another_type_is_an_error_that_says_what_is_expected(tag: str, value: object) -> None:
    with pytest.raises(PluginError, match=f"to have {tag} that are"):
        check_strategy(type("Wrong", (Plain,), {tag: value, "__module__": "my_plugin"})())


def test_a_misspelt_tag_of_an_encoder_is_an_error_with_the_name_that_was_meant() -> None:
    class Misspelt:
        prompts = "query: "

    class Loader:
        @hookimpl
        def harness_load_encoder(self) -> Misspelt:
            return Misspelt()

    with pytest.raises(PluginError, match="prompts, which nothing reads: did you mean prompt"):
        PluginManager([Loader()]).load_encoder(RunConfig(model="misspelt"), "cpu", "float32")


def test_doctor_and_run_name_the_misspelt_tag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.py").write_text(PLUGIN, encoding="utf-8")
    assert main(["plugins", "doctor", "--plugin", "words.py", "words"]) == 1
    assert "serach_space (did you mean search_space?)" in " ".join(capsys.readouterr().out.split())
    assert main(["run", "--plugin", "words.py", "-s", "words", "-d", "sample", "--offline", "-q"]) != 0
    told = capsys.readouterr()
    assert "serach_space" in told.out + told.err
