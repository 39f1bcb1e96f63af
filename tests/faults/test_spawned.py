"""Workers where no process can be forked, as on macOS and Windows: new processes, the same outcomes."""

import time
from pathlib import Path

from harness.config.run_config import RunConfig
from harness.executors.executor import Order
from harness.executors.limits import Limits
from harness.executors.local import Local
from harness.executors.outcome import Outcome
from harness.plugin_system.manager import PluginManager
from harness.runs.session import Session, Trial


def outcome_of(local: Local, name: str, folder: Path) -> Outcome:
    manager = PluginManager()
    session = Session(manager.load_task(RunConfig(dataset="sample")).limited(60), None, None, "cpu", "float32")
    order = Order(job=folder / "work" / "job", model=folder / "model", log=folder / "log.txt")
    started = local.start(session.assignment(Trial(manager.offers[name], 0)), order, lambda what, done, total: None)
    try:
        while (outcome := started.poll()) is None:
            time.sleep(0.01)
        return outcome
    finally:
        started.tidy()
        local.close()


def test_a_new_process_predicts_what_a_forked_one_does(tmp_path: Path) -> None:
    spawned = outcome_of(Local(forks=False), "stratified_random", tmp_path)
    other = outcome_of(Local(), "stratified_random", tmp_path)
    assert spawned.told.failure is None
    assert {split: table.tobytes() for split, table in spawned.probabilities.items()} == {
        split: table.tobytes() for split, table in other.probabilities.items()
    }


def test_one_that_takes_too_long_is_ended_there_too(tmp_path: Path) -> None:
    outcome = outcome_of(Local(limits=Limits(seconds=0.1), forks=False), "majority", tmp_path)
    assert outcome.told.failure is not None
    assert "--time-limit" in outcome.told.failure.message
    assert not [*(tmp_path / "work").glob("job")]
