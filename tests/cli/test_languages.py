"""Errors, notes and progress are shown in the language of whoever reads; records keep them in English."""

# ruff: noqa: RUF001 - Chinese has punctuation of its own

import io
import re
from pathlib import Path

import pytest

from harness.plugin_system.manager import PluginManager
from harness.runs.tuning import Tried, Tuning
from harness.terminal import make_console, print_conformance, print_conformance_total, print_tuning
from harness.testing.isolation import NAME, SAYS
from harness.testing.suite import CHECKS, CheckResult, name_of

from .commands import Harness

ENGLISH = re.compile(r"[a-z]{3,} [a-z]{2,} [a-z]{3,}")


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["-d", "nowhere.csv"], "錯誤：資料檔 nowhere.csv 不存在。"),
        (["--limit", "0"], "錯誤：--limit：應大於或等於 2，得到 0。"),
        (["-s", "lora"], "錯誤：沒有策略 'lora'。是否指 'lora_finetune'？可用的有：all, "),
        (["--epochs", "3"], "用法：harness run [OPTIONS]\n說明請見：harness run --help\n\n錯誤：沒有選項 '--epochs'。"),
    ],
)
def test_what_goes_wrong_is_told_in_the_readers_language(harness: Harness, argv: list[str], told: str) -> None:
    outcome = harness("run", "--offline", *argv, "--lang", "zh-TW")
    assert outcome.code in {2, 3}
    assert told in outcome.err


@pytest.mark.slow
def test_progress_and_notes_are_said_in_chinese_and_kept_in_english(
    harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_TW.UTF-8")
    file = tmp_path / "all.csv"
    file.write_text("text,label\n" + "".join(f"text {i},{'xy'[i % 2]}\n" for i in range(24)))
    outcome = harness("run", "-d", str(file), "--test-size", "0.25", "-s", "majority", "-o", str(tmp_path / "reports"))
    assert outcome.code == 0, outcome.err
    assert "majority 種子 0：驗證 f1_macro 0.3333" in outcome.err
    assert "備註" in outcome.out
    assert "從 24 筆中分層留出 6 筆作為測試集（種子 0）" in " ".join(outcome.out.split())
    assert outcome.run.notes[0].startswith("no test split: 6 of 24 rows")


@pytest.mark.slow
def test_what_commands_besides_run_print_is_in_chinese(harness: Harness, tmp_path: Path) -> None:
    file = tmp_path / "all.csv"
    file.write_text("text,label\n" + "".join(f"text {i},{'xy'[i % 2]}\n" for i in range(24)))
    argv = ["-d", str(file), "--test-size", "0.25", "-s", "majority"]
    harness("run", *argv, "-o", str(tmp_path / "runs"), "-q")
    (folder,) = (tmp_path / "runs").iterdir()
    empty, again = ["--cache-dir", str(tmp_path / "cache")], ["--output-dir", str(tmp_path / "again")]
    commands = [["verify", str(folder)], ["reproduce", str(folder), "-q", *again], ["errors", str(folder)]]
    commands += [["cache", "list", *empty], ["cache", "prune", *empty], ["cache", "explain", *argv]]
    commands += [["plugins", "list"], ["plugins", "doctor"], ["run", *argv, "--dry-run"]]
    commands += [["report", str(folder), "-o", str(tmp_path / "x.md")], ["list"], ["show", str(folder)]]
    commands += [["list", name] for name in PluginManager().offers]
    commands += [["audit", *argv[:2], "--test-size", "0.25"]]
    for command in commands:
        outcome = harness(*command, "--lang", "zh-TW")
        assert outcome.code == 0, outcome.err
        assert not ENGLISH.search(f"{outcome.out}{outcome.err}"), (command, outcome.out)


def test_searches_and_checks_of_plugins_are_told_in_chinese(tmp_path: Path) -> None:
    says = {name_of(check): (check.__doc__ or "").splitlines()[0] for check in CHECKS} | {NAME: SAYS}
    stream = io.StringIO()
    console = make_console(stream, width=100)
    told = "not judged, as there are no predictions"
    for problem, note, skipped in ((None, None, False), ("7", None, False), (None, told, True)):
        results = [CheckResult(name, each, problem, 0.0, note, skipped) for name, each in says.items()]
        list(print_conformance("mine", results, console, "zh-TW"))
        print_conformance_total({"mine": results}, console, "zh-TW")
        print_conformance_total({"mine": results, "other": results}, console, "zh-TW")
    for tried in (Tried({"C": 1}, 0.5), Tried({"C": 1}, None, "ValueError")):
        print_tuning(Tuning("mine", (tried,), tmp_path), console, "zh-TW")
    assert not ENGLISH.search(stream.getvalue()), stream.getvalue()
