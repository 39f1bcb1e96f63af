"""Which class a prompt's answer names where names differ in a sign or a capital alone, and where it names it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.cli import main
from harness.plugin_system.manager import PluginManager
from harness.testing import Bench

from .chat_server import ChatServer, chat_server

PROMPT = PluginManager().offers["prompt"].strategy
LANGUAGES, FACES, GAMES = ("C", "C++", "C#"), ("\U0001f600", "\U0001f621", "!"), ("Go", "go", "Big Two")
MOODS = ("sad", "not sad", "joy")
pytestmark = pytest.mark.filterwarnings("ignore:.* answers were kept from earlier")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "answers"))
    with chat_server() as serving:
        yield serving


def row(server: ChatServer, bench: Bench, names: Sequence[str]) -> list[float]:
    """Return the probabilities of a text's classes of those names."""
    prompt: Any = replace(PROMPT, base_url=server.url, model="tiny")  # type: ignore[type-var]
    with bench.fitted(prompt, replace(bench.task, label_names=tuple(names))) as (classifier, _):
        found: np.ndarray = classifier.predict_proba(["a text"])[0]
    return found.tolist()


@pytest.mark.parametrize(
    ("names", "said", "label"),
    [
        (LANGUAGES, "C#", 2),
        (LANGUAGES, "c++", 1),
        (LANGUAGES, "C.", 0),
        (LANGUAGES, "The language is **C++**.", 1),
        (LANGUAGES, "It is C++17", 1),
        (FACES, "\U0001f621", 1),
        (FACES, "That is\U0001f600", 0),
        (GAMES, "go", 1),
        (GAMES, "It is Go.", 0),
        (GAMES, "big-two", 2),
        (MOODS, "It is not-sad.", 1),
        (MOODS, "SAD", 0),
        (("快樂", "悲傷", "平靜"), "答案是悲傷。", 1),
    ],
)
def test_names_that_differ_in_a_sign_or_a_capital_are_told_apart(
    names: Sequence[str], said: str, label: int, server: ChatServer, bench: Bench
) -> None:
    server.says, server.tells_tokens = said, False
    assert row(server, bench, names) == np.eye(3)[label].tolist()


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (LANGUAGES, ""),
        (LANGUAGES, "C or C++"),
        (FACES, ""),
        (FACES, "I can't tell!"),
        (FACES, " \n"),
        (GAMES, "GO"),
        (MOODS, "not sad, joy"),
        (MOODS, "sadness"),
    ],
)
def test_what_names_none_of_them_or_several_is_counted_as_naming_no_class(
    names: Sequence[str], said: str, server: ChatServer, bench: Bench
) -> None:
    server.says, server.tells_tokens = said, False
    with pytest.warns(UserWarning, match="1 of 1 answers named no class"):
        assert row(server, bench, names) == pytest.approx([1 / 3] * 3)


@pytest.mark.parametrize("names", [("caf\u00e9", "cafe\u0301", "bar"), ("bar", "caf\u00e9", "caf\u00e9\u200b")])
def test_names_that_look_the_same_are_refused_before_anything_is_asked(
    names: Sequence[str], server: ChatServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    rows = [f'{{"text": "text {i}", "label": "{names[i % 3]}"}}\n' for i in range(30)]
    Path("data.jsonl").write_text("".join(rows), encoding="utf-8")
    settings = ("--set", f"prompt.base_url={server.url}", "--set", "prompt.model=tiny")
    assert main(["run", "-d", "data.jsonl", "--test-size", "0.3", "-s", "prompt", "-q", *settings]) == 2
    assert "Strategy 'prompt': no answer can name the class 'caf" in capsys.readouterr().err
    assert server.bodies == []


MIDST = [{"The": 0.9, "joy": 0.05, "sad": 0.01}, {" mood": 1.0}, {" is": 1.0}]


@pytest.mark.parametrize(
    ("said", "places", "expected"),
    [
        ("The mood is sad", [*MIDST, {" sad": 0.6, " joy": 0.3, " not": 0.1, " odd": 0.2}], [0.6, 0.1, 0.3]),
        ("The mood is sad", [*MIDST, {" sad": 1.0}], [1, 0, 0]),
        ("sad", [{"s": 0.5, "jo": 0.5}, {"ad": 1.0}, {"<|im_end|>": 1.0}], [0.5, 0, 0.5]),
        ("joy", [{"sad": 0.9, "joy": 0.1}, {"? No.": 1.0}, {" joy": 0.8, " not": 0.2}], [0, 0.2, 0.8]),
        ("(joy)", [{"(": 0.9, "sad": 0.1}, {"joy": 0.8, "sad": 0.2}, {")": 1.0}], [0.2, 0, 0.8]),
        ("The mood is sad", MIDST, [1, 0, 0]),
        ("The mood is sad", [{"other": 0.2, "joy": 0.8}], [1, 0, 0]),
    ],
)
def test_probabilities_are_those_of_the_place_where_the_answer_names_its_class(
    said: str, places: list[dict[str, float]], expected: list[float], server: ChatServer, bench: Bench
) -> None:
    server.says, server.places = said, places
    assert row(server, bench, MOODS) == pytest.approx(expected)


def test_a_token_that_begins_several_names_counts_for_the_one_that_was_said(server: ChatServer, bench: Bench) -> None:
    server.says, server.places = "C++", [{"C": 0.7, "Java": 0.2, "c": 0.1}, {"++": 1.0}]
    assert row(server, bench, LANGUAGES) == pytest.approx([0, 1, 0])
    server.says, server.places = "Rust", [{"Ru": 0.6, "C": 0.2, "C#": 0.1}, {"st": 1.0}]
    assert row(server, bench, ("C", "Rust", "C#")) == pytest.approx([0.1 / 0.9, 0.6 / 0.9, 0.2 / 0.9])
