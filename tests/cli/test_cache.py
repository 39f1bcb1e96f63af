"""harness cache: what is in the cache, what a run would find there, making room; and where a run says it looked."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from harness import Task
from harness.features.directory import CacheDirectory
from harness.features.entry import EntryWriter

from .commands import Harness, write_data
from .entries import an_entry, entries_of, used_days_ago, words

N_SPLITS = 3


# what is in it


def test_an_empty_cache_is_one_sentence_with_its_folder(cache: Harness, folder: Path) -> None:
    for command in ("list", "clear"):
        outcome = cache(command)
        assert (outcome.code, outcome.out) == (0, f"The cache in {folder} is empty.\n")
    assert not folder.exists()


def test_a_run_leaves_an_entry_for_each_split_and_the_list_says_of_what(
    cached_run: Harness, cache: Harness, tiny_model: Path, folder: Path
) -> None:
    cached_run()
    outcome = cache("list")
    assert outcome.code == 0
    heading, columns, _, *rows, _, total = outcome.out.splitlines()
    assert heading.startswith(f"{tiny_model} (weights ")
    assert columns.split("  ")[0] == "data"
    assert sorted(row.split()[:6] for row in rows) == [
        ["tiny", "-1", "cls", "24", "x", "32"],
        ["tiny", "-1", "cls", "24", "x", "32"],
        ["tiny", "-1", "cls", "48", "x", "32"],
    ]
    assert total.startswith("3 entries, ")
    assert total.endswith(f" s of encoding, in {folder}")


def test_the_json_list_holds_the_key_and_the_state(cached_run: Harness, cache: Harness) -> None:
    cached_run()
    entries = entries_of(cache)
    assert [entry["state"] for entry in entries] == ["complete"] * N_SPLITS
    assert {entry["rows"] for entry in entries} == {24, 48}
    assert {entry["about"]["data"] for entry in entries} == {"tiny"}
    assert {"texts", "weights", "layer", "pooling", "torch"} <= set(entries[0]["key"])


def test_unfinished_and_unreadable_entries_are_named(cache: Harness, folder: Path) -> None:
    an_entry(folder, finished=False)
    cut_short = an_entry(folder, pooling="mean") / "features.npy"
    cut_short.write_bytes(cut_short.read_bytes()[:-1])
    changed = an_entry(folder, pooling="max") / "manifest.json"
    changed.write_bytes(changed.read_bytes().replace(b'"rows": 4', b'"rows": 5'))
    out = cache("list").out
    assert out.count(" unreadable ") == 2
    assert out.count(" unfinished ") == 1
    assert "of an unknown model" in out
    assert {entry["rows_done"] for entry in entries_of(cache) if entry["state"] == "unfinished"} == {2}


@pytest.mark.parametrize("width", [40, 80])
def test_odd_names_fit_the_page_and_steer_no_terminal(
    cache: Harness, folder: Path, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = {"texts": "0" * 64, "layer": -1, "pooling": "cls", "weights": "1" * 64}
    odd = {"model": "\x1b[31m[/]" + "m" * 100, "data": "[/]中文\x1b[31m" * 9}
    writer = EntryWriter(CacheDirectory(folder).folder(parts), parts, (417_000, 768), odd)
    writer.append(np.zeros((1, 768), np.float32), 1.0)
    monkeypatch.setenv("COLUMNS", str(width))
    outcome = cache("list")
    assert outcome.code == 0
    assert "\x1b" not in outcome.out
    assert r"\x1b[31m[/]" in outcome.out
    assert "417,000 x 768" in outcome.out
    assert max(map(len, outcome.out.splitlines())) <= width


def test_a_file_where_the_cache_should_be_is_a_usage_error(cache: Harness, folder: Path) -> None:
    folder.write_text("not a folder")
    for command in ("list", "prune", "clear"):
        outcome = cache(command)
        assert outcome.code == 2
        assert outcome.err.count("\n") == 1
        assert "--cache-dir" in outcome.err


def test_the_environment_names_the_cache(harness: Harness, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(folder))
    assert str(folder) in harness("cache", "list").out


# what a run would find


def test_before_the_first_run_nothing_like_it_is_cached_and_after_it_everything_is(
    cached_run: Harness, explain: Harness, cache: Harness, tmp_path: Path
) -> None:
    before = explain()
    assert before.code == 0
    assert before.out.count("miss: nothing like it is cached") == N_SPLITS
    assert "0 of 3 cached" in before.out
    assert entries_of(cache) == []
    assert not (tmp_path / "reports").exists()
    cached_run()
    after = explain()
    assert "layer -1, cls: logreg_probe\n" in after.out
    assert after.out.count("hit: saves ") == N_SPLITS
    assert "3 of 3 cached, saving " in after.out


def test_explaining_is_no_use_of_an_entry(cached_run: Harness, explain: Harness, folder: Path) -> None:
    cached_run()
    manifests = [used_days_ago(entry, 9) / "manifest.json" for entry in (folder / "features").iterdir()]
    before = [file.stat().st_mtime for file in manifests]
    assert "3 of 3 cached" in explain().out
    assert [file.stat().st_mtime for file in manifests] == before


@pytest.mark.parametrize(
    ("argv", "difference"),
    [
        (["-n", "12"], "texts differ ("),
        (["--set", "logreg_probe.pooling=mean"], "miss: pooling: cls → mean (nearest: tiny, "),
        (["--set", "logreg_probe.layer=0"], "miss: layer: -1 → 0 (nearest: tiny, "),
        (["--dtype", "bfloat16"], "miss: dtype: float32 → bfloat16 by autocast (nearest: tiny, "),
    ],
)
def test_a_miss_says_what_differs_from_the_nearest_entry(
    cached_run: Harness, explain: Harness, argv: list[str], difference: str
) -> None:
    cached_run()
    outcome = explain(*argv)
    assert outcome.code == 0
    assert words(outcome.out).count(difference) == N_SPLITS


def test_other_weights_are_named_by_their_hashes(
    cached_run: Harness, explain: Harness, tiny_model: Path, tmp_path: Path
) -> None:
    cached_run()
    other = shutil.copytree(tiny_model, tmp_path / "other")
    weights = load_file(other / "model.safetensors")
    save_file({name: 2 * table for name, table in weights.items()}, other / "model.safetensors", {"format": "pt"})
    outcome = explain("-m", str(other), "--json")
    findings = json.loads(outcome.out)["findings"]
    assert [list(finding["differences"]) for finding in findings] == [["weights"]] * N_SPLITS
    change = findings[0]["differences"]["weights"]
    told = f"miss: weights differ: sha256 {change['cached'][:8]} → {change['planned'][:8]} (nearest: tiny, "
    assert explain("-m", str(other)).out.count(told) == N_SPLITS


def test_another_version_of_a_library_is_named(cached_run: Harness, explain: Harness, folder: Path) -> None:
    cached_run()
    key = json.loads(next((folder / "features").glob("*/manifest.json")).read_text())["key"]
    shutil.rmtree(folder / "features")
    an_entry(folder, **{**key, "torch": "2.0.1"})
    assert f"torch: 2.0.1 → {key['torch']} (nearest: some data, an encoder)" in words(explain().out)


def test_a_damaged_and_an_unfinished_entry_are_named_as_such(
    cached_run: Harness, explain: Harness, folder: Path
) -> None:
    cached_run()
    damaged, unfinished, _ = sorted((folder / "features").iterdir())
    content = bytearray((damaged / "features.npy").read_bytes())
    content[-1] ^= 1
    (damaged / "features.npy").write_bytes(content)
    manifest = json.loads((unfinished / "manifest.json").read_text())
    shutil.rmtree(unfinished)
    writer = EntryWriter(unfinished, manifest["key"], (manifest["rows"], manifest["width"]))
    writer.append(np.zeros((5, manifest["width"]), np.float32), 1.0)
    out = words(explain().out)
    assert "damaged: shard 0 of features.npy is cut short or changed; a run computes it again" in out
    assert f"unfinished: 5 of {manifest['rows']} texts are there; a run computes the rest" in out
    assert "1 of 3 cached" in out


def test_where_nothing_would_be_encoded_it_says_why(explain: Harness, tmp_path: Path) -> None:
    assert explain("-s", "majority").out.startswith("No selected strategy reads frozen features")
    (tmp_path / "run.toml").write_text("cache = false\n")
    assert explain("-c", str(tmp_path / "run.toml")).out == "The configuration of this run turns the cache off.\n"


def test_what_a_run_refuses_explain_refuses(explain: Harness) -> None:
    outcome = explain("-s", "majorty")
    assert outcome.code == 2
    assert "Did you mean 'majority'?" in outcome.err
    assert explain("-d", "./nowhere").code == 3


def test_a_dry_run_says_how_much_is_cached(cached_run: Harness) -> None:
    assert "0 of 3 cached" in cached_run("--dry-run").out
    cached_run()
    assert "3 of 3 cached, saving" in cached_run("--dry-run").out


# what a run says


def test_what_the_seconds_of_encoding_mean_is_told_where_features_came_from_the_cache(
    cached_run: Harness, harness: Harness
) -> None:
    legend = "Seconds of encoding are what computing the features took once"
    first, second = cached_run(), cached_run()
    assert legend not in " ".join(first.out.split())
    assert legend in " ".join(second.out.split())
    assert [record.features for record in first.run.records] == [None, "cached"]
    assert harness("show").out == second.out
    seconds = [record.encode_seconds for run in (first, second) for record in run.run.records if record.features]
    assert len(set(seconds)) == 1


def test_without_a_cache_a_run_computes_and_leaves_nothing(cached_run: Harness, folder: Path) -> None:
    for _ in range(2):
        outcome = cached_run("--no-cache")
        assert [record.features for record in outcome.run.records] == [None, "computed"]
    assert not folder.exists()


def test_a_file_may_name_the_cache(run: Harness, tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text(f'cache-dir = "{tmp_path / "elsewhere"}"\n')
    assert run("-c", str(tmp_path / "run.toml")).code == 0
    assert len(list((tmp_path / "elsewhere" / "features").iterdir())) == N_SPLITS


@pytest.mark.parametrize("command", ["list", "explain", "prune", "clear"])
def test_every_command_of_the_cache_has_help(harness: Harness, command: str) -> None:
    outcome = harness("cache", command, "--help")
    assert outcome.code == 0
    assert "--cache-dir" in outcome.out


def test_data_with_an_odd_name_is_explained(
    cached_run: Harness, explain: Harness, task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = write_data(task, tmp_path / "[b] \x1b[31m中")
    cached_run("-d", str(odd))
    monkeypatch.setenv("COLUMNS", "40")
    outcome = explain("-d", str(odd), "--set", "logreg_probe.pooling=max")
    assert outcome.code == 0
    assert "\x1b" not in outcome.out
    assert r"[b] \x1b[31m中" in outcome.out
