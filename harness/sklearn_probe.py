"""The former place of `SklearnClassifier`, kept for plugins that import it from here."""

import warnings

from harness.strategies.sklearn_probe import SklearnClassifier

__all__ = ["SklearnClassifier"]

warnings.warn(
    "harness.sklearn_probe is no public module any more: from harness import SklearnClassifier.",
    DeprecationWarning,
    stacklevel=2,
)
