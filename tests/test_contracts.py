"""The import contracts of pyproject.toml hold, and an import that breaches one is caught."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"

BREACHES = {  # module of harness that gets the import -> the import -> the contract that forbids it
    "data/words.py": ("import harness.runs.planning", "Each room imports only rooms below it"),
    "terminal/tables.py": ("import harness.reporting.content", "Each room imports only rooms below it"),
    "new_room/__init__.py": ("import harness.errors", "Each room imports only rooms below it"),
    "runs/tuning.py": ("import rich", "rich only where a terminal is written to"),
    "runs/search_space.py": ("import transformers", "transformers and datasets only where checkpoints"),
    "analysis/learning_curve.py": ("import torch", "torch only where something is computed with it"),
    "strategies/strategy.py": ("import harness_plugins", "The harness never imports its plugins"),
    "cli/run.py": ("import harness_plugins.majority", "The harness never imports its plugins"),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the harness and its contracts to where imports can be added."""
    pytest.importorskip("importlinter")
    folder = tmp_path_factory.mktemp("copy")
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copytree(ROOT / "harness", folder / "harness", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def lint(folder: Path) -> tuple[int, str]:
    """Return exit code and output of lint-imports in a folder."""
    done = subprocess.run([sys.executable, "-c", LINT], cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_the_contracts_hold(copy: Path) -> None:
    code, output = lint(copy)
    assert code == 0, output
    assert " 0 broken" in output


@pytest.mark.parametrize("module", BREACHES)
def test_a_bad_import_is_caught_and_named(module: str, copy: Path) -> None:
    file, (statement, contract) = copy / "harness" / module, BREACHES[module]
    before = file.read_text(encoding="utf-8") if file.exists() else None
    file.parent.mkdir(exist_ok=True)
    try:
        file.write_text(f"{before or ''}\n\n{statement}\n", encoding="utf-8")
        code, output = lint(copy)
    finally:
        file.write_text(before, encoding="utf-8") if before is not None else shutil.rmtree(file.parent)
    assert code == 1, output
    broken = [line for line in output.splitlines() if " BROKEN" in line]
    assert len(broken) == 1, output
    assert broken[0].startswith(contract)
    assert "harness." + module.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".") in output
