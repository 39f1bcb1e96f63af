"""What the hub gives goes into a bundle, whose names a machine without a network is told."""

import json
from pathlib import Path

import pyarrow.parquet as pq

from .fake_hub import COMMIT, serving
from .pushing import commands
from .test_hub import DATASET, MODEL, ROWS, write_repositories


def test_data_and_encoder_of_the_hub_are_bundled_and_named_where_they_are_missing(tiny: Path, tmp_path: Path) -> None:
    bundle, named = tmp_path / "bundle", ["-d", DATASET, "-m", MODEL]
    missing = ["run", "-s", "logreg_probe", "-q", "--offline", *named, "-o", str(tmp_path / "runs")]
    wanted = [missing, ["prefetch", *named, "-o", str(bundle)], ["verify", str(bundle)]]
    with serving(write_repositories(tmp_path / "repositories", tiny)) as hub:
        refused, fetched, verified = commands(hub.endpoint, tmp_path / "home", "hf_token", wanted)
    assert (refused["code"], fetched["code"], verified["code"]) == (4, 0, 0), (refused, fetched, verified)
    for option, name in (("-d", DATASET), ("-m", MODEL)):
        assert f"harness prefetch {option} {name} -o BUNDLE" in " ".join(refused["err"].split())
    told = json.loads((bundle / "bundle.json").read_text("utf-8"))
    assert [(item["name"], item["revision"]) for item in told["items"]] == [(DATASET, COMMIT), (MODEL, COMMIT)]
    test = pq.read_table(bundle / "data" / "acme__moods" / "test.parquet").to_pydict()
    assert test["label"] == [label for _, label in ROWS]
    weights = (bundle / "models" / "acme__tiny" / "model.safetensors").read_bytes()
    assert weights == (tiny / "model.safetensors").read_bytes()
