"""What NetworkX reads of the backend when it is imported: it loads nothing else."""

from __future__ import annotations

from typing import Any

#: The functions of NetworkX that the backend has, and what differs from NetworkX.
FUNCTIONS = {
    "pagerank": "`tol` means what it does in NetworkX: a change of `tol` for each node.",
    "connected_components": "",
    "number_connected_components": "",
    "is_connected": "",
    "node_connected_component": "",
    "weakly_connected_components": "",
    "number_weakly_connected_components": "",
    "is_weakly_connected": "",
    "strongly_connected_components": "",
    "number_strongly_connected_components": "",
    "is_strongly_connected": "",
    "single_source_shortest_path_length": "",
    "single_target_shortest_path_length": "",
    "all_pairs_shortest_path_length": "",
    "dijkstra_path_length": "Weights are float32.",
    "single_source_dijkstra_path_length": "Weights are float32.",
    "multi_source_dijkstra_path_length": "Weights are float32.",
    "all_pairs_dijkstra_path_length": "Weights are float32.",
    "louvain_communities": "One result for all seeds.",
    "modularity": "Weights are float32.",
    "betweenness_centrality": "Weights are float32.",
    "harmonic_centrality": "Exact, by a search from each source; distances are float32.",
    "jaccard_coefficient": "Loops are left out.",
    "adamic_adar_index": "Loops are left out.",
    "resource_allocation_index": "Loops are left out.",
    "triangles": "",
    "clustering": "Weights are float32, and not negative.",
    "average_clustering": "Weights are float32, and not negative.",
    "transitivity": "",
    "core_number": "",
    "overall_reciprocity": "",
    "reciprocity": "Of some nodes of directed graphs only.",
    "degree_assortativity_coefficient": "",
}


def get_info() -> dict[str, Any]:
    """Return the description of the backend."""
    return {
        "backend_name": "graphwalk",
        "project": "graphwalk",
        "package": "graphwalk",
        "short_summary": "Analytics on graphs that need not fit in memory.",
        "functions": {
            name: {"additional_docs": note} if note else {} for name, note in FUNCTIONS.items()
        },
    }
