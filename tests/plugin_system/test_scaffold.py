"""A new plugin is whole: it says where it is found, keeps the contract as it was written, and overwrites nothing."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from harness import UnavailableError, UserError
from harness.plugin_system.files import NamedPlugin
from harness.plugin_system.loading import LoadedPlugins
from harness.plugin_system.scaffold import KINDS, new_plugin
from harness.testing import Bench, check_strategy

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_keeps_the_contract_as_it_is_written(kind: str, tmp_path: Path, bench: Bench) -> None:
    new_plugin("fresh_probe", kind, tmp_path)
    source = tmp_path / "fresh_probe" / "src" / "fresh_probe.py"
    loaded = LoadedPlugins(named=[NamedPlugin(str(source))])
    (strategy,) = (offer.strategy for offer in loaded.offers() if offer.name == "fresh_probe")
    assert type(strategy).__name__ == "FreshProbe"
    check_strategy(strategy)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_short_formatted_and_without_leftover_placeholders(kind: str, tmp_path: Path) -> None:
    files = new_plugin("fresh_probe", kind, tmp_path)
    assert list(map(str, files)) == [
        "fresh_probe/pyproject.toml",
        "fresh_probe/src/fresh_probe.py",
        "fresh_probe/tests/test_fresh_probe.py",
        "fresh_probe/README.md",
    ]
    assert not any("$" in (tmp_path / file).read_text(encoding="utf-8") for file in files)
    lines = [line for line in (tmp_path / files[1]).read_text(encoding="utf-8").splitlines() if line.strip()]
    assert 20 <= len(lines) <= 70
    for check in (["format", "--check"], ["check", "--select", "E,F,I,B,UP"]):
        argv = [sys.executable, "-m", "ruff", *check, "--isolated", "--line-length", "120", str(tmp_path)]
        done = subprocess.run(argv, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_the_package_says_where_its_plugin_is_found(tmp_path: Path) -> None:
    new_plugin("fresh_probe", "probe", tmp_path / "made" / "for it")
    project = tomllib.loads((tmp_path / "made" / "for it" / "fresh_probe" / "pyproject.toml").read_text())
    assert project["project"]["name"] == "fresh-probe"
    assert project["project"]["entry-points"]["harness"] == {"fresh_probe": "fresh_probe"}
    assert project["tool"]["setuptools"]["py-modules"] == ["fresh_probe"]
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["project"]["requires-python"] == ours["requires-python"]
    assert project["project"]["dependencies"] == [f"strategy-harness>={ours['version'].rpartition('.')[0]}"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("My-Probe", r"lower-case letters, digits and single _, .* got 'My-Probe'\. Did you mean 'my_probe'\?"),
        ("2fast", r"got '2fast'\. Did you mean 'fast'\?"),
        ("a__b", r"Did you mean 'a_b'\?"),
        ("class", "got 'class'"),
        ("../probe", r"got '../probe'"),
        ("", "got ''"),
        ("frozen", "'frozen' is a group of strategies"),
        ("taken_probe", "There is a strategy or plugin 'taken_probe' already"),
        ("scikit_learn", "A distribution scikit-learn .* is installed already"),
        ("json", "There is a module 'json' already"),
    ],
)
def test_a_name_that_cannot_be_is_refused_and_nothing_written(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        new_plugin(name, "probe", tmp_path, taken=["taken_probe"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("is_file", [True, False])
def test_nothing_is_written_over_what_is_there(is_file: bool, tmp_path: Path) -> None:
    there = tmp_path / "fresh_probe"
    there.write_text("mine") if is_file else there.mkdir()
    with pytest.raises(UserError, match=r"fresh_probe is there already, and nothing is written over it"):
        new_plugin("fresh_probe", "probe", tmp_path)
    assert there.read_text() == "mine" if is_file else list(there.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match=r"Cannot write to .*fresh_probe.* another folder with -o"):
        new_plugin("fresh_probe", "probe", tmp_path / "file")
