"""Stores that PyTorch Geometric's own loaders read; run by `make test-torch`."""

import pickle
from importlib.util import find_spec
from pathlib import Path

import dask
import numpy as np
import pytest

import graphwalk
from graphwalk.errors import InputError

torch = pytest.importorskip("torch")
geometric = pytest.importorskip("torch_geometric.data")
from torch_geometric.loader import NeighborLoader  # noqa: E402
from torch_geometric.sampler import BaseSampler, SamplerOutput  # noqa: E402

NODES = 60
X = np.random.default_rng(1).random((NODES, 3), np.float32)
SAMPLERS = any(map(find_spec, ("pyg_lib", "torch_sparse")))


class AllNeighbors(BaseSampler):
    """Takes all in-neighbours of the seeds, from what the store of edges says."""

    def __init__(self, edges):
        self.row, self.starts, _ = edges.csc()

    def sample_from_nodes(self, index, **_how):
        seeds = index.node
        bounds = zip(self.starts[seeds].tolist(), self.starts[seeds + 1].tolist(), strict=True)
        entries = [torch.arange(*bound) for bound in bounds]
        column = torch.arange(len(seeds)).repeat_interleave(torch.tensor(list(map(len, entries))))
        entries = torch.cat(entries)
        node = list(dict.fromkeys(seeds.tolist() + self.row[entries].tolist()))
        place = {each: position for position, each in enumerate(node)}
        row = torch.tensor([place[each] for each in self.row[entries].tolist()])
        return SamplerOutput(
            torch.tensor(node), row, column, entries, metadata=(index.input_id, index.time)
        )

    def sample_from_edges(self, index, **_how):
        raise NotImplementedError


@pytest.fixture(params=[False, True], ids=["undirected", "directed"])
def stores(request):
    edges = np.random.default_rng(3).integers(0, NODES, (2, 400))
    graph = graphwalk.build_zarr(edges, num_nodes=NODES, directed=request.param)
    graph.set_node_array("x", X)
    graph.set_node_array("y", np.arange(NODES))
    other = graph.transpose() if request.param else None
    entries = other or graph
    entries.set_edge_array("edge_attr", np.arange(graph.num_entries) * 2)
    return graph, entries, *graphwalk.pyg_stores(graph, transposed=other)


def test_features_are_rows_of_the_arrays(stores):
    _, entries, features, _ = stores
    nodes = torch.tensor([5, 59, 5])
    for index in (nodes, nodes.tolist()):
        np.testing.assert_array_equal(features[None, "x", index], X[nodes])
    mask = torch.from_numpy(X[:, 0] > 0.5)
    np.testing.assert_array_equal(features[None, "x", mask], X[mask.numpy()])
    np.testing.assert_array_equal(features[None, "x", 7], X[7])
    np.testing.assert_array_equal(features[None, "x", slice(3, 9)], X[3:9])
    np.testing.assert_array_equal(features.get_tensor(None, "x", None), X)
    assert features.get_tensor_size(None, "x") == (NODES, 3)
    assert {attr.attr_name for attr in features.get_all_tensor_attrs()} == {"x", "y"}
    assert features["edge", "edge_attr", [4, 1]].tolist() == [8, 2]
    assert features.get_tensor_size("edge", "edge_attr") == (entries.num_entries,)
    assert features.get_tensor(None, "z", None) is None
    for index in ([-1], [NODES]):
        with pytest.raises(InputError, match="there are 60 rows of 'x'"):
            features.get_tensor(None, "x", index)
    with pytest.raises(InputError, match="set_node_array"):
        features.put_tensor(torch.zeros(NODES), None, "z", None)
    with pytest.raises(InputError, match="set_node_array"):
        features.remove_tensor(None, "x", None)


def test_edges_are_the_in_neighbours_of_each_node(stores):
    graph, _, _, edges = stores
    into = graph.to_scipy().T.tocsr()
    into.sort_indices()
    for each in (edges, pickle.loads(pickle.dumps(edges))):
        row, starts, order = each.csc()
        assert (row.dtype, starts.dtype, order) == (torch.int64, torch.int64, None)
        assert starts.tolist() == into.indptr.tolist()
        assert row.tolist() == into.indices.tolist()
    (attr,) = edges.get_all_edge_attrs()
    assert attr.size == (NODES, NODES)
    with pytest.raises(KeyError):
        edges.get_edge_index(None, "coo")
    with pytest.raises(InputError, match="update"):
        edges.remove_edge_index(attr)


def test_neighbours_lie_in_a_file_that_has_no_name(tmp_path):
    graph = graphwalk.build_zarr([(0, 1), (1, 2)])
    with dask.config.set({"temporary-directory": str(tmp_path)}):
        row, _, _ = graphwalk.pyg_stores(graph)[1].csc()
    assert list(tmp_path.iterdir()) == []
    assert str(tmp_path) in Path("/proc/self/maps").read_text()
    assert row.tolist() == [1, 0, 2, 1]


def check_batches(loader, stores):
    """Compare three batches with the graph."""
    graph, entries, features, _ = stores
    whole, batches = entries.to_edge_index(), list(loader)
    assert len(batches) == 3
    for batch in batches:
        np.testing.assert_array_equal(batch.x, X[batch.n_id])
        assert batch.y.tolist() == batch.n_id.tolist()
        source, target = batch.n_id[batch.edge_index].numpy()
        assert graph.has_edge(source, target).all()
        np.testing.assert_array_equal([target, source], whole[:, batch.e_id])
        assert features["edge", "edge_attr", batch.e_id].tolist() == (2 * batch.e_id).tolist()


def test_its_loader_has_features_of_batches(stores):
    sampler = AllNeighbors(stores[3])
    loader = NeighborLoader(
        stores[2:], [-1], input_nodes=torch.arange(50), batch_size=20, neighbor_sampler=sampler
    )
    check_batches(loader, stores)


@pytest.mark.skipif(not SAMPLERS, reason="neither pyg-lib nor torch-sparse is installed")
@pytest.mark.parametrize("workers", [0, 2])
def test_its_loader_samples_by_its_compiled_sampler(stores, workers):
    seeds = torch.arange(50)
    loader = NeighborLoader(
        stores[2:], [4, 3], input_nodes=seeds, batch_size=20, num_workers=workers
    )
    check_batches(loader, stores)


def test_directed_graphs_need_their_transpose():
    graph = graphwalk.build_zarr([(0, 1)], directed=True)
    with pytest.raises(InputError, match=r"Graph\.transpose"):
        graphwalk.pyg_stores(graph)


def test_a_graph_without_edges_or_arrays():
    features, edges = graphwalk.pyg_stores(graphwalk.build_zarr([(0, 0)], self_loops="drop"))
    row, starts, _ = edges.csc()
    assert (len(row), starts.tolist()) == (0, [0, 0])
    assert features.get_all_tensor_attrs() == []
