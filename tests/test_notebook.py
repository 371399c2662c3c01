"""The tutorial runs in a kernel as it is shipped, and shows in it what users of notebooks expect.

Kernels are started for real: whether bars are shown depends on what stderr is there.
"""

from pathlib import Path

import nbclient
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

import graphwalk

ROOT = Path(__file__).parents[1]
TUTORIAL = ROOT / "examples" / "tutorial.ipynb"
WIDGET = "application/vnd.jupyter.widget-view+json"

WITHOUT_WIDGETS = [
    "import sys, numpy\n"
    "sys.modules['ipywidgets'] = None\n"
    "import graphwalk\n"
    "graph = graphwalk.build_zarr(numpy.arange(200).reshape(2, 100))",
    "_ = graphwalk.random_walks(graph, seed=1).compute()",
    "_ = graphwalk.random_walks(graph, seed=1, partitions=4).compute()",
    "_ = graphwalk.random_walks(graph, seed=1).compute(progress=False)",
]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs the cells of a notebook in a folder next to the examples."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (tmp_path / "debian").symlink_to(ROOT / "examples" / "debian")

    def run(notebook):
        resources = {"metadata": {"path": str(tmp_path)}}
        nbclient.NotebookClient(
            notebook, timeout=120, kernel_name="python3", resources=resources
        ).execute()
        return [cell for cell in notebook.cells if cell.cell_type == "code"]

    return run


def outputs(cells, mime):
    return [
        output["data"][mime]
        for cell in cells
        for output in cell.outputs
        if mime in output.get("data", {})
    ]


def stderr(cells):
    return text_of(cells, "stderr")


def stdout(cells):
    return text_of(cells, "stdout")


def text_of(cells, stream):
    return "".join(
        output["text"] for cell in cells for output in cell.outputs if output.get("name") == stream
    )


def test_the_tutorial_is_shipped_without_outputs():
    notebook = nbformat.read(TUTORIAL, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.metadata
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
    assert set(notebook.metadata) == {"kernelspec", "language_info"}


def test_the_tutorial_links_to_pages_that_there_are():
    cells = nbformat.read(TUTORIAL, as_version=4).cells
    links = [part.split(")")[0] for cell in cells for part in cell.source.split("](")[1:]]
    assert links
    for link in links:
        page, _, anchor = link.partition("#")
        text = (TUTORIAL.parent / page).read_text()
        headings = {
            line.lstrip("# ").lower().replace(" ", "-")
            for line in text.splitlines()
            if line.startswith("#")
        }
        assert anchor in headings | {""}


def test_the_tutorial_runs(run, tmp_path):
    cells = run(nbformat.read(TUTORIAL, as_version=4))
    tables = outputs(cells, "text/html")
    assert "59,453, of which 0 isolated" in tables[0]
    assert "<svg" in tables[0]
    assert any("node2vec" in table and "0.5" in table for table in tables)
    assert sum("peak memory" in table for table in tables) == 2
    assert len(outputs(cells, "image/png")) == 4
    bars = [text for text in outputs(cells, "text/plain") if text.startswith("Walking: ")]
    assert len(bars) == 5
    assert len(outputs(cells, WIDGET)) > len(bars), "the stages of the build have bars too"
    printed = stdout(cells)
    assert "these walks take at least" in printed
    close = dict(line.split(" → ", 1) for line in printed.splitlines()[-4:])
    assert "python3-numpy" in close["python3-scipy"].split(", ")
    graph = graphwalk.open_zarr(tmp_path / "results" / "debian.zarr")
    assert graph.num_nodes == 59_453
    assert any((tmp_path / "results" / "walks.parquet").iterdir())


def test_bars_are_text_where_there_are_no_widgets(run):
    cells = run(new_notebook(cells=[new_code_cell(code) for code in WITHOUT_WIDGETS]))
    assert outputs(cells, WIDGET) == []
    assert "IProgress" not in stderr(cells), "tqdm asks for widgets"
    built, whole, cut, silent = (stderr([cell]) for cell in cells)
    assert "edges between" not in built, "what is no error is not shown as one"
    assert "edges between" in stdout(cells[:1])
    assert "write: 100%" in built
    assert "Walking: 100%" in whole
    assert "Walking: 100%" in cut
    assert "0 walkers left" in cut
    assert silent == ""
