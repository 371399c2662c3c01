"""What `random_walks` takes and refuses, when it reads, and what it returns."""

import pickle
import shutil
from pathlib import Path

import dask.array as da
import numpy as np
import pytest

import graphwalk
from graphwalk.errors import InputError, StoreError

RING = (np.arange(10), (np.arange(10) + 1) % 10)


@pytest.fixture
def graph():
    return graphwalk.build_zarr(RING, directed=True, num_nodes=11)


def lose(graph, array):
    """Delete the chunks of an array of the store."""
    chunks = Path(graph.path) / array / "c"
    assert chunks.exists()
    shutil.rmtree(chunks)


@pytest.mark.parametrize("value", [0, -1, float("nan"), -float("inf"), 1e-310, "two", None, [1, 2]])
@pytest.mark.parametrize("name", ["p", "q"])
def test_biases_are_positive_numbers(graph, name, value):
    with pytest.raises(InputError, match=f"^{name}="):
        graphwalk.random_walks(graph, **{name: value})


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("walk_length", [-1, 2.5, "3", True, None]),
        ("num_walks", [0, -1, 1.5, "3", True, None]),
        ("seed", [-1, 2**64, 1.5, "3", True]),
        ("restart_prob", [-0.1, 1, 1.5, float("nan"), "often", None]),
        ("stop_prob", [-0.1, 1, float("nan"), "often", None]),
        ("dead_end", ["halt", None, 3, ["stop"]]),
        ("weighted", ["yes", 1, 0.5]),
        ("chunks", [0, -2, True, "many", "-3 MiB", "0 MiB", None, 2.5, (10, 40), ((5, 5), (81,))]),
    ],
)
def test_parameters_out_of_range_are_refused(graph, name, values):
    for value in values:
        with pytest.raises(InputError, match=f"{name}="):
            graphwalk.random_walks(graph, **{name: value})


@pytest.mark.parametrize(
    ("nodes", "complaint"),
    [
        ([0, 3, 11], r"start_nodes\[2\] is 11"),
        ([0, -1], r"start_nodes\[1\] is -1"),
        (np.array([2**63], np.uint64), r"start_nodes\[0\] is 9223372036854775808"),
        ([0.0, 1.0], "float64"),
        ([True, False], "bool"),
        (["a", "b"], "no labels that are strings"),
        ([[0, 1], [2, 3]], r"shape \(2, 2\)"),
        ([None], "object"),
    ],
)
def test_start_nodes_that_are_none_are_refused(graph, nodes, complaint):
    with pytest.raises(InputError, match=complaint):
        graphwalk.random_walks(graph, nodes)


def test_weights_must_be_there_to_be_followed(graph):
    with pytest.raises(InputError, match="no weights"):
        graphwalk.random_walks(graph, weighted=True)


def test_a_path_without_a_store_is_refused(tmp_path):
    with pytest.raises(StoreError, match="nowhere"):
        graphwalk.random_walks(tmp_path / "nowhere")


@pytest.mark.parametrize("array", ["neighbors", "offsets"])
def test_nothing_is_read_before_compute(graph, array):
    lose(graph, array)
    walks = graphwalk.random_walks(graph.path, [0, 1], num_walks=2)
    assert isinstance(walks, da.Array)
    assert (walks.shape, walks.dtype) == ((4, 81), np.int32)
    with pytest.raises(StoreError, match=array):
        walks.compute()


def test_weights_are_read_by_weighted_walks_alone():
    graph = graphwalk.build_zarr((*RING, np.ones(10)), directed=True)
    lose(graph, "weights")
    assert graphwalk.random_walks(graph, weighted=False).compute().shape == (100, 81)
    with pytest.raises(StoreError, match="weights"):
        graphwalk.random_walks(graphwalk.open_zarr(graph.path)).compute()


