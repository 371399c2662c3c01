"""Label propagation and triangles against plain definitions and NetworkX, for every plan."""

from collections import Counter
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphwalk
from graphwalk import errors
from graphwalk.algorithms.analytics.node_array import compute_values
from graphwalk.scheduler.executors.resources import current_executor

PLANS = [{}, {"partitions": 3}, {"partitions": 7}]


def multigraph(nodes, edges, *, directed):
    """Return a graph with what there may be: loops, parallel edges, isolated nodes."""
    graph = graphwalk.build_zarr(
        np.array(edges) % nodes,
        num_nodes=nodes,
        directed=directed,
        relabel=False,
        duplicates="keep",
    )
    return graph, {"transposed": graph.transpose()} if directed else {}


def simple(graph):
    """Return the graph in NetworkX without parallel edges."""
    made = nx.DiGraph() if graph.directed else nx.Graph()
    made.add_nodes_from(range(graph.num_nodes))
    made.add_edges_from(graph.to_edge_index().T.tolist())
    return made


def undirected(made):
    made = nx.Graph(made)
    made.remove_edges_from(list(nx.selfloop_edges(made)))
    return made


def propagated(graph, iterations):
    """Return labels by the definition."""
    near = [[] for _ in range(graph.num_nodes)]
    for src, dst in graph.to_edge_index().T.tolist():
        near[src].append(dst)
        if graph.directed:
            near[dst].append(src)
    labels = list(range(graph.num_nodes))
    for _ in range(iterations):
        counts = [Counter(labels[other] for other in others) for others in near]
        labels = [
            min(count, key=lambda label: (-count[label], label)) if count else label
            for count, label in zip(counts, labels, strict=True)
        ]
    return labels


def coefficients(made):
    """Return the clustering coefficients of LDBC by the definition."""
    for node in made:
        near = set(nx.all_neighbors(made, node)) - {node}
        found = sum(made.has_edge(a, b) for a in near for b in near if a != b)
        yield found / (len(near) * (len(near) - 1)) if len(near) > 1 else 0


EDGES = st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), min_size=1, max_size=150)


@given(st.integers(1, 30), EDGES, st.booleans(), st.sampled_from(PLANS))
@settings(deadline=None, max_examples=15)  # the first call compiles
def test_labels_and_triangles_are_those_of_the_definitions(nodes, edges, directed, plan):
    graph, how = multigraph(nodes, edges, directed=directed)
    made, plain = simple(graph), undirected(simple(graph))
    options = how | plan
    labels = graphwalk.label_propagation(graph, 3, **options).compute()
    assert labels.tolist() == propagated(graph, 3)
    triangles = graphwalk.triangles(graph, **options).compute()
    assert triangles.tolist() == list(nx.triangles(plain).values())
    closed = graphwalk.transitivity(graph, **options).compute()
    assert closed == pytest.approx(nx.transitivity(plain))
    found = graphwalk.clustering(graph, **options).compute()
    np.testing.assert_allclose(found, list(coefficients(made)), rtol=1e-12)
    found = graphwalk.clustering(graph, method="fagiolo", **options).compute()
    np.testing.assert_allclose(found, list(nx.clustering(made).values()), rtol=1e-12)


@given(EDGES, st.booleans(), st.sampled_from(PLANS))
@settings(deadline=None, max_examples=12)  # the first call compiles
def test_clustering_by_weights_is_that_of_networkx(edges, directed, plan):
    weights = 1 + np.arange(len(edges)) * 7 % 11
    graph = graphwalk.build_zarr(
        (*np.array(edges).T, weights), num_nodes=30, directed=directed, duplicates="keep"
    )
    made = (nx.DiGraph if directed else nx.Graph)()
    made.add_nodes_from(range(30))
    for (u, v), weight in zip(edges, weights.tolist(), strict=True):
        most = max(weight, made[u][v]["weight"]) if made.has_edge(u, v) else weight
        made.add_edge(u, v, weight=most)
    how = {"method": "fagiolo", "weight": "weight"} | plan
    if directed:
        how["transposed"] = graph.transpose()
    found = graphwalk.clustering(graph, **how).compute()
    expected = list(nx.clustering(made, weight="weight").values())
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    if not plan:
        two = {"triangles": {}, "clustering": how}
        shared = graphwalk.analyze(graph, two, transposed=how.get("transposed"))
        assert shared["clustering"].compute().tobytes() == found.tobytes()


