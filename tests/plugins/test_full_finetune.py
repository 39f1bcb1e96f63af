"""Fine-tuning: its recipe is Trainer's, each text is read once an epoch, and too little memory changes no result."""

import json
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook

from harness import Strategy
from harness.huggingface import load_encoder
from harness.plugin_system.manager import PluginManager
from harness.testing import Bench

BATCH = 16
OUT_OF_MEMORY = "CUDA error: out of memory"


@pytest.fixture(scope="module")
def strategy() -> Strategy:
    offered = PluginManager().offers["full_finetune"].strategy
    return replace(offered, learning_rate=5e-3, epochs=2, batch_size=BATCH)  # type: ignore[type-var]


@pytest.fixture
def steady(bench: Bench, tiny_model: Path, tmp_path: Path) -> Bench:
    """The tiny task with a tiny DistilBERT that drops nothing, so that two ways of computing it can agree."""
    folder = tmp_path / "steady"
    folder.mkdir()
    for file in tiny_model.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    config = json.loads((folder / "config.json").read_text())
    config |= {"dropout": 0.0, "attention_dropout": 0.0, "seq_classif_dropout": 0.0}
    (folder / "config.json").write_text(json.dumps(config))
    return replace(bench, encoder=load_encoder(str(folder), None, True, "cpu", "float32"))


@contextmanager
def watching(told: Callable[[torch.Tensor, bool], None]) -> Iterator[None]:
    """Tell of each batch of token ids that the model embeds, and whether in training, while this is open."""

    def hook(module: nn.Module, inputs: tuple[Any, ...]) -> None:
        if isinstance(module, nn.Embedding) and module.padding_idx is not None:
            told(inputs[0], module.training)

    handle = register_module_forward_pre_hook(hook)
    try:
        yield
    finally:
        handle.remove()


def fit(strategy: Any, bench: Bench) -> Any:
    with bench.fitted(strategy) as (classifier, _):
        return classifier


def refusing(most_texts: int, in_training: bool) -> Callable[[torch.Tensor, bool], None]:
    """Return a memory too small for more than so many texts at once."""

    def refuse(token_ids: torch.Tensor, training: bool) -> None:
        if training == in_training and len(token_ids) > most_texts:
            raise RuntimeError(OUT_OF_MEMORY)

    return refuse


