"""The backend of NetworkX: its functions on both kinds of graphs, and NetworkX's own tests."""

import json
import math
import os
import re
import subprocess
import sys
import tomllib
from functools import partial
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

import graphwalk
from graphwalk.errors import InputError
from graphwalk.networkx_backend import interface
from graphwalk.networkx_backend.info import FUNCTIONS, get_info

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "networkx.md"

#: NetworkX's tests of the functions.
MODULES = [
    "link_analysis.tests.test_pagerank",
    "centrality.tests.test_betweenness_centrality",
    "centrality.tests.test_harmonic_centrality",
    "tests.test_link_prediction",
    "community.tests.test_louvain",
    "community.tests.test_quality",
    "components.tests.test_connected",
    "components.tests.test_strongly_connected",
    "components.tests.test_weakly_connected",
    "assortativity.tests.test_correlation",
    "tests.test_cluster",
    "tests.test_core",
    "tests.test_reciprocity",
    "shortest_paths.tests.test_unweighted",
    "shortest_paths.tests.test_weighted",
]

#: Those that fail, and why.
FAILING = {
    **dict.fromkeys(
        [
            "test_karate_club_partition",
            "test_undirected_selfloops",
            "test_directed_partition",
            "test_none_weight_param",
            "test_multigraph",
            "test_max_level",
        ],
        "the communities of one of NetworkX's seeds",
    ),
    "TestStronglyConnected::test_condensation_mapping_and_members": "components have another order",
    **dict.fromkeys(
        [
            "TestWeightedClustering::test_triangle_and_signed_edge",
            "TestClustering::test_k5_signed",
            "TestAverageClustering::test_average_clustering_signed",
        ],
        "stores have no negative weights",
    ),
    "TestDijkstraPathLength::test_weight_function": "stores have weights in float32: not 1 / 10",
}


def test_functions_are_there_and_described():
    assert set(FUNCTIONS) == set(interface.__all__) - {"convert_from_nx", "convert_to_nx"}
    assert set(get_info()["functions"]) == set(FUNCTIONS)
    for name in FUNCTIONS:
        assert callable(getattr(interface, name))


