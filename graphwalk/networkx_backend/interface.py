"""The backend: what NetworkX calls, by the names that NetworkX has."""

from __future__ import annotations

from typing import Any

from graphwalk.networkx_backend.centralities import (
    betweenness_centrality,
    harmonic_centrality,
)
from graphwalk.networkx_backend.clusters import (
    average_clustering,
    clustering,
    transitivity,
    triangles,
)
from graphwalk.networkx_backend.communities import louvain_communities, modularity
from graphwalk.networkx_backend.components import (
    connected_components,
    is_connected,
    is_strongly_connected,
    is_weakly_connected,
    node_connected_component,
    number_connected_components,
    number_strongly_connected_components,
    number_weakly_connected_components,
    strongly_connected_components,
    weakly_connected_components,
)
from graphwalk.networkx_backend.degrees import (
    core_number,
    degree_assortativity_coefficient,
    overall_reciprocity,
    reciprocity,
)
from graphwalk.networkx_backend.distances import (
    all_pairs_dijkstra_path_length,
    all_pairs_shortest_path_length,
    dijkstra_path_length,
    multi_source_dijkstra_path_length,
    single_source_dijkstra_path_length,
    single_source_shortest_path_length,
    single_target_shortest_path_length,
)
from graphwalk.networkx_backend.graphs import ConvertedGraph
from graphwalk.networkx_backend.ranks import pagerank
from graphwalk.networkx_backend.similarities import (
    adamic_adar_index,
    jaccard_coefficient,
    resource_allocation_index,
)
from graphwalk.storage.store.graph import Graph

__all__ = [
    "adamic_adar_index",
    "all_pairs_dijkstra_path_length",
    "all_pairs_shortest_path_length",
    "average_clustering",
    "betweenness_centrality",
    "clustering",
    "connected_components",
    "convert_from_nx",
    "convert_to_nx",
    "core_number",
    "degree_assortativity_coefficient",
    "dijkstra_path_length",
    "harmonic_centrality",
    "is_connected",
    "is_strongly_connected",
    "is_weakly_connected",
    "jaccard_coefficient",
    "louvain_communities",
    "modularity",
    "multi_source_dijkstra_path_length",
    "node_connected_component",
    "number_connected_components",
    "number_strongly_connected_components",
    "number_weakly_connected_components",
    "overall_reciprocity",
    "pagerank",
    "reciprocity",
    "resource_allocation_index",
    "single_source_dijkstra_path_length",
    "single_source_shortest_path_length",
    "single_target_shortest_path_length",
    "strongly_connected_components",
    "transitivity",
    "triangles",
    "weakly_connected_components",
]


def convert_from_nx(graph: Any, **_: Any) -> ConvertedGraph:
    """Return a graph of NetworkX as the backend's functions take it."""
    return ConvertedGraph(graph)


def convert_to_nx(result: Any, **_: Any) -> Any:
    """Return a graph as one of NetworkX, and anything else as it is."""
    if isinstance(result, ConvertedGraph):
        return result.graph
    return result.to_networkx() if isinstance(result, Graph) else result
