"""Plugins named for one command: by option, by HARNESS_PLUGINS, in the configuration file, and recorded."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .commands import Harness
from .distributions import install, probe


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "elsewhere" / "file_probe.py"
    file.parent.mkdir()
    file.write_text(probe("file_probe"), encoding="utf-8")
    return file


def test_a_file_stands_in_list_and_table_and_its_hash_in_the_record(run: Harness, harness: Harness, file: Path) -> None:
    listed = harness("list", "--plugin", str(file))
    assert "\nfile_probe " in listed.out
    outcome = run("--plugin", str(file), strategies="file_probe,majority")
    assert outcome.code == 0, outcome.err
    assert "\nfile_probe " in outcome.out
    record = outcome.run.records[0]
    assert (record.plugin, str(record.plugin_version)[:7]) == ("file_probe", "sha256:")
    assert outcome.run.config.plugins == (str(file),)


def test_a_module_that_can_be_imported_is_a_plugin_by_its_name(
    harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "named_module.py").write_text(probe("module_probe"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert "module_probe" in harness("list", "--plugin", "named_module").out


def test_the_environment_and_the_configuration_file_name_plugins_too(
    run: Harness, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = tmp_path / "second_probe.py"
    second.write_text(probe("second_probe"), encoding="utf-8")
    third = tmp_path / "third_probe.py"
    third.write_text(probe("third_probe"), encoding="utf-8")
    (tmp_path / "run.toml").write_text(f"plugins = [{json.dumps(str(second))}]\n")
    monkeypatch.setenv("HARNESS_PLUGINS", str(third))
    outcome = run(
        *("-c", str(tmp_path / "run.toml"), "--plugin", str(file)), strategies="file_probe,second_probe,third_probe"
    )
    assert outcome.code == 0, outcome.err
    assert outcome.run.config.plugins == (str(second), str(file), str(third))


def test_a_run_is_reproduced_with_the_plugins_it_names(
    run: Harness, harness: Harness, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_PLUGINS", str(file))
    folder = run("--no-save-models", "--limit", "12", strategies="file_probe").folder
    monkeypatch.delenv("HARNESS_PLUGINS")
    asked = harness("reproduce", "-o", str(folder), "-q")
    assert asked.code == 2
    assert f"made its folder chose: {file}. Look at them" in asked.err
    assert len(list(folder.iterdir())) == 1
    known = ("reproduce", "-o", str(folder), "-q", "--yes-run-plugins")
    again = harness(*known)
    assert again.code == 0, again.err
    assert "plugins, versions and machine are the same" in again.out
    moved = file.rename(file.with_name("moved_probe.py"))
    gone = harness(*known)
    assert gone.code == 2
    assert f"--plugin {file} could not be loaded: There is no file {file}" in gone.err
    moved.write_text(moved.read_text() + "# changed\n")
    changed = harness("reproduce", "-o", str(folder), "-q", "--plugin", str(moved))
    assert changed.code == 0, changed.err
    assert "plugin of file_probe: file_probe sha256:" in changed.out


def test_a_named_plugin_that_is_broken_is_a_red_row_whatever_was_asked_for(run: Harness, tmp_path: Path) -> None:
    file = tmp_path / "broken_file.py"
    file.write_text("import not_there_at_all")
    outcome = run("--plugin", str(file), strategies="majority")
    assert outcome.code == 1
    failures = {record.strategy: record.error.message for record in outcome.run.records if record.error}
    assert failures == {"broken_file": "ModuleNotFoundError: No module named 'not_there_at_all'"}
    unknown = run("--plugin", str(file), strategies="my_probe")
    assert unknown.code == 2
    assert f"--plugin {file} could not be loaded: ModuleNotFoundError" in unknown.err


def test_a_broken_plugin_of_the_environment_fails_only_what_asks_for_it(
    run: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_file.py").write_text("1 / 0")
    monkeypatch.setenv("HARNESS_PLUGINS", str(tmp_path / "broken_file.py"))
    assert run("--dry-run", strategies="majority").code == 0
    assert run("--dry-run", strategies="majority,broken_file").code == 1


def test_a_file_that_is_installed_as_well_is_one_plugin(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch, tmp_path, "installed_probe", probe("installed_probe"))
    (source,) = tmp_path.rglob("installed_probe.py")
    for named in (str(source), "installed_probe"):
        listed = harness("list", "--plugin", named)
        assert listed.code == 0, listed.err
        assert listed.out.count("\ninstalled_probe ") == 1


def test_a_copy_of_an_installed_plugin_is_refused_with_both_sides(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: Path
) -> None:
    install(monkeypatch, tmp_path, "original_probe", probe("file_probe"))
    listed = harness("list", "--plugin", str(file))
    assert listed.code == 2
    assert "'file_probe': original_probe (original-probe 0.1) and file_probe (--plugin" in listed.err


def test_explain_and_audit_load_named_plugins(
    harness: Harness, tmp_path: Path, tiny_data: Path, tiny_model: Path, file: Path
) -> None:
    where = ("--offline", "-d", str(tiny_data), "-m", str(tiny_model), "-s", "file_probe", "--plugin", str(file))
    assert "file_probe" in harness("cache", "explain", "--cache-dir", str(tmp_path / "cache"), *where).out
    loader = tmp_path / "loader.py"
    loader.write_text(
        "from harness import hookimpl\nfrom harness.testing import tiny_task\n"
        "@hookimpl\ndef harness_load_task(name):\n    return tiny_task() if name == 'mine' else None\n"
    )
    assert harness("audit", "-d", "mine", "--offline", "--plugin", str(loader)).code == 0


def test_the_current_folder_is_no_place_for_modules(file: Path) -> None:
    argv = [sys.executable, "-m", "harness", "list", "--plugin", "file_probe"]
    done = subprocess.run(argv, cwd=file.parent, capture_output=True, text=True)
    assert done.returncode == 0
    told = " ".join(done.stdout.split())
    assert "broken plugin file_probe" in told
    assert "is never searched for modules. It holds file_probe.py: name that file, ./file_probe.py." in told
