"""Runs that cannot be resumed: the message says why, and nothing is run."""

from pathlib import Path

import pytest

from .commands import Harness


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        (("--resume", "latest"), "no unfinished run"),
        (("--resume", "some/run", "--seeds", "1"), "leave out --seeds"),
        (("--resume", "latest", "-d", "sample", "-s", "majority"), "no unfinished run of this command"),
        (("--retry-failed",), "name it with --resume"),
    ],
)
def test_what_cannot_be_resumed_is_refused(harness: Harness, argv: tuple[str, ...], reason: str) -> None:
    outcome = harness("run", *argv)
    assert outcome.code == 2
    assert reason in " ".join(outcome.err.split())


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"run": 1, "trials": {}}'])
def test_a_damaged_record_of_an_unfinished_run_is_a_message(harness: Harness, tmp_path: Path, content: str) -> None:
    folder = tmp_path / "reports" / "begun"
    folder.mkdir(parents=True)
    (folder / "unfinished.json").write_text(content)
    outcome = harness("run", "--resume", "latest")
    assert outcome.code == 2
    assert "cannot be read" in outcome.err
