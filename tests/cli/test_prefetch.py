"""`harness prefetch`: a folder that a machine without a network runs with as if it had fetched everything itself."""

import json
import shutil
from pathlib import Path

import pytest

from .commands import Harness, Outcome


def prefetched(harness: Harness, folder: Path, *argv: str) -> Outcome:
    return harness("prefetch", "-o", str(folder), "--offline", *argv)


def test_a_run_with_a_bundle_is_the_run_with_what_was_bundled(
    harness: Harness, run: Harness, tiny_data: Path, tiny_model: Path, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle"
    outcome = prefetched(harness, bundle, "-d", str(tiny_data), "-m", str(tiny_model))
    assert outcome.code == 0, outcome.err
    data, model = bundle / "data" / tiny_data.name, bundle / "models" / tiny_model.name
    assert f"harness run --offline -d {data} -m {model}" in outcome.err.replace("\n", "")
    places = {"there": ("-d", str(data), "-m", str(model)), "here": ()}
    runs = []
    for place, named in places.items():
        assert run(*named, "-o", str(tmp_path / place), strategies="logreg_probe").code == 0
        (file,) = (tmp_path / place).glob("*/run.json")
        runs.append(json.loads(file.read_text("utf-8")))
    digests = [[record["predictions_sha256"] for record in each["records"]] for each in runs]
    assert digests[0] == digests[1]
    assert runs[0]["task"]["content_sha256"] == runs[1]["task"]["content_sha256"]
    assert runs[0]["model"]["weights_sha256"] == runs[1]["model"]["weights_sha256"]


def test_a_bundle_is_added_to_and_what_is_there_is_left(
    harness: Harness, tiny_data: Path, tiny_model: Path, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle"
    assert prefetched(harness, bundle, "-d", str(tiny_data)).code == 0
    written = (bundle / "data" / tiny_data.name / "test.parquet").stat().st_mtime_ns
    assert prefetched(harness, bundle, "-d", str(tiny_data), "-m", str(tiny_model)).code == 0
    assert (bundle / "data" / tiny_data.name / "test.parquet").stat().st_mtime_ns == written
    kinds = [item["kind"] for item in json.loads((bundle / "bundle.json").read_text("utf-8"))["items"]]
    assert kinds == ["data", "model"]
    other = prefetched(harness, bundle, "-d", str(tiny_data), "-n", "12")
    assert other.code == 2
    assert "holds something else" in other.err
    assert harness("verify", str(bundle)).code == 0


def test_an_encoder_of_the_same_weights_and_another_tokenizer_is_another_one(
    harness: Harness, tiny_data: Path, tiny_model: Path, tmp_path: Path
) -> None:
    model, bundle = Path(shutil.copytree(tiny_model, tmp_path / "model")), tmp_path / "bundle"
    assert prefetched(harness, bundle, "-d", str(tiny_data), "-m", str(model)).code == 0
    assert prefetched(harness, bundle, "-d", str(tiny_data), "-m", str(model)).code == 0
    file = model / "tokenizer_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), "model_max_length": 20}), encoding="utf-8")
    other = prefetched(harness, bundle, "-d", str(tiny_data), "-m", str(model))
    assert other.code == 2
    assert f"{bundle / 'models' / 'model'} is there already and holds something else" in " ".join(other.err.split())


def declare_modules(model: Path, kinds: dict[str, str]) -> None:
    modules = [{"path": path, "type": f"sentence_transformers.models.{kind}"} for path, kind in kinds.items()]
    (model / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    pooling = model / next(path for path, kind in kinds.items() if kind == "Pooling")
    pooling.mkdir()
    (pooling / "config.json").write_text('{"pooling_mode_mean_tokens": true}', "utf-8")


@pytest.mark.parametrize("named", ["model", "model/0_Transformer"])
def test_an_encoder_of_the_first_versions_of_sentence_transformers_is_bundled_with_all_its_modules(
    named: str, harness: Harness, run: Harness, tiny_data: Path, tiny_model: Path, tmp_path: Path
) -> None:
    shutil.copytree(tiny_model, tmp_path / "model" / "0_Transformer")
    declare_modules(tmp_path / "model", {"0_Transformer": "Transformer", "1_Pooling": "Pooling"})
    (tmp_path / "model" / "config.json").write_text('{"__version__": "0.2.5"}', "utf-8")  # as they wrote it
    wanted = ("-d", str(tiny_data), "-m", str(tmp_path / named))
    assert prefetched(harness, tmp_path / "bundle", *wanted).code == 0
    assert prefetched(harness, tmp_path / "bundle", *wanted).code == 0
    copied = tmp_path / "bundle" / "models" / "model"
    assert {file.name for file in copied.iterdir()} == {"0_Transformer", "1_Pooling", "modules.json", "config.json"}
    assert run("-m", str(copied), "-o", str(tmp_path / "runs"), strategies="logreg_probe").code == 0
    (file,) = (tmp_path / "runs").glob("*/run.json")
    assert json.loads(file.read_text("utf-8"))["model"]["pooling"] == "mean"


def test_an_encoder_whose_copy_would_pool_otherwise_is_refused_and_leaves_no_empty_folder(
    harness: Harness, tiny_data: Path, tiny_model: Path, tmp_path: Path
) -> None:
    model = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    declare_modules(model, {"": "Transformer", "pooling": "Pooling"})
    outcome = prefetched(harness, tmp_path / "bundle", "-d", str(tiny_data), "-m", str(model))
    assert outcome.code == 3
    assert "Call each such folder by its number and kind, such as 1_Pooling" in " ".join(outcome.err.split())
    assert [folder.name for folder in (tmp_path / "bundle").iterdir() if folder.is_dir()] == ["data"]


def test_verify_finds_what_was_changed_removed_and_added(harness: Harness, tiny_data: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    assert prefetched(harness, bundle, "-d", str(tiny_data)).code == 0
    folder = bundle / "data" / tiny_data.name
    (folder / "train.parquet").write_bytes((folder / "train.parquet").read_bytes() + b" ")
    (folder / "test.parquet").rename(folder / "tests.parquet")
    outcome = harness("verify", str(bundle))
    assert outcome.code == 3
    for told in ("file was changed", "file is missing", "file was added", "3 failed"):
        assert told in outcome.out


def test_a_folder_that_is_no_bundle_is_left_alone(harness: Harness, tiny_data: Path, tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "mine.txt").write_text("mine")
    outcome = prefetched(harness, tmp_path / "bundle", "-d", str(tiny_data))
    assert outcome.code == 2
    assert [file.name for file in (tmp_path / "bundle").iterdir()] == ["mine.txt"]


def test_a_bundle_that_leads_out_of_its_folder_is_damaged(harness: Harness, tmp_path: Path) -> None:
    for folder in ("models/..", "../data", "/etc"):
        item = {"kind": "data", "name": "x", "folder": folder}
        (tmp_path / "bundle.json").write_text(json.dumps({"schema_version": 1, "items": [item], "files": {}}))
        assert harness("verify", str(tmp_path)).code == 2


def test_of_a_damaged_record_of_a_bundle_one_line_says_what_is_wrong_and_where(
    harness: Harness, tmp_path: Path
) -> None:
    (tmp_path / "bundle.json").write_text(json.dumps({"schema_version": 1, "items": [{"kind": "music"}], "files": {}}))
    told = " ".join(harness("verify", str(tmp_path)).err.split())
    assert "at items.0.kind: Input should be 'data' or 'model'. Make the bundle again." in told


def test_offline_all_that_is_missing_is_named_with_what_brings_it(harness: Harness) -> None:
    outcome = harness("run", "--offline", "-d", "acme/moods", "-m", "acme/tiny", "-s", "logreg_probe", "-q")
    assert outcome.code == 4
    told = " ".join(outcome.err.split())
    assert "harness prefetch -d acme/moods -o BUNDLE" in told
    assert "harness prefetch -m acme/tiny -o BUNDLE" in told