def test_graphs_of_stores_are_taken_as_they_are():
    edges = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("x", "y")]
    graph, plain = graphwalk.build_zarr(edges), nx.Graph(edges)
    assert interface.pagerank(graph) == pytest.approx(nx.pagerank(plain), abs=1e-5)
    assert list(interface.connected_components(graph)) == list(nx.connected_components(plain))
    assert interface.number_connected_components(graph) == 2
    assert interface.node_connected_component(graph, "y") == {"x", "y"}
    assert not interface.is_connected(graph)
    lengths = interface.single_source_shortest_path_length
    assert lengths(graph, "a", cutoff=1) == {"a": 0, "b": 1, "c": 1}
    assert interface.dijkstra_path_length(graph, "a", "d") == 2
    with pytest.raises(nx.NetworkXNoPath):
        interface.dijkstra_path_length(graph, "a", "x")
    with pytest.raises(nx.NodeNotFound):
        lengths(graph, "nowhere")
    assert interface.triangles(graph, "a") == 1
    assert interface.clustering(graph, ["a", "c"]) == {"a": 1.0, "c": pytest.approx(1 / 3)}
    assert interface.transitivity(graph) == nx.transitivity(plain)
    assert nx.utils.edges_equal(interface.convert_to_nx(graph).edges, plain.edges)
    numbered = graphwalk.build_zarr([(0, 1), (1, 2)], directed=True)
    assert dict(interface.all_pairs_shortest_path_length(numbered))[1] == {1: 0, 2: 1}
    with pytest.raises(NotImplementedError, match="transpose"):
        interface.single_target_shortest_path_length(numbered, 2)
    with pytest.raises(NotImplementedError, match="'km'"):
        interface.pagerank(numbered, weight="km")


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph])
def test_graphs_are_converted(kind):
    rng = np.random.default_rng(3)
    graph = kind()
    graph.add_nodes_from("nodes of no edge")
    for u, v, w in zip(*rng.integers(0, 20, (2, 60)).tolist(), rng.integers(1, 9, 60), strict=True):
        graph.add_edge((u,), (v,), weight=int(w))
    graph.add_edge((0,), (1,))
    converted = interface.convert_from_nx(graph)
    assert interface.convert_to_nx(converted) is graph
    ranks = interface.pagerank(converted, personalization={(0,): 2, (3,): 1})
    expected = nx.pagerank(graph, personalization={(0,): 2, (3,): 1})
    assert ranks == pytest.approx(expected, abs=1e-5)
    for how in ({}, {"distance": "weight"}, {"nbunch": [(0,), (5,)]}, {"sources": [(0,), (2,)]}):
        found = interface.harmonic_centrality(converted, **how)
        assert found == pytest.approx(nx.harmonic_centrality(graph, **how))
    for weight in ("weight", None, lambda u, *_: 2 if u != (0,) else None):
        found = interface.single_source_dijkstra_path_length(converted, (2,), weight=weight)
        assert found == nx.single_source_dijkstra_path_length(graph, (2,), weight=weight)
    found = interface.betweenness_centrality(converted, weight="weight", k=9, seed=2)
    expected = nx.betweenness_centrality(graph, weight="weight", k=9, seed=2)
    assert found == pytest.approx(expected)
    assort = {"weight": "weight", "nodes": [(node,) for node in range(9)]}
    found = interface.degree_assortativity_coefficient(converted, **assort)
    assert found == pytest.approx(nx.degree_assortativity_coefficient(graph, **assort))
    if not graph.is_multigraph():
        expected = nx.clustering(graph, weight="weight")
        assert interface.clustering(converted, weight="weight") == pytest.approx(expected)
        expected = nx.clustering(graph)
        assert interface.clustering(converted) == pytest.approx(expected)
        assert interface.transitivity(converted) == pytest.approx(nx.transitivity(graph))
        if graph.is_directed():
            assert interface.reciprocity(converted) == pytest.approx(nx.reciprocity(graph))
            assert interface.reciprocity(converted, graph) == nx.reciprocity(graph, graph)
        graph.remove_edges_from(list(nx.selfloop_edges(graph)))
        converted = interface.convert_from_nx(graph)
        assert interface.core_number(converted) == nx.core_number(graph)


def weigh(up, u, v, _):
    """Return a weight that says which way an edge is taken."""
    return up if u < v else 7


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph])
def test_arguments_mean_what_they_do_in_networkx(kind):
    graph = nx.path_graph(6, create_using=kind)
    converted = interface.convert_from_nx(graph)
    for cutoff in (-1, 0, 1.5, 2):
        for name, sources in (
            ("single_source_shortest_path_length", 0),
            ("single_target_shortest_path_length", 5),
            ("multi_source_dijkstra_path_length", {0, 3}),
        ):
            found = getattr(interface, name)(converted, sources, cutoff=cutoff)
            assert found == getattr(nx, name)(graph, sources, cutoff=cutoff)
    starts = {"personalization": {0: 1, "nowhere": 2}, "dangling": {1: 1, "nowhere": 1}}
    expected = nx.pagerank(graph, **starts)
    assert interface.pagerank(converted, **starts) == pytest.approx(expected, abs=1e-5)
    for starts in ({"dangling": {}}, {"nstart": {"nowhere": 1}}):
        with pytest.raises(nx.PowerIterationFailedConvergence):
            interface.pagerank(converted, **starts)
    for factor in (1, 2, 3):  # functions that are gone give their ids to others
        lengths = interface.single_source_dijkstra_path_length(
            converted, 0, weight=partial(weigh, factor)
        )
        assert lengths[5] == 5 * factor
    weight = partial(weigh, 4)
    for name, options in (
        ("single_source_dijkstra_path_length", {"source": 5, "weight": weight}),
        ("betweenness_centrality", {"weight": weight, "normalized": False, "endpoints": True}),
    ):
        found = getattr(interface, name)(converted, **options)
        assert found == pytest.approx(getattr(nx, name)(graph, **options))


