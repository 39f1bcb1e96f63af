"""A package that knows the harness from docs/plugins.md alone: built, installed into a fresh environment, compared.

Nothing here needs a network: the environment sees what is installed in the one that runs the tests, and pip is told to
look nowhere else.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from harness import Run
from harness.testing import tiny_task

SOURCE = Path(__file__).parent / "textlab"
ALONE = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
STRATEGIES = ("char_bayes", "byte_cnn")
Python = Callable[..., str]

pytestmark = [
    pytest.mark.skipif(find_spec("pip") is None, reason="this environment has no pip"),
    pytest.mark.skipif(find_spec("setuptools") is None, reason="this environment has no setuptools to build with"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where commands are typed: with the data, and nothing that could be imported."""
    folder = tmp_path_factory.mktemp("work")
    task = tiny_task()
    for name in ("train", "validation", "test"):
        split = getattr(task, name)
        for row, (text, label) in enumerate(zip(split.texts, split.labels, strict=True)):
            file = folder / "moods" / name / task.label_names[label] / f"{row}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Python:
    """Run the interpreter of a fresh environment and return what it printed; a failure shows all of it."""
    place = tmp_path_factory.mktemp("fresh") / "environment"
    try:
        venv.create(place, symlinks=os.name != "nt")
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no environment can be made here: {error}")
    known = {"base": str(place), "platbase": str(place)}
    site = Path(sysconfig.get_path("purelib", "venv", known))
    ours = sysconfig.get_path("purelib")
    (site / "what_runs_the_tests.pth").write_text(f"import site; site.addsitedir({ours!r})\n", encoding="utf-8")
    interpreter = Path(sysconfig.get_path("scripts", "venv", known)) / Path(sys.executable).name

    def run(*argv: str, cwd: Path = folder) -> str:
        variables = os.environ | ALONE | {"COLUMNS": "100"}
        done = subprocess.run([interpreter, *argv], cwd=cwd, env=variables, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package, for what building and testing leave behind."""
    return shutil.copytree(SOURCE, tmp_path_factory.mktemp("build") / "textlab")


@pytest.fixture(scope="module")
def installed(python: Python, source: Path) -> str:
    """Build the wheel, install it with the harness's own command, and return what that printed."""
    python("-m", "pip", "wheel", "--quiet", "--no-build-isolation", "-w", str(source.parent), str(source))
    (wheel,) = source.parent.glob("textlab_harness-1.2.0-*.whl")
    return python("-P", "-m", "harness", "plugins", "install", str(wheel))


def test_what_was_installed_is_told_and_listed(python: Python, installed: str) -> None:
    for name in (*STRATEGIES, "folders"):
        assert f"in the list: {name} (textlab-harness 1.2.0)" in installed
    listed = json.loads(python("-P", "-m", "harness", "plugins", "list", "--json"))
    plugins = {plugin["plugin"]: plugin for plugin in listed}
    assert {name: plugins[name]["strategies"] for name in STRATEGIES} == {name: [name] for name in STRATEGIES}
    assert plugins["folders"]["hooks"] == ["harness_load_task"]
    assert "nothing wrong" in python("-P", "-m", "harness", "plugins", "doctor", "textlab-harness")


@pytest.mark.usefixtures("installed")
def test_it_stands_in_the_table_on_its_own_data(python: Python, folder: Path) -> None:
    argv = ("run", "-d", "folders:moods", "-s", ",".join(("majority", *STRATEGIES)), "--offline", "-q")
    told = python("-P", "-m", "harness", *argv, "-o", str(folder / "reports"))
    assert all(f"\n{name} " in told for name in STRATEGIES)
    (file,) = (folder / "reports").glob("*/run.json")
    run = Run.model_validate_json(file.read_text(encoding="utf-8"))
    scores = {record.strategy: record.test.f1_macro for record in run.records if record.test}
    assert all(scores[name] > scores["majority"] for name in STRATEGIES), scores
    assert {(r.plugin, r.plugin_version) for r in run.records if r.strategy in STRATEGIES} == {
        ("textlab-harness", "1.2.0")
    }


@pytest.mark.usefixtures("installed")
def test_it_passes_the_kit_in_its_own_tests(python: Python, source: Path) -> None:
    told = python("-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "tests", cwd=source)
    assert "4 passed" in told


def test_a_new_plugin_is_installed_listed_and_removed_as_it_was_written(python: Python, folder: Path) -> None:
    assert "harness plugins install -e fresh_one" in python("-P", "-m", "harness", "plugins", "new", "fresh_one")
    python("-m", "pip", "install", "--quiet", "--no-build-isolation", "-e", "fresh_one")
    assert "fresh_one" in python("-P", "-m", "harness", "list", "fresh_one")
    told = python("-P", "-m", "harness", "plugins", "uninstall", "--yes", "fresh_one")
    assert "no longer in the list: fresh_one (fresh-one 0.1.0): fresh_one" in told