def test_an_array_that_is_assigned_to_is_a_plain_one(graph):
    walks = graphwalk.random_walks(graph, num_walks=1, walk_length=3, seed=1)
    expected = walks.compute()
    walks[1, 2] = expected[1, 2] = 7
    assert type(walks) is da.Array
    np.testing.assert_array_equal(walks.compute(), expected)


def test_no_start_nodes_make_no_walks(graph):
    walks = graphwalk.random_walks(graph, [], walk_length=4)
    assert walks.shape == (0, 5)
    computed = walks.compute()
    assert (computed.shape, computed.dtype) == ((0, 5), np.int32)


@pytest.mark.parametrize("how", [{}, {"p": 2}, {"restart_prob": 0.5}])
def test_walks_of_no_steps_are_their_start_nodes(graph, how):
    walks = graphwalk.random_walks(graph, [3, 1, 10], num_walks=2, walk_length=0, **how)
    assert walks.compute().tolist() == [[3], [3], [1], [1], [10], [10]]


@pytest.mark.parametrize("bias", [{}, {"p": 2, "q": 0.5}])
@pytest.mark.parametrize(
    ("dead_end", "after"), [("stop", [-1, -1]), ("stay", [2, 2]), ("restart", [2, 2])]
)
def test_a_graph_without_edges_is_all_dead_ends(bias, dead_end, after):
    graph = graphwalk.build_zarr(np.empty((2, 0), np.int64), num_nodes=3)
    walks = graphwalk.random_walks(graph, walk_length=2, num_walks=1, dead_end=dead_end, **bias)
    assert walks.compute()[2].tolist() == [2, *after]


@pytest.mark.parametrize("bias", [{}, {"p": 2, "q": 0.5}])
def test_walks_come_in_the_order_of_start_nodes(graph, bias):
    nodes = np.array([7, 2, 9, 2, 0])
    walks = graphwalk.random_walks(graph, nodes, num_walks=3, walk_length=4, **bias).compute()
    ring = (nodes[:, None] + np.arange(5)) % 10
    np.testing.assert_array_equal(walks, np.repeat(ring, 3, axis=0))


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int32, np.uint64])
def test_start_nodes_are_of_any_integer_type(graph, dtype):
    walks = graphwalk.random_walks(graph, np.array([7, 2], dtype), num_walks=1, walk_length=1)
    assert walks.compute().tolist() == [[7, 8], [2, 3]]


def test_walks_that_were_made_keep_their_temporary_store(graph):
    walks = graphwalk.random_walks(graphwalk.build_zarr(RING), num_walks=1, walk_length=3)
    assert walks.compute().shape == (10, 4)


def test_the_lazy_array_holds_start_nodes_once_not_once_a_walk(tmp_path):
    edges = np.array([np.arange(1000), (np.arange(1000) + 1) % 1000])
    graph = graphwalk.build_zarr(edges, tmp_path / "store")
    walks = graphwalk.random_walks(graph, np.arange(1000), num_walks=1000, seed=1, chunks=70_000)
    assert walks.numblocks == (15, 1)
    assert len(pickle.dumps(walks)) < 100_000


def lollipop():
    """A triangle, 0 to 2, with a tail to node 4."""
    return graphwalk.build_zarr([(0, 1), (1, 2), (2, 0), (2, 3), (3, 4)])


def test_an_infinite_p_never_goes_straight_back():
    walks = graphwalk.random_walks(lollipop(), p=float("inf"), num_walks=200, seed=1).compute()
    assert not ((walks[:, 2:] == walks[:, :-2]) & (walks[:, 2:] >= 0)).any()
    ends = {row[row >= 0][-1] for row in walks if (row < 0).any()}
    assert ends == {4}, "the end of the tail is the only dead end"
    with pytest.raises(InputError, match=r"q=inf must be a finite number"):
        graphwalk.random_walks(lollipop(), q=float("inf"))


