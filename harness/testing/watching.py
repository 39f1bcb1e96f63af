"""The strategy itself, watched: what its `fit` is given, what its classifier answers, which devices they use."""

import gc
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from harness.data.task import Split
from harness.strategies.strategy import Classifier, RunContext, Strategy
from harness.strategies.tags import misspelt_in_classifier

HARMLESS = ("empty_cache", "is_initialized", "manual_seed", "manual_seed_all")  # without CUDA in use they do nothing
NEVER_AUTHORS = ("harness", "builtins")


class WatchedStrategy:
    """Does what the strategy does.

    Attributes:
        given: What `fit` was given.
        answers: What `predict_proba` returned, call by call, as it was then.
        elsewhere: Tensors of the classifier that are not on the CPU, in words.
        misspelt: Attribute of the classifier -> the tag that it was probably meant to be.
    """

    def __init__(self, strategy: Strategy) -> None:
        self._strategy = strategy
        self.given: list[Any] = []
        self.answers: list[Any] = []
        self.elsewhere: list[str] = []
        self.misspelt: dict[str, str] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._strategy, name)

    def fit(self, train: Split, validation: Split, context: RunContext) -> Any:
        """Fit, and note what was given."""
        self.given += (train, validation, context)
        classifier = self._strategy.fit(train, validation, context)
        self.misspelt = misspelt_in_classifier(classifier)
        return _WatchedClassifier(classifier, self)


class _WatchedClassifier:
    def __init__(self, classifier: Classifier, watched: WatchedStrategy) -> None:
        self._classifier, self._watched = classifier, watched

    def __getattr__(self, name: str) -> Any:
        return getattr(self._classifier, name)

    def predict_proba(self, texts: Sequence[str]) -> Any:
        """Predict, and note the answer and where the tensors are."""
        answer = self._classifier.predict_proba(texts)
        self._watched.answers.append(np.array(answer))
        self._watched.elsewhere[:] = _tensors_elsewhere(self._classifier)
        return answer

    def save(self, directory: Path) -> None:
        """Save."""
        self._classifier.save(directory)


def reachable(roots: Sequence[object]) -> Iterator[object]:
    """Yield every object that following references leads to, not going through modules, types and module globals."""
    seen: set[int] = set()
    queue: list[object] = list(roots)
    while queue:
        item = queue.pop()
        if id(item) in seen or isinstance(item, ModuleType | type):
            continue
        seen.add(id(item))
        yield item
        if isinstance(item, FunctionType):
            queue += [item.__closure__, item.__defaults__, item.__kwdefaults__]
        else:
            queue += gc.get_referents(item)


def _tensors_elsewhere(classifier: Classifier) -> list[str]:
    import torch

    tensors = (item for item in reachable([classifier]) if isinstance(item, torch.Tensor))
    return sorted(
        {f"a tensor of shape {tuple(t.shape)} on device {t.device}" for t in tensors if t.device.type != "cpu"}
    )


@contextmanager
def asking_for_devices(strategy: Strategy) -> Iterator[list[str]]:
    """Collect which functions about devices the strategy's own code calls, and where.

    Libraries may ask whether there is a GPU, and often do so for no purpose. A strategy that asks will use it,
    whatever device its context names; on a machine without one that shows nowhere else.

    Args:
        strategy: Its class's package and those of its bases are its own code.
    """
    import torch

    own = {kind.__module__.partition(".")[0] for kind in type(strategy).__mro__} - {*NEVER_AUTHORS}
    cuda = [name for name, value in vars(torch.cuda).items() if isinstance(value, FunctionType)]
    asked: list[str] = []
    places = [(torch.cuda, name) for name in cuda if name[0] != "_" and name not in HARMLESS]
    places += [(torch.backends.mps, "is_available"), (torch.accelerator, "is_available")]
    originals = [(module, name, getattr(module, name)) for module, name in places]
    initialised = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    try:
        for module, name, function in originals:
            setattr(module, name, _noting(function, f"{module.__name__}.{name}", own, asked))
        yield asked
    finally:
        for module, name, function in originals:
            setattr(module, name, function)
        if torch.cuda.is_initialized() and not initialised:  # type: ignore[no-untyped-call]
            asked.append("it initialised CUDA")


def _noting(function: Callable[..., Any], name: str, own: set[str], asked: list[str]) -> Callable[..., Any]:
    def noting(*args: Any, **kwargs: Any) -> Any:
        caller = sys._getframe(1)
        if str(caller.f_globals.get("__name__")).partition(".")[0] in own:
            note = f"it calls {name} in {Path(caller.f_code.co_filename).name}, line {caller.f_lineno}"
            asked.extend([] if note in asked else [note])
        return function(*args, **kwargs)

    return noting
