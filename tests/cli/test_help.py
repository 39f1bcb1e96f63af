"""Help in Traditional Chinese, by the locale or by --lang."""

from collections.abc import Iterator

import click
import pytest
from rich.cells import cell_len

from harness.cli import cli
from harness.cli.help import help_of
from harness.wording.languages import catalogue

from .commands import Harness

CHINESE = catalogue("help.zh-TW")
OF_THE_PAGE = {
    "Usage: ",
    "Options:",
    "Commands:",
    "[default: ",
    "required]",
    "by locale",
    "Show this message and exit.",
}


def helps(command: click.Command) -> Iterator[str]:
    """Yield the help of a command, of its options and of the commands below it."""
    said, _, examples = help_of(command).partition("\n\n\b")
    yield said
    yield from (line.split("  ")[-1].strip() for line in examples.splitlines() if line)
    yield from (option.help for option in command.params if isinstance(option, click.Option) and option.help)
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        yield from helps(below)


def test_every_help_has_a_translation_and_every_translation_a_help() -> None:
    assert {*helps(cli)} | OF_THE_PAGE == {*CHINESE}


@pytest.mark.parametrize("argv", [("--lang", "zh-TW", "--help"), ("--help", "--lang=zh_tw"), ("--help",)])
def test_help_is_chinese_where_the_option_or_the_locale_says_so(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, argv: tuple[str, ...]
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_TW.UTF-8" if argv == ("--help",) else "C.UTF-8")
    outcome = harness("audit", *argv)
    assert outcome.code == 0
    assert outcome.out.startswith("用法：harness audit")  # noqa: RUF001
    assert "不訓練也不編碼" in outcome.out
    assert max(map(cell_len, outcome.out.splitlines())) <= 150


def test_the_first_page_lists_the_commands_in_chinese(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_TW.UTF-8")
    out = harness("--help").out
    assert "指令" in out
    assert "harness errors --strategy NAME        最近一次執行中" in out
    assert "以同一套程序在一個資料集上執行各策略" in out


def test_what_click_says_behind_the_help_of_an_option_is_chinese(harness: Harness) -> None:
    out = harness("prefetch", "--help", "--lang", "zh-TW").out
    assert out.count("[必填]") == 1
    assert "[預設：(依語系)]" in out  # noqa: RUF001
    assert "\n選項：\n" in out  # noqa: RUF001
    assert "required" not in out


def test_an_option_without_bounds_tells_of_none(harness: Harness) -> None:
    out = harness("run", "--help").out
    assert "--margin" in out
    assert "None" not in out


def test_help_is_english_elsewhere(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert harness("audit", "--help").out.startswith("Usage: harness audit")