@pytest.fixture(scope="module", params=[False, True], ids=["undirected", "directed"])
def skewed(request):
    rng = np.random.default_rng(3)
    edges = np.minimum(*rng.integers(0, 3000, (2, 2, 40_000)))
    return multigraph(3000, edges, directed=request.param)


def test_rows_that_do_not_fit_are_held_in_chunks(skewed):
    graph, how = skewed
    whole = graphwalk.triangles(graph, **how)
    assert whole.plan.chunk == whole.plan.cost.chunk
    least = graphwalk.triangles(graph, partitions=9, memory=1, **how)
    (task,) = dict(least.dask).values()
    algorithm, arrays, plan, name = task.args
    small = replace(plan, chunk=plan.cost.chunk // 4)
    with current_executor().job(name) as job:
        found = compute_values(algorithm, arrays, small, name, job)
    np.testing.assert_array_equal(found, whole.compute())
    assert found.sum() > 1000


def test_all_plans_give_the_same_bits(skewed):
    graph, how = skewed
    analyses = ANALYSES
    for analysis in analyses:
        found = set()
        for workers in (1, 2):
            with graphwalk.scheduler.use("threads", num_workers=workers):
                for plan in (*PLANS, {"partitions": 5, "memory": 1}):
                    found.add(analysis(graph, **how, **plan).compute().tobytes())
        assert len(found) == 1


ANALYSES = [
    graphwalk.label_propagation,
    graphwalk.triangles,
    graphwalk.clustering,
    graphwalk.transitivity,
]


@pytest.mark.parametrize("analysis", ANALYSES)
def test_a_directed_graph_needs_its_transpose(tmp_path, analysis):
    graph = graphwalk.build_zarr([(0, 1), (1, 2)], tmp_path / "graph", directed=True)
    with pytest.raises(errors.InputError, match=r"Graph\.transpose makes as transposed="):
        analysis(graph)
    other = graphwalk.build_zarr([(0, 1), (1, 3)], directed=True)
    with pytest.raises(errors.InputError, match="is not the transpose of"):
        analysis(graph, transposed=other.transpose())
    with pytest.raises(errors.InputError, match="is not the transpose of"):
        analysis(graph, transposed=graph)
    transposed = graph.transpose(tmp_path / "transposed")
    result = analysis(graph, transposed=tmp_path / "transposed")
    assert str(tmp_path / "transposed") in str(result.plan)
    np.testing.assert_array_equal(
        result.compute(), analysis(transposed, transposed=graph).compute()
    )
    with pytest.raises(errors.InputError, match="leave out transposed="):
        analysis(graphwalk.build_zarr([(0, 1)]), transposed=transposed)


def test_a_transposed_store_that_is_replaced_is_noticed(tmp_path):
    graph = graphwalk.build_zarr([(0, 1), (1, 2)], tmp_path / "graph", directed=True)
    result = graphwalk.triangles(graph, transposed=graph.transpose(tmp_path / "transposed"))
    graphwalk.build_zarr([(0, 1), (1, 0)], tmp_path / "transposed", directed=True, overwrite=True)
    with pytest.raises(errors.StoreError, match="replaced"):
        result.compute()


def test_bad_parameters_are_named():
    graph = graphwalk.build_zarr([(0, 1)])
    with pytest.raises(errors.InputError, match="method="):
        graphwalk.clustering(graph, method="networkx")
    with pytest.raises(errors.InputError, match="max_iter="):
        graphwalk.label_propagation(graph, 0)
    with pytest.raises(errors.MemoryBudgetError, match="memory="):
        graphwalk.triangles(graph, memory=10)


def test_nothing_has_no_triangles():
    graph = graphwalk.build_zarr(np.empty((2, 0), np.int64), num_nodes=3)
    assert graphwalk.triangles(graph).compute().tolist() == [0, 0, 0]
    assert graphwalk.transitivity(graph).compute() == 0
    assert graphwalk.label_propagation(graph).compute().tolist() == [0, 1, 2]
