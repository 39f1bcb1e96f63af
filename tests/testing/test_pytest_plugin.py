"""The kit as a pytest plugin: tests of strategies that an option names, and fixtures for tests of one's own."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = "pytester"

WRONG = Path(__file__).parents[1] / "wrong_plugins" / "documents_nothing.py"
TEST_FILE = """
from dataclasses import replace

import pytest
from harness.plugin_system.manager import PluginManager
from harness.testing import run_checks

pytest_plugins = "harness.testing.pytest_plugin"


def test_passes(check_strategy):
    check_strategy(PluginManager().offers["majority"].strategy)


def test_is_told_what_is_wrong(check_strategy):
    strategy = PluginManager().offers["majority"].strategy
    object.__setattr__(strategy, "fit", None)
    check_strategy(strategy, leave_out=("documents_its_parameters",))


def test_shares_one_bench(strategy_bench):
    results = run_checks(PluginManager().offers["majority"].strategy, strategy_bench)
    assert len(strategy_bench.examinations) == 3
    assert not [result for result in results if result.problem]
"""


def test_strategies_that_the_option_names_are_tests_beside_those_of_ones_own(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_own=TEST_FILE)
    pytester.makepyfile(my_probe=WRONG.read_text(encoding="utf-8"))
    options = ("--harness-strategy", "my_probe.py", "--harness-strategy", "majority")
    outcome = pytester.runpytest_subprocess("-p", "harness.testing.pytest_plugin", "-v", *options)
    outcome.assert_outcomes(passed=3, failed=2)
    outcome.stdout.fnmatch_lines(
        [
            "test_own.py::test_passes PASSED*",
            "test_own.py::test_is_told_what_is_wrong FAILED*",
            "test_own.py::test_shares_one_bench PASSED*",
            "*harness-strategy?documents_nothing? FAILED*",
            "*harness-strategy?majority? PASSED*",
            "E*scores_a_trial: expected scores, got TypeError: 'NoneType' object is not callable*",
            "Strategy 'documents_nothing' fails 1 of 19 checks:",
            "documents_its_parameters: expected each parameter with type, default and meaning, got no line for alpha*",
        ]
    )


def test_a_name_that_is_no_strategy_ends_the_run_with_the_reason(pytester: pytest.Pytester) -> None:
    options = ("-p", "harness.testing.pytest_plugin", "--harness-strategy", "majorty")
    outcome = pytester.runpytest_subprocess(*options)
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines(["ERROR: There is no strategy 'majorty'. Did you mean 'majority'*"])


def test_other_runs_of_pytest_do_not_import_the_harness(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text("import sys\n\ndef test_it():\n    assert 'harness' not in sys.modules\n")
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    assert subprocess.run(argv, cwd=tmp_path, capture_output=True).returncode == 0