def test_reciprocity_of_undirected_graphs():
    graph = nx.path_graph(3)
    assert nx.overall_reciprocity(graph, backend="graphwalk") == nx.overall_reciprocity(graph)
    assert nx.reciprocity(graph, backend="graphwalk") == 0
    with pytest.raises(nx.NetworkXNotImplemented):
        nx.reciprocity(graph, [0], backend="graphwalk")
    with pytest.raises(nx.NetworkXNotImplemented):
        interface.overall_reciprocity(interface.convert_from_nx(nx.MultiGraph(graph)))


@pytest.mark.parametrize("weight", ["3", None, -1, math.inf, math.nan, 1e300, 1j])
def test_weights_that_a_store_cannot_have_are_named(weight):
    graph = nx.Graph([("a", "b", {"weight": 1}), ("b", "c", {"weight": weight})])
    with pytest.raises(InputError, match=r"the edge \('b', 'c'\) has the weight"):
        nx.pagerank(graph, backend="graphwalk")


def test_nodes_that_are_named_twice_count_once():
    graph = nx.DiGraph([("a", "b"), ("c", "b")])
    for sources in (["a", "a", "c"], ["c"]):
        found = nx.harmonic_centrality(graph, sources=sources, backend="graphwalk")
        assert found == nx.harmonic_centrality(graph, sources=sources)


@pytest.fixture
def own_tests(tmp_path):
    """Return a function that runs NetworkX's tests, with entry points as the metadata has them.

    It returns which of them failed, and for each function of the backend how often it passed.
    """
    about = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    metadata = tmp_path / "graphwalk_backend-0.dist-info"
    metadata.mkdir()
    about_it = "Metadata-Version: 2.1\nName: graphwalk-backend\nVersion: 0\n"
    (metadata / "METADATA").write_text(about_it)
    groups = ("networkx.backends", "networkx.backend_info")
    (metadata / "entry_points.txt").write_text(
        "".join(f"[{group}]\ngraphwalk = {about[group]['graphwalk']}\n" for group in groups)
    )
    own, counts = Path(nx.__file__).parent, tmp_path / "counts.json"
    variables = {
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, tmp_path, ROOT / "tests"))),
        "NETWORKX_TEST_BACKEND": "graphwalk",
        "NETWORKX_FALLBACK_TO_NX": "1",
        "NETWORKX_COUNTS": str(counts),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    command += ["-p", "networkx_own_tests", f"--rootdir={own}", "-rf", "--assert=plain"]

    def run(modules):
        names = [f"networkx.algorithms.{name}" for name in modules]
        done = subprocess.run(
            [*command, "--pyargs", *names],
            cwd=tmp_path,
            env=os.environ | variables,
            capture_output=True,
            text=True,
        )
        failed = re.findall(r"^FAILED \S+\.py::(\S+)", done.stdout, re.MULTILINE)
        assert set(failed) <= set(FAILING), done.stdout
        return set(failed), {
            name: f"{outcomes.get('passed', 0)} / {sum(outcomes.values())}"
            for name, outcomes in json.loads(counts.read_text()).items()
        }

    return run


def shown_counts():
    """Return the counts of the page."""
    return dict(re.findall(r"^\| `(\w+)` \| (\d+ / \d+) \|", PAGE.read_text(), re.MULTILINE))


def test_the_page_has_all_functions():
    assert set(shown_counts()) == set(FUNCTIONS)


OF_3_6 = pytest.mark.skipif(not nx.__version__.startswith("3.6"), reason="tests of 3.6 are counted")


@OF_3_6
def test_networkx_passes_some_of_its_own_tests(own_tests):
    failed, table = own_tests(
        ["link_analysis.tests.test_pagerank", "components.tests.test_strongly_connected"]
    )
    assert failed == {"TestStronglyConnected::test_condensation_mapping_and_members"}
    shown = shown_counts()
    for name in ("pagerank", "strongly_connected_components", "is_strongly_connected"):
        assert table[name] == shown[name]


@OF_3_6
@pytest.mark.slow
def test_networkx_passes_its_own_tests(own_tests):
    """As many as the page says."""
    failed, table = own_tests(MODULES)
    assert failed == set(FAILING)
    assert table == shown_counts()