def test_walks_that_may_stop_have_geometric_lengths():
    how = {"num_walks": 20_000, "walk_length": 40, "stop_prob": 0.25, "seed": 3}
    walks = graphwalk.random_walks(lollipop(), **how).compute()
    steps = (walks >= 0).sum(axis=1) - 1
    for length in (0, 1, 5):
        assert np.isclose((steps >= length).mean(), 0.75**length, atol=0.005)


def test_restart_and_stop_are_one_choice():
    with pytest.raises(InputError, match=r"restart_prob=0\.6 and stop_prob=0\.6"):
        graphwalk.random_walks(lollipop(), restart_prob=0.6, stop_prob=0.6)
    how = {"restart_prob": 0.5, "stop_prob": 0.5, "walk_length": 60, "num_walks": 50, "seed": 1}
    walks = graphwalk.random_walks(lollipop(), **how).compute()
    assert set(np.unique(walks[:50])) == {-1, 0}, "no step follows an edge"


def test_walks_without_backtracking_are_taken_up_again(tmp_path):
    """What tells them from others lies in files, as JSON."""
    walks = graphwalk.random_walks(lollipop(), p=float("inf"), num_walks=2, walk_length=4, seed=1)
    for _ in range(2):  # the second time they are found finished
        graphwalk.write_walks(walks, tmp_path / "walks.zarr", resume=True)
    record = (tmp_path / "walks.zarr" / "zarr.json").read_text()
    assert '"p": "inf"' in record
    assert "Infinity" not in record


def weighted(**how):
    return graphwalk.build_zarr((*RING, 1.0 + np.arange(10)), **how)


@pytest.mark.parametrize(
    ("how", "complaint"),
    [
        ({"gamma": float("nan")}, "gamma=nan must be a finite number"),
        ({"gamma": float("inf")}, "gamma=inf must be a finite number"),
        ({"gamma": "much"}, "gamma='much' must be a finite number"),
        ({"gamma": 0, "metapath": [1]}, "leave out p, q, gamma"),
    ],
)
def test_gamma_is_a_number(how, complaint):
    graph = graphwalk.set_node_types(weighted(), np.arange(10) % 2)
    with pytest.raises(InputError, match=complaint):
        graphwalk.random_walks(graph, q=1 if "metapath" in how else 2, **how)


def test_node2vec_plus_is_for_undirected_graphs():
    with pytest.raises(InputError, match=r"gamma=0.*undirected.*without directed=True"):
        graphwalk.random_walks(weighted(directed=True), q=2, gamma=0)


@pytest.mark.parametrize("how", [{"weighted": False, "q": 2}, {"p": 3}, {}], ids=str)
def test_where_weights_do_not_matter_gamma_does_not(how):
    walks, plus = (
        graphwalk.random_walks(weighted(), num_walks=20, seed=1, **how, **gamma)
        for gamma in ({}, {"gamma": 0.5})
    )
    assert plus.plan.spec.kind == walks.plan.spec.kind
    np.testing.assert_array_equal(walks.compute(), plus.compute())


def test_gamma_changes_walks_the_plan_and_what_is_resumed():
    graph = weighted()
    how = {"num_walks": 20, "walk_length": 9, "seed": 1, "q": 0.25}
    plain, low, high = (graphwalk.random_walks(graph, **how, gamma=gamma) for gamma in (None, 0, 3))
    # In turn: what is in memory for one kind is of no use to another.
    walks = [some.compute() for some in (plain, low, high, plain, low)]
    np.testing.assert_array_equal(walks[0], walks[3])
    np.testing.assert_array_equal(walks[1], walks[4])
    assert (walks[0] != walks[1]).any()
    assert (walks[1] != walks[2]).any()
    assert {("walks", "node2vec+"), ("gamma", "3")} <= {*high.plan.spec.table()}
    assert ("gamma", "0") in low.plan.spec.table()
    assert low.plan.graph_bytes == plain.plan.graph_bytes + 4 * graph.num_entries
    assert low.about() | {"gamma": 3.0} == high.about()
    assert low.about() != high.about()
