"""The analytics that are commands, such as ``graphwalk components``: one entry each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from graphwalk.cli.analytics import PLAN, Analysis
from graphwalk.cli.build import BUILD
from graphwalk.cli.node_reports import farthest_nodes, largest_groups, top_nodes
from graphwalk.cli.other_results import Candidates, NearNodes, Pairs, Several
from graphwalk.cli.read_pairs import read_pairs
from graphwalk.cli.read_start_nodes import read_start_edges, read_start_nodes
from graphwalk.cli.walk_options import WALK
from graphwalk.errors import InputError, function
from graphwalk.util.parameters import (
    COUNT,
    FINITE_POSITIVE,
    FLAG,
    POSITIVE,
    PROBABILITY,
    Kind,
    Parameter,
    one_of,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphwalk import Graph

#: Nodes of the graph, which are looked up when it is open.
NODES = Kind("nodes of the graph", "FILE|A,B,...")

#: The option that leaves out weights; see `_without`.
UNWEIGHTED = Parameter(
    "weight", "weight", FLAG, "", ("unweighted", "leave out the weights of edges")
)


def _nodes(text: str, graph: Graph, name: str = "sources") -> Any:
    """Return nodes that are named, as the functions take them."""
    nodes = read_start_nodes(text, graph, name)
    return nodes if graph.labels is None else graph.labels[nodes]


def _start_nodes(name: str, text: str, graph: Graph) -> Any:
    return read_start_nodes(text, graph, name)


def _equal_starts(text: str, graph: Graph) -> Any:
    """Return a distribution over nodes, in which those that are named are equally likely."""
    import numpy as np

    starts = np.zeros(graph.num_nodes)
    starts[read_start_nodes(text, graph, "personalization")] = 1
    return starts


def _without(*_: Any) -> None:
    return None


def _with(*_: Any) -> str:
    return "weight"


def _together(names: list[str], _: Graph) -> list[str]:
    """Return the names of analyses, none of which needs sources."""
    for name in {"bfs", "shortest_paths"}.intersection(names):
        raise InputError(f"{name} needs sources, and runs alone: {function(name)}")
    return names


#: The option that uses weights, where they are left out by default.
_WEIGHTED = Parameter("weight", None, FLAG, "use the weights of edges")

_MEASURE = Parameter(
    "measure",
    "jaccard",
    one_of("jaccard", "adamic_adar", "common_neighbors", "resource_allocation"),
    "what is computed",
)

#: What the commands that measure distances have in common.
_SOURCES = Parameter("sources", None, NODES, "nodes to start from")

_PAGERANK = [
    Parameter("alpha", 0.85, PROBABILITY, "probability of going on along an edge"),
    Parameter("personalization", None, NODES, "nodes to start again from; by default all nodes"),
    Parameter("max_iter", 100, COUNT, "most iterations"),
    Parameter("tol", 1e-6, POSITIVE, "change of all ranks at which the iteration stops"),
    UNWEIGHTED,
]

_TRANSPOSED = Parameter(
    "transposed",
    None,
    Kind("a store", "STORE"),
    "what 'graphwalk transpose' has made of STORE, if that is directed",
)

#: Parameters of walks that name nodes or edges.
_WALK_STARTS: dict[str, Callable[[Any, Graph], Any]] = {
    **{name: partial(_start_nodes, name) for name in ("start_nodes", "until")},
    "start_edges": lambda text, _graph: read_start_edges(text),
}

#: The commands by name.
ANALYTICS = {
    "components": Analysis(
        "connected_components",
        "find the connected components of a store or a file of edges",
        largest_groups,
        reading=[each for each in BUILD if each.name in ("columns", "sep", "header")],
    ),
    "pagerank": Analysis(
        "pagerank",
        "rank the nodes by PageRank",
        top_nodes,
        _PAGERANK,
        {"personalization": _equal_starts, "weight": _without},
    ),
    "bfs": Analysis(
        "bfs",
        "find how many edges lead from nodes to each node",
        farthest_nodes,
        [_SOURCES],
        {"sources": _nodes},
        required=("sources",),
    ),
    "shortest-paths": Analysis(
        "shortest_paths",
        "find the lengths of shortest paths from nodes to each node",
        farthest_nodes,
        [_SOURCES, UNWEIGHTED],
        {"sources": _nodes, "weight": _without},
        required=("sources",),
    ),
    "strong-components": Analysis(
        "strongly_connected_components",
        "find the strongly connected components of a directed graph",
        largest_groups,
    ),
    "communities": Analysis(
        "communities",
        "find communities by modularity",
        largest_groups,
        [
            Parameter("resolution", 1.0, FINITE_POSITIVE, "above 1 for smaller communities"),
            Parameter("max_iter", 3, COUNT, "how often all is repeated at most"),
            UNWEIGHTED,
            _TRANSPOSED,
        ],
        {"weight": _without},
    ),
    "label-propagation": Analysis(
        "label_propagation",
        "find communities by label propagation",
        largest_groups,
        [Parameter("max_iter", 10, COUNT, "iterations"), _TRANSPOSED],
    ),
    "core-numbers": Analysis(
        "core_numbers", "find in how dense a core each node is", top_nodes, [_TRANSPOSED]
    ),
    "triangles": Analysis(
        "triangles", "count the triangles at each node", top_nodes, [_TRANSPOSED]
    ),
    "clustering": Analysis(
        "clustering",
        "find what part of the neighbours of each node are neighbours themselves",
        top_nodes,
        [
            Parameter("method", "ldbc", one_of("ldbc", "fagiolo"), "definition, if directed"),
            _WEIGHTED,
            _TRANSPOSED,
        ],
        {"weight": _with},
    ),
    "betweenness": Analysis(
        "betweenness_centrality",
        "find what part of shortest paths leads through each node",
        top_nodes,
        [
            Parameter("k", None, COUNT, "nodes from which paths are counted; by default all"),
            _WEIGHTED,
            Parameter(
                "normalized", True, FLAG, "", ("unnormalized", "count pairs, without dividing")
            ),
            Parameter("endpoints", False, FLAG, "count paths from a node and to it, too"),
            Parameter("seed", 0, whole(0, 2**64 - 1), "of the sample"),
            _TRANSPOSED,
        ],
        {"weight": _with},
    ),
    "centrality": Analysis(
        "harmonic_centrality",
        "estimate the harmonic centrality of each node",
        top_nodes,
        [
            Parameter("registers", 64, whole(16), "registers of a node, a power of two"),
            Parameter("seed", 0, whole(0), "of the estimate"),
            _TRANSPOSED,
        ],
    ),
    "degrees": Analysis(
        "degrees",
        "find the degree of each node",
        top_nodes,
        [Parameter("direction", "out", one_of("out", "in", "total"), "edges that count")],
    ),
    "k-hop": NearNodes(
        "k_hop",
        "find the nodes within some edges of given ones",
        parameters=[_SOURCES, Parameter("hops", 2, whole(0), "most edges on the way")],
        arguments={"sources": _nodes},
        required=("sources",),
    ),
    "similarity": Pairs(
        "similarity",
        "compare pairs of nodes by the neighbours that they have in common",
        parameters=[
            Parameter("pairs", None, Kind("a file of pairs", "FILE"), "a file of pairs of nodes"),
            _MEASURE,
            _TRANSPOSED,
        ],
        arguments={"pairs": read_pairs},
        required=("pairs",),
        plan=PLAN[:1],
    ),
    "similar-nodes": Candidates(
        "similar_nodes",
        "find the nodes that are most similar to given ones and no neighbours of them",
        parameters=[
            Parameter("nodes", None, NODES, "nodes to find others for"),
            Parameter("k", 10, COUNT, "most nodes that are found for each"),
            _MEASURE,
            _TRANSPOSED,
        ],
        arguments={"nodes": partial(_nodes, name="nodes")},
        required=("nodes",),
        plan=PLAN[:1],
    ),
    "analyze": Several(
        "analyze",
        "run several analyses that share passes over the graph",
        parameters=[
            Parameter(
                "analyses",
                None,
                Kind("names of analyses", "NAME,...", lambda text: text.split(",")),
                "names such as pagerank,components,degrees",
            ),
            _TRANSPOSED,
        ],
        arguments={"analyses": _together},
        required=("analyses",),
    ),
    "visits": Analysis(
        "visit_counts",
        "count how often random walks visit each node",
        top_nodes,
        [*(each for each in WALK if each.name != "return_edges"), _TRANSPOSED],
        _WALK_STARTS,
    ),
}
