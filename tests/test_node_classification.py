"""The example that classifies nodes, on graphs made up here, in files like those it is for."""

import importlib
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from planted_papers import KNOWN, NODES, write_data

import graphwalk

SCRIPT = Path(__file__).parents[1] / "examples" / "node_classification.py"


@pytest.fixture(scope="module")
def example():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SCRIPT.parent)
        yield importlib.import_module(SCRIPT.stem)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cora")
    return folder, *write_data(folder, within=0.25, between=0.01)


def test_files_are_read(example, data):
    folder, test, classes = data
    task = example.load_task(folder, "cora")
    assert task.num_nodes == NODES
    np.testing.assert_array_equal(task.test, test)
    np.testing.assert_array_equal(task.test_classes, classes[test])
    np.testing.assert_array_equal(task.train, np.arange(KNOWN))
    np.testing.assert_array_equal(task.train_classes, classes[:KNOWN])
    graph = graphwalk.build_zarr(task.edges, num_nodes=NODES)
    with (folder / "ind.cora.graph").open("rb") as file:
        rows = pickle.load(file)
    assert all(graph.neighbors(node).tolist() == sorted(rows[node]) for node in rows)


def test_classes_that_can_be_told_apart_are(example):
    rng = np.random.default_rng(1)
    classes = rng.integers(0, 3, 200)
    points = 6 * np.eye(3)[classes] + rng.normal(size=(200, 3)) + 50  # the intercept is not shrunk
    found = example.predict(points[:60], classes[:60], points[60:])
    assert (found == classes[60:]).mean() > 0.97


def test_a_graph_of_classes_passes_and_one_without_does_not(example, data, tmp_path, capsys):
    assert example.main([str(data[0]), "--seeds", "2"]) == 0
    printed = capsys.readouterr().out
    assert "seed 2: " in printed
    assert "published: 67.2 %" in printed
    write_data(tmp_path, within=0.05, between=0.05)
    assert example.main([str(tmp_path), "--seeds", "1"]) == 1


def test_what_is_not_there_is_fetched(example, data, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["planetoid"], "URL", data[0].as_uri())
    folder = tmp_path / "new"
    folder.mkdir()
    (folder / "ind.cora.y").write_bytes(b"mine")
    example.download(folder, "cora")
    assert len(list(folder.iterdir())) == 5
    assert (folder / "ind.cora.y").read_bytes() == b"mine"
    assert (folder / "ind.cora.graph").read_bytes() == (data[0] / "ind.cora.graph").read_bytes()


def test_a_pickle_that_runs_something_is_refused(example, data, tmp_path):
    class Harm:
        def __reduce__(self):
            return Path.touch, (tmp_path / "touched",)

    write_data(tmp_path, within=0.2, between=0.1)
    (tmp_path / "ind.cora.y").write_bytes(pickle.dumps(Harm()))
    with pytest.raises(pickle.UnpicklingError, match="arrays do not need"):
        example.load_task(tmp_path, "cora")
    assert not (tmp_path / "touched").exists()
