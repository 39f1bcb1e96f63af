"""What a run leaves that ends in the middle goes with the next one, and lies in its own folder until then."""

from pathlib import Path
from typing import Any, ClassVar

from filelock import FileLock
from sklearn.dummy import DummyClassifier

from harness import SklearnStrategy, hookimpl

from .commands import Harness


def test_the_folder_of_a_run_that_was_killed_before_its_first_file_goes_with_the_next_run(
    run: Harness, tmp_path: Path
) -> None:
    folders = [tmp_path / "reports" / f"2026-01-0{day}T00-00-00Z-tiny-no-model" for day in range(1, 6)]
    empty, locked, half, begins_now, of_somebody = folders
    for folder in folders:
        folder.mkdir(parents=True)
    (locked / ".lock").touch()
    (half / ".unfinished.json.1b0b4e72").write_text("{")
    (of_somebody / "notes.txt").write_text("mine")
    with FileLock(begins_now / ".lock"):
        outcome = run(strategies="majority")
    assert outcome.code == 0, outcome.err
    assert [folder.exists() for folder in (empty, locked, half)] == [False] * 3
    assert begins_now.is_dir()
    assert [file.name for file in of_somebody.iterdir()] == ["notes.txt"]


def test_features_that_no_cache_keeps_lie_in_the_run_s_folder_until_its_end(run: Harness, tmp_path: Path) -> None:
    seen = []

    class Looks(SklearnStrategy):
        """Looks where the features of the run are."""

        name: ClassVar[str] = "looks"

        def estimator(self, seed: int) -> Any:
            seen.extend(tmp_path.glob("reports/*/.features/**/*.npy"))
            return DummyClassifier()

    class Plugin:
        @hookimpl
        def harness_strategies(self) -> list[SklearnStrategy]:
            return [Looks()]

    outcome = run("--no-cache", strategies="logreg_probe,looks", plugins=[Plugin()])
    assert outcome.code == 0, outcome.err
    assert seen
    assert not [*tmp_path.glob("reports/*/.*")]
    assert not [file for file in outcome.run.files if ".features" in file]
