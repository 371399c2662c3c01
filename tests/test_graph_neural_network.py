"""The example that trains a graph neural network, on graphs made up here; by `make test-torch`."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from planted_papers import NODES, write_data, write_words

pytest.importorskip("torch_geometric")

SCRIPT = Path(__file__).parents[1] / "examples" / "graph_neural_network.py"


@pytest.fixture(scope="module")
def example():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SCRIPT.parent)
        yield importlib.import_module(SCRIPT.stem)


@pytest.fixture
def data(tmp_path):
    write_data(tmp_path, within=0.1, between=0.01)
    return tmp_path, write_words(tmp_path, telling=0.7)


def test_words_are_read(example, data):
    folder, words = data
    found = example.load_features(folder, "cora", NODES)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(found > 0, words > 0)


def test_a_batch_has_what_the_network_computes_of_the_whole_graph(example, data):
    torch, folder = pytest.importorskip("torch"), data[0]
    from torch_geometric.nn import GCNConv

    task = example.load_task(folder, "cora")
    graph = example.store_of(task, example.load_features(folder, "cora", NODES))
    network = example.Network(data[1].shape[1], 3).eval()
    arrays = {"node_arrays": ["x", "y", "degree"]}
    (batch,) = example.graphwalk.NeighborDataset(graph, task.test, [-1, -1], **arrays)
    with torch.no_grad():
        found = network(batch)
        whole = torch.from_numpy(graph.node_array("x").compute())
        edges = torch.from_numpy(graph.to_edge_index())
        for number, layer in enumerate((network.first, network.second)):
            reference = GCNConv(layer.in_channels, layer.out_channels)
            reference.load_state_dict(layer.state_dict())
            whole = reference(whole, edges)
            whole = whole if number else whole.relu()
    torch.testing.assert_close(found, whole[task.test])
    assert batch.y[: batch.batch_size].tolist() == task.test_classes.tolist()


def test_words_that_tell_classes_pass_and_others_do_not(example, data, monkeypatch, capsys):
    monkeypatch.setattr(example, "EPOCHS", 60)
    folder = str(data[0])
    assert example.main([folder, "--seeds=1", "--fanouts", "10", "10"]) == 0
    assert "published: 81.5 %" in capsys.readouterr().out
    write_data(data[0], within=0.05, between=0.05)
    write_words(data[0], telling=0.3)
    assert example.main([folder, "--seeds=1"]) == 1
