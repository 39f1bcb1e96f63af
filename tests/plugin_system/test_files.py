"""Plugins that the user names: what counts as a file, what as a module, where neither is looked for."""

import os
import sys
from pathlib import Path

import pytest

from harness import PluginError
from harness.plugin_system.files import NamedPlugin, named_plugins

SOURCE = "from dataclasses import dataclass\n\n@dataclass(frozen=True)\nclass Thing:\n    size: int = 1\n"


def written(folder: Path, name: str = "my_probe.py", source: str = SOURCE) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("text", "is_file", "name"),
    [
        ("my_probe.py", True, "my_probe"),
        ("folder/my probe.py", True, "my_probe"),
        ("./folder", True, "folder"),
        ("package.module", False, "package.module"),
        ("module", False, "module"),
    ],
)
def test_what_ends_in_py_or_is_a_path_is_a_file_and_the_rest_a_module(text: str, is_file: bool, name: str) -> None:
    assert (NamedPlugin(text).is_file, NamedPlugin(text).name) == (is_file, name)


def test_a_file_is_a_module_of_its_own_each_time_it_is_read(tmp_path: Path) -> None:
    file = written(tmp_path)
    first = NamedPlugin(str(file)).load()
    written(tmp_path, source=SOURCE.replace("= 1", "= 2"))  # as long as before and within the same second
    assert (first.Thing().size, NamedPlugin(str(file)).load().Thing().size) == (1, 2)
    assert list(tmp_path.iterdir()) == [file]


def test_files_of_one_name_are_different_modules(tmp_path: Path) -> None:
    files = [written(tmp_path / folder, source=f"WHERE = {folder!r}\n") for folder in ("a", "b")]
    modules = [NamedPlugin(str(file)).load() for file in files]
    assert [module.WHERE for module in modules] == ["a", "b"]
    assert modules[0].__name__ != modules[1].__name__


def test_a_file_that_fails_leaves_no_module_behind(tmp_path: Path) -> None:
    file = written(tmp_path, source="raise OSError('no such library')")
    before = set(sys.modules)
    with pytest.raises(OSError, match="no such library"):
        NamedPlugin(str(file)).load()
    assert set(sys.modules) == before


def test_a_module_is_imported_from_where_it_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, "installed_part/probe.py")
    monkeypatch.syspath_prepend(tmp_path)
    assert NamedPlugin("installed_part.probe").load().Thing().size == 1


@pytest.mark.parametrize("entry", ["", ".", None], ids=["empty", "dot", "path"])
def test_a_module_is_never_imported_from_the_current_folder(
    entry: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, "lies_around.py")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path) if entry is None else entry, *sys.path])
    before = list(sys.path)
    with pytest.raises(
        PluginError, match=r"The current folder, .*, is never searched.* name that file, \./lies_around"
    ):
        NamedPlugin("lies_around").load()
    assert sys.path == before


def test_what_a_module_itself_cannot_import_is_told_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, "needs_more.py", "import not_there_at_all")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="not_there_at_all"):
        NamedPlugin("needs_more").load()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("missing.py", "There is no file missing.py, looked for as /.*missing.py"),
        ("./", "is a folder, expected a Python file.*harness plugins install ./"),
        ("no-module", "Expected a Python file, such as my_probe.py, or a module .*, got 'no-module'"),
        ("..relative", "got '..relative'"),
        ("harness.not_a_room", "No module 'harness.not_a_room' is installed"),
    ],
)
def test_what_is_neither_file_nor_module_is_told_with_what_is_expected(
    text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PluginError, match=message):
        NamedPlugin(text).load()


def test_options_and_environment_name_each_plugin_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_PLUGINS", os.pathsep.join([str(tmp_path / "a.py"), "", "module", "b.py"]))
    found = named_plugins(["./a.py", "a.py"])
    assert [(plugin.text, plugin.given_by) for plugin in found] == [
        ("./a.py", "--plugin"),
        ("module", "HARNESS_PLUGINS"),
        ("b.py", "HARNESS_PLUGINS"),
    ]


def test_a_file_has_its_hash_for_a_version_and_a_module_its_distribution(tmp_path: Path) -> None:
    plugin = NamedPlugin(str(written(tmp_path)))
    first = plugin.provenance(plugin.load())
    written(tmp_path, source=SOURCE + "#")
    distribution, version = plugin.provenance(plugin.load())
    assert distribution is None
    assert version is not None
    assert version.startswith("sha256:")
    assert version != first[1]
    installed = NamedPlugin("click.core")
    assert installed.provenance(installed.load())[0] == "click"
