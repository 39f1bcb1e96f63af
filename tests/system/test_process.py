"""Seeds repeat, strangers' changes are undone, and what the machine has is told as it is."""

import logging
import mmap
import os
import random
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch

from harness import UserError
from harness.system.device import PeakMemory, choose_device, choose_dtype, describe, synchronized_clock
from harness.system.process import SPIN_COUNT, library_defaults, restored_globals, seed_everything


@pytest.fixture(autouse=True)
def _unchanged() -> Iterator[None]:
    with restored_globals():
        yield


def draws() -> list[float]:
    return [random.random(), np.random.random(), torch.rand(1).item()]


def state() -> dict[str, object]:
    return {
        "threads": torch.get_num_threads(),
        "dtype": torch.get_default_dtype(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "only warns": torch.is_deterministic_algorithms_warn_only_enabled(),
        "gradients": torch.is_grad_enabled(),
        "variables": dict(os.environ),
        "directory": os.getcwd(),
        "filters": list(warnings.filters),
    }


def disturb(directory: Path) -> None:
    seed_everything(99)
    torch.set_num_threads(torch.get_num_threads() + 1)
    torch.set_default_dtype(torch.float64)
    torch.use_deterministic_algorithms(False, warn_only=True)
    torch.set_grad_enabled(False)
    os.environ["A_STRATEGY_WAS_HERE"] = "1"
    os.environ.pop("PATH")
    os.chdir(directory)
    warnings.simplefilter("ignore")


def test_a_seed_repeats_the_draws_of_python_numpy_and_torch() -> None:
    seed_everything(7)
    first = draws()
    seed_everything(7)
    assert draws() == first
    seed_everything(8)
    assert all(one != other for one, other in zip(draws(), first, strict=True))


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_every_seed_that_a_run_allows_is_a_seed(seed: int) -> None:
    seed_everything(seed)
    assert torch.are_deterministic_algorithms_enabled()


def test_everything_that_a_strategy_changes_is_as_before_also_after_an_error(tmp_path: Path) -> None:
    seed_everything(3)
    torch.use_deterministic_algorithms(True, warn_only=False)
    before, expected = state(), draws()
    seed_everything(3)
    torch.use_deterministic_algorithms(True, warn_only=False)
    with suppress(KeyError), restored_globals():
        disturb(tmp_path)
        disturbed = state()
        raise KeyError
    assert all(disturbed[name] != before[name] for name in before)
    assert state() == before
    assert draws() == expected


@pytest.mark.slow
def test_what_is_changed_of_a_torch_imported_meanwhile_is_as_it_was_right_after_its_import() -> None:
    code = """
import sys
from harness.system.process import restored_globals
with restored_globals():
    assert "torch" not in sys.modules
    import torch
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
print(torch.get_default_dtype(), torch.is_grad_enabled())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["torch.float32", "True"], done.stderr


def test_a_named_device_that_is_not_there_is_refused_with_those_that_are() -> None:
    for device, there in {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }.items():
        if there:
            assert choose_device(device) == device
        else:
            with pytest.raises(UserError, match=rf"--device {device}: torch .* it finds .*cpu"):
                choose_device(device)


def test_auto_is_the_best_device_and_cpu_is_always_there() -> None:
    assert choose_device("cpu") == "cpu"
    if not torch.cuda.is_available() and not torch.backends.mps.is_available():
        assert choose_device("auto") == "cpu"


@pytest.mark.parametrize(
    ("name", "device", "dtype"),
    [("auto", "cpu", "float32"), ("auto", "mps", "float32"), ("bfloat16", "cpu", "bfloat16")],
)
def test_bfloat16_is_chosen_only_where_it_is_asked_for_or_computed_in_hardware(
    name: str, device: str, dtype: str
) -> None:
    assert choose_dtype(name, device) == dtype


def _fresh_memory(size: int) -> mmap.mmap:
    """Return `size` bytes in use that come from the system, never from what malloc kept of freed arrays."""
    held = mmap.mmap(-1, size)
    held.write(b"1" * size)
    return held


@pytest.mark.parametrize("seconds", [0.1, 0.0])  # 0: less time than lies between two looks
def test_peak_memory_sees_what_a_block_holds_however_short_it_is(seconds: float) -> None:
    with PeakMemory("cpu") as before:
        pass
    with PeakMemory("cpu") as peak:
        held = _fresh_memory(64_000_000)
        time.sleep(seconds)
    assert peak.bytes - before.bytes > 0.8 * len(held)


def test_the_clock_runs_forward_in_seconds() -> None:
    start = synchronized_clock("cpu")
    time.sleep(0.02)
    assert 0.01 < synchronized_clock("cpu") - start < 5


def test_libraries_get_defaults_for_a_block_and_what_the_user_set_stays() -> None:
    os.environ.pop("HF_HUB_DISABLE_TELEMETRY", None)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    before, filters, level = dict(os.environ), list(warnings.filters), logging.getLogger("torch").level
    with library_defaults():
        assert (os.environ["HF_HUB_DISABLE_TELEMETRY"], os.environ["TOKENIZERS_PARALLELISM"]) == ("1", "false")
        assert logging.getLogger("torch").level == logging.ERROR
        with warnings.catch_warnings(record=True) as caught:
            warnings.warn("of a library", stacklevel=1)
        assert not caught
    assert (dict(os.environ), list(warnings.filters), logging.getLogger("torch").level) == (before, filters, level)


def test_verbose_libraries_may_warn() -> None:
    with library_defaults(verbose=True), pytest.warns(UserWarning, match="of a library"):
        warnings.warn("of a library", stacklevel=1)


def test_threads_wait_for_each_other_as_the_user_says_or_briefly() -> None:
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"):
        os.environ.pop(name, None)
    with library_defaults():
        assert os.environ["GOMP_SPINCOUNT"] == str(SPIN_COUNT)
    os.environ["OMP_WAIT_POLICY"] = "ACTIVE"
    with library_defaults():
        assert "GOMP_SPINCOUNT" not in os.environ


def test_the_description_names_versions_and_the_device() -> None:
    told = describe("cpu", "float32")
    assert (told["torch"], told["numpy"]) == (torch.__version__, np.__version__)
    assert (told["device"], told["dtype"], told["threads"]) == ("cpu", "float32", torch.get_num_threads())
    assert all(value != "" for value in told.values())
