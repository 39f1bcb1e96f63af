"""What the hub gives is downloaded once, without pickle; what it does not give is said at once."""

import json
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import Features, UnavailableError

from .asking import TEXTS, ask
from .fake_hub import COMMIT, Hub, serving
from .tampering import load

MODEL, DATASET, ROWS = "acme/tiny", "acme/moods", [("good sun", 0), ("bad rain", 1)] * 20
Answer = dict[str, Any]


def write_repositories(folder: Path, tiny: Path) -> dict[str, Path]:
    """Write a checkpoint as hubs hold them, one of pickle only, a data set and a damaged data set."""
    model = Path(shutil.copytree(tiny, folder / "model"))
    for name in ("pytorch_model.bin", "README.md", "1_Pooling/config.json", "onnx/model.safetensors", "NOTICE.txt"):
        (model / name).parent.mkdir(exist_ok=True)
        (model / name).write_text(json.dumps({"file": name}))  # of files that are equal, one is fetched
    pickled = Path(shutil.copytree(model, folder / "pickled"))
    (pickled / "model.safetensors").unlink()
    data, damaged = folder / "data", folder / "damaged"
    data.mkdir()
    damaged.mkdir()
    info = "dataset_info:\n  features:\n  - {name: text, dtype: string}\n  - name: label\n    dtype:\n"
    names = "      class_label:\n        names:\n          '0': sunny\n          '1': rainy\n"
    (data / "README.md").write_text(f"---\n{info}{names}---\n")
    for split in ("train", "validation", "test"):
        lines = [json.dumps({"text": f"{text} {split} {i}", "label": k}) for i, (text, k) in enumerate(ROWS)]
        (data / f"{split}.jsonl").write_text("\n".join(lines))
    (damaged / "train.jsonl").write_text("{oops")
    return {MODEL: model, "acme/pickled": pickled, f"datasets/{DATASET}": data, "datasets/acme/damaged": damaged}


@dataclass
class World:
    """A hub, the cache that a first process filled from it, and what that process was answered."""

    hub: Hub
    home: Path
    files_sent: list[str]
    answers: dict[str, Answer]


