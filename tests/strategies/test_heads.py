"""Fine-tuning begins with a head of our classes, and all that predicts is saved, whatever the checkpoint brought."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from harness import FineTunedClassifier, ModelError, StrategyError
from harness.plugin_system.manager import PluginManager
from harness.testing import Bench

from ..encoders import loaded, write_family
from .test_finetuning import OFFERS, quick

TRAINED = [*OFFERS, "setfit"]


def with_head(folder: Path, family: str, names: list[str]) -> Path:
    """Write a tiny checkpoint of a fine-tuned classifier of these classes."""
    write_family(folder, family)
    labels = {"id2label": dict(enumerate(names)), "label2id": {name: i for i, name in enumerate(names)}}
    transformers.logging.set_verbosity_error()
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder, **labels)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if not name.startswith(model.base_model_prefix):
                weight.add_(torch.randn_like(weight))  # as if it had been trained
    model.save_pretrained(folder)
    return folder


def fitted(strategy: Any, bench: Bench, folder: Path) -> Any:
    return replace(bench, encoder=loaded(folder)).fitted(strategy)


def plain_probabilities(folder: Path, texts: tuple[str, ...]) -> np.ndarray:
    """Return what transformers' own classifier in the folder predicts, one text at a time."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        rows = [model(**tokenizer(text, return_tensors="pt")).logits[0].softmax(0).numpy() for text in texts]
    return np.stack(rows)


@pytest.mark.parametrize("family", ["bert", "roberta"])
@pytest.mark.parametrize("n_theirs", [1, 3, 5])
def test_a_checkpoints_own_head_is_replaced_and_told(n_theirs: int, family: str, bench: Bench, tmp_path: Path) -> None:
    folder = with_head(tmp_path / "own", family, [f"c{i}" for i in range(n_theirs)])
    still = replace(quick("full_finetune"), learning_rate=1e-30)
    told = r"a classification head of its own \(. class.*: 'c0'"
    with pytest.warns(UserWarning, match=told) as caught, fitted(still, bench, folder) as (classifier, _):
        found = classifier.predict_proba(bench.task.test.texts)
    assert sum("head of its own" in str(warning.message) for warning in caught) == 1
    assert np.abs(found - 1 / 3).max() < 0.3  # a head that nobody trained is near none of the classes
    assert all("c0" not in name for name in classifier.model.config.id2label.values())


@pytest.mark.parametrize("family", ["bert", "distilbert", "roberta"])
def test_a_kept_head_begins_with_its_own_predictions_in_our_order(family: str, bench: Bench, tmp_path: Path) -> None:
    names = bench.task.label_names
    folder = with_head(tmp_path / "own", family, list(reversed(names)))
    kept = replace(quick("full_finetune"), learning_rate=1e-30, keep_head=True)
    texts = bench.task.test.texts
    with fitted(kept, bench, folder) as (classifier, _):
        found = classifier.predict_proba(texts)
        assert tuple(classifier.model.config.id2label.values()) == names
    np.testing.assert_allclose(found, plain_probabilities(folder, texts)[:, ::-1], atol=1e-5)


@pytest.mark.parametrize("theirs", [["a", "b", "c"], ["LABEL_0", "LABEL_1"]])
def test_a_head_of_other_classes_cannot_be_kept(theirs: list[str], bench: Bench, tmp_path: Path) -> None:
    folder = with_head(tmp_path / "own", "bert", theirs)
    with (
        pytest.raises(ModelError, match=rf"keep_head: the head .* has {len(theirs)} classes: .*leave keep_head out"),
        fitted(replace(quick("full_finetune"), keep_head=True), bench, folder),
    ):
        pass


def without_pooler(folder: Path) -> Path:
    """Write a BERT as pre-training on masked words leaves it: its pooler was never there."""
    write_family(folder, "bert")
    transformers.logging.set_verbosity_error()
    transformers.BertForMaskedLM.from_pretrained(folder).save_pretrained(folder)
    return folder


