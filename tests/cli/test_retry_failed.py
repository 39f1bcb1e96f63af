"""A finished run in which something failed: `harness run --resume RUN --retry-failed` runs that and nothing else."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from .combining import MoodyPlugin
from .commands import Harness, Outcome, run_of


@pytest.fixture
def mood(tmp_path: Path) -> Path:
    """A file that makes `moody` fail while it is there."""
    (file := tmp_path / "mood").touch()
    return file


@pytest.fixture
def failed(harness: Harness, tiny_data: Path, mood: Path) -> Outcome:
    """A run that has ended, one of its three strategies failed."""
    asked = ("-d", str(tiny_data), "-s", "majority,moody,tfidf_logreg", "--offline")
    return harness("run", *asked, plugins=[MoodyPlugin(mood)])


@pytest.fixture
def retried(harness: Harness, mood: Path) -> Callable[..., Outcome]:
    return lambda *argv: harness("run", "-q", "--resume", *argv, plugins=[MoodyPlugin(mood)])


def test_what_failed_is_run_again_and_what_did_not_is_kept(
    run: Harness, harness: Harness, mood: Path, failed: Outcome, retried: Callable[..., Outcome]
) -> None:
    (folder,) = failed.folder.glob("2*")
    assert failed.code == 1
    assert f"Run again what failed: harness run --resume {folder} --retry-failed" in failed.err
    kept = [folder / "records" / f"{name}-seed0.json" for name in ("majority", "tfidf_logreg")]
    before = [json.loads(file.read_text())["fit_seconds"] for file in kept]
    mood.unlink()
    outcome = retried("latest", "--retry-failed")
    assert outcome.code == 0, outcome.err
    assert [json.loads(file.read_text())["fit_seconds"] for file in kept] == before
    made = run_of(failed.folder)
    assert (made["status"], made["notes"]) == ("complete", ["resumed: 2 of 3 trials were finished before"])
    undisturbed = run("--fresh", strategies="majority,moody,tfidf_logreg", plugins=[MoodyPlugin(mood)]).run
    assert json.loads(undisturbed.model_dump_json())["evidence"] == made["evidence"]
    assert harness("verify", str(folder)).code == 0


def test_what_fails_once_more_can_be_run_again_once_more(
    mood: Path, failed: Outcome, retried: Callable[..., Outcome]
) -> None:
    assert retried("latest", "--retry-failed").code == 1
    mood.unlink()
    assert retried("latest", "--retry-failed").code == 0
    assert "nothing to resume" in retried("latest", "--retry-failed").err


def test_without_being_asked_nothing_is_run_again(failed: Outcome, retried: Callable[..., Outcome]) -> None:
    (folder,) = failed.folder.glob("2*")
    assert "Add --retry-failed" in retried(str(folder)).err
    assert run_of(failed.folder)["status"] == "failed"


@pytest.mark.parametrize("content", [None, "", "[]", '{"moody-seed0": 1}'])
def test_a_run_that_no_longer_says_what_it_depends_on_is_left_as_it_is(
    mood: Path, failed: Outcome, retried: Callable[..., Outcome], content: str | None
) -> None:
    (folder,) = failed.folder.glob("2*")
    (folder / "keys.json").unlink() if content is None else (folder / "keys.json").write_text(content)
    mood.unlink()
    outcome = retried(str(folder), "--retry-failed")
    assert (outcome.code, "keys.json" in outcome.err) == (2, True)
    assert run_of(failed.folder)["status"] == "failed"
    assert not (folder / "unfinished.json").exists()
