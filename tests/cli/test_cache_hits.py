"""Two runs that differ in nothing that can change a feature compute it once; and each says where it came from."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from harness import RunRecord

from .commands import Harness, Outcome

PROBES = "logreg_probe,mlp_probe"


@dataclass
class Warm:
    """A run whose features are in the cache now, and how to make another."""

    run: Callable[..., Outcome]
    first: Outcome
    cache: Path

    def again(self, *argv: str, strategies: str = PROBES) -> dict[str, RunRecord]:
        outcome = self.run(*argv, strategies=strategies)
        assert outcome.code == 0
        return {record.strategy: record for record in outcome.run.records}


@pytest.fixture
def warm(run: Harness, tmp_path: Path) -> Warm:
    cache = tmp_path / "cache"

    def cached_run(*argv: str, strategies: str = PROBES) -> Outcome:
        quick = ["--set", "mlp_probe.epochs=1"] + ([] if "--save-models" in argv else ["--no-save-models"])
        where = [] if "--cache-dir" in argv else ["--cache-dir", str(cache)]
        return run(*where, *quick, *argv, strategies=strategies)

    return Warm(cached_run, cached_run(), cache)


@pytest.fixture
def elsewhere(tiny_data: Path, tiny_model: Path, tmp_path: Path) -> dict[str, str]:
    return {
        "data": str(shutil.copytree(tiny_data, tmp_path / "other data")),
        "model": str(shutil.copytree(tiny_model, tmp_path / "other model")),
        "output": str(tmp_path / "other reports"),
    }


@pytest.fixture
def _other_threads() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    yield
    torch.set_num_threads(threads)


SAME_NUMBERS = {
    "the same again": (),
    "other batches": ("-b", "50"),
    "another folder of data": ("-d", "{data}"),
    "another folder of the model": ("-m", "{model}"),
    "models saved": ("--save-models",),
}


def check_cached(warm: Warm, records: dict[str, RunRecord]) -> None:
    paid = {record.strategy: record.encode_seconds for record in warm.first.run.records}
    for name, record in records.items():
        assert (record.features, record.encode_seconds) == ("cached", paid[name])


@pytest.mark.parametrize("change", SAME_NUMBERS)
def test_what_cannot_change_a_feature_is_read_and_predicts_the_same(
    change: str, warm: Warm, elsewhere: dict[str, str]
) -> None:
    before = warm.first.run.records
    assert [record.features for record in before] == ["computed", "computed"]
    records = warm.again(*(word.format(**elsewhere) for word in SAME_NUMBERS[change]))
    check_cached(warm, records)
    assert {r.predictions_sha256 for r in records.values()} == {r.predictions_sha256 for r in before}


def test_order_seeds_and_hyperparameters_change_no_feature(warm: Warm) -> None:
    records = warm.again("--seeds", "3", "--set", "logreg_probe.C=0.5", strategies="mlp_probe,majority,logreg_probe")
    assert records.pop("majority").features is None
    check_cached(warm, records)


@pytest.mark.usefixtures("_other_threads")
def test_the_number_of_threads_changes_no_feature(warm: Warm) -> None:
    check_cached(warm, warm.again())


def test_another_layer_is_computed_beside_what_is_cached(warm: Warm) -> None:
    records = warm.again("--set", "mlp_probe.layer=1")
    assert {name: record.features for name, record in records.items()} == {
        "logreg_probe": "cached",
        "mlp_probe": "computed",
    }


def test_fewer_rows_are_other_texts(warm: Warm) -> None:
    assert {record.features for record in warm.again("--limit", "30").values()} <= {"computed", "partly cached"}


def test_a_damaged_entry_is_one_note_of_the_run(warm: Warm) -> None:
    features = next(iter(warm.cache.glob("features/*/features.npy")))
    features.write_bytes(features.read_bytes()[:-1])
    outcome = warm.run()
    (note,) = outcome.run.notes
    assert "damaged" in note
    assert {record.features for record in outcome.run.records} == {"partly cached"}
    assert outcome.digests == warm.first.digests
    assert warm.run().run.notes == []


def test_no_cache_neither_reads_nor_writes(warm: Warm) -> None:
    before = {file: file.stat().st_mtime_ns for file in warm.cache.rglob("*")}
    outcome = warm.run("--no-cache")
    assert {record.features for record in outcome.run.records} == {"computed"}
    assert outcome.digests == warm.first.digests
    assert {file: file.stat().st_mtime_ns for file in warm.cache.rglob("*")} == before


def test_a_cache_that_cannot_be_written_is_one_note_of_a_good_run(warm: Warm, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = warm.run("--cache-dir", str(tmp_path / "file" / "cache"))
    assert outcome.code == 0
    (note,) = outcome.run.notes
    assert "features are not kept for the next run" in note
    assert outcome.digests == warm.first.digests