def test_each_text_is_read_once_an_epoch_beside_texts_of_similar_length(strategy: Any, bench: Bench) -> None:
    train = bench.task.train
    varied = replace(train, texts=tuple(" ".join([text] * (1 + row % 5)) for row, text in enumerate(train.texts)))
    batches: list[list[list[int]]] = []
    task = replace(bench.task, train=varied)

    def note(token_ids: torch.Tensor, training: bool) -> None:
        if training:
            batches.append([[token for token in row if token != 0] for row in token_ids.tolist()])

    with watching(note):
        fit(replace(strategy, batch_size=7), replace(bench, task=task))
    expected = Counter(map(tuple, bench.encoder.tokenizer(list(varied.texts))["input_ids"]))  # type: ignore[attr-defined]
    epochs = [batches[: len(batches) // 2], batches[len(batches) // 2 :]]
    for epoch in epochs:
        assert sorted(map(len, epoch)) == [6, 7, 7, 7, 7, 7, 7]
        assert Counter(tuple(row) for batch in epoch for row in batch) == expected
        lengths = [[len(row) for row in batch] for batch in epoch]
        assert sum(max(batch) * len(batch) for batch in lengths) < 1.25 * sum(map(sum, lengths))
        assert [max(batch) for batch in lengths] != sorted(max(batch) for batch in lengths)
    assert epochs[0] != epochs[1]


def test_the_recipe_is_that_of_trainer(strategy: Any, steady: Bench, tmp_path: Path) -> None:
    n = len(steady.task.train)
    recipe = {"learning_rate": 1e-2, "weight_decay": 0.3}
    ours = fit(replace(strategy, epochs=8, batch_size=n, warmup=0.5, patience=8, **recipe), steady)
    logs = _trainer_logs(
        steady, tmp_path, num_train_epochs=8, per_device_train_batch_size=n, warmup_steps=0.5, **recipe
    )
    for name in ("train_loss", "validation_loss"):
        theirs = [log[name] for log in logs]
        assert len(theirs) == 8
        assert [epoch[name] for epoch in ours.history] == pytest.approx(theirs, abs=2e-5)
    assert theirs[0] != pytest.approx(theirs[-1], abs=1e-2)


def _trainer_logs(bench: Bench, folder: Path, **arguments: Any) -> list[dict[str, float]]:
    from transformers import (
        AutoModelForSequenceClassification,
        DataCollatorWithPadding,
        PrinterCallback,
        Trainer,
        TrainingArguments,
    )

    tokenizer = bench.encoder.tokenizer  # type: ignore[attr-defined]
    splits = [
        [
            {"input_ids": tokenizer(text)["input_ids"], "labels": int(label)}
            for text, label in zip(split.texts, split.labels, strict=True)
        ]
        for split in (bench.task.train, bench.task.validation)
    ]
    torch.manual_seed(0)
    trainer = Trainer(
        model=AutoModelForSequenceClassification.from_pretrained(bench.encoder.directory, num_labels=3),
        args=TrainingArguments(
            output_dir=str(folder / "trainer"),
            eval_strategy="epoch",
            logging_strategy="epoch",
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            use_cpu=True,
            dataloader_pin_memory=False,
            **arguments,
        ),
        train_dataset=splits[0],
        eval_dataset=splits[1],
        data_collator=DataCollatorWithPadding(tokenizer),
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    logs = trainer.state.log_history
    losses = [log["loss"] for log in logs if "loss" in log]
    held_out = [log["eval_loss"] for log in logs if "eval_loss" in log]
    return [{"train_loss": a, "validation_loss": b} for a, b in zip(losses, held_out, strict=True)]


@pytest.mark.parametrize(("most_texts", "part"), [(9, 8), (3, 2), (1, 1)])
def test_where_memory_is_short_a_step_is_computed_in_parts_and_the_result_is_the_same(
    strategy: Any, steady: Bench, most_texts: int, part: int
) -> None:
    expected = fit(strategy, steady)
    told = f"Memory ran out: each step of {BATCH} texts was computed in parts of {part}."
    with watching(refusing(most_texts, in_training=True)), pytest.warns(UserWarning, match="Memory ran out") as caught:
        classifier = fit(strategy, steady)
    assert [str(warning.message) for warning in caught] == [told]
    texts = steady.task.test.texts
    np.testing.assert_allclose(classifier.predict_proba(texts), expected.predict_proba(texts), atol=1e-5)
    for epoch, other in zip(classifier.history, expected.history, strict=True):
        assert epoch == pytest.approx(other, abs=1e-5)


def test_where_not_even_one_text_fits_the_error_is_that_of_the_device(strategy: Any, bench: Bench) -> None:
    with watching(refusing(0, in_training=True)), pytest.raises(RuntimeError, match=OUT_OF_MEMORY):
        fit(strategy, bench)


def test_another_error_is_not_taken_for_a_lack_of_memory(strategy: Any, bench: Bench) -> None:
    calls = []

    def fail(token_ids: torch.Tensor, training: bool) -> None:
        if training:
            calls.append(len(token_ids))
            raise RuntimeError("CUDA error: device-side assert triggered")

    with watching(fail), pytest.raises(RuntimeError, match="device-side assert"):
        fit(strategy, bench)
    assert calls == [BATCH]


def test_where_memory_is_short_predictions_come_in_smaller_batches_and_are_the_same(
    strategy: Any, bench: Bench
) -> None:
    classifier = fit(strategy, bench)
    texts = [*bench.task.test.texts, *bench.task.train.texts]
    expected = classifier.predict_proba(texts)
    with watching(refusing(8, in_training=False)), pytest.warns(UserWarning, match="8 texts were predicted at once"):
        found = classifier.predict_proba(texts)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_predictions_are_those_of_the_saved_model_as_transformers_computes_them(
    strategy: Any, bench: Bench, tmp_path: Path
) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    classifier = fit(strategy, bench)
    texts = ["tea", *bench.task.test.texts]
    folder = tmp_path / "saved"
    folder.mkdir()
    classifier.save(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    inputs = AutoTokenizer.from_pretrained(folder)(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        expected = model(**inputs).logits.softmax(dim=1).numpy()
    np.testing.assert_allclose(classifier.predict_proba(texts), expected, atol=1e-6)


def test_no_file_is_written_in_training(strategy: Any, bench: Bench) -> None:
    with warnings.catch_warnings(), bench.fitted(strategy) as (_, context):
        assert list(context.workdir.iterdir()) == []


def test_listing_the_strategy_imports_neither_torch_nor_transformers() -> None:
    argv = [sys.executable, "-X", "importtime", "-c", "import harness_plugins.full_finetune"]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 0
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "harness_plugins" in imported
    assert not imported & {"torch", "transformers", "datasets", "sklearn", "scipy", "accelerate"}
