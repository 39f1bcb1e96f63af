"""The example of the documentation, executed as a notebook and as a script, without a network."""

import re
import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest

ROOT = Path(__file__).parents[2]
CELLS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text("utf-8"), re.DOTALL)


def example_of(readme: str) -> str:
    found = re.search(r"```python\n(.*?)```", (ROOT / readme).read_text("utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


OFFLINE_PLUGIN = '''
"""Stands in for the hub: its data set and its encoders are the tiny ones."""
from dataclasses import replace
import os
from harness import hookimpl
from harness.huggingface import load_encoder
from harness.testing import tiny_task

@hookimpl
def harness_load_task(name, config):
    return replace(tiny_task(), name="emotion") if name == "emotion" else None

@hookimpl
def harness_load_encoder(name, config, device, dtype):
    return load_encoder(os.environ["TINY_MODEL"], None, True, device, dtype)
'''


@pytest.fixture
def folder(tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "offline.py").write_text(OFFLINE_PLUGIN, encoding="utf-8")
    monkeypatch.setenv("HARNESS_PLUGINS", str(tmp_path / "offline.py"))
    monkeypatch.setenv("TINY_MODEL", str(tiny_model))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path


@pytest.mark.parametrize("readme", ["README.md", "README.zh-TW.md"])
def test_the_page_has_every_line_of_the_readmes_example(readme: str) -> None:
    lines = [line.split("  #")[0].rstrip() for line in example_of(readme).splitlines()]
    page = "\n".join(CELLS)
    assert [line for line in lines if line not in page] == []


def test_in_a_notebook_no_cell_has_more_than_three_outputs_and_tables_are_html_and_text(folder: Path) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    outputs = [cell.outputs for cell in notebook.cells]
    assert max(map(len, outputs)) <= 3
    assert not any("Error" in output.get("name", "") for each in outputs for output in each)
    shown = [output.data for each in outputs for output in each if "data" in output]
    table = next(data for data in shown if "validation" in data.get("text/plain", "") and "text/html" in data)
    assert "<table" in table["text/html"]
    assert "logreg_probe" in table["text/plain"]
    bars = [data["text/plain"] for data in shown if "<progress" in data.get("text/html", "")]
    assert bars
    assert all(re.search(r"done \d+:\d\d", bar) for bar in bars)
    assert any("image/svg+xml" in data for data in shown)


def test_in_a_notebook_a_call_that_was_refused_is_not_done(folder: Path) -> None:
    cell = nbformat.v4.new_code_cell("import harness\nharness.compare('no/such/file.csv')")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    client = nbclient.NotebookClient(notebook, allow_errors=True, resources={"metadata": {"path": str(folder)}})
    client.execute()
    bar, error = notebook.cells[0].outputs
    assert re.search(r"stopped \d+:\d\d", bar.data["text/plain"])
    assert error.output_type == "error"


def test_in_a_script_the_example_runs_as_it_is_written(folder: Path) -> None:
    (folder / "script.py").write_text(f"{CELLS[0]}\n{example_of('README.md')}", encoding="utf-8")
    done = subprocess.run([sys.executable, "script.py"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (folder / "emotion.html").is_file()