WRITERS = {
    "bert without a pooler": without_pooler,
    "gpt2": lambda folder: write_family(folder, "gpt2"),
    "xlnet": lambda folder: write_family(folder, "xlnet", d_head=16, d_inner=64),
    "fnet": lambda folder: write_family(folder, "fnet"),
    "convbert": lambda folder: write_family(folder, "convbert"),
}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *(("bert without a pooler", name) for name in TRAINED),
        *(("gpt2", name) for name in TRAINED if name != "full_finetune"),
        # What stands beside a text changes it.
        *(("fnet", name) for name in ("full_finetune", "setfit")),
        *(("convbert", name) for name in ("probe_then_finetune", "setfit")),
        ("xlnet", "full_finetune"),
    ],
)
def test_what_predicts_is_saved(kind: str, name: str, bench: Bench, tmp_path: Path) -> None:
    offer = PluginManager().offers[name]
    if offer.not_installed:
        pytest.skip(offer.not_installed)
    strategy = replace(offer.strategy, max_steps=1) if name == "setfit" else quick(name)  # type: ignore[type-var]
    folder, saved, texts = WRITERS[kind](tmp_path / "own"), tmp_path / "saved", bench.task.test.texts
    saved.mkdir()
    with fitted(strategy, bench, folder) as (classifier, context):
        before = classifier.predict_proba(texts)
        alone = np.concatenate([classifier.predict_proba([text]) for text in texts])
        classifier.save(saved)
        torch.manual_seed(99)
        again = strategy.load(saved, context).predict_proba(texts)
    assert np.ptp(before, axis=0).max() > 0
    np.testing.assert_allclose(again, before, atol=1e-6)
    np.testing.assert_allclose(alone, before, atol=5e-4)  # rounding, which a head fitted first multiplies


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")  # peft asks for it
def test_adapters_are_read_by_peft_itself_and_refused_where_they_lack_a_weight(bench: Bench, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    strategy, folder, saved = quick("lora_finetune"), without_pooler(tmp_path / "own"), tmp_path / "saved"
    from peft import AutoPeftModelForSequenceClassification

    saved.mkdir()
    with fitted(strategy, bench, folder) as (classifier, context):
        classifier.save(saved)
        expected = classifier.predict_proba(bench.task.test.texts[:3])
        assert json.loads((saved / "adapter_config.json").read_text())["task_type"] == "SEQ_CLS"
        peft = AutoPeftModelForSequenceClassification.from_pretrained(str(saved), num_labels=3).merge_and_unload()
        merged = FineTunedClassifier(peft.eval(), classifier.tokenizer, 64, "float32")
        np.testing.assert_allclose(merged.predict_proba(bench.task.test.texts[:3]), expected, atol=1e-5)
        file = saved / "adapter_model.safetensors"
        kept = {key: weight for key, weight in load_file(file).items() if "pooler" not in key}
        save_file(kept, file)
        with pytest.raises(ModelError, match=r"lack bert\.pooler\.dense\.\w+, which the encoder's checkpoint"):
            strategy.load(saved, context)


def test_below_the_last_blocks_nothing_moves_even_what_all_blocks_share(bench: Bench, tmp_path: Path) -> None:
    folder = write_family(tmp_path / "own", "deberta-v2", norm_rel_ebd="layer_norm")
    before = loaded(folder).model.state_dict()
    strategy = replace(quick("last_layers_finetune"), n_blocks=1)
    with fitted(strategy, bench, folder) as (classifier, _):
        after = classifier.model.base_model.state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved
    assert {name.rpartition("layer.1.")[0] for name in moved} == {"encoder."}


def test_a_final_norm_behind_the_blocks_is_trained_with_them(bench: Bench, tmp_path: Path) -> None:
    folder = write_family(tmp_path / "own", "gpt2")
    before = loaded(folder).model.state_dict()
    strategy = replace(quick("last_layers_finetune"), n_blocks=1)
    with fitted(strategy, bench, folder) as (classifier, _):
        after = classifier.model.base_model.state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert {name.split(".")[0] for name in moved} == {"h", "ln_f"}
    assert {name.split(".")[1] for name in moved if name.startswith("h.")} == {"1"}


def test_a_family_that_cannot_be_trained_in_bfloat16_says_which_option_helps(bench: Bench, tmp_path: Path) -> None:
    relative = {"relative_attention": True, "pos_att_type": ["c2p", "p2c"], "type_vocab_size": 0}
    folder = write_family(tmp_path / "own", "deberta", **relative, position_biased_input=False)
    strategy, task = quick("full_finetune"), bench.task
    with (
        fitted(strategy, bench, folder) as (_, context),
        pytest.raises(StrategyError, match=r"a deberta cannot be trained in bfloat16: .* Use --dtype float32"),
    ):
        strategy.fit(task.train, task.validation, replace(context, dtype="bfloat16"))
