"""harness plugins: what there is, why one is not, a new one, and what must not reach pip."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .commands import Harness
from .distributions import install, probe

MISSPELT = probe("misspelt").replace("harness_strategies", "harness_strategis")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def rows(text: str) -> dict[str, str]:
    return {line.split()[0]: " ".join(line.split()[1:]) for line in text.splitlines() if line.strip()}


def test_the_list_tells_distribution_version_origin_hooks_and_strategies(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch, tmp_path, "told_probe", probe("told_probe"))
    (tmp_path / "of_a_file.py").write_text(probe("of_a_file"))
    monkeypatch.setenv("HARNESS_PLUGINS", str(tmp_path / "of_a_file.py"))
    monkeypatch.setenv("COLUMNS", "300")
    listed = harness("plugins", "list")
    assert listed.code == 0
    told = rows(listed.out)
    assert told["told_probe"] == "told-probe 0.1 entry point strategies told_probe"
    assert told["huggingface"].endswith("part of the harness load_encoder, load_task")
    version, *rest = told["of_a_file"].split()
    assert version.startswith("sha256:")
    assert " ".join(rest) == f"HARNESS_PLUGINS {tmp_path / 'of_a_file.py'} strategies of_a_file"


def test_the_list_shows_broken_plugins_and_clashes_where_other_commands_stop(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch, tmp_path, "clashing_probe", probe("majority"))
    install(monkeypatch, tmp_path, "gone_probe", "raise ImportError('gone')")
    assert harness("list").code == 2
    listed = harness("plugins", "list")
    assert listed.code == 0
    told = " ".join(listed.out.split())
    assert "two strategies called majority: clashing_probe (clashing-probe 0.1) and majority (strategy-harness" in told
    assert "broken plugin gone_probe (gone-probe 0.1) ImportError: gone" in told
    assert "Traceback" in harness("plugins", "list", "--debug").err


def test_the_json_list_holds_the_same(harness: Harness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, tmp_path, "misspelt", MISSPELT)
    told = {plugin["plugin"]: plugin for plugin in json.loads(harness("plugins", "list", "--json").out)}
    assert told["majority"] | {"version": ""} == {
        "plugin": "majority",
        "distribution": "strategy-harness",
        "version": "",
        "source": "entry point majority = harness_plugins.majority",
        "hooks": ["harness_strategies"],
        "strategies": ["majority"],
        "error": None,
    }
    assert "Did you mean harness_strategies()" in told["misspelt"]["error"]


def test_the_list_imports_nothing_that_no_plugin_imports() -> None:
    argv = [sys.executable, "-X", "importtime", "-m", "harness", "plugins", "list"]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 0
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "pluggy" in imported
    assert not imported & {"torch", "transformers", "datasets", "sklearn", "scipy", "pyarrow"}


def test_the_doctor_tells_what_was_expected_found_and_to_do_and_exits_with_one(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch, tmp_path, "misspelt_hook", MISSPELT)
    for argv in (["plugins", "doctor"], ["plugins", "doctor", "misspelt_hook"]):
        outcome = harness(*argv)
        assert outcome.code == 1
        told = " ".join(outcome.out.split())
        assert told.startswith("✗ misspelt_hook (misspelt-hook 0.1, entry point misspelt_hook = misspelt_hook)")
        assert "expected a hook among harness_strategies" in told
        assert "found harness_strategis() do Did you mean harness_strategies() -> Sequence[Strategy]?" in told
    assert harness("plugins", "doctor", "majority").code == 0


def test_a_new_plugin_is_used_by_its_file_without_being_installed(
    run: Harness, harness: Harness, elsewhere: Path
) -> None:
    made = harness("plugins", "new", "brand_new")
    assert made.code == 0, made.err
    assert made.out.splitlines()[0] == "brand_new/pyproject.toml"
    assert "harness run -s brand_new,majority -d sample" in made.out
    file = elsewhere / "brand_new" / "src" / "brand_new.py"
    outcome = run("--plugin", str(file), strategies="brand_new,majority")
    assert outcome.code == 0, outcome.err
    assert "\nbrand_new" in outcome.out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["new", "majority"], "There is a strategy or plugin 'majority' already"),
        (["new", "Brand-New"], "Did you mean 'brand_new'?"),
        (["new", "brand_new", "--kind", "magic"], "'magic' is not one of"),
        (["install", "--", "--index-url=http://somewhere"], "which pip would take for an option"),
        (["install", ""], "Expected the name of a distribution or a path"),
        (["uninstall", "--", "-r"], "which pip would take for an option"),
        (["uninstall", "logreg_probe"], "logreg_probe is part of strategy-harness itself"),
        (["uninstall", "Strategy.Harness"], "is part of strategy-harness itself"),
    ],
)
def test_what_cannot_be_meant_is_refused(argv: list[str], message: str, harness: Harness, elsewhere: Path) -> None:
    outcome = harness("plugins", *argv)
    assert outcome.code == 2
    assert message.replace("'", "") in " ".join(outcome.err.split()).replace("'", "")
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("command", ["list", "doctor", "new", "install", "uninstall"])
def test_every_command_has_help(command: str, harness: Harness) -> None:
    outcome = harness("plugins", command, "--help")
    assert outcome.code == 0
    assert f"Usage: harness plugins {command}" in outcome.out
