"""A prompt to a server on this machine: what it asks, what it makes of answers, what it costs, and how it fails."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import StrategyError, UserError
from harness.cli import main
from harness.plugin_system.manager import PluginManager
from harness.results.records import RunRecord, read_run
from harness.results.run_directory import find_run
from harness.testing import Bench, check_strategy

from .chat_server import KEY, ChatServer, chat_server

PROMPT = PluginManager().offers["prompt"].strategy
TEXTS = ["a quiet lake today", "late crowd and noise", "sun and song"]
pytestmark = pytest.mark.filterwarnings("ignore:.* answers were kept from earlier")


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server() as serving:
        yield serving


@pytest.fixture
def prompt(server: ChatServer) -> Any:
    return replace(PROMPT, base_url=server.url, model="tiny", retries=2)  # type: ignore[type-var]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bench: Bench) -> Path:
    """Files of the tiny task in the current folder."""
    for name in ("train", "validation", "test"):
        split = getattr(bench.task, name)
        rows = [f"{bench.task.label_names[y]},{x}\n" for x, y in zip(split.texts, split.labels, strict=True)]
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / f"{name}.csv").write_text("".join(["label,text\n", *rows]), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*options: str) -> int:
    return main(["run", "-d", "data", "-q", *options])


def settings(server: ChatServer, **more: Any) -> list[str]:
    named = {"base_url": server.url, "model": "tiny", **more}
    return [word for name, value in named.items() for word in ("--set", f"prompt.{name}={value}")]


def record(folder: Path) -> RunRecord:
    made = read_run(find_run("latest", folder / "reports"))
    return next(each for each in made.records if each.strategy == "prompt")


def answers(prompt: Any, bench: Bench) -> np.ndarray:
    with bench.fitted(prompt) as (classifier, _):
        return classifier.predict_proba(TEXTS)


def test_it_keeps_the_contract(prompt: Any) -> None:
    check_strategy(prompt)


def test_probabilities_are_those_of_the_tokens_or_else_of_the_class_that_is_named(
    prompt: Any, server: ChatServer, bench: Bench
) -> None:
    with_tokens = answers(prompt, bench)
    assert with_tokens.argmax(axis=1).tolist() == [0, 1, 2]
    assert with_tokens.max(axis=1) == pytest.approx([np.exp(n) / (np.exp(n) + 2) for n in (2, 3, 2)])
    server.tells_tokens = False
    assert np.array_equal(answers(replace(prompt, max_tokens=8), bench), np.eye(3))
    assert server.bodies[0]["temperature"] == 0
    assert [body["top_logprobs"] for body in server.bodies] == [20] * 6


@pytest.mark.parametrize(
    ("said", "row"),
    [(" Busy.", [0, 1, 0]), ("The class is **glad**!", [0, 0, 1]), ("calm or busy", None), ("", None)],
)
def test_an_answer_that_names_no_class_is_counted_and_stands_for_the_shares_of_train(
    said: str, row: list[float] | None, prompt: Any, server: ChatServer, bench: Bench
) -> None:
    server.says, server.tells_tokens = said, False
    if row is None:
        with pytest.warns(UserWarning, match="3 of 3 answers named no class"):
            found = answers(prompt, bench)
        assert found == pytest.approx(np.full((3, 3), 1 / 3))
    else:
        assert answers(prompt, bench).tolist() == [row] * 3


def test_what_it_costs_is_told_before_and_after_and_no_text_is_asked_about_twice(
    server: ChatServer, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    priced = settings(server, price_input=2, price_output=10)
    assert run("-s", "majority,prompt", *priced, "--dry-run") == 0
    told = capsys.readouterr().out
    assert "prompt: 48 texts to ask about" in told
    assert "at most about 0.01" in told
    assert server.bodies == []
    assert run("-s", "majority,prompt", *priced) == 0
    first, n_asked = record(data), len(server.bodies)
    assert n_asked == 48
    assert first.spent == pytest.approx(48 * (100 * 2 + 2 * 10) / 1e6)
    assert first.latency is not None
    assert first.latency.n_texts == 48
    assert first.test is not None
    assert first.test.accuracy > 0.9
    shown = capsys.readouterr().out
    assert "0.01" in shown
    assert run("-s", "majority,prompt", *priced, "--seeds", "1") == 0
    assert len(server.bodies) == n_asked
    again = record(data)
    assert (again.spent, again.latency) == (first.spent, first.latency)
    assert any("24 of 24 answers were kept from earlier" in line for line in again.degradations)
    assert run("-s", "prompt", *priced, "--dry-run") == 0
    assert "prompt: 0 texts to ask about" in capsys.readouterr().out


def test_the_key_is_sent_to_its_address_and_stands_in_no_file_and_on_no_screen(
    server: ChatServer, data: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with_key = settings(server, key_variable="MY_TICKET", retries=0)
    assert run("-s", "prompt", *with_key) == 2
    assert "the environment has no such variable" in capfd.readouterr().err
    monkeypatch.setenv("MY_TICKET", KEY)
    server.failures = [(401, {})]
    assert run("-s", "majority,prompt", *with_key, "--debug") == 1
    failed = record(data)
    assert failed.error is not None
    assert "refuses with 401: no, and your key is [key]. Check key_variable" in failed.error.message
    assert run("-s", "majority,prompt", *with_key) == 0
    assert {*server.keys} == {f"Bearer {KEY}"}
    assert main(["predict", "latest", "data/test.csv", "-o", "out.csv", "-s", "prompt", "-q"]) == 0
    written = [file for folder in (data, Path(data.parent)) for file in folder.rglob("*") if file.is_file()]
    assert not [file for file in written if KEY.encode() in file.read_bytes()]
    assert KEY not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "failures",
    [
        [(429, {"Retry-After": "0"}), (429, {"Retry-After": "0"})],
        [(500, {"Retry-After": "0"}), (503, {"Retry-After": "0"})],
    ],
)
def test_it_asks_again_where_the_server_is_busy_or_fails(
    failures: list[tuple[int, dict[str, str]]], prompt: Any, server: ChatServer, bench: Bench
) -> None:
    server.failures = failures
    assert answers(replace(prompt, at_once=1), bench).argmax(axis=1).tolist() == [0, 1, 2]
    assert len(server.bodies) == 5


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (400, "refuses with 400: no, .* Check base_url, model and logprobs"),
        (307, "refuses with 307"),
        (500, "gave no answer in 1 tries, at last 500: no"),
        (0, "at last a reply that is no chat completion"),
        (-1, "at last TimeoutError"),
    ],
)
def test_a_server_that_gives_no_answer_is_told_and_what_it_gave_before_is_kept(
    status: int, told: str, prompt: Any, server: ChatServer, bench: Bench
) -> None:
    once = replace(prompt, retries=0, at_once=1, timeout=0.3 if status == -1 else 10)
    server.failures = [(200, {}), (status, {"Location": "http://127.0.0.1:9/elsewhere"})]
    with pytest.raises(StrategyError, match=told):
        answers(once, bench)
    n_asked = len(server.bodies)
    assert answers(replace(once, timeout=10), bench).argmax(axis=1).tolist() == [0, 1, 2]
    assert len(server.bodies) < n_asked + 3


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"base_url": "ftp://host/v1"}, "base_url: expected http(s)://HOST/PATH"),
        ({"base_url": "https://me:secret@host/v1"}, "without a password"),
        ({"template": "Which one?"}, "template: {text} is missing"),
        ({"base_url": "http://host/v1", "key_variable": "MY_TICKET"}, "a key is not sent by http"),
    ],
)
def test_settings_that_cannot_be_are_refused_before_anything_is_asked(
    changes: dict[str, str], told: str, server: ChatServer, data: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("MY_TICKET", KEY)
    assert run("-s", "prompt", *settings(server, **changes)) == 2
    assert told in capsys.readouterr().err
    assert server.bodies == []


def test_names_that_mean_nothing_and_other_machines_when_offline_are_refused(
    server: ChatServer, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("-s", "prompt", *settings(server), "--label-names", "calm,class_1,glad") != 0
    for file in (data / "data").glob("*.csv"):
        file.write_text(file.read_text(encoding="utf-8").replace("busy,", "class_1,"), encoding="utf-8")
    assert run("-s", "prompt", *settings(server)) == 2
    assert "'class_1' means nothing" in capsys.readouterr().err
    assert run("-s", "prompt", *settings(server, base_url="https://host/v1"), "--offline") == 2
    assert "--offline forbids" in capsys.readouterr().err
    assert server.bodies == []


def test_a_classifier_of_somebody_else_asks_no_server_that_this_user_never_named(
    server: ChatServer, data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("-s", "majority,prompt", *settings(server)) == 0
    monkeypatch.setenv("HARNESS_CACHE", str(data / "another-user"))
    n_asked = len(server.bodies)
    assert main(["predict", "latest", "data/test.csv", "-o", "out.csv", "-s", "prompt", "-q"]) == 2
    assert "no run on this machine did" in capsys.readouterr().err
    assert len(server.bodies) == n_asked


def test_a_learning_curve_says_from_how_many_rows_on_learning_is_ahead_of_the_prompt(
    server: ChatServer, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.says, server.tells_tokens = "calm", False
    assert run("-s", "tfidf_logreg,prompt", *settings(server), "--train-sizes", "12,24") == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "tfidf_logreg is ahead of prompt, which learns nothing, from 12 rows of train on." in shown
    assert "Beyond chance with 12 rows of train already." in shown
    assert len(server.bodies) == 48


def test_a_record_of_somebody_else_leads_to_no_server_unless_it_is_trusted(
    server: ChatServer, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("-s", "majority,prompt", *settings(server)) == 0
    n_asked = len(server.bodies)
    assert main(["reproduce", "latest", "-q"]) == 2
    assert f"The run asks {server.url}, as whoever made its folder chose" in capsys.readouterr().err
    assert main(["reproduce", "latest", "-q", "--yes-run-plugins"]) == 0
    assert len(server.bodies) == n_asked  # the same answers


def test_damaged_answers_are_told_with_what_to_do(
    prompt: Any, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    (tmp_path / "answers").mkdir()
    (tmp_path / "answers" / "answers.sqlite").write_text("no database, but long enough to be one" * 100)
    with pytest.raises(UserError, match=r"answers.sqlite cannot be used: .* or remove the file"):
        answers(prompt, bench)
