"""`harness run --resume`: a trial that reads files besides data and encoder is run again where these changed."""

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from sklearn.dummy import DummyClassifier

from harness import SklearnStrategy, hookimpl

from .commands import Harness


@dataclass(frozen=True)
class Reading(SklearnStrategy):
    """Reads a file, whose hash `read` is, and is stopped with the second seed as long as `stops` is set."""

    name: ClassVar[str] = "reading"
    uses_model: ClassVar[bool] = False
    read: ClassVar[str] = "before"
    stops: ClassVar[bool] = True
    fits: ClassVar[list[int]] = []

    def content_hash(self) -> str:
        return self.read

    def estimator(self, seed: int) -> Any:
        if self.stops and seed == 1:
            raise KeyboardInterrupt
        self.fits.append(seed)
        return DummyClassifier()


class Plugin:
    @hookimpl
    def harness_strategies(self) -> list[SklearnStrategy]:
        return [Reading()]


@pytest.mark.parametrize("read", ["before", "after"])
def test_what_a_strategy_reads_besides_is_part_of_what_it_depends_on(
    run: Harness, harness: Harness, monkeypatch: pytest.MonkeyPatch, read: str
) -> None:
    Reading.fits.clear()
    assert run("--seeds", "0,1", strategies="reading", plugins=[Plugin()]).code == 130
    monkeypatch.setattr(Reading, "stops", False)
    monkeypatch.setattr(Reading, "read", read)
    outcome = harness("run", "-q", "--resume", plugins=[Plugin()])
    assert outcome.code == 0, outcome.err
    assert Reading.fits == ([0, 1] if read == "before" else [0, 0, 1])
    if read == "after":
        assert outcome.run.notes[0] == "reading-seed0 was run again, as what it depends on changed: files"
