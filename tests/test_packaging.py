"""What is in the folders is in the distribution: packages, data files, entry points."""

import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from harness.plugin_system.manager import PluginManager

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_file_in_plugins_is_an_entry_point_of_the_same_name(project: dict[str, Any]) -> None:
    modules = {file.stem for file in (ROOT / "plugins").glob("*.py") if file.stem != "__init__"}
    assert project["project"]["entry-points"]["harness"] == {name: f"harness_plugins.{name}" for name in modules}


def test_every_plugin_offers_one_strategy_of_its_own_name() -> None:
    ours = [plugin for plugin in PluginManager().plugins if plugin.distribution == "strategy-harness"]
    offered = {plugin.name: [strategy.name for strategy in plugin.strategies] for plugin in ours}
    assert offered == {name: [name] for name in offered}
    assert offered


def test_every_package_is_listed(project: dict[str, Any]) -> None:
    found = {".".join(file.parent.relative_to(ROOT).parts) for file in (ROOT / "harness").rglob("*.py")}
    assert set(project["tool"]["setuptools"]["packages"]) == found | {"harness_plugins"}


def test_every_data_file_is_listed(project: dict[str, Any]) -> None:
    patterns = project["tool"]["setuptools"]["package-data"]
    for file in (ROOT / "harness").rglob("*"):
        if file.is_file() and file.suffix not in (".py", ".pyc"):
            package = ".".join(file.parent.relative_to(ROOT).parts)
            assert any(fnmatch(file.name, pattern) for pattern in patterns.get(package, [])), (
                f"{file} is in no package-data"
            )


def test_the_type_marker_is_shipped() -> None:
    assert (ROOT / "harness" / "py.typed").is_file()


@pytest.mark.parametrize("folder", ["harness", "plugins", "tests", "benchmarks"])
def test_no_file_is_longer_than_300_lines(folder: str) -> None:
    longest = {file.name: len(file.read_text(encoding="utf-8").splitlines()) for file in (ROOT / folder).rglob("*.py")}
    assert {name: lines for name, lines in longest.items() if lines > 300} == {}
