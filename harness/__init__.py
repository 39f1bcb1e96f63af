"""Compare every way of turning a pre-trained text encoder into a classifier, under one protocol.

The names below are the public interface; plugins import them from here and nothing from deeper down.
"""

from harness.api.comparing import compare, load_classifier, open_run
from harness.api.reports import report
from harness.api.result import RunResult
from harness.api.suites import SuiteResult, open_suite
from harness.config.run_config import RunConfig
from harness.data.task import Provenance, Split, Task
from harness.encoding.checkpoint import load_tokenizer
from harness.encoding.encoder import Encoder, Features
from harness.encoding.first_token import first_token_only, supports_first_token_only
from harness.encoding.pooling import Pooling
from harness.encoding.silence import silent_transformers
from harness.encoding.static_encoder import embed_texts, load_static_model
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
from harness.evaluation.metric import Metric
from harness.evaluation.metrics import ClassScore, Evaluation, evaluate
from harness.features.directory import cache_folder
from harness.hookspecs import hookimpl
from harness.huggingface.checkpoint import find_model, model_hash
from harness.results.records import Run, RunRecord
from harness.runs.text_classifier import TextClassifier
from harness.strategies.class_weights import class_weights, sklearn_class_weight
from harness.strategies.finetuned_classifier import FineTunedClassifier
from harness.strategies.finetuning import FineTuning
from harness.strategies.fit_candidates import fit_candidates
from harness.strategies.member import Member
from harness.strategies.model_selection import (
    Candidate,
    score_candidate,
    select_candidate,
)
from harness.strategies.optimism import selection_optimism
from harness.strategies.searched_probe import LinearProbe, SearchedProbe
from harness.strategies.sklearn_probe import SklearnClassifier, SklearnProbe, SklearnStrategy
from harness.strategies.strategy import Classifier, RunContext, Strategy
from harness.strategies.tags import FitForecast
from harness.strategies.timed_fit import forecast_fit
from harness.strategies.tokens import choose_tokens, token_pattern
from harness.strategies.torch_head import standardising_layer
from harness.system.out_of_memory import is_out_of_memory

__all__ = [
    "Candidate",
    "ClassScore",
    "Classifier",
    "DataError",
    "Encoder",
    "Evaluation",
    "Features",
    "FineTunedClassifier",
    "FineTuning",
    "FitForecast",
    "HarnessError",
    "LinearProbe",
    "Member",
    "Metric",
    "ModelError",
    "PluginError",
    "Pooling",
    "Provenance",
    "Run",
    "RunConfig",
    "RunContext",
    "RunRecord",
    "RunResult",
    "SearchedProbe",
    "SklearnClassifier",
    "SklearnProbe",
    "SklearnStrategy",
    "Split",
    "Strategy",
    "StrategyError",
    "SuiteResult",
    "Task",
    "TextClassifier",
    "UnavailableError",
    "UndertrainedWarning",
    "UserError",
    "cache_folder",
    "choose_tokens",
    "class_weights",
    "compare",
    "embed_texts",
    "evaluate",
    "find_model",
    "first_token_only",
    "fit_candidates",
    "forecast_fit",
    "hookimpl",
    "is_out_of_memory",
    "load_classifier",
    "load_static_model",
    "load_tokenizer",
    "model_hash",
    "open_run",
    "open_suite",
    "report",
    "score_candidate",
    "select_candidate",
    "selection_optimism",
    "silent_transformers",
    "sklearn_class_weight",
    "standardising_layer",
    "supports_first_token_only",
    "token_pattern",
]
