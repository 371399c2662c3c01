"""Batches of neighbour samples for PyTorch and PyTorch Geometric; run by `make test-torch`."""

import pickle
import re
import runpy
from pathlib import Path

import numpy as np
import pytest

import graphwalk
from graphwalk.errors import InputError

torch = pytest.importorskip("torch")
loading = pytest.importorskip("torch.utils.data")

NODES = 60


def random_graph(**how):
    edges = np.random.default_rng(3).integers(0, NODES, (2, 400))
    return graphwalk.build_zarr(edges, num_nodes=NODES, self_loops="drop", **how)


@pytest.mark.parametrize("disjoint", [False, True])
def test_batches_are_data_objects_of_their_samples(disjoint):
    geometric = pytest.importorskip("torch_geometric.data")
    graph, fanouts = random_graph(), [3, 2]
    dataset = graphwalk.NeighborDataset(
        graph, None, fanouts, batch_size=25, disjoint=disjoint, seed=1
    )
    found = list(dataset)
    assert len(found) == len(dataset) == 3
    for number, data in enumerate(found):
        assert isinstance(data, geometric.Data)
        data.validate()
        seeds = np.arange(NODES)[number * 25 : number * 25 + 25]
        assert data.batch_size == len(seeds) == len(data.input_id)
        assert data.n_id[: len(seeds)].tolist() == seeds.tolist()
        how = {"disjoint": disjoint, "seed": 1}
        expected = graphwalk.sample_neighbors(graph, seeds, fanouts, **how).compute()
        assert data.e_id.tolist() == expected[:, 3].tolist()
        whole = torch.from_numpy(graph.to_edge_index())
        # The store lists the neighbours of a node in its row; messages lead the other way.
        assert (data.n_id[data.edge_index.flip(0)] == whole[:, data.e_id]).all()
        assert ("batch" in data) == disjoint
        assert sum(data.num_sampled_edges) == data.num_edges


def test_workers_make_the_same_batches_as_one():
    graph = random_graph()
    dataset = graphwalk.NeighborDataset(
        graph, None, [2, 2], batch_size=7, shuffle=True, batches="tensors", seed=1
    )
    dataset.set_epoch(2)
    alone = list(dataset)
    together = loading.DataLoader(
        dataset, batch_size=None, num_workers=2, multiprocessing_context="spawn"
    )
    by_first = {batch["input_id"].tolist()[0]: batch for batch in together}
    assert len(by_first) == len(alone) == 9
    for batch in alone:
        other = by_first[batch["input_id"].tolist()[0]]
        assert all(torch.equal(batch[key], other[key]) for key in ("n_id", "e_id", "edge_index"))


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_workers_that_stay_have_the_samples_of_each_epoch(start):
    graph, how = random_graph(), {"batch_size": 30, "batches": "tensors", "seed": 1}
    dataset = graphwalk.NeighborDataset(graph, None, [2, 2], **how)
    stay = {"num_workers": 1, "persistent_workers": True, "multiprocessing_context": start}
    loader = loading.DataLoader(pickle.loads(pickle.dumps(dataset)), batch_size=None, **stay)
    for epoch in (3, 0, 1):
        for each in (dataset, loader.dataset):
            each.set_epoch(epoch)
        for batch, other in zip(dataset, loader, strict=True):
            assert torch.equal(batch["e_id"], other["e_id"])


def test_a_layer_per_hop_sees_the_samples_as_pyg_trims_them():
    pytest.importorskip("torch_geometric")
    from torch_geometric.nn import SAGEConv
    from torch_geometric.utils import trim_to_layer

    torch.manual_seed(0)
    graph, features = random_graph(), torch.randn(NODES, 4)
    layers = [SAGEConv(4, 8), SAGEConv(8, 2)]
    for data in graphwalk.NeighborDataset(graph, None, [3, 3], batch_size=20, seed=1):
        whole = trimmed = features[data.n_id]
        edges = data.edge_index
        for number, layer in enumerate(layers):
            whole = layer(whole, data.edge_index)
            trimmed, edges, _ = trim_to_layer(
                number, data.num_sampled_nodes, data.num_sampled_edges, trimmed, edges
            )
            trimmed = layer(trimmed, edges)
        torch.testing.assert_close(trimmed[: data.batch_size], whole[: data.batch_size])


def test_batches_have_the_features_of_their_nodes_and_edges():
    graph = random_graph()
    features = np.random.default_rng(1).random((NODES, 3), np.float32)
    graph.set_node_array("x", features)
    graph.set_edge_array("edge_attr", np.arange(graph.num_entries))
    dataset = graphwalk.NeighborDataset(
        graph, None, [3], batch_size=25, node_arrays=["x"], edge_arrays=["edge_attr"], seed=1
    )
    for data in dataset:
        data.validate()
        np.testing.assert_array_equal(data.x.numpy(), features[data.n_id])
        assert data.num_node_features == 3
        assert torch.equal(data.edge_attr, data.e_id)
    with pytest.raises(InputError, match="no array 'y' of nodes"):
        graphwalk.NeighborDataset(graph, None, [3], node_arrays=["y"])


def test_directed_graphs_need_their_transpose():
    graph = random_graph(directed=True)
    with pytest.raises(InputError, match=r"Graph\.transpose"):
        graphwalk.NeighborDataset(graph, None, [2])
    dataset = graphwalk.NeighborDataset(graph, None, [2], transposed=graph.transpose(), seed=1)
    (data,) = dataset
    sources, targets = data.n_id[data.edge_index].numpy()
    assert graph.has_edge(sources, targets).all()


def test_the_example_learns_by_skip_gram(tmp_path, capsys):
    edges = tmp_path / "edges.csv"
    edges.write_text("".join(f"{i},{i % 10}\n" for i in range(500)))
    example = runpy.run_path(str(Path(__file__).parents[1] / "examples" / "skip_gram.py"))
    example["main"]([str(edges), "--epochs", "2"])
    losses = [float(loss) for loss in re.findall(r"(?:loss|to) ([\d.]+)", capsys.readouterr().out)]
    assert len(losses) == 4
    assert losses[3] < losses[0]
