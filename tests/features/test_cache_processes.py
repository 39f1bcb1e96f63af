"""Processes that race for one cold key or are killed at any moment: the next one gets what an undisturbed one gets."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ..letters import ROWS_IN_THREE_SHARDS as ROWS

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")

SCRIPT = Path(__file__).with_name("cache_process.py")
SHARD = 8192
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
KILLED = {"signal": signal.SIGKILL}

Call = dict[str, Any]
Ask = Callable[..., list[dict[str, Any]]]


def server(what: str) -> Iterator[Ask]:
    with subprocess.Popen(
        [sys.executable, str(SCRIPT), what], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:

        def ask(*calls: Call) -> list[dict[str, Any]]:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps([{"do": what, **call} for call in calls]) + "\n")
            process.stdin.flush()
            answer: list[dict[str, Any]] = json.loads(process.stdout.readline())
            return answer

        yield ask
        process.communicate(timeout=20)


@pytest.fixture(scope="module")
def fill() -> Iterator[Ask]:
    """Fill caches with three shards, each in a process of its own, all those of one call at once."""
    yield from server("fill")


@pytest.fixture(scope="module")
def run() -> Iterator[Ask]:
    """Run a probe on the tiny task, each in a process of its own."""
    yield from server("run")


@pytest.fixture(scope="module")
def undisturbed(fill: Ask, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    (outcome,) = fill({"cache": str(tmp_path_factory.mktemp("undisturbed") / "cache")})
    assert (outcome["encoded"], outcome["source"], outcome["notes"]) == (ROWS, "computed", [])
    return outcome


def test_two_runs_on_one_cold_key_encode_once_and_agree(run: Ask, tmp_path: Path) -> None:
    digests = set()
    for race in range(20):
        log = tmp_path / f"log{race}"
        call = {"cache": str(tmp_path / f"cache{race}"), "output_dir": str(tmp_path), "log": str(log)}
        first, second = run(call, call)
        assert "raised" not in first | second
        encoding = log.read_text().split()
        assert len(set(encoding)) == 1, "one process encodes"
        assert len(encoding) == 3, "and does so once a split"
        assert {first["features"], second["features"]} == {"computed", "cached"}
        assert first["notes"] == second["notes"] == []
        digests |= {first["predictions_sha256"], second["predictions_sha256"]}
    assert len(digests) == 1
    assert None not in digests


def test_a_killed_run_hands_its_lock_and_its_finished_shards_to_the_one_that_waits(
    fill: Ask, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    for race in range(3):
        call = {"cache": str(tmp_path / f"{race}"), "kill_at_encode": 2, "first_dies": str(tmp_path / f"dead{race}")}
        outcomes = fill(call, call)
        assert KILLED in outcomes
        (survivor,) = (outcome for outcome in outcomes if outcome != KILLED)
        assert survivor["digest"] == undisturbed["digest"]
        assert survivor["encoded"] == ROWS - SHARD


@pytest.mark.parametrize("encoding", [1, 2, 3])
def test_a_kill_between_shards_costs_only_the_shard_that_was_not_finished(
    encoding: int, fill: Ask, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    cache = str(tmp_path)
    assert fill({"cache": cache, "kill_at_encode": encoding}) == [KILLED]
    (again,) = fill({"cache": cache})
    assert again["digest"] == undisturbed["digest"]
    assert again["encoded"] == ROWS - SHARD * (encoding - 1)
    assert again["notes"] == []
    check_whole(tmp_path)


def test_a_kill_at_any_file_operation_leaves_what_the_next_run_can_go_on_from(
    fill: Ask, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    operations = undisturbed["files"]
    assert operations.count("os.rename") == 4, "a journal a shard, and the manifest"
    for number in range(len(operations)):
        cache = tmp_path / str(number)
        assert fill({"cache": str(cache), "kill_at_file": number}) == [KILLED]
        (again,) = fill({"cache": str(cache)})
        finished = operations[:number].count("os.rename")
        assert again["digest"] == undisturbed["digest"]
        assert again["encoded"] == max(ROWS - SHARD * finished, 0)
        assert again["source"] == ("cached" if finished == 4 else "computed")
        assert again["notes"] == []
        check_whole(cache)


def test_a_kill_while_a_damaged_entry_is_replaced_serves_nothing_damaged(
    fill: Ask, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    fill({"cache": str(tmp_path / "clean")})
    (features,) = (tmp_path / "clean").glob("features/*/features.npy")
    features.write_bytes(features.read_bytes()[:-1] + b"x")
    (replaced,) = fill({"cache": copied(tmp_path / "clean", tmp_path / "watched")})
    assert len(replaced["notes"]) == 1
    assert replaced["files"].count("os.rename") == 5
    for number in range(replaced["files"].index("os.rename") + 4):
        cache = copied(tmp_path / "clean", tmp_path / str(number))
        assert fill({"cache": cache, "kill_at_file": number}) == [KILLED]
        (again,) = fill({"cache": cache})
        assert again["digest"] == undisturbed["digest"]
        assert len(again["notes"]) <= 1
        check_whole(Path(cache))


def copied(folder: Path, to: Path) -> str:
    shutil.copytree(folder, to)
    return str(to)


def check_whole(cache: Path) -> None:
    """Nothing but one whole entry lies there."""
    (entry,) = (cache / "features").iterdir()
    names = {file.name for file in entry.iterdir()} - {"journal.json"}  # a kill before it is removed leaves it
    assert names == {"features.npy", "manifest.json"}
    assert (entry / "features.npy").stat().st_size == 128 + ROWS * 32


def kill_at_rename(number: int) -> list[str]:
    calls = "rename,renameat,renameat2"
    options = ["-f", "-qq", "-o", os.devnull, "-e", f"trace={calls}", "-e"]
    return [str(STRACE), *options, f"inject={calls}:signal=SIGKILL:when={number}"]


STRACE = shutil.which("strace")


@pytest.mark.skipif(STRACE is None, reason="strace is not installed; the file operations above are watched without it")
def test_a_kill_at_every_rename_that_the_kernel_sees(fill: Ask, undisturbed: dict[str, Any], tmp_path: Path) -> None:
    for number in range(1, 5):
        cache = str(tmp_path / str(number))
        process = subprocess.run(
            [*kill_at_rename(number), sys.executable, str(SCRIPT), "fill", cache],
            capture_output=True,
            text=True,
            env=ENVIRONMENT,
        )
        if "ptrace" in process.stderr:
            pytest.skip(f"strace may not trace here: {process.stderr.splitlines()[0]}")
        assert process.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL), process.stderr
        (again,) = fill({"cache": cache})
        assert again["digest"] == undisturbed["digest"]
        assert again["encoded"] == max(ROWS - SHARD * (number - 1), 0)


def test_a_disk_that_is_full_midway_is_an_error_that_breaks_nothing(
    fill: Ask, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    (outcome,) = fill({"cache": str(tmp_path), "file_size": SHARD * 32 + 1000})
    assert "File too large" in outcome["error"]
    assert "Name another folder with --cache-dir" in outcome["error"]
    (again,) = fill({"cache": str(tmp_path)})
    assert again["digest"] == undisturbed["digest"]
    assert again["encoded"] == ROWS - SHARD
    assert again["notes"] == []
    check_whole(tmp_path)
