"""SetFit: pairs teach the encoder, a linear head reads it, and the library behind it keeps quiet."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness import RunContext, Split
from harness.plugin_system.manager import PluginManager
from harness.testing import Bench, tiny_encoder

OFFER = PluginManager().offers["setfit"]
pytestmark = pytest.mark.skipif(OFFER.not_installed is not None, reason=OFFER.not_installed or "")


@pytest.fixture(scope="module")
def strategy() -> Any:
    return replace(OFFER.strategy, max_steps=4, learning_rate=1e-3)  # type: ignore[type-var]


def fitted(strategy: Any, bench: Bench, train: Split | None = None) -> tuple[Any, list[tuple[str, int, int]]]:
    """Return the classifier and what it told of its progress."""
    told: list[tuple[str, int, int]] = []
    with bench.fitted(replace(strategy, max_steps=1)) as (_, context):
        watched: RunContext = replace(context, progress=lambda *step: told.append(step))
        return strategy.fit(train or bench.task.train, bench.task.validation, watched), told


def similarity(body: Any, split: Split) -> tuple[float, float]:
    """Return the mean cosine of texts of one class and of two."""
    embeddings = body.encode(list(split.texts), normalize_embeddings=True, show_progress_bar=False)
    cosines = embeddings @ embeddings.T
    same = split.labels[:, None] == split.labels
    other = ~np.eye(len(split), dtype=bool)
    return float(cosines[same & other].mean()), float(cosines[~same].mean())


def test_texts_of_one_class_come_together_and_those_of_two_apart(strategy: Any, bench: Bench) -> None:
    classifier, _ = fitted(replace(strategy, max_steps=40), bench)
    same, different = similarity(classifier.body, bench.task.test)
    assert same > different + 0.2
    found = classifier.predict_proba(bench.task.test.texts).argmax(axis=1)
    assert (found == bench.task.test.labels).mean() > 0.8


@pytest.mark.parametrize(("max_steps", "rows", "steps"), [(3, 2000, 3), (500, 6, 2)])
def test_steps_end_with_the_pairs_or_at_the_bound(
    strategy: Any, bench: Bench, max_steps: int, rows: int, steps: int
) -> None:
    bounded = replace(strategy, max_steps=max_steps, max_rows=rows, num_iterations=2)  # 4 pairs a text, 16 a step
    _, told = fitted(bounded, bench)
    assert [step for _, step, _ in told] == list(range(1, steps + 1))
    assert {total for _, _, total in told} == {steps}


def test_it_prints_nothing_and_leaves_no_file_behind(
    strategy: Any, bench: Bench, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with bench.fitted(strategy) as (classifier, context):
        classifier.predict_proba(bench.task.test.texts)
        assert [file for file in context.workdir.rglob("*") if file.is_file()] == []
    assert capfd.readouterr() == ("", "")


def test_on_the_cpu_the_trainer_takes_no_other_device(strategy: Any, bench: Bench) -> None:
    before = os.environ.get("ACCELERATE_USE_CPU")
    with bench.fitted(strategy) as (classifier, _):
        assert os.environ["ACCELERATE_USE_CPU"] == "true"
        assert {weight.device for weight in classifier.body.parameters()} == {torch.device("cpu")}
    assert os.environ.get("ACCELERATE_USE_CPU") == before


def test_texts_are_cut_where_every_other_strategy_cuts_them(strategy: Any, bench: Bench) -> None:
    classifier, _ = fitted(strategy, bench)
    long = " ".join(["lake"] * 500)
    cut = " ".join(["lake"] * (bench.encoder.max_length - 2))
    assert classifier.predict_proba([long]) == pytest.approx(classifier.predict_proba([cut]), abs=1e-6)
    assert classifier.body.max_seq_length == bench.encoder.max_length


def test_the_saved_folder_is_one_of_sentence_transformers(strategy: Any, bench: Bench, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    classifier, _ = fitted(strategy, bench)
    classifier.save(tmp_path)
    texts = list(bench.task.test.texts)
    read = SentenceTransformer(str(tmp_path), device="cpu", local_files_only=True)
    ours = classifier.body.encode(texts, show_progress_bar=False)
    assert np.array_equal(read.encode(texts, show_progress_bar=False), ours)


def test_what_auto_came_to_is_recorded_and_bounded(strategy: Any, bench: Bench) -> None:
    rows = bench.task.train.rows(np.arange(6))
    classifier, _ = fitted(replace(strategy, learning_rate="auto", num_iterations=2), bench, rows)
    assert classifier.params["learning_rate"] == 3e-4  # for 32 numbers a text, the rule alone would say 0.0115
    by_rule = replace(strategy, max_steps="auto", num_iterations=2)
    with bench.fitted(replace(strategy, max_steps=1)) as (_, context):
        assert by_rule.fit(rows, bench.task.validation, context).params["max_steps"] == 2  # all pairs of six texts


def test_validation_chooses_between_two_step_sizes(bench: Bench, tmp_path: Path) -> None:
    from transformers import DistilBertConfig, DistilBertModel

    tiny_encoder(tmp_path)
    small = DistilBertConfig.from_pretrained(tmp_path)
    DistilBertModel(DistilBertConfig(**small.to_dict() | {"dim": 256, "n_layers": 1})).save_pretrained(tmp_path)
    two = replace(OFFER.strategy, max_steps=2)  # type: ignore[type-var]
    with bench.fitted(replace(two, learning_rate=1e-3)) as (_, context):
        classifier = two.fit(bench.task.train, bench.task.validation, replace(context, model=str(tmp_path)))
    rates = [each["param_learning_rate"] for each in classifier.history]
    assert rates == pytest.approx([2e-5 * (768 / 256) ** 2, 3e-4])  # the highest, where the rule says 6.3e-4
    assert classifier.params["learning_rate"] in rates
    assert classifier.configurations_tried == 2
