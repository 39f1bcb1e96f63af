"""A static encoder of model2vec is an encoder like others for probes, and none for fine-tuning."""

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from harness import Encoder, Features, ModelError, RunConfig
from harness.huggingface import harness_load_encoder
from harness.testing import tiny_encoder

from ..packages import skip_without
from ..plugins.configured import write_static_encoder

skip_without("model2vec")

TEXTS = ["a quiet lake", "", "late crowd, sun", "nothing known"]
MEAN = Features(-1, "mean")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_static_encoder(tmp_path_factory.mktemp("static"))


def loaded(folder: Path, **options: object) -> Encoder:
    config = RunConfig.model_validate({"model": str(folder), "offline": True, **options})
    return harness_load_encoder(name=str(folder), config=config, device="cpu", dtype="float32")


def test_its_features_are_what_model2vec_computes(folder: Path) -> None:
    from model2vec import StaticModel

    own = StaticModel.from_pretrained(folder).encode(TEXTS)
    encoder = loaded(folder)
    found = encoder.encode(TEXTS, [MEAN, Features(0, "cls"), Features(-1, "cls+mean")])
    np.testing.assert_array_equal(found[MEAN], own)
    np.testing.assert_array_equal(found[Features(0, "cls")], own)
    np.testing.assert_array_equal(found[Features(-1, "cls+mean")], np.hstack([own, own]))
    assert (encoder.width, encoder.n_layers) == (own.shape[1], 0)


def test_a_prompt_and_a_limit_are_heeded_and_told_apart(folder: Path) -> None:
    plain, prompted, short = loaded(folder), loaded(folder, prompt="sun "), loaded(folder, max_length=4)
    text = "lake lake lake lake crowd crowd"
    tables = [each.encode([text], [MEAN])[MEAN] for each in (plain, prompted, short)]
    assert not np.array_equal(tables[0], tables[1])
    assert not np.array_equal(tables[0], tables[2])
    np.testing.assert_array_equal(prompted.encode([text], [MEAN])[MEAN], plain.encode(["sun " + text], [MEAN])[MEAN])
    assert [each.count_truncated([text]) for each in (plain, short)] == [0, 1]
    assert plain.fingerprint != prompted.fingerprint


LONG = " ".join(["lake crowd sun nothing"] * 300)  # 1,200 tokens, a quarter of them unknown


@pytest.mark.parametrize(
    ("declared", "asked", "read"),
    [
        ({"max_length": 512}, None, 512),
        ({"max_length": 512}, 8, 8),
        ({"max_length": 512}, 2000, 1200),
        ({}, None, 512),
        ({"max_length": None}, None, 1200),
        ({"seq_length": 1_000_000}, None, 1200),
    ],
)
def test_texts_are_cut_at_the_limit_alone_and_those_that_are_cut_are_counted(
    declared: dict[str, int | None], asked: int | None, read: int, folder: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "config.json").write_text(json.dumps({"model_type": "model2vec", "normalize": True, **declared}))
    encoder = loaded(copy, **({"max_length": asked} if asked else {}))
    words = LONG.split()
    texts = [" ".join(words[:n]) for n in (read - 1, read, read + 1)] if read < len(words) else [LONG]
    assert encoder.count_tokens([LONG, *texts]).tolist() == [1200, *(len(text.split()) for text in texts)]
    assert encoder.count_truncated(texts) == (1 if read < len(words) else 0)
    found = encoder.encode([LONG, " ".join(words[:read]), " ".join(words[: read - 2])], [MEAN])[MEAN]
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)
    assert np.abs(found[1] - found[2]).max() > 1e-4


def test_it_goes_to_another_process(folder: Path) -> None:
    encoder = loaded(folder)
    there = pickle.loads(pickle.dumps(encoder))
    np.testing.assert_array_equal(there.encode(TEXTS, [MEAN])[MEAN], encoder.encode(TEXTS, [MEAN])[MEAN])


def test_damaged_files_are_told_in_one_paragraph(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in folder.glob("*.*"):
        (copy / file.name).write_bytes(file.read_bytes())
    (copy / "model.safetensors").write_bytes((copy / "model.safetensors").read_bytes()[:100])
    with pytest.raises(ModelError, match="holds no static encoder that model2vec reads"):
        loaded(copy)


def test_an_encoder_of_transformers_is_none(tmp_path: Path) -> None:
    tiny_encoder(tmp_path)
    (tmp_path / "modules.json").write_text(json.dumps([{"type": "x.Transformer", "path": ""}]))
    assert loaded(tmp_path).n_layers > 0
