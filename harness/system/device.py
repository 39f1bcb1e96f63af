"""The device a run computes on: choice, number format, memory, clock, description."""

import contextlib
import os
import platform
import sys
import threading
import time
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

from harness.errors import UserError

PACKAGES = ("torch", "transformers", "datasets", "scikit-learn", "numpy", "skops")


SAMPLING_INTERVAL = 0.02  # seconds between two looks at the resident memory


def choose_device(name: str) -> str:
    """Resolve `auto` to the best device there is, and check that a named one exists.

    Args:
        name: One of auto, cpu, cuda, mps.

    Returns:
        One of cpu, cuda, mps.

    Raises:
        UserError: Where the named device is not there.
    """
    import torch

    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return next(device for device, there in available.items() if there)
    if not available[name]:
        there = ", ".join(device for device, usable in available.items() if usable)
        raise UserError(f"--device {name}: torch {torch.__version__} finds no such device here; it finds {there}.")
    return name


def choose_dtype(name: str, device: str) -> str:
    """Resolve `auto`: bfloat16 where a CUDA device computes in it, float32 elsewhere.

    Args:
        name: One of auto, float32, bfloat16.
        device: One of cpu, cuda, mps.

    Returns:
        One of float32, bfloat16.
    """
    import torch

    if name != "auto":
        return name
    return "bfloat16" if device == "cuda" and torch.cuda.is_bf16_supported() else "float32"


def multiplies_bfloat16() -> bool:
    """Return whether this processor has instructions for bfloat16: avx512_bf16, amx_bf16, or those of ARM."""
    import torch

    found: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()  # older versions of torch do not tell
    return any(found.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16"))


class PeakMemory:
    """Context manager that measures the highest memory in use while it is open.

    `bytes` is the resident memory of this process, looked at every 20 ms; on CUDA it is what torch
    allocated on the device. What was resident before counts: it is what the machine had to hold.
    """

    def __init__(self, device: str) -> None:
        self.bytes = 0
        self._cuda = device == "cuda"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "PeakMemory":
        if self._cuda:
            import torch

            torch.cuda.reset_peak_memory_stats()
        else:
            self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._cuda:
            import torch

            self.bytes = torch.cuda.max_memory_allocated()
        else:
            self._stop.set()
            self._thread.join()

    def _watch(self) -> None:
        import psutil

        process = psutil.Process()
        stopped = False
        while not stopped:  # one more look after the stop, so that a short block is seen too
            self.bytes = max(self.bytes, process.memory_info().rss)
            stopped = self._stop.wait(SAMPLING_INTERVAL)
        self.bytes = max(self.bytes, process.memory_info().rss)


def synchronized_clock(device: str) -> float:
    """Return seconds on a monotonic clock, after the device has finished what it was given."""
    if device in ("cuda", "mps"):
        import torch

        getattr(torch, device).synchronize()
    return time.perf_counter()


def describe(device: str, dtype: str) -> dict[str, str | int]:
    """Return what a reader needs to know of this machine: versions, processor, device, dtype, threads."""
    import torch

    name = torch.cuda.get_device_name() if device == "cuda" else processor()
    return {
        "harness": _version("strategy-harness"),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "device": device,
        "device_name": name,
        "dtype": dtype,
        "threads": n_threads(),
        "logical_cores": os.cpu_count() or 1,
        **{package: _version(package) for package in PACKAGES},
        "implementation": sys.implementation.name,
    }


def n_threads() -> int:
    """Return how many threads torch computes with."""
    import torch

    return torch.get_num_threads()


@cache
def processor() -> str:
    """Return the model of the processor, as far as the platform tells it without a process of its own on Linux."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine() if sys.platform == "linux" else platform.processor() or platform.machine()


@cache
def _version(package: str) -> str:
    """Return the version of a package; a process goes on with the one that it has imported."""
    return metadata.version(package)
