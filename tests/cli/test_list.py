"""harness list: strategies, their plugins and parameters; and completion of names in the shell."""

import json
import os
import subprocess
import sys

import pytest

from harness.cli import SORT_KEYS
from harness.rendering import SORT_KEYS as RENDERED_SORT_KEYS

from .commands import Harness


def test_list_shows_strategy_distribution_version_and_parameters(harness: Harness) -> None:
    outcome = harness("list")
    assert outcome.code == 0
    line = next(line for line in outcome.out.splitlines() if line.startswith("logreg_probe"))
    assert "strategy-harness" in line
    assert "C=1.0, max_iter=1000" in line


def test_the_json_list_is_all_there_is_on_standard_output(harness: Harness) -> None:
    plugins = {plugin["plugin"]: plugin for plugin in json.loads(harness("list", "--json").out)}
    assert plugins["majority"]["strategies"] == [{"name": "majority", "parameters": {}}]
    assert plugins["full_finetune"]["distribution"] == "strategy-harness"
    assert plugins["full_finetune"]["error"] is None


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(harness: Harness, shell: str) -> None:
    outcome = harness("completion", shell)
    assert outcome.code == 0
    assert "_HARNESS_COMPLETE" in outcome.out


def test_an_unknown_shell_is_refused(harness: Harness) -> None:
    assert harness("completion", "csh").code == 2


@pytest.mark.parametrize(("typed", "offered"), [("lo", "logreg_probe"), ("majority,lo", "majority,logreg_probe")])
def test_the_shell_completes_strategies(typed: str, offered: str) -> None:
    variables = {"_HARNESS_COMPLETE": "bash_complete", "COMP_WORDS": f"harness run -s {typed}", "COMP_CWORD": "3"}
    script = "import sys; sys.argv = ['harness']; from harness.cli import cli; cli(prog_name='harness')"
    done = subprocess.run([sys.executable, "-c", script], env=os.environ | variables, capture_output=True, text=True)
    assert done.stdout.splitlines() == [f"plain,{offered}"], done.stderr


def test_the_command_line_sorts_by_what_can_be_rendered() -> None:
    assert SORT_KEYS == RENDERED_SORT_KEYS


def test_a_reader_that_goes_away_is_no_failure() -> None:
    argv = [sys.executable, "-m", "harness", "list", "--json"]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0
