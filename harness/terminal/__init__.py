"""Records -> what a person reads on a terminal, in a pipe or in a log; no score is computed here."""

import harness.wording.undrawn  # noqa: F401  # before anything of rich
from harness.terminal.audit import print_audit
from harness.terminal.cache import cache_total, print_cache, print_cache_explanation, print_removed
from harness.terminal.conformance import print_conformance, print_conformance_total
from harness.terminal.confusion import confusion_matrix
from harness.terminal.console import make_console, plain_text, print_error, print_note
from harness.terminal.errors import print_errors
from harness.terminal.files import print_files
from harness.terminal.labels import print_doubtful, print_forecasts
from harness.terminal.listing import print_plan, print_strategies, print_strategy
from harness.terminal.plugins import print_changed_plugins, print_diagnoses, print_new_plugin, print_plugins
from harness.terminal.progress import progress_display, waiting
from harness.terminal.run import print_banner, print_run, print_summary
from harness.terminal.study import print_cell, print_pair, print_study
from harness.terminal.suite import print_suite
from harness.terminal.tuning import print_tuning
from harness.terminal.verification import print_checks, print_reproduction
from harness.wording.text import safe_text

__all__ = [
    "cache_total",
    "confusion_matrix",
    "make_console",
    "plain_text",
    "print_audit",
    "print_banner",
    "print_cache",
    "print_cache_explanation",
    "print_cell",
    "print_changed_plugins",
    "print_checks",
    "print_conformance",
    "print_conformance_total",
    "print_diagnoses",
    "print_doubtful",
    "print_error",
    "print_errors",
    "print_files",
    "print_forecasts",
    "print_new_plugin",
    "print_note",
    "print_pair",
    "print_plan",
    "print_plugins",
    "print_removed",
    "print_reproduction",
    "print_run",
    "print_strategies",
    "print_strategy",
    "print_study",
    "print_suite",
    "print_summary",
    "print_tuning",
    "progress_display",
    "safe_text",
    "waiting",
]
