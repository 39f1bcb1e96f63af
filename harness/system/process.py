"""The state of this process: what libraries read of it, seeds, and leaving it as it was."""

import contextlib
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

# Turns that GNU OpenMP's threads wait for work before they sleep, not its own 300,000 (libgomp manual, GOMP_SPINCOUNT):
# while they turn, a core is kept from whoever it is that they wait for. benchmarks/neighbour.py tells what it is worth.
SPIN_COUNT = 10_000
WARNING_LIBRARIES = ("transformers", "datasets", "huggingface_hub", "accelerate", "torch")
VERBOSITIES = {"TRANSFORMERS_VERBOSITY": "error", "DATASETS_VERBOSITY": "error"}  # read when they are imported


@contextmanager
def library_defaults(*, verbose: bool = False) -> Iterator[None]:
    """Set what libraries read of the environment, hide their warnings, and leave both and progress bars as they were.

    What the environment sets already stays. A variable that is read when a library is imported keeps its effect on
    one that is imported in the block.

    Args:
        verbose: Whether the libraries may warn. What a strategy warns of goes into its record in either case.
    """
    import logging

    loggers = [] if verbose else [logging.getLogger(name) for name in WARNING_LIBRARIES]
    levels = [logger.level for logger in loggers]
    defaults = _environment_defaults() | ({} if verbose else VERBOSITIES)
    bars = _progress_bars()
    ours = {name: value for name, value in defaults.items() if name not in os.environ}
    os.environ.update(ours)
    with warnings.catch_warnings():
        if not verbose:
            warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
            for name in ours:
                os.environ.pop(name, None)
            for show_again in bars:
                show_again()


def _progress_bars() -> list[Callable[[], object]]:
    """Return what shows again the progress bars of libraries that show them now; loading data and models hides them."""
    modules = (sys.modules.get(name) for name in ("datasets.utils", "huggingface_hub.utils"))
    return [each.enable_progress_bars for each in modules if each and not each.are_progress_bars_disabled()]


def _environment_defaults() -> dict[str, str]:
    """Return variables that mean no telemetry, no progress bars, and threads that leave each other room."""
    defaults = dict.fromkeys(("HF_HUB_DISABLE_TELEMETRY", "HF_HUB_DISABLE_PROGRESS_BARS", "DO_NOT_TRACK"), "1")
    defaults["TOKENIZERS_PARALLELISM"] = "true"
    if threads := os.environ.get("OMP_NUM_THREADS"):  # torch heeds it, tokenizers would take every core
        defaults["RAYON_NUM_THREADS"] = threads
    if "OMP_WAIT_POLICY" not in os.environ:  # the user's word, over which GOMP_SPINCOUNT would have the last
        defaults["GOMP_SPINCOUNT"] = str(SPIN_COUNT)
    # CUDA matrix products repeat only with a fixed workspace (cuBLAS manual, "Results reproducibility").
    return defaults | {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"}


def seed_everything(seed: int) -> None:
    """Seed Python, numpy and torch, and ask torch for algorithms that repeat themselves."""
    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed)  # strategies of others may draw from the global generator
    torch.manual_seed(seed)
    # Not use_deterministic_algorithms: it imports torch's compiler, seconds that nothing here needs.
    torch.set_deterministic_debug_mode("warn")
    # That fills fresh memory with NaN, too, 3 % of a training step, to show up who reads it; nobody here does.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


@contextmanager
def restored_process() -> Iterator[None]:
    """Undo on exit what a plugin did to the process.

    Covers the generators of Python and numpy, the environment variables, the working directory and the warning
    filters.
    """
    import numpy as np

    states = random.getstate(), np.random.get_state()
    variables, directory = dict(os.environ), working_directory()
    with warnings.catch_warnings():
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])
            os.environ.clear()
            os.environ.update(variables)
            if directory:
                with contextlib.suppress(OSError):
                    os.chdir(directory)


@contextmanager
def restored_globals() -> Iterator[None]:
    """Undo on exit what a strategy did to global state, so that none can change another's numbers.

    Covers what `restored_process` does, and torch's generator, threads, default dtype and determinism: as they were,
    or, where torch is imported in the block, as they are right after that. Nothing is imported here.
    """
    undo: list[Callable[[], None]] = []
    with restored_process(), _called_once_imported("torch", lambda: undo.append(_torch_as_it_is())):
        try:
            yield
        finally:
            for put_back in undo:
                put_back()


def _torch_as_it_is() -> Callable[[], None]:
    """Return what puts torch's global state back as it is now."""
    import torch

    state = torch.get_rng_state()
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    deterministic, grad = torch.get_deterministic_debug_mode(), torch.is_grad_enabled()
    filled = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]

    def put_back() -> None:
        torch.set_rng_state(state)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        torch.set_default_dtype(dtype)
        torch.set_deterministic_debug_mode(deterministic)
        torch.utils.deterministic.fill_uninitialized_memory = filled  # type: ignore[attr-defined]
        torch.set_grad_enabled(grad)

    return put_back


@contextmanager
def _called_once_imported(module: str, call: Callable[[], object]) -> Iterator[None]:
    """Call a function as soon as a module is there: now, or right after its import within the block."""
    if module in sys.modules:
        call()
        yield
        return
    finder = _Finder(module, call)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.meta_path.remove(finder)


class _Finder(MetaPathFinder):
    """Finds one module as those behind it do, and calls a function once it has been imported."""

    def __init__(self, module: str, call: Callable[[], object]) -> None:
        self._module, self._call = module, call

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        """Return the spec of the one module, None for any other."""
        if name != self._module:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec and spec.loader:
            execute = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                self._call()

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def working_directory() -> str | None:
    """Return the working directory, None where it is gone."""
    with contextlib.suppress(OSError):  # somebody removed it under our feet
        return os.getcwd()
    return None
