"""Plugins on the page, untrusted names among them, at any width."""

import io
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from harness.plugin_system.doctor import Diagnosis
from harness.plugin_system.faults import Fault
from harness.plugin_system.offers import Plugin
from harness.terminal import make_console, print_changed_plugins, print_diagnoses, print_new_plugin, print_plugins

from .factory import block, right_stripped

PLUGINS = [
    Plugin("loader", "my-loader", "2.0", source="entry point loader = my_loader", hooks=("harness_load_task",)),
    Plugin("[/]", source="--plugin [/].py", error="OSError: \x1b[31mred"),
]
FAULT = Fault("a hook among harness_strategies, harness_load_task", "harness_strategy()", "Did you mean [/]?")


def shown(show: Callable[[Console], None], width: int = 80) -> str:
    stream = io.StringIO()
    show(make_console(stream, width=width))
    return right_stripped(stream.getvalue())


def test_plugins_stand_in_a_table_and_broken_ones_below_it() -> None:
    assert shown(lambda console: print_plugins(PLUGINS, [], console)) == block(
        r"""
        plugin  distribution   origin       hooks      strategies
        loader  my-loader 2.0  entry point  load_task

        broken plugin [/]
          OSError: \x1b[31mred
        """
    )


def test_plugins_are_readable_at_forty_columns() -> None:
    told = shown(lambda console: print_plugins(PLUGINS, [], console), width=40)
    assert told.startswith("loader\n  my-loader 2.0\n  entry point\n  load_task\n")
    assert max(map(len, told.splitlines())) <= 40


def test_a_diagnosis_tells_expected_found_and_what_to_do() -> None:
    diagnoses = [Diagnosis("my_probe (--plugin my_probe.py)", (FAULT,)), Diagnosis("fine (fine 1.0)", ())]
    assert shown(lambda console: print_diagnoses(diagnoses, 2, console)) == block(
        """
        ✗ my_probe (--plugin my_probe.py)
          expected  a hook among harness_strategies, harness_load_task
          found     harness_strategy()
          do        Did you mean [/]?

        ✓ fine (fine 1.0): nothing wrong
        """
    )
    assert shown(lambda console: print_diagnoses([], 7, console)) == "7 plugins, nothing wrong with any."


def test_a_new_plugin_is_told_with_the_next_steps() -> None:
    files = [Path("my_probe/pyproject.toml"), Path("my_probe/README.md")]
    assert shown(lambda console: print_new_plugin(Path("there"), files, console)) == block(
        """
        there/my_probe/pyproject.toml
        there/my_probe/README.md

        install it  harness plugins install -e there/my_probe
        use it      harness run -s my_probe,majority -d sample
        test it     pytest there/my_probe
        """
    )


def test_what_an_installation_changed_is_told() -> None:
    old = {"plugin": "a", "distribution": "a", "version": "1", "strategies": ["a"], "hooks": [], "error": None}
    new = old | {"version": "2"}
    broken = old | {"plugin": "b", "distribution": None, "source": "--plugin b.py", "error": "gone"}
    assert shown(lambda console: print_changed_plugins([old], [new, broken], console)) == block(
        """
        no longer in the list: a (a 1): a
        in the list: a (a 2): a
        in the list: b (--plugin b.py): broken, gone
        """
    )
    assert "as before" in shown(lambda console: print_changed_plugins([old], [old], console))
