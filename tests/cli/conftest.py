"""The command line in this process, on tiny data and a tiny encoder."""

import io
import shutil
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from harness import Task
from harness.cli import main
from harness.results.run_directory import find_run

from .commands import FEWER_STEPS, QUICK, Harness, Outcome, unless_given, write_data


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "150")


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory, task: Task) -> Path:
    """Folder with the tiny task as files."""
    return write_data(task, tmp_path_factory.mktemp("data") / "tiny")


@pytest.fixture
def harness(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Harness:
    """Run a command; those that write or read runs use the test's own folder of runs."""

    def command(*argv: str, plugins: Sequence[object] = ()) -> Outcome:
        folder = tmp_path / "reports"
        elsewhere = {"-o", "--output-dir", "--output_dir"} & {*argv}
        where = ["-o", str(folder)] if argv[:1] in (("run",), ("show",), ("errors",)) and not elsewhere else []
        capsys.readouterr()
        code = main([*argv[:1], *where, *argv[1:]], plugins=plugins)
        out, err = capsys.readouterr()
        return Outcome(code, out, err, folder)

    return command


@pytest.fixture
def run(harness: Harness, tiny_data: Path, tiny_model: Path) -> Harness:
    """`harness run` on the tiny data and the tiny encoder, by default of two quick strategies without progress."""

    def command(*argv: str, plugins: Sequence[object] = (), strategies: str = QUICK) -> Outcome:
        known = unless_given(argv, {"-d": str(tiny_data), "-m": str(tiny_model), "-s": strategies})
        return harness("run", *known, "-q", "--offline", *argv, plugins=plugins)

    return command


@pytest.fixture(scope="session")
def run_of_all(tmp_path_factory: pytest.TempPathFactory, tiny_data: Path, tiny_model: Path) -> Outcome:
    """What came of a run of all strategies; it is not to be changed."""
    folder, out, err = tmp_path_factory.mktemp("full") / "reports", io.StringIO(), io.StringIO()
    where = ["-d", str(tiny_data), "-m", str(tiny_model), "-o", str(folder)]
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setenv("COLUMNS", "150")
        code = main(["run", *where, "-q", "--offline", "--no-save-models", *FEWER_STEPS])
    return Outcome(code, out.getvalue(), err.getvalue(), folder)


@pytest.fixture(scope="session")
def full(run_of_all: Outcome) -> Path:
    """Folder of runs with one finished run of all strategies."""
    assert run_of_all.code == 0, run_of_all.err
    return run_of_all.folder


@pytest.fixture
def verified(full: Path, tmp_path: Path) -> Path:
    """A copy of a finished run's folder, to damage."""
    return Path(shutil.copytree(find_run("latest", full).path, tmp_path / "run"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def cached_run(run: Harness, folder: Path) -> Harness:
    """`harness run` of two quick strategies with the test's own cache."""
    return lambda *argv, **options: run("--cache-dir", str(folder), *argv, **options)


@pytest.fixture
def cache(harness: Harness, folder: Path) -> Harness:
    """`harness cache` on the test's own cache."""
    return lambda command, *argv: harness("cache", command, "--cache-dir", str(folder), *argv)


@pytest.fixture
def explain(cache: Harness, tiny_data: Path, tiny_model: Path) -> Harness:
    """`harness cache explain` of the run that `cached_run` makes, with more options."""
    known = {"-d": str(tiny_data), "-m": str(tiny_model), "-s": QUICK}
    return lambda *argv: cache("explain", *unless_given(argv, known), "--offline", *argv)
