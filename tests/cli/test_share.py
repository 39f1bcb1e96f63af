"""`harness run --on POOL --share PLACE`: trials on machines that do not see the driver's disk."""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cloudpickle
import pytest

from harness import hookimpl, open_run

from .commands import Harness, digests, run_of

PLUGIN = '''
from dataclasses import dataclass
from harness import hookimpl
from harness_plugins.majority import Majority

@dataclass(frozen=True)
class OfAFile(Majority):
    """The most frequent class, from a file."""
    name = "of_a_file"

@hookimpl
def harness_strategies(): return [OfAFile()]
'''


class OtherMachine(Executor):
    """Runs a function while folders of the driver are out of reach."""

    def __init__(self, unseen: list[Path], before: Callable[[], None] = lambda: None) -> None:
        self._unseen, self._before = unseen, before

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        call = cloudpickle.loads(cloudpickle.dumps((fn, args, kwargs)))
        self._before()
        with self._out_of_reach():
            future.set_result(call[0](*call[1], **call[2]))
        return future

    @contextmanager
    def _out_of_reach(self) -> Iterator[None]:
        moved = [(path, path.with_name(f"{path.name}-unseen")) for path in self._unseen]
        for path, elsewhere in moved:
            path.rename(elsewhere)
        try:
            yield
        finally:
            for path, elsewhere in moved:
                elsewhere.rename(path)

    @hookimpl
    def harness_executor(self, name: str) -> Executor | None:
        return self if name == "other" else None


def test_machines_that_share_no_disk_predict_the_same_by_way_of_a_folder(
    run: Harness, tiny_model: Path, tmp_path: Path
) -> None:
    for name in ("runs", "cache", "plugins"):
        (tmp_path / name).mkdir()
    (file := tmp_path / "plugins" / "mine.py").write_text(PLUGIN, encoding="utf-8")
    share, strategies = tmp_path / "share", "of_a_file,logreg_probe,tfidf_logreg,blend"
    given = ["--plugin", str(file), "-n", "40", "--cache-dir", str(tmp_path / "cache")]
    assert run(*given, "-o", str(tmp_path / "here"), strategies=strategies).code == 0
    other = OtherMachine([tmp_path / "runs", tmp_path / "cache", tmp_path / "plugins", tiny_model])
    there = [*given, "--on", "other", "--share", str(share), "-o", str(tmp_path / "runs")]
    outcome = run(*there, strategies=strategies, plugins=[other])
    assert outcome.code == 0, outcome.err
    assert digests(run_of(tmp_path / "runs")) == digests(run_of(tmp_path / "here"))
    assert run_of(tmp_path / "runs")["evidence"] == run_of(tmp_path / "here")["evidence"]
    opened = open_run("latest", tmp_path / "runs")
    kept = opened.predictions("logreg_probe")
    predicted = opened.classifier("logreg_probe").predict(kept["text"].tolist())
    assert list(predicted) == kept["prediction"].tolist()
    put = [path for path in share.rglob("*") if path.is_file()]
    assert {path.name for path in put} == {hashlib.sha256(path.read_bytes()).hexdigest() for path in put}
    assert not [*(share / "outcomes").iterdir()]
    assert tmp_path.as_posix() not in "".join(file.read_text() for file in tmp_path.glob("runs/*/models/**/*.json"))


def test_what_is_not_as_it_was_put_is_put_again_and_is_read_by_nobody(run: Harness, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    share = tmp_path / "share"

    def damage() -> None:
        for file in (path for path in share.iterdir() if path.is_file()):
            file.write_bytes(bytes(len(file.read_bytes())))

    def outcome_of(pool: OtherMachine) -> Any:
        given = ["--on", "other", "--share", str(share), "-n", "30", "-o", str(tmp_path / "runs"), "--fresh"]
        assert run(*given, strategies="majority", plugins=[pool]).code in (0, 1)
        return open_run("latest", tmp_path / "runs").run.records[0]

    failed = outcome_of(OtherMachine([tmp_path / "runs"], damage))
    assert failed.error is not None
    assert "--share" in failed.error.message
    assert outcome_of(OtherMachine([tmp_path / "runs"])).status == "ok"


def test_a_place_behind_a_url_will_do(run: Harness, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    given = ["--on", "other", "--share", "memory://trials", "-o", str(tmp_path / "runs")]
    outcome = run(*given, strategies="majority", plugins=[OtherMachine([tmp_path / "runs"])])
    assert outcome.code == 0, outcome.err


@pytest.mark.parametrize(
    ("on", "place", "told"),
    [
        ("local", "folder", "--on ray"),
        ("here", "folder", "--on ray"),
        ("other", "nowhere://bucket", "nowhere"),
        ("other", "ftp://me:secret@host/folder", "password"),
        ("other", "/dev/null/folder", "/dev/null/folder"),
    ],
)
def test_a_place_that_cannot_be_used_is_refused_before_data_are_loaded(
    run: Harness, on: str, place: str, told: str
) -> None:
    outcome = run("--on", on, "--share", place, "-d", "no-such-data", plugins=[OtherMachine([])])
    assert outcome.code in (2, 4)
    assert told in outcome.err
    assert "no-such-data" not in outcome.err
    assert "secret" not in outcome.err
