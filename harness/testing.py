"""For plugin authors: a tiny task, a tiny encoder, and `check_strategy`, which every strategy should pass.

def test_my_probe_keeps_the_contract():
    check_strategy(MyProbe())
"""

import gc
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.data import Split, Task
from harness.encoding import Encoder
from harness.environment import restored_globals, seed_everything
from harness.feature_cache import FeatureCache
from harness.huggingface import load_encoder, write_tiny_checkpoint
from harness.metrics import checked_probabilities
from harness.records import RunRecord
from harness.strategy import Classifier, RunContext, Strategy, parameters, uses_model, wanted_features
from harness.trial import Trial, make_context, run_trial

_WORDS = {
    "calm": ("quiet", "lake", "tea", "slow", "evening", "rest"),
    "busy": ("train", "late", "crowd", "rush", "noise", "phone"),
    "glad": ("sun", "song", "gift", "laugh", "dance", "friend"),
}
_FILLERS = ("i", "feel", "the", "a", "and", "with", "my", "today", "some", "near")
ODD_TEXTS = ("", " ", "word " * 2000, "\U0001f600\U0001f389", "今天天氣很好", "[/] <b> \x1b[31m")


def tiny_task(rows_per_class: int = 16, seed: int = 0) -> Task:
    """Make a task of three classes whose texts share words within a class.

    Args:
        rows_per_class: Rows of each class in train; validation and test hold half as many.
        seed: Seed of the texts.

    Returns:
        A task that any sensible strategy learns better than chance.
    """
    rng = np.random.default_rng(seed)

    def split(rows: int) -> Split:
        labels = np.tile(np.arange(len(_WORDS)), rows)
        pools = list(_WORDS.values())
        texts = [" ".join(rng.permutation([*rng.choice(pools[k], 3), *rng.choice(_FILLERS, 4)])) for k in labels]
        return Split(tuple(map(str, texts)), labels)

    return Task("tiny", tuple(_WORDS), split(rows_per_class), split(rows_per_class // 2), split(rows_per_class // 2))


def tiny_encoder(directory: Path) -> Encoder:
    """Write a tiny random DistilBERT with its tokenizer to an existing folder and load it on the CPU.

    Returns:
        An encoder 32 wide that reads 64 tokens; it loads in milliseconds and knows nothing.
    """
    write_tiny_checkpoint(directory, [*_FILLERS, *(word for words in _WORDS.values() for word in words)])
    return load_encoder(str(directory), None, True, "cpu", "float32")


@dataclass(frozen=True)
class Bench:
    """What a check works with: a task, an encoder and a way to fit a strategy on them.

    Attributes:
        task: A tiny task.
        encoder: A tiny encoder.
        folder: A folder for temporary files.
    """

    task: Task
    encoder: Encoder
    folder: Path

    def trial(self, strategy: Strategy, task: Task | None = None, seed: int = 0) -> Trial:
        """Return a trial of the strategy that saves nothing."""
        return Trial(
            strategy=strategy,
            plugin="check",
            plugin_version=None,
            seed=seed,
            task=task or self.task,
            encoder=self.encoder if uses_model(strategy) else None,
            features=FeatureCache(self.encoder) if uses_model(strategy) else None,
            device="cpu",
            dtype="float32",
        )

    @contextmanager
    def fitted(self, strategy: Strategy, task: Task | None = None) -> Iterator[tuple[Classifier, RunContext]]:
        """Fit a strategy with seed 0 and give the classifier and its context."""
        trial = self.trial(strategy, task)
        with restored_globals(), tempfile.TemporaryDirectory(dir=self.folder) as workdir:
            context = make_context(trial, Path(workdir))
            seed_everything(trial.seed)
            yield strategy.fit(trial.task.train, trial.task.validation, context), context

    def probabilities(self, strategy: Strategy, texts: Sequence[str], task: Task | None = None) -> NDArray[np.float32]:
        """Fit a strategy and return its checked probabilities, float32 (n, k)."""
        with self.fitted(strategy, task) as (classifier, _):
            return _checked(classifier, texts, (task or self.task).n_classes)


def _checked(classifier: Classifier, texts: Sequence[str], n_classes: int) -> NDArray[np.float32]:
    return checked_probabilities(classifier.predict_proba(list(texts)), len(texts), n_classes)


def check_scores_a_trial(strategy: Strategy, bench: Bench) -> None:
    """It fits, predicts and is scored without failure, and its parameters fit into JSON."""
    record = run_trial(bench.trial(strategy))
    assert record.error is None, f"expected scores, got {record.error and record.error.traceback}"
    RunRecord.model_validate_json(record.model_dump_json())


def check_never_reaches_test_labels(strategy: Strategy, bench: Bench) -> None:
    """Nothing that `fit` is given leads to the test labels, and other test labels change no prediction."""
    spy = _Spy(strategy)
    run_trial(bench.trial(spy))
    assert spy.given, "expected fit to be called"
    assert not _reachable(spy.given, bench.task.test.labels), "the test labels can be reached from what fit is given"
    reversed_labels = Split(bench.task.test.texts, bench.task.test.labels[::-1])
    tasks = (bench.task, replace(bench.task, test=reversed_labels))
    hashes = {run_trial(bench.trial(strategy, task)).predictions_sha256 for task in tasks}
    assert len(hashes) == 1, "expected the same predictions for other test labels, got different ones"


def check_same_seed_same_predictions(strategy: Strategy, bench: Bench) -> None:
    """Fitting twice with one seed gives the same predictions, bit for bit."""
    first, second = (bench.probabilities(strategy, bench.task.test.texts) for _ in range(2))
    assert np.array_equal(first, second), f"two fits with seed 0 differ by up to {np.abs(first - second).max():.2g}"


def check_fit_leaves_the_strategy_unchanged(strategy: Strategy, bench: Bench) -> None:
    """`fit` returns a classifier and changes none of the strategy's own fields."""
    before = repr(parameters(strategy))
    bench.probabilities(strategy, bench.task.test.texts)
    assert repr(parameters(strategy)) == before, f"fit changed the strategy's fields from {before}"


def check_save_and_load_predict_the_same(strategy: Strategy, bench: Bench) -> None:
    """A classifier that was saved and loaded predicts what it predicted before, and its files hold no pickle."""
    with bench.fitted(strategy) as (classifier, context), tempfile.TemporaryDirectory(dir=bench.folder) as folder:
        before = _checked(classifier, bench.task.test.texts, bench.task.n_classes)
        classifier.save(Path(folder))
        files = [file for file in Path(folder).rglob("*") if file.is_file()]
        pickled = [file.name for file in files if file.suffix in {".pkl", ".pickle", ".pt", ".pth", ".bin", ".joblib"}]
        assert files, "expected save to write a file"
        assert not pickled, f"expected no pickle, got {', '.join(pickled)}"
        after = _checked(strategy.load(Path(folder), context), bench.task.test.texts, bench.task.n_classes)
    apart = np.abs(before - after).max()
    assert apart <= 1e-6, f"after loading, predictions differ by {apart:.2g}"  # noqa: PLR2004


def check_copes_with_a_class_missing_from_train(strategy: Strategy, bench: Bench) -> None:
    """With a class that train does not hold, there is still one column for every class of the task."""
    kept = [s.rows(np.flatnonzero(s.labels != 1)) for s in (bench.task.train, bench.task.validation)]
    task = replace(bench.task, train=kept[0], validation=kept[1], allow_unseen=True)
    bench.probabilities(strategy, bench.task.test.texts, task)


def check_copes_with_odd_texts(strategy: Strategy, bench: Bench) -> None:
    """Empty, very long, emoji, Chinese and markup texts get finite probabilities that sum to 1."""
    with bench.fitted(strategy) as (classifier, _):
        for text in ODD_TEXTS:
            _checked(classifier, [text], bench.task.n_classes)


CHECKS: tuple[Callable[[Strategy, Bench], None], ...] = (
    check_scores_a_trial,
    check_never_reaches_test_labels,
    check_same_seed_same_predictions,
    check_fit_leaves_the_strategy_unchanged,
    check_save_and_load_predict_the_same,
    check_copes_with_a_class_missing_from_train,
    check_copes_with_odd_texts,
)


def check_strategy(strategy: Strategy) -> None:
    """Run every check of `CHECKS` on a tiny task and a tiny encoder, on the CPU and without a network.

    Args:
        strategy: What to check.

    Raises:
        AssertionError: Naming each check that failed, what was expected and what came.
    """
    failures = []
    with tempfile.TemporaryDirectory(prefix="harness-check-", ignore_cleanup_errors=True) as folder:
        checkpoint = Path(folder) / "checkpoint"
        checkpoint.mkdir()
        bench = Bench(tiny_task(), tiny_encoder(checkpoint), Path(folder))
        for check in CHECKS:
            try:
                check(strategy, bench)
            except Exception as error:
                failures.append(f"{check.__name__}: {type(error).__name__}: {error}")
    if failures:
        raise AssertionError(f"Strategy {strategy.name!r} fails {len(failures)} checks:\n" + "\n".join(failures))


@dataclass(frozen=True)
class _Spy:
    """The strategy itself, noting what its `fit` is given."""

    strategy: Strategy
    given: list[Any] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.strategy.name

    @property
    def features(self) -> Sequence[Any]:
        return wanted_features(self.strategy)

    @property
    def uses_model(self) -> bool:
        return uses_model(self.strategy)

    def fit(self, train: Split, validation: Split, context: RunContext) -> Classifier:
        self.given.extend((train, validation, context))
        return self.strategy.fit(train, validation, context)

    def load(self, directory: Path, context: RunContext) -> Classifier:
        return self.strategy.load(directory, context)


def _reachable(roots: Sequence[object], target: object) -> bool:
    """Whether following references leads to `target`, not going through modules, types and module globals."""
    seen: set[int] = set()
    queue: list[object] = list(roots)
    while queue:
        item = queue.pop()
        if item is target:
            return True
        if id(item) in seen or isinstance(item, ModuleType | type):
            continue
        seen.add(id(item))
        if isinstance(item, FunctionType):
            queue += [item.__closure__, item.__defaults__, item.__kwdefaults__]
        else:
            queue += gc.get_referents(item)
    return False
