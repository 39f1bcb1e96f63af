"""What `harness tune` reads from a configuration file and writes into one: nothing dropped, every value kept."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
import tomli_w
from sklearn.dummy import DummyClassifier

from harness import Classifier, RunContext, SklearnStrategy, Split, hookimpl

from .commands import Harness

pytest.importorskip("optuna", reason="needs the extra tune: pip install 'strategy-harness[tune]'")

ODD = 'quote " backslash \\ bell \a line\nnull \0 delete \x7f [x] # 字 😀'


@dataclass(frozen=True)
class Words(SklearnStrategy):
    """A strategy with a parameter of every kind; notes how often it was fitted with how many rows and which seed."""

    name: ClassVar[str] = "words"
    search_space: ClassVar[str] = "alpha=0.1..1"
    fitted: ClassVar[list[tuple[int, int]]] = []
    alpha: float = 0.5
    lower: bool = True
    most: int | None = 3
    least: int | None = None
    marks: str = "."
    ngrams: tuple[int, int] = (1, 1)

    def fit(self, train: Split, validation: Split, context: RunContext) -> Classifier:
        self.fitted.append((len(train), context.seed))
        return super().fit(train, validation, context)

    def estimator(self, seed: int) -> Any:
        return DummyClassifier(strategy="most_frequent")

    def inputs(self, texts: Any, context: RunContext) -> Any:
        return list(texts)


class WordsPlugin:
    @staticmethod
    @hookimpl
    def harness_strategies() -> list[Words]:
        Words.fitted.clear()
        return [Words()]


@pytest.fixture
def tuned(harness: Harness, tiny_data: Path, tmp_path: Path) -> Harness:
    """`harness tune words` with a configuration file of the given options."""

    def command(options: dict[str, Any], *argv: str) -> Any:
        file = tmp_path / "given.toml"
        file.write_text(tomli_w.dumps({"dataset": str(tiny_data), **options}), encoding="utf-8")
        where = ["-c", str(file), "-o", str(tmp_path / "searches"), "--trials", "2", "--offline", "-q"]
        return harness("tune", "words", *where, *argv, plugins=[WordsPlugin()])

    return command


def test_every_kind_of_value_comes_back_from_the_file_that_it_prints(
    tuned: Harness, harness: Harness, tmp_path: Path
) -> None:
    given = {"lower": False, "most": "none", "least": 7, "marks": ODD, "ngrams": [1, 3]}
    outcome = tuned({"set": {"words": given}})
    assert outcome.code == 0, outcome.err
    file = tmp_path / "tuned.toml"
    file.write_text(outcome.out, encoding="utf-8")
    (record,) = harness("run", "-c", str(file), "--offline", "-q", plugins=[WordsPlugin()]).run.records
    alpha = record.params.pop("alpha")
    assert alpha == tomllib.loads(outcome.out)["set"]["words"]["alpha"]
    assert record.params == given | {"most": None}


def test_seed_and_size_of_the_file_are_those_of_the_search_and_stand_in_what_it_prints(tuned: Harness) -> None:
    outcome = tuned({"seeds": [3], "train-sizes": [18], "limit": 40})
    assert Words.fitted == [(18, 3)] * 2
    told = tomllib.loads(outcome.out)
    assert (told["seeds"], told["train-sizes"], told["limit"]) == ([3], [18], 40)


def test_options_win_over_the_seeds_and_sizes_of_the_file(tuned: Harness) -> None:
    outcome = tuned({"seeds": [0, 1], "train-sizes": [18, 36]}, "--seed", "1", "--train-size", "36")
    assert outcome.code == 0, outcome.err
    assert Words.fitted == [(36, 1)] * 2


@pytest.mark.parametrize(
    ("options", "told"),
    [({"seeds": [0, 1]}, "such as --seed 0"), ({"train-sizes": "18,36"}, "such as --train-size 36")],
)
def test_several_seeds_or_sizes_are_refused_with_the_option_that_chooses(
    options: dict[str, Any], told: str, tuned: Harness
) -> None:
    outcome = tuned(options)
    assert outcome.code == 2
    assert told in outcome.err


def test_searches_on_other_rows_of_train_do_not_go_on_from_each_other(tuned: Harness) -> None:
    tuned({"train-sizes": [18]})
    tuned({"train-sizes": [36]})
    assert Words.fitted == [(36, 0)] * 2