@pytest.fixture(scope="module")
def world(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("hub")
    questions: dict[str, list[Any]] = {
        "pickled": ["model", "acme/pickled"],
        "missing": ["model", "acme/none"],
        "failing": ["model", "acme/failing"],
        "malformed": ["model", "a/b/c"],
        "model": ["model", MODEL],
        "tagged": ["model", MODEL, "v1"],
        "untagged": ["model", MODEL, "v2"],
        "dataset": ["dataset", DATASET],
        "no dataset": ["dataset", "acme/none"],
        "forbidden dataset": ["dataset", "acme/a--b"],
        "no configuration": ["dataset", f"{DATASET}:other"],
        "damaged dataset": ["dataset", "acme/damaged"],
    }
    with serving(write_repositories(folder, tiny)) as hub:
        hub.failing.add("acme/failing")
        given = ask(hub.endpoint, folder / "home", list(questions.values()))
        yield World(hub, folder / "home", hub.files_sent(), dict(zip(questions, given, strict=True)))


def assert_is_the_tiny_model(answer: Answer, tiny: Path) -> None:
    assert "error" not in answer, answer
    assert (answer["name"], answer["revision"]) == (MODEL, COMMIT)
    expected = load(tiny).encode(TEXTS, [Features()])[Features()]
    np.testing.assert_allclose(answer["features"], expected, atol=1e-6)


def assert_is_the_data_set(answer: Answer) -> None:
    assert "error" not in answer, answer
    assert (answer["source"], answer["revision"]) == (DATASET, COMMIT)
    assert answer["label_names"] == ["sunny", "rainy"]
    assert answer["train"] == [f"{text} train {i}" for i, (text, _) in enumerate(ROWS)]
    assert answer["test_labels"] == [label for _, label in ROWS]


def test_a_checkpoint_is_downloaded_and_encodes_as_the_original_does(world: World, tiny: Path) -> None:
    assert_is_the_tiny_model(world.answers["model"], tiny)
    assert_is_the_tiny_model(world.answers["tagged"], tiny)


def test_only_weights_without_pickle_text_files_and_how_states_are_pooled_are_fetched_and_once(world: World) -> None:
    wanted = ["NOTICE.txt", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
    assert world.answers["model"]["files"] == ["1_Pooling", *wanted]
    sent = [name for name in world.files_sent if not name.endswith((".jsonl", ".md"))]
    assert sent == ["1_Pooling/config.json", *wanted]


def test_a_repository_of_pickles_is_refused_before_anything_is_downloaded(world: World) -> None:
    answer = world.answers["pickled"]
    assert answer["error"] == "ModelError"
    assert "its weights exist only as pickle (pytorch_model.bin)" in answer["message"]
    assert not any("/acme/pickled/resolve/" in request for request in world.hub.requests)


@pytest.mark.parametrize(
    ("question", "error", "told"),
    [
        ("missing", "UnavailableError", "Model 'acme/none' cannot be had from the hub: it has none of that name"),
        ("untagged", "UnavailableError", f"Model '{MODEL}' cannot be had from the hub: it has no revision 'v2'"),
        ("failing", "UnavailableError", "Model 'acme/failing' cannot be had from the hub: Server error '500"),
        ("malformed", "UserError", "There is no folder 'a/b/c', and it cannot be a hub id. Check --model."),
        ("no dataset", "UnavailableError", "Data set 'acme/none' cannot be had from the hub: it has none of that"),
        (
            "forbidden dataset",
            "UserError",
            "--dataset 'acme/a--b' is no file or folder here, and no hub id of the form",
        ),
        ("no configuration", "DataError", "BuilderConfig 'other' not found. Available: ['default']. Mend its files"),
        ("damaged dataset", "DataError", "Data set 'acme/damaged' cannot be loaded: JSON parse error"),
    ],
)
def test_what_the_hub_does_not_have_is_named(world: World, question: str, error: str, told: str) -> None:
    answer = world.answers[question]
    assert (answer["error"], told in answer["message"]) == (error, True), answer
    assert "\n" not in answer["message"]


def test_a_data_set_is_downloaded_with_the_names_of_its_classes_and_its_commit(world: World) -> None:
    assert_is_the_data_set(world.answers["dataset"])


def test_offline_everything_cached_is_found_and_no_request_is_made(world: World, tiny: Path) -> None:
    world.hub.requests.clear()
    questions = [
        ["model", MODEL],
        ["model", MODEL, COMMIT],
        ["model", "acme/none"],
        ["dataset", DATASET],
        ["dataset", f"{DATASET}@{COMMIT}"],
        ["dataset", f"{DATASET}@v1"],
        ["dataset", "acme/none:config"],
    ]
    answers = ask(world.hub.endpoint, world.home, questions, offline=True)
    assert world.hub.requests == []
    assert_is_the_tiny_model(answers[0], tiny)
    assert_is_the_tiny_model(answers[1], tiny)
    assert answers[2]["message"] == (
        "Model 'acme/none' is not on this machine, neither as a folder nor in the hub's cache, "
        "and --offline forbids asking the hub. "
        "Where there is a network, get it with: hf download acme/none; or make a folder there to be carried here: "
        "harness prefetch -m acme/none -o BUNDLE"
    )
    assert_is_the_data_set(answers[3])
    assert_is_the_data_set(answers[4])
    assert answers[5]["error"] == answers[6]["error"] == "UnavailableError"
    assert f"nothing says that revision 'v1' is what is on this machine, commit {COMMIT}" in answers[5]["message"]
    assert "datasets.load_dataset('acme/none', 'config')" in answers[6]["message"]


def test_with_the_hub_gone_the_cache_is_used(world: World, tiny: Path) -> None:
    with serving({}) as gone:
        pass
    found, missing, data = ask(
        gone.endpoint, world.home, [["model", MODEL, "v1"], ["model", "acme/none", "v1"], ["dataset", DATASET]]
    )
    assert_is_the_tiny_model(found, tiny)
    assert_is_the_data_set(data)
    assert missing["error"] == "UnavailableError"
    assert "the hub did not answer within 3 seconds" in missing["message"]
    assert "hf download acme/none --revision v1; or" in missing["message"]
    assert missing["message"].endswith("harness prefetch -m acme/none --revision v1 -o BUNDLE")


def test_a_hub_that_accepts_and_never_answers_is_asked_once_and_given_up(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        missing, found = ask(endpoint, world.home, [["folder", "acme/none"], ["folder", MODEL]])
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):  # it is asked once
            silent.accept()
    assert missing["error"] == "UnavailableError"
    assert Path(found["folder"]).name == COMMIT


@pytest.mark.parametrize(("revision", "command"), [(None, "hf download acme/none"), ("v1", "acme/none --revision v1")])
def test_offline_a_checkpoint_that_is_not_cached_is_refused_with_the_command_that_gets_it(
    revision: str | None, command: str
) -> None:
    with pytest.raises(UnavailableError) as caught:
        load("acme/none", revision)
    assert f"{command}; or" in str(caught.value)
