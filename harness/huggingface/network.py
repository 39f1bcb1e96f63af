"""The network: whether the hub may be asked and answers, and blocks in which its clients stay off it."""

import os
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

PATIENCE = 3.0  # seconds; the hub's own client may wait for minutes on a host that never answers
SERVER_ERROR = 500
OFFLINE_VARIABLES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE")
# Where the clients keep what they read of the environment when they were imported; transformers asks the hub's.
FLAGS = (
    ("huggingface_hub.constants", "HF_HUB_OFFLINE"),
    ("datasets.config", "HF_HUB_OFFLINE"),
    ("datasets.config", "HF_DATASETS_OFFLINE"),
)


@dataclass
class _Network:
    """What is known of the network in a block.

    Attributes:
        undo: Lets the clients on the network again.
        reachable: Whether the hub may be asked and answers, None where that was not needed yet.
        asked: Whether it was asked.
    """

    undo: ExitStack
    reachable: bool | None = None
    asked: bool = False


_network: ContextVar[_Network | None] = ContextVar("_network", default=None)


@contextmanager
def network_block() -> Iterator[None]:
    """Ask at most once in the block whether the hub answers, and leave the process as it was.

    A block within another is part of it. Also a decorator.
    """
    if _network.get() is not None:
        yield
        return
    with ExitStack() as undo:
        token = _network.set(_Network(undo))
        try:
            yield
        finally:
            _network.reset(token)


@network_block()
def settle_network(offline: bool) -> bool:
    """Decide whether the hub may be asked; if not, its clients stay off the network until the network block ends.

    Args:
        offline: Whether the user forbade the network.

    Returns:
        Whether the hub answers within three seconds.
    """
    network = _network.get()
    assert network is not None
    if network.reachable is None or (offline and network.reachable):
        network.asked = not (offline or is_forbidden())
        network.reachable = network.asked and _answers(os.environ.get("HF_ENDPOINT", "https://huggingface.co"))
        if not network.reachable:
            network.undo.enter_context(offline_hub())
    return network.reachable


def was_asked() -> bool:
    """Return whether the hub was asked in this network block."""
    network = _network.get()
    return network is not None and network.asked


def is_settled_offline() -> bool:
    """Return whether this network block keeps the hub's clients off the network."""
    network = _network.get()
    return network is not None and network.reachable is False


def is_forbidden() -> bool:
    """Return whether the environment forbids to ask the hub."""
    return any(os.environ.get(name, "").upper() in {"1", "TRUE", "YES", "ON"} for name in OFFLINE_VARIABLES)


class _Offline:
    """Counts who wants the clients offline: the first sets it, the last undoes it, in whatever thread they are."""

    def __init__(self) -> None:
        self._lock, self._wanted_by = threading.Lock(), 0
        self._variables: dict[str, str | None] = {}
        self._flags: dict[tuple[str, str], bool] = {}

    def begin(self) -> None:
        with self._lock:
            self._wanted_by += 1
            if self._wanted_by == 1:
                self._variables = {name: os.environ.get(name) for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE")}
                self._flags = {(m, flag): getattr(sys.modules[m], flag) for m, flag in FLAGS if m in sys.modules}
            os.environ.update(dict.fromkeys(self._variables, "1"))
            for module, flag in self._flags:
                setattr(sys.modules[module], flag, True)

    def end(self) -> None:
        with self._lock:
            self._wanted_by -= 1
            if self._wanted_by:
                return
            for name, value in self._variables.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value
            for module, flag in FLAGS:
                if module in sys.modules:  # one that was imported meanwhile has read our variables
                    setattr(sys.modules[module], flag, self._flags.get((module, flag), is_forbidden()))


_offline = _Offline()


@contextmanager
def offline_hub(wanted: bool = True) -> Iterator[None]:
    """Keep the hub's clients off the network in the block, those of plugins among them, and undo it on exit.

    Args:
        wanted: False for a block that changes nothing.
    """
    if wanted:
        _offline.begin()
    try:
        yield
    finally:
        if wanted:
            _offline.end()


def _answers(endpoint: str) -> bool:
    """Ask in a thread of its own: looking up a name can hang longer than any timeout of the request."""
    answered = threading.Event()

    def ask() -> None:
        request = urllib.request.Request(endpoint, method="HEAD")
        try:
            urllib.request.urlopen(request, timeout=PATIENCE).close()
            answered.set()
        except urllib.error.HTTPError as error:
            if error.code < SERVER_ERROR:
                answered.set()
        except (OSError, ValueError):
            return

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return answered.is_set()
