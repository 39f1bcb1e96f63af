"""Compare every way of turning a pre-trained text encoder into a classifier, under one protocol.

The names below are the public interface; plugins import them from here and nothing from deeper down.
"""

from harness.config import RunConfig
from harness.data import Provenance, Split, Task
from harness.encoding import Encoder, Features
from harness.errors import (
    DataError,
    HarnessError,
    ModelError,
    PluginError,
    StrategyError,
    UnavailableError,
    UndertrainedWarning,
    UserError,
)
from harness.finetuning import FineTunedClassifier, FineTuning
from harness.first_token import first_token_only, supports_first_token_only
from harness.hookspecs import hookimpl
from harness.huggingface import load_tokenizer
from harness.metrics import ClassScore, Evaluation, evaluate
from harness.out_of_memory import is_out_of_memory
from harness.records import Run, RunRecord
from harness.sklearn_probe import SklearnClassifier, SklearnProbe, SklearnStrategy
from harness.strategy import Classifier, RunContext, Strategy

__all__ = [
    "ClassScore",
    "Classifier",
    "DataError",
    "Encoder",
    "Evaluation",
    "Features",
    "FineTunedClassifier",
    "FineTuning",
    "HarnessError",
    "ModelError",
    "PluginError",
    "Provenance",
    "Run",
    "RunConfig",
    "RunContext",
    "RunRecord",
    "SklearnClassifier",
    "SklearnProbe",
    "SklearnStrategy",
    "Split",
    "Strategy",
    "StrategyError",
    "Task",
    "UnavailableError",
    "UndertrainedWarning",
    "UserError",
    "evaluate",
    "first_token_only",
    "hookimpl",
    "is_out_of_memory",
    "load_tokenizer",
    "supports_first_token_only",
]
