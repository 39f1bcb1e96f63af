"""Settings of the process that a strategy can change and the harness does not restore after every trial."""

import contextlib
import gc
import locale
import logging
import signal
import socket
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.testing.snapshots import changes

BLAS = "threads of BLAS"


@dataclass(frozen=True)
class Setting:
    """A setting of the process: how to read it, and how to set it again, None where nobody can."""

    read: Callable[[], Any]
    write: Callable[[Any], Any] | None = None


def settings() -> dict[str, Setting]:
    """Return the settings by the names of the functions that change them, as an author would look for them."""
    import sklearn
    import torch

    backends = torch.backends
    return {
        "torch.set_default_device": Setting(torch.get_default_device, _set_default_device),
        "torch.set_float32_matmul_precision": Setting(
            torch.get_float32_matmul_precision, torch.set_float32_matmul_precision
        ),
        "torch.autograd.set_detect_anomaly": Setting(torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
        "torch.backends.cudnn.enabled": _attribute(backends.cudnn, "enabled"),
        "torch.backends.cudnn.benchmark": _attribute(backends.cudnn, "benchmark"),
        "torch.backends.mkldnn.enabled": _attribute(backends.mkldnn, "enabled"),
        "numpy.seterr": Setting(np.geterr, lambda value: np.seterr(**value)),
        "sklearn.set_config": Setting(sklearn.get_config, lambda value: sklearn.set_config(**value)),
        BLAS: Setting(_blas_threads),
        "level of the root logger": Setting(lambda: logging.root.level, logging.root.setLevel),
        "logging.disable": Setting(lambda: logging.root.manager.disable, logging.disable),
        "handlers of the root logger": Setting(lambda: list(logging.root.handlers), _set_handlers),
        "sys.path": Setting(lambda: list(sys.path), lambda value: sys.path.__setitem__(slice(None), value)),
        "sys.stdout": _attribute(sys, "stdout"),
        "sys.stderr": _attribute(sys, "stderr"),
        "sys.setrecursionlimit": Setting(sys.getrecursionlimit, sys.setrecursionlimit),
        "handler of SIGINT": Setting(lambda: signal.getsignal(signal.SIGINT), _set_handler),
        "gc.disable": Setting(gc.isenabled, lambda enabled: gc.enable() if enabled else gc.disable()),
        "socket.setdefaulttimeout": Setting(socket.getdefaulttimeout, socket.setdefaulttimeout),
        "locale.setlocale": Setting(
            lambda: locale.setlocale(locale.LC_ALL), lambda value: locale.setlocale(locale.LC_ALL, value)
        ),
    }


class ProcessState:
    """The settings as they are now, to be compared with and to be returned to."""

    def __init__(self) -> None:
        self._before = {name: setting.read() for name, setting in settings().items()}

    def changes(self) -> list[str]:
        """Say which settings differ by now, one phrase each."""
        return changes(self._before, {name: self._read(name, setting) for name, setting in settings().items()})

    def restore(self) -> None:
        """Set again what differs and can be set."""
        for name, setting in settings().items():
            if setting.write and changes({name: self._before[name]}, {name: setting.read()}):
                setting.write(self._before[name])

    def _read(self, name: str, setting: Setting) -> Any:
        now = setting.read()
        if name == BLAS:  # a library that was loaded meanwhile has its own number
            now = {library: threads for library, threads in now.items() if library in self._before[name]}
        return now


@contextmanager
def contained() -> Iterator[ProcessState]:
    """Keep what a strategy does to the process from the next one, whatever it is; one thread, and no warnings.

    The matrices of the kit are so narrow that a second thread only waits: on busy cores that takes fifty times as long.
    """
    import sklearn.linear_model  # noqa: F401  a library that is loaded later would bring threads of its own
    from threadpoolctl import threadpool_limits

    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        state = ProcessState()
        try:
            yield state
        finally:
            state.restore()


def _attribute(owner: Any, name: str) -> Setting:
    return Setting(lambda: getattr(owner, name), lambda value: setattr(owner, name, value))


def _set_default_device(device: Any) -> None:
    import torch

    torch.set_default_device(None if device.type == "cpu" else device)  # None costs nothing, the CPU by name does


def _blas_threads() -> dict[str, int]:
    from threadpoolctl import threadpool_info

    return {pool["filepath"]: pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def _set_handlers(handlers: list[logging.Handler]) -> None:
    logging.root.handlers[:] = handlers


def _set_handler(handler: Any) -> None:
    with contextlib.suppress(ValueError):  # only the main thread may
        signal.signal(signal.SIGINT, handler)
