"""Tensors of PyTorch, and data objects of PyTorch Geometric; run by `make test-torch`."""

import pytest

import graphwalk

torch = pytest.importorskip("torch")

EDGES = [[0, 1, 1, 2], [1, 0, 2, 1]]


@pytest.mark.parametrize("kind", ["int32", "int64"])
def test_an_edge_index(kind):
    graph = graphwalk.build_zarr(torch.tensor(EDGES, dtype=getattr(torch, kind)))
    assert (graph.num_nodes, graph.num_edges) == (3, 2)
    src, dst = torch.tensor(EDGES)
    weights = torch.tensor([1.0, 1.0, 2.0, 2.0])
    graph = graphwalk.build_zarr((src, dst, weights), directed=True)
    assert graph.read_weights(0, 4).tolist() == [1.0, 1.0, 2.0, 2.0]


@pytest.mark.parametrize("layout", ["to_sparse", "to_sparse_csr"])
def test_sparse_tensors(layout):
    matrix = torch.tensor([[0.0, 2.0, 0.0], [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]])
    graph = graphwalk.build_zarr(getattr(matrix, layout)(), directed=True)
    assert (graph.num_nodes, graph.num_edges) == (3, 2)
    assert graph.read_weights(0, 2).tolist() == [2.0, 3.0]


def test_a_tensor_that_needs_gradients_says_so():
    weights = torch.ones(4, requires_grad=True)
    with pytest.raises(graphwalk.InputError, match="detach"):
        graphwalk.build_zarr((*torch.tensor(EDGES), weights))


@pytest.mark.parametrize("directed", [False, True])
def test_data_objects(directed):
    geometric = pytest.importorskip("torch_geometric.data")
    data = geometric.Data(edge_index=torch.tensor(EDGES), num_nodes=5)
    graph = graphwalk.build_zarr(data, directed=directed, duplicates="error")
    assert (graph.num_nodes, graph.num_edges) == (5, 4 if directed else 2)
    data.edge_weight = torch.tensor([0.5, 0.5, 2.0, 2.0])
    graph = graphwalk.build_zarr(data, directed=directed, duplicates="error")
    assert graph.read_weights(0, 4).tolist() == [0.5, 0.5, 2.0, 2.0]


def test_data_of_several_types_is_refused():
    geometric = pytest.importorskip("torch_geometric.data")
    data = geometric.HeteroData()
    data["a", "to", "b"].edge_index = torch.tensor([[0], [0]])
    with pytest.raises(graphwalk.InputError, match="to_homogeneous"):
        graphwalk.build_zarr(data)


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize(
    ("values", "name"), [("weights", "weight"), ("times", "time"), ("edge_types", "type")]
)
def test_graphs_become_data_objects(values, name, directed):
    pytest.importorskip("torch_geometric.data")
    how = {} if values == "weights" else {values: True}
    edges = [0, 1, 1], [1, 2, 1], [3, 1, 2]
    graph = graphwalk.build_zarr(edges, num_nodes=5, directed=directed, **how)
    data = graphwalk.set_node_types(graph, ["b", "a", "a", "b", "b"]).to_pyg()
    data.validate()
    assert (data.num_nodes, data.is_directed()) == (5, directed)
    assert data.node_type.tolist() == [1, 0, 0, 1, 1]
    assert data.edge_index.tolist() == graph.to_edge_index().tolist()
    values_there = data[f"edge_{name}"]
    assert values_there.dtype == {"weight": torch.float32, "time": torch.float64}.get(
        name, torch.int64
    )
    kept = dict(zip(map(tuple, data.edge_index.T.tolist()), values_there.tolist(), strict=True))
    assert [kept[pair] for pair in ((0, 1), (1, 2), (1, 1))] == [3, 1, 2]
    if values == "weights":
        again = graphwalk.build_zarr(data, directed=directed)
        assert (again.num_nodes, again.num_edges) == (5, graph.num_edges)


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize(
    ("values", "name"), [("weights", "weight"), ("times", "time"), ("edge_types", "type")]
)
def test_graphs_become_graphs_of_dgl(values, name, directed, monkeypatch):
    monkeypatch.setenv("DGLBACKEND", "pytorch")  # else it writes a file into the home folder
    pytest.importorskip("dgl")
    how = {} if values == "weights" else {values: True}
    edges = [0, 1, 1], [1, 2, 1], [3, 1, 2]
    graph = graphwalk.build_zarr(edges, num_nodes=5, directed=directed, **how)
    found = graphwalk.set_node_types(graph, ["b", "a", "a", "b", "b"]).to_dgl()
    assert found.num_nodes() == 5
    assert found.ndata["type"].tolist() == [1, 0, 0, 1, 1]
    assert torch.stack(found.edges()).tolist() == graph.to_edge_index().tolist()
    there = found.edata[name]
    assert there.dtype == {"weight": torch.float32, "time": torch.float64}.get(name, torch.int64)
    pairs = map(tuple, torch.stack(found.edges(), 1).tolist())
    kept = dict(zip(pairs, there.tolist(), strict=True))
    assert [kept[pair] for pair in ((0, 1), (1, 2), (1, 1))] == [3, 1, 2]
