"""The benchmarks run: what they print is a ratio, and what they count is what was computed."""

import os
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from harness import Features
from harness.huggingface import load_encoder

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SCRIPTS = (
    "encode",
    "finetune",
    "end_to_end",
    "scaling",
    "startup",
    "workers",
    "gpu",
    "notebook",
    "passes",
    "neighbour",
    "fits",
)


def run(script: str, *arguments: str) -> str:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(BENCHMARKS / f"{script}.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def siblings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Import scripts by name, as they import each other, and forget them afterwards."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(BENCHMARKS)):
            del sys.modules[name]


@pytest.fixture
def arithmetic(siblings: None) -> ModuleType:
    import arithmetic

    return arithmetic


def test_every_script_explains_itself(
    siblings: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for script in SCRIPTS:
        monkeypatch.setattr(sys, "argv", [script, "--help"])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(BENCHMARKS / f"{script}.py"), run_name="__main__")
        assert end.value.code == 0
        assert "--repeats" in capsys.readouterr().out, script


def test_encoding_is_compared_with_the_tutorial_on_equal_outputs(tiny_model: Path) -> None:
    sizes = ("--rows", "40", "--seed-rows", "20", "--repeats", "1", "--batch-sizes", "16", "--threads", "1")
    out = run("encode", "--model", str(tiny_model), *sizes)
    (row,) = (line.split() for line in out.splitlines() if line.strip().startswith("tutorial"))
    assert float(row[2]) > 0
    assert float(row[-1]) < 1e-5
    assert "padding in our batches" in out


def test_fits_are_timed_against_the_library_and_threads_change_no_probability(tiny_model: Path) -> None:
    out = run("fits", "--model", str(tiny_model), "--rows", "60", "--repeats", "1")
    (row,) = (line for line in out.splitlines() if line.strip().startswith("search over 12 values of C"))
    assert row.split()[-3] == "x"
    (moved,) = (line for line in out.splitlines() if "2 threads" in line)
    assert float(moved.split()[-1]) < 1e-4


def test_scaling_tells_how_time_and_memory_grow(tiny_model: Path) -> None:
    out = run("scaling", "--model", str(tiny_model), "--sizes", "50,200", "--width", "16", "--layers", "1")
    assert "growth of peak memory from 50 to 200 rows" in out
    assert "time a row, ratio from 50 to 200 rows" in out


def test_counted_work_is_that_of_the_layers_and_attention(tiny_model: Path, arithmetic: ModuleType) -> None:
    encoder = load_encoder(str(tiny_model), None, True, "cpu", "float32")
    config, texts = encoder.model.config, ["tea", "tea lake"]  # 3 and 4 tokens with [CLS] and [SEP]
    encoder.encode(texts, [Features(-1, "mean")])  # the first call may try out more than it is asked for
    with arithmetic.counted(config.vocab_size) as work:
        encoder.encode(texts, [Features(-1, "mean")])
    weights = config.n_layers * (4 * config.dim**2 + 2 * config.dim * config.hidden_dim)
    attention = config.n_layers * 2 * 4 * 4 * 4 * config.dim
    assert work.batches == [(2, 4)]
    assert work.flops == 2 * work.positions * weights + attention
    assert work.padding_waste(tokens=7) == pytest.approx(1 / 8)


def test_a_models_products_take_as_much_arithmetic_as_its_linear_layers(
    tiny_model: Path, arithmetic: ModuleType
) -> None:
    model = load_encoder(str(tiny_model), None, True, "cpu", "float32").model
    forward = arithmetic.model_products(arithmetic.block_weights(model), positions=10)
    both = arithmetic.model_products(arithmetic.block_weights(model), positions=10, backward=True)
    for products in (forward, both):
        with arithmetic.counted(model.config.vocab_size) as work:
            products()
        assert work.flops == products.flops
    assert both.flops == 3 * forward.flops


def test_generated_texts_have_the_lengths_of_real_ones_and_hardly_repeat(siblings: None) -> None:
    import corpus

    texts = list(corpus.generated_texts(4000))
    words = [len(text.split()) for text in texts]
    assert np.median(words) == pytest.approx(17, abs=1)
    assert (min(words), max(words)) == pytest.approx((2, 66), abs=4)
    assert len(set(texts)) > 0.99 * len(texts)


def test_a_sample_holds_the_longest_text_of_its_split(siblings: None, tiny_model: Path) -> None:
    import corpus

    split = corpus.load_task(None, 500).train
    tokenizer = load_encoder(str(tiny_model), None, True, "cpu", "float32").tokenizer
    sample = corpus.sampled(split, 20, tokenizer, max_length=10_000)
    longest = corpus.token_lengths(tokenizer, split.texts, 10_000).max()
    assert corpus.token_lengths(tokenizer, sample.texts, 10_000)[0] == longest
    assert len(set(sample.rows_in_source().tolist())) == 20
