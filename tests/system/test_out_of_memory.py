"""Every way to say that memory ran out is understood; batches halve, the pass goes on, and features stay the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness import Features, ModelError
from harness.encoding.transformer_encoder import TransformerEncoder
from harness.system.out_of_memory import is_out_of_memory

from ..encoders import TEXTS, WANTED, batches_seen, loaded, plainly, write_family

FITS = 80  # tokens that the tests' memory holds


def numpys_own() -> Exception:
    with pytest.raises(MemoryError) as caught:
        np.empty(2**56)
    return caught.value


def raised_from(error: Exception, cause: Exception) -> Exception:
    try:
        raise error from cause
    except type(error) as raised:
        return raised


LACKS: dict[str, Exception] = {
    "torch": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    "torch on CUDA, older": torch.cuda.OutOfMemoryError("CUDA out of memory."),
    "Python": MemoryError(),
    "numpy": numpys_own(),
    "CUDA": RuntimeError("CUDA error: out of memory\nCompile with `TORCH_USE_CUDA_DSA`."),
    "CUDA's name": RuntimeError("cudaErrorMemoryAllocation: the API call failed"),
    "ROCm": RuntimeError("HIP out of memory. Tried to allocate 2.00 GiB"),
    "cuBLAS": RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    "cuDNN": RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    "CPU": RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."),
    "CPU on Windows": RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."),
    "MPS": RuntimeError("MPS backend out of memory (MPS allocated: 18.13 GB)"),
    "C++": RuntimeError("std::bad_alloc"),
    "the kernel": OSError(12, "Cannot allocate memory"),
    "caused": raised_from(ValueError("cannot embed"), raised_from(RuntimeError("wrapped"), MemoryError())),
}
NO_LACKS = {
    "shape": RuntimeError("mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)"),
    "device": RuntimeError("CUDA error: device-side assert triggered"),
    "value": ValueError("the text tells of running out of memory"),
    "index": IndexError("index out of range in self"),
    "file": FileNotFoundError(2, "No such file or directory"),
    "caused": raised_from(RuntimeError("wrapped"), ValueError("out of memory")),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_family(tmp_path_factory.mktemp("encoder"), "distilbert")


@contextmanager
def memory_of(encoder: TransformerEncoder, tokens: int, error: Exception) -> Iterator[None]:
    """Let the model raise the error for batches of more tokens."""

    def refuse(module: Any, args: Any, kwargs: dict[str, Any]) -> None:
        if kwargs["input_ids"].numel() > tokens:
            raise error

    hook = encoder.model.register_forward_pre_hook(refuse, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()


@pytest.mark.parametrize("name", LACKS)
def test_a_lack_of_memory_is_recognised(name: str) -> None:
    assert is_out_of_memory(LACKS[name])


@pytest.mark.parametrize("name", NO_LACKS)
def test_what_is_no_lack_of_memory_is_not_taken_for_one(name: str) -> None:
    assert not is_out_of_memory(NO_LACKS[name])
    assert not is_out_of_memory(None)


@pytest.mark.parametrize("name", LACKS)
def test_batches_halve_until_they_fit_and_features_stay_the_same(folder: Path, name: str) -> None:
    encoder = loaded(folder, 640)
    for wanted in (WANTED, [Features()]):
        with memory_of(encoder, FITS, LACKS[name]):
            found = encoder.encode(TEXTS, wanted)
        expected = plainly(folder, TEXTS, wanted)
        for features in wanted:
            np.testing.assert_allclose(found[features], expected[features], atol=1e-5)
    assert encoder.token_budget is not None
    assert 1 <= encoder.token_budget <= FITS
    sentence = f"memory ran out while encoding: batches were halved to {encoder.token_budget} tokens"
    assert encoder.degradations == (sentence,)


def test_texts_that_are_done_are_not_computed_again(folder: Path) -> None:
    encoder = loaded(folder, 640)
    texts = [*TEXTS, *("the sun and rain",) * 50]
    told: list[int] = []
    with memory_of(encoder, FITS, MemoryError()), batches_seen(encoder) as batches:
        encoder.encode(texts, WANTED, lambda what, done, total: told.append(done))
    assert sum(n for n, _ in batches) == len(texts)
    assert all(n * longest <= FITS for n, longest in batches)
    assert told == np.cumsum([n for n, _ in batches]).tolist()


def test_the_budget_stays_what_was_found_to_fit(folder: Path) -> None:
    encoder = loaded(folder, 640)
    with memory_of(encoder, FITS, MemoryError()):
        encoder.encode(TEXTS, [Features(-1, "mean")])
    with memory_of(encoder, FITS, AssertionError("a batch of a size that did not fit before")):
        encoder.encode(TEXTS, [Features(-1, "mean")])


def test_no_lack_of_memory_no_degradation(folder: Path) -> None:
    encoder = loaded(folder, 640)
    encoder.encode(TEXTS, [Features()])
    assert encoder.degradations == ()
    assert encoder.token_budget == 640


def test_a_text_that_does_not_fit_alone_is_an_error_that_says_what_to_do(folder: Path) -> None:
    encoder = loaded(folder)
    with memory_of(encoder, 10, MemoryError()), pytest.raises(ModelError) as caught:
        encoder.encode(TEXTS, [Features(-1, "mean")])
    assert str(caught.value) == (
        f"Model {folder}: memory does not hold even one text of 64 tokens. Choose a smaller --model, another --device "
        "or close other programs."
    )


@pytest.mark.parametrize("name", NO_LACKS)
@pytest.mark.parametrize("wanted", [[Features(-1, "mean")], [Features()]], ids=["all tokens", "the first token"])
def test_an_error_that_is_not_memory_goes_through_unchanged(folder: Path, name: str, wanted: list[Features]) -> None:
    encoder = loaded(folder)
    with memory_of(encoder, FITS, NO_LACKS[name]), pytest.raises(type(NO_LACKS[name])) as caught:
        encoder.encode(TEXTS, wanted)
    assert caught.value is NO_LACKS[name]
    assert encoder.degradations == ()
    assert encoder.encode(TEXTS, wanted)
