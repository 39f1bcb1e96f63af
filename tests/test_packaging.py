"""What is in the folders is in the distribution: packages, data files, entry points."""

import re
import shutil
import subprocess
import sys
import tomllib
from email import message_from_bytes
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from harness.plugin_system.manager import PluginManager

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_file_in_plugins_is_an_entry_point_of_the_same_name(project: dict[str, Any]) -> None:
    modules = {file.stem for file in (ROOT / "plugins").glob("*.py") if file.stem[0] != "_"}
    points = project["project"]["entry-points"]
    strategies = {name for name in modules if not name.endswith("_tracker")}
    assert points["harness"] == {name: f"harness_plugins.{name}" for name in strategies}
    trackers = modules - strategies
    assert points["harness.trackers"] == {n.removesuffix("_tracker"): f"harness_plugins.{n}" for n in trackers}


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


@pytest.mark.slow
@pytest.mark.skipif(find_spec("setuptools") is None, reason="needs setuptools")  # not imported: it replaces distutils
def test_the_readme_of_the_package_leads_nowhere_that_only_the_repository_has(tmp_path: Path) -> None:
    parts = ("setup.py", "pyproject.toml", "README.md", "LICENSE", "harness", "plugins")
    for part in (ROOT / name for name in parts):
        shutil.copytree(part, tmp_path / part.name) if part.is_dir() else shutil.copy(part, tmp_path)
    build = "from setuptools.build_meta import prepare_metadata_for_build_wheel as p; print(p('built'))"
    (tmp_path / "built").mkdir()
    done = subprocess.run([sys.executable, "-c", build], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (file,) = tmp_path.glob("built/*.dist-info/METADATA")
    told = message_from_bytes(file.read_bytes())
    assert told["Description-Content-Type"].startswith("text/markdown")
    assert (shown := told.get_payload()).startswith("# harness")
    assert re.findall(r"\]\((?!https?:|#)", shown) == []
    assert "docs/plugins.md" in shown


@pytest.mark.parametrize("folder", ["harness", "plugins", "tests", "benchmarks"])
def test_no_file_is_longer_than_300_lines(folder: str) -> None:
    longest = {file.name: len(file.read_text(encoding="utf-8").splitlines()) for file in (ROOT / folder).rglob("*.py")}
    assert {name: lines for name, lines in longest.items() if lines > 300} == {}
