"""Fine-tuning of sentence encoders: the head reads what the checkpoint says it pools, and is saved with it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from harness import Features, ModelError
from harness.testing import Bench

from ..encoders import loaded, pooled_plainly, write_family
from .test_finetuning import OFFERS, quick
from .test_heads import fitted

HEAD = "head.safetensors"


def sentence_encoder(folder: Path, *modes: str, family: str = "bert") -> Path:
    """Write a tiny encoder that declares how it pools, as sentence-transformers does."""
    write_family(folder, family)
    kinds = enumerate(["Transformer", "Pooling"])
    modules = [
        {"type": f"sentence_transformers.models.{kind}", "path": f"{n}_{kind}" if n else ""} for n, kind in kinds
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode": list(modes)}))
    return folder


def pooled(name: str) -> Any:
    return replace(quick(name), pooling="mean")


def plain_probabilities(encoder: Any, folder: Path, head: dict[str, torch.Tensor], mode: str, texts: Any) -> np.ndarray:
    """Return what a linear layer makes of the pooled states, one text at a time, with nothing but transformers."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    rows = []
    with torch.inference_mode():
        for text in texts:
            states = encoder.eval()(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].numpy()
            pooled = torch.from_numpy(pooled_plainly(states, mode))
            rows.append((head["head.weight"] @ pooled + head["head.bias"]).softmax(0).numpy())
    return np.stack(rows)


@pytest.mark.parametrize("mode", ["mean", "max"])
def test_the_head_reads_what_the_checkpoint_pools(mode: str, bench: Bench, tmp_path: Path) -> None:
    folder, saved = sentence_encoder(tmp_path / "own", mode), tmp_path / "saved"
    saved.mkdir()
    texts = bench.task.test.texts[:5]
    with fitted(replace(quick("full_finetune"), pooling=mode), bench, folder) as (classifier, _):
        classifier.save(saved)
        found = classifier.predict_proba(texts)
    encoder = transformers.AutoModel.from_pretrained(saved)
    np.testing.assert_allclose(
        found, plain_probabilities(encoder, saved, load_file(saved / HEAD), mode, texts), atol=1e-5
    )
    assert classifier.params["pooling"] == mode
    assert loaded(saved).pooling == mode  # what was saved is a sentence encoder, too


@pytest.mark.parametrize("name", OFFERS)
def test_sentence_encoders_are_trained_saved_and_loaded(name: str, bench: Bench, tmp_path: Path) -> None:
    folder, saved, strategy = sentence_encoder(tmp_path / "own", "mean"), tmp_path / "saved", pooled(name)
    saved.mkdir()
    texts = bench.task.test.texts
    with fitted(strategy, bench, folder) as (classifier, context):
        classifier.save(saved)
        before = classifier.predict_proba(texts)
        alone = np.concatenate([classifier.predict_proba([text]) for text in texts])
        torch.manual_seed(99)
        again = strategy.load(saved, context).predict_proba(texts)
    assert (saved / HEAD).is_file()
    assert np.ptp(before, axis=0).max() > 0
    np.testing.assert_allclose(again, before, atol=1e-6)
    np.testing.assert_allclose(alone, before, atol=5e-4)


@pytest.mark.parametrize(
    ("declared", "n_classes", "expected"), [("mean", 20, "mean"), ("mean", 19, "cls"), ("cls", 20, "cls")]
)
def test_with_many_classes_the_head_reads_what_the_encoder_pools(
    declared: str, n_classes: int, expected: str, bench: Bench, tmp_path: Path
) -> None:
    strategy, saved = quick("full_finetune"), tmp_path / "saved"
    saved.mkdir()
    with fitted(strategy, bench, sentence_encoder(tmp_path / "own", declared)) as (classifier, context):
        classifier.save(saved)
        assert strategy.head_pooling(replace(context, label_names=tuple(map(str, range(n_classes))))) == expected
    assert json.loads((saved / "config.json").read_text())["architectures"] == ["BertForSequenceClassification"]


def test_training_from_a_probe_begins_with_that_of_the_pooled_states(bench: Bench, tmp_path: Path) -> None:
    folder, texts = sentence_encoder(tmp_path / "own", "mean"), bench.task.test.texts
    with fitted(replace(pooled("probe_then_finetune"), learning_rate=1e-30), bench, folder) as (classifier, context):
        found = classifier.predict_proba(texts)
        of_train, of_test = (
            context.encode(split, Features(pooling="mean")) for split in (bench.task.train.texts, texts)
        )
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(of_train, bench.task.train.labels)
    np.testing.assert_allclose(found, probe.predict_proba(of_test), atol=1e-3)


@pytest.mark.parametrize("damage", ["no pooling", "another pooling", "other classes"])
def test_a_damaged_head_is_refused(damage: str, bench: Bench, tmp_path: Path) -> None:
    folder, saved, strategy = sentence_encoder(tmp_path / "own", "mean"), tmp_path / "saved", pooled("full_finetune")
    saved.mkdir()
    with fitted(strategy, bench, folder) as (classifier, context):
        classifier.save(saved)
        head = load_file(saved / HEAD)
        if damage == "other classes":
            head["head.bias"] = head["head.bias"][:2].clone()
        said = {"no pooling": {}, "another pooling": {"pooling": "auto"}}.get(damage, {"pooling": "mean"})
        save_file(head, saved / HEAD, metadata=said)
        with pytest.raises(ModelError, match=r"head\.safetensors: expected .* Train the classifier again"):
            strategy.load(saved, context)
