"""The documentation as a site: every page can be found, and the tutorials run as they stand."""

import re
from pathlib import Path

import nbclient
import nbformat
import pytest

ROOT = Path(__file__).parents[1]
NAMED = re.findall(r": (\S+\.(?:md|ipynb))$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)
TUTORIALS = ["docs/tutorial.ipynb", "docs/tutorial.zh-TW.ipynb"]
SMALL = "\nimport os\nMODEL = FILES = os.environ['TINY_MODEL']\nSETTINGS = {'epochs': 1}"


def code_cells(notebook: str) -> list[nbformat.NotebookNode]:
    cells = nbformat.read(ROOT / notebook, as_version=4).cells
    return [cell for cell in cells if cell.cell_type == "code"]


def test_the_navigation_names_every_page_once() -> None:
    pages = [str(p.relative_to(ROOT / "docs")) for p in (ROOT / "docs").rglob("*") if p.suffix in {".md", ".ipynb"}]
    assert sorted(NAMED) == sorted(pages)


def test_both_tutorials_have_the_same_code() -> None:
    english, chinese = ([re.sub(r"  # .*", "", cell.source) for cell in code_cells(name)] for name in TUTORIALS)
    assert english == chinese


@pytest.mark.parametrize("name", TUTORIALS)
def test_the_committed_tutorial_was_executed_and_shows_no_path_or_error(name: str) -> None:
    cells = code_cells(name)
    assert [cell.source for cell in cells if cell.execution_count is None] == []
    outputs = [output for cell in cells for output in cell.outputs]
    assert {output.output_type for output in outputs} == {"execute_result", "stream"}
    assert [output for output in outputs if re.search(r"/(home|root|tmp|work)/", str(output))] == []


@pytest.mark.parametrize("name", TUTORIALS)
def test_the_tutorial_runs_without_a_network(
    name: str, tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_MODEL", str(tiny_model))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    notebook = nbformat.read(ROOT / name, as_version=4)
    given = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    given.source += SMALL
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output.data for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
    tables = [data for data in shown if "<table" in data.get("text/html", "")]
    assert [data for data in tables if "full_finetune" in data["text/plain"]]
    assert sum("image/svg+xml" in data for data in shown) == 2
