"""Everything that can be wrong with data, model, disk and network has its exit code and one paragraph."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness import RunConfig, Task, UserError, hookimpl

from .commands import Harness, write_data


def broken_data(task: Task, tmp_path: Path, damage: Callable[[Path], object]) -> str:
    folder = write_data(task, tmp_path / "broken")
    damage(folder)
    return str(folder)


def with_a_single_class(folder: Path) -> None:
    for file in folder.iterdir():
        rows = [json.loads(line) for line in file.read_text().splitlines()]
        file.write_text("\n".join(json.dumps(row | {"label": "only"}) for row in rows))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "test.jsonl").unlink(), "test"),
        (with_a_single_class, "at least two classes"),
        (lambda folder: (folder / "train.jsonl").write_text("{"), "train.jsonl"),
        (lambda folder: (folder / "train.jsonl").write_text(""), "train.jsonl"),
    ],
    ids=["no test split", "a single class", "not JSON", "an empty file"],
)
def test_data_that_cannot_carry_a_comparison_exit_with_3(
    harness: Harness, task: Task, tmp_path: Path, damage: Callable[[Path], object], message: str
) -> None:
    outcome = harness("run", "-d", broken_data(task, tmp_path, damage), "-s", "majority", "--offline", "-q")
    assert outcome.code == 3
    assert message in outcome.err
    assert "Traceback" not in outcome.err
    assert not outcome.folder.exists()


def test_a_data_folder_that_is_not_there_exits_with_3(harness: Harness) -> None:
    outcome = harness("run", "-d", "./nowhere", "-s", "majority", "--offline")
    assert outcome.code == 3
    assert "nowhere" in outcome.err


def test_a_model_folder_without_a_tokenizer_exits_with_3(run: Harness, tiny_model: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    for name in ("config.json", "model.safetensors"):
        (model / name).write_bytes((tiny_model / name).read_bytes())
    outcome = run("-m", str(model))
    assert outcome.code == 3
    assert "tokenizer" in outcome.err


@pytest.mark.parametrize(
    ("argv", "command"),
    [
        (["-m", "nobody/nothing"], "hf download nobody/nothing"),
        (["-d", "nobody/no-data"], "load_dataset('nobody/no-data')"),
    ],
)
def test_what_was_named_and_is_missing_exits_with_4(run: Harness, argv: list[str], command: str) -> None:
    outcome = run(*argv)
    assert outcome.code == 4
    assert command in " ".join(outcome.err.split())
    assert "Traceback" not in outcome.err


def test_a_model_folder_that_is_not_there_exits_with_4(run: Harness) -> None:
    outcome = run("-m", "./nowhere")
    assert outcome.code == 4
    assert "nowhere" in outcome.err


def test_an_output_folder_that_is_a_file_exits_with_4(run: Harness, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    outcome = run("-o", str(tmp_path / "taken"))
    assert outcome.code == 4
    assert "--output-dir" in outcome.err


def loader_that(does: Callable[[], None]) -> object:
    class Loader:
        @hookimpl
        def harness_load_task(self, name: str, config: RunConfig) -> None:
            does()

    return Loader()


def user_error() -> None:
    raise UserError("a message for the user")


def fault() -> None:
    raise KeyError("what is this")


def leave() -> None:
    raise SystemExit(0)


def test_a_traceback_is_printed_only_with_debug(run: Harness) -> None:
    outcome = run(plugins=[loader_that(user_error)])
    assert outcome.code == 2
    assert outcome.err == "Error: a message for the user\n"
    assert "Traceback" in run("--debug", plugins=[loader_that(user_error)]).err


@pytest.mark.parametrize(("does", "name"), [(fault, "KeyError"), (leave, "SystemExit")])
def test_a_hook_that_fails_is_named(run: Harness, does: Callable[[], None], name: str) -> None:
    outcome = run(plugins=[loader_that(does)])
    assert outcome.code == 2
    assert "harness_load_task failed on" in outcome.err
    assert name in outcome.err


def test_a_hook_that_returns_something_else_is_named(run: Harness) -> None:
    class Loader:
        @hookimpl
        def harness_load_task(self) -> object:
            return SimpleNamespace(name="no task")

    outcome = run(plugins=[Loader()])
    assert outcome.code == 2
    assert "must return a harness.Task, got SimpleNamespace" in outcome.err


def test_a_fault_of_the_harness_asks_to_be_reported(harness: Harness) -> None:
    class Unprintable:
        """A plugin so odd that nothing foresaw it."""

        @property
        def __name__(self) -> str:
            raise RuntimeError("no name")

    outcome = harness("list", plugins=[Unprintable()])
    assert outcome.code == 5
    assert "RuntimeError: no name" in outcome.err
    assert "harness list --debug" in outcome.err
