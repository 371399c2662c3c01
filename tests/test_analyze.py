"""Analyses that share passes have the bits of each alone, and read the graph once a pass."""

import numpy as np
import pytest

import graphwalk
from graphwalk import errors
from graphwalk.util.events import listening

ALL = {
    "components": {},
    "degrees": {"direction": "in"},
    "pagerank": {"alpha": 0.5, "tol": 1e-3},
    "bfs": {"sources": [0, 7]},
    "shortest_paths": {"sources": 3},
    "label_propagation": {"max_iter": 4},
    "triangles": {},
    "clustering": {},
    "core_numbers": {},
    "degree_assortativity": {},
}
FUNCTIONS = {"components": graphwalk.connected_components}


@pytest.fixture(scope="module", params=["undirected", "directed"])
def graph(request):
    """Return a skewed graph."""
    edges = np.minimum(*np.random.default_rng(8).integers(0, 3000, (2, 2, 12_000)))
    return graphwalk.build_zarr(edges, num_nodes=3000, directed=request.param == "directed")


def alone(graph, name, **options):
    """Return what the function of a name returns."""
    function = FUNCTIONS.get(name) or getattr(graphwalk, name)
    needs = graph.directed and "transposed" in function.__kwdefaults__
    how = {"transposed": graph.transpose()} if needs else {}
    return function(graph, **options, **how)


def entries_read(arrays):
    """Return how many entries of the graph are visited while arrays are computed, and values."""
    events = []
    with listening(events.append):
        values = [array.compute() for array in arrays]
    return sum(event.steps for event in events if event.kind == "scan"), values


@pytest.mark.parametrize("partitions", [1, 5])
def test_values_have_the_bits_of_each_function_alone(graph, partitions):
    names = {"strongly_connected_components": {}, **ALL} if graph.directed else ALL
    how = {"transposed": graph.transpose()} if graph.directed else {}
    found = graphwalk.analyze(graph, names, partitions=partitions, **how)
    assert list(found) == list(names)
    for name, options in names.items():
        expected = alone(graph, name, **options)
        assert found[name].dtype == expected.dtype
        assert found[name].shape == expected.shape
        assert found[name].compute().tobytes() == expected.compute().tobytes()


def test_passes_are_shared(graph):
    names = ["components", "pagerank", "degree_assortativity"]
    apart = [entries_read([alone(graph, name)])[0] for name in names]
    together, _ = entries_read(graphwalk.analyze(graph, names).values())
    assert together == max(apart) < sum(apart)
    found = graphwalk.analyze(graph, ["components"])["components"]
    assert entries_read([found])[0] == entries_read([found])[0] == graph.num_entries


def test_analyses_are_written_to_one_table_by_shared_passes(graph, tmp_path):
    events = []
    with listening(events.append):
        path = graphwalk.write_nodes(
            graphwalk.analyze(graph, ["components", "pagerank"]), tmp_path / "nodes.csv"
        )
    apart, _ = entries_read([alone(graph, "pagerank")])
    assert sum(event.steps for event in events if event.kind == "scan") == apart
    assert path.read_text().startswith("node,components,pagerank\n")


def test_an_error_of_one_ends_all(graph):
    found = graphwalk.analyze(graph, {"components": {}, "pagerank": {"max_iter": 1, "tol": 1e-9}})
    with pytest.raises(errors.ConvergenceError, match="max_iter=1"):
        found["components"].compute()


def test_bad_parameters_are_named(graph):
    for analyses, words in (
        ([], "analyses"),
        (["walks"], "'walks'"),
        ({"pagerank": {"beta": 1}}, "'beta'"),
        ({"pagerank": {"alpha": 2}}, "alpha=2"),
        ({"pagerank": {"store": graph}}, "no parameter 'store'"),
        ({"pagerank": None}, "has None for pagerank"),
        (["bfs"], "bfs needs 'sources'.*'bfs': {'sources'"),
        ("pagerank", "must be names"),
        (None, "must be names"),
        ([["degrees"]], "must be names"),
    ):
        with pytest.raises(errors.InputError, match=words):
            graphwalk.analyze(graph, analyses)
    with pytest.raises(errors.MemoryBudgetError, match="memory="):
        graphwalk.analyze(graph, ["components"], memory=10)
    if graph.directed:
        with pytest.raises(errors.InputError, match="transposed="):
            graphwalk.analyze(graph, ["triangles"])
