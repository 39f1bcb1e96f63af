"""harness run: what it prints, what it leaves on disk, and that it does so again."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch

from harness import Encoder, Run, RunConfig, hookimpl
from harness.huggingface import load_encoder
from harness.plugin_system.manager import PluginManager
from harness.results.records import read_run
from harness.results.run_directory import RunDirectory, find_run

from .commands import FEWER_STEPS, Harness, Outcome

STRATEGIES = {name for name, offer in PluginManager().offers.items() if "all" in offer.groups and not offer.not_ready}
N_ROWS = 24  # of the validation split, and of the test split


@pytest.fixture(scope="module")
def directory(full: Path) -> RunDirectory:
    return find_run("latest", full)


@pytest.fixture(scope="module")
def all_of_them(directory: RunDirectory) -> Run:
    return read_run(directory)


def test_all_strategies_stand_in_one_table(run_of_all: Outcome) -> None:
    assert run_of_all.code == 0
    table = run_of_all.out.partition("95 % intervals")[0]
    assert all(f"\n{name} " in table for name in STRATEGIES)
    assert run_of_all.run.status == "complete"
    assert "Saved in" in run_of_all.err
    assert "Saved in" not in run_of_all.out


def test_all_is_the_default(all_of_them: Run) -> None:
    assert {record.strategy for record in all_of_them.records} == STRATEGIES
    assert {record.status for record in all_of_them.records} == {"ok"}


def test_the_run_file_holds_the_checksum_of_every_other_file(directory: RunDirectory, all_of_them: Run) -> None:
    on_disk = {f.relative_to(directory.path).as_posix(): f for f in directory.path.rglob("*") if f.is_file()}
    assert {*all_of_them.files, "run.json"} == set(on_disk)
    for name, checksum in all_of_them.files.items():
        assert hashlib.sha256(on_disk[name].read_bytes()).hexdigest() == checksum


def test_every_strategy_has_a_record_file_equal_to_its_row(directory: RunDirectory, all_of_them: Run) -> None:
    for record in all_of_them.records:
        saved = json.loads((directory.path / "records" / f"{record.trial}.json").read_text())
        assert saved == record.model_dump(mode="json")


def test_the_predictions_file_has_a_row_for_every_text_that_was_scored(
    directory: RunDirectory, all_of_them: Run
) -> None:
    table = pq.read_table(directory.path / "predictions" / "logreg_probe-seed0.parquet").to_pydict()
    classes = [f"probability_{name}" for name in all_of_them.task.label_names]
    assert list(table) == ["split", "row", "label", "prediction", *classes]
    assert table["split"] == ["validation"] * N_ROWS + ["test"] * N_ROWS
    assert table["row"] == [*range(N_ROWS), *range(N_ROWS)]
    right = sum(y == z for y, z in zip(table["label"][N_ROWS:], table["prediction"][N_ROWS:], strict=True))
    record = next(record for record in all_of_them.records if record.strategy == "logreg_probe")
    assert record.test is not None
    assert record.test.accuracy == pytest.approx(right / N_ROWS)


def test_models_are_saved_unless_told_otherwise(run: Harness, directory: RunDirectory) -> None:
    path = find_run("latest", run().folder).path
    assert (path / "models" / "logreg_probe-seed0" / "estimator.skops").is_file()
    assert not (directory.path / "models").exists()


def test_fine_tuning_records_one_entry_each_time_it_looks_at_validation(all_of_them: Run) -> None:
    record = next(record for record in all_of_them.records if record.strategy == "full_finetune")
    epochs = [entry["epoch"] for entry in record.history]
    assert epochs == sorted({*epochs})
    assert 1 < len(epochs) <= record.params["epochs"]
    assert {"train_loss", "validation_loss", "validation_f1_weighted"} <= set(record.history[0])


def test_costs_are_recorded_and_only_probes_pay_for_encoding(all_of_them: Run) -> None:
    for record in all_of_them.records:
        assert record.fit_seconds is not None
        assert record.predict_seconds is not None
        assert (record.encode_seconds is not None) == record.strategy.endswith("_probe")
        assert record.peak_memory_bytes
    tuned = next(record for record in all_of_them.records if record.strategy == "full_finetune")
    assert all_of_them.model is not None
    assert tuned.total_parameters == tuned.trainable_parameters
    assert tuned.total_parameters is not None
    assert tuned.total_parameters > all_of_them.model.n_parameters


def test_the_same_command_gives_the_same_predictions(run: Harness, all_of_them: Run) -> None:
    again = run("--no-save-models", *FEWER_STEPS, strategies="all").digests
    assert again == {record.strategy: record.predictions_sha256 for record in all_of_them.records}


def test_the_run_says_where_data_and_model_come_from(all_of_them: Run, tiny_data: Path, tiny_model: Path) -> None:
    assert all_of_them.task.name == "tiny"
    assert all_of_them.task.source == str(tiny_data.resolve())
    assert all_of_them.model is not None
    assert all_of_them.model.name == str(tiny_model)
    assert len(all_of_them.model.weights_sha256) == 64
    assert all_of_them.fallback is None
    assert all_of_them.command[:2] == ["harness", "run"]


def test_seeds_are_rows_and_a_deterministic_strategy_says_so(run: Harness) -> None:
    outcome = run("--seeds", "0,1", strategies="majority,logreg_probe,mlp_probe")
    assert outcome.code == 0
    assert sorted((r.strategy, r.seed) for r in outcome.run.records) == [
        (name, seed) for name in ("logreg_probe", "majority", "mlp_probe") for seed in (0, 1)
    ]
    table, every_seed = outcome.out.split("Scores of every seed")
    assert table.count("deterministic") >= 2
    assert "over 2 seeds" in table
    rows = [tuple(line.split()[:2]) for line in every_seed.partition("\n\n")[0].splitlines()]
    assert {("mlp_probe", seed) for seed in ("0", "1")} <= {*rows}
    assert [name for name, *_ in rows[3:]].count("majority") == 1


def test_a_strategy_without_a_model_needs_no_model(run: Harness, tiny_data: Path, harness: Harness) -> None:
    outcome = harness("run", "-d", str(tiny_data), "-m", "nobody/nothing", "-s", "majority", "--offline", "-q")
    assert outcome.code == 0
    assert outcome.run.model is None


def test_json_is_all_there_is_on_standard_output(run: Harness) -> None:
    outcome = run("--json")
    printed = Run.model_validate(json.loads(outcome.out))
    assert printed == outcome.run
    assert "Saved in" in outcome.err


def test_quiet_prints_no_progress(run: Harness, harness: Harness, tiny_data: Path) -> None:
    loud = harness("run", "-d", str(tiny_data), "-s", "tfidf_logreg", "--offline")
    assert "tfidf_logreg seed 0" in loud.err
    assert f"  harness predict {loud.folder}/" in loud.err.partition("Try next:\n")[2]
    quiet = run(strategies="majority")
    assert quiet.err.startswith("Saved in")
    assert len(quiet.err.splitlines()) == 1


def test_what_to_try_next_names_no_command_that_would_be_refused(harness: Harness, tiny_data: Path) -> None:
    floor = harness("run", "-d", str(tiny_data), "-s", "majority", "--offline")
    told = floor.err.partition("Try next:\n")[2]
    assert "harness predict" not in told
    assert f"  harness show {floor.folder}/" in told


def test_a_dry_run_prints_the_plan_and_writes_nothing(run: Harness) -> None:
    outcome = run("--dry-run", "--seeds", "0,1", "--set", "logreg_probe.C=0.5")
    assert outcome.code == 0
    assert "48 train, 24 validation, 24 test" in outcome.out
    assert outcome.out.count("C=0.5") == 2
    assert not outcome.folder.exists()


def test_a_dry_run_as_json_lists_the_trials(run: Harness) -> None:
    plan = json.loads(run("--dry-run", "--json", "--set", "logreg_probe.C=0.5").out)
    assert [(trial["strategy"], trial["seed"]) for trial in plan["trials"]] == [("majority", 0), ("logreg_probe", 0)]
    assert plan["trials"][1]["params"]["C"] == 0.5
    assert plan["fallback"] is None


class SmallMemory:
    """Loads an encoder that runs out of memory with more than 100 tokens."""

    @hookimpl
    def harness_load_encoder(self, name: str, config: RunConfig, device: str, dtype: str) -> Encoder:
        encoder = load_encoder(name, None, True, device, dtype)

        def refuse(module: Any, args: Any, kwargs: dict[str, Any]) -> None:
            if kwargs["input_ids"].numel() > 100:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

        encoder.model.register_forward_pre_hook(refuse, with_kwargs=True)
        return encoder


def test_a_run_that_was_short_of_memory_says_so_and_scores_the_same(run: Harness) -> None:
    plenty = run("--no-cache").run
    outcome = run("--no-cache", plugins=[SmallMemory()])
    short = outcome.run
    assert outcome.code == 0
    assert short.model is not None
    assert short.model.token_budget is not None
    assert short.model.token_budget <= 100
    told = f"memory ran out while encoding: batches were halved to {short.model.token_budget} tokens"
    for before, after in zip(plenty.records, short.records, strict=True):
        assert after.test == before.test
        assert (before.degradations, after.degradations) == ([], [told] if after.features else [])
    assert told in " ".join(outcome.out.split())
