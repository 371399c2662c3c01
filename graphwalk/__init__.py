"""graphwalk: random walks and graph analytics on graphs too big for one array.

Public names are imported when they are first used, so that ``import graphwalk`` and ``--help`` of
the command line do not load numba or Dask.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from graphwalk._version import __version__
from graphwalk.errors import (
    ConvergenceError,
    GraphwalkError,
    InputError,
    MemoryBudgetError,
    SchedulerError,
    StoreError,
    StoreExistsError,
    StoreNotFoundError,
)
from graphwalk.storage.store.upper_layers import upper_layers as _upper_layers

if TYPE_CHECKING:
    from graphwalk import scheduler
    from graphwalk.algorithms.analytics.analyze import analyze
    from graphwalk.algorithms.analytics.betweenness import betweenness_centrality
    from graphwalk.algorithms.analytics.bfs import bfs
    from graphwalk.algorithms.analytics.communities import communities
    from graphwalk.algorithms.analytics.components import connected_components
    from graphwalk.algorithms.analytics.core_numbers import core_numbers
    from graphwalk.algorithms.analytics.degrees import degree_assortativity, degrees
    from graphwalk.algorithms.analytics.hyperball import harmonic_centrality, hop_distribution
    from graphwalk.algorithms.analytics.k_hop import k_hop
    from graphwalk.algorithms.analytics.label_propagation import label_propagation
    from graphwalk.algorithms.analytics.modularity import modularity
    from graphwalk.algorithms.analytics.pagerank import pagerank
    from graphwalk.algorithms.analytics.reciprocity import reciprocity
    from graphwalk.algorithms.analytics.shortest_paths import shortest_paths
    from graphwalk.algorithms.analytics.similarity import similar_nodes, similarity
    from graphwalk.algorithms.analytics.strong_components import strongly_connected_components
    from graphwalk.algorithms.analytics.triangles import clustering, transitivity, triangles
    from graphwalk.algorithms.output.to_arrow import to_arrow
    from graphwalk.algorithms.output.write import iter_blocks, write_walks
    from graphwalk.algorithms.output.write_nodes import write_nodes
    from graphwalk.algorithms.reductions.cooccurrence import cooccurrence
    from graphwalk.algorithms.reductions.importance_neighbors import importance_neighbors
    from graphwalk.algorithms.reductions.personalized_pagerank import personalized_pagerank
    from graphwalk.algorithms.reductions.visit_counts import visit_counts
    from graphwalk.algorithms.samples.neighbors import sample_neighbors
    from graphwalk.algorithms.samples.pyg_stores import pyg_stores
    from graphwalk.algorithms.training.corpus import WalkCorpus
    from graphwalk.algorithms.training.edge_vectors import edge_vectors
    from graphwalk.algorithms.training.embedding import embed
    from graphwalk.algorithms.training.neighbor_dataset import NeighborDataset
    from graphwalk.algorithms.training.torch_datasets import SkipGramDataset, WalkDataset
    from graphwalk.algorithms.walks.api import plan_walks, random_walks
    from graphwalk.algorithms.walks.draw_edges import draw_start_edges
    from graphwalk.algorithms.walks.lengths import first_distinct, hitting_times, walk_lengths
    from graphwalk.plotting.embeddings import plot_embedding
    from graphwalk.plotting.graphs_and_walks import plot_coverage, plot_degrees, plot_visits
    from graphwalk.plotting.plans_and_runs import plot_plan
    from graphwalk.plotting.run_report import performance_report
    from graphwalk.scheduler.engine.walk_plan import WalkPlan
    from graphwalk.storage.build.api import build_zarr
    from graphwalk.storage.edges.open import CSR
    from graphwalk.storage.store.graph import Graph, open_zarr
    from graphwalk.storage.store.node_types import set_node_types

__all__ = [
    "CSR",
    "ConvergenceError",
    "Graph",
    "GraphwalkError",
    "InputError",
    "MemoryBudgetError",
    "NeighborDataset",
    "SchedulerError",
    "SkipGramDataset",
    "StoreError",
    "StoreExistsError",
    "StoreNotFoundError",
    "WalkCorpus",
    "WalkDataset",
    "WalkPlan",
    "__version__",
    "analyze",
    "betweenness_centrality",
    "bfs",
    "build_zarr",
    "clustering",
    "communities",
    "connected_components",
    "cooccurrence",
    "core_numbers",
    "degree_assortativity",
    "degrees",
    "draw_start_edges",
    "edge_vectors",
    "embed",
    "first_distinct",
    "harmonic_centrality",
    "hitting_times",
    "hop_distribution",
    "importance_neighbors",
    "iter_blocks",
    "k_hop",
    "label_propagation",
    "modularity",
    "open_zarr",
    "pagerank",
    "performance_report",
    "personalized_pagerank",
    "plan_walks",
    "plot_coverage",
    "plot_degrees",
    "plot_embedding",
    "plot_plan",
    "plot_visits",
    "pyg_stores",
    "random_walks",
    "reciprocity",
    "sample_neighbors",
    "scheduler",
    "set_node_types",
    "shortest_paths",
    "similar_nodes",
    "similarity",
    "strongly_connected_components",
    "to_arrow",
    "transitivity",
    "triangles",
    "visit_counts",
    "walk_lengths",
    "write_nodes",
    "write_walks",
]

_HOMES = {
    "cooccurrence": "graphwalk.algorithms.reductions.cooccurrence",
    "importance_neighbors": "graphwalk.algorithms.reductions.importance_neighbors",
    "CSR": "graphwalk.storage.edges.open",
    "Graph": "graphwalk.storage.store.graph",
    "analyze": "graphwalk.algorithms.analytics.analyze",
    "betweenness_centrality": "graphwalk.algorithms.analytics.betweenness",
    "bfs": "graphwalk.algorithms.analytics.bfs",
    "communities": "graphwalk.algorithms.analytics.communities",
    "modularity": "graphwalk.algorithms.analytics.modularity",
    "k_hop": "graphwalk.algorithms.analytics.k_hop",
    "label_propagation": "graphwalk.algorithms.analytics.label_propagation",
    "triangles": "graphwalk.algorithms.analytics.triangles",
    "clustering": "graphwalk.algorithms.analytics.triangles",
    "transitivity": "graphwalk.algorithms.analytics.triangles",
    "core_numbers": "graphwalk.algorithms.analytics.core_numbers",
    "degrees": "graphwalk.algorithms.analytics.degrees",
    "degree_assortativity": "graphwalk.algorithms.analytics.degrees",
    "reciprocity": "graphwalk.algorithms.analytics.reciprocity",
    "strongly_connected_components": "graphwalk.algorithms.analytics.strong_components",
    "harmonic_centrality": "graphwalk.algorithms.analytics.hyperball",
    "hop_distribution": "graphwalk.algorithms.analytics.hyperball",
    "connected_components": "graphwalk.algorithms.analytics.components",
    "pagerank": "graphwalk.algorithms.analytics.pagerank",
    "similar_nodes": "graphwalk.algorithms.analytics.similarity",
    "similarity": "graphwalk.algorithms.analytics.similarity",
    "shortest_paths": "graphwalk.algorithms.analytics.shortest_paths",
    "build_zarr": "graphwalk.storage.build.api",
    "draw_start_edges": "graphwalk.algorithms.walks.draw_edges",
    "edge_vectors": "graphwalk.algorithms.training.edge_vectors",
    "embed": "graphwalk.algorithms.training.embedding",
    "iter_blocks": "graphwalk.algorithms.output.write",
    "NeighborDataset": "graphwalk.algorithms.training.neighbor_dataset",
    "sample_neighbors": "graphwalk.algorithms.samples.neighbors",
    "open_zarr": "graphwalk.storage.store.graph",
    "SkipGramDataset": "graphwalk.algorithms.training.torch_datasets",
    "WalkCorpus": "graphwalk.algorithms.training.corpus",
    "WalkDataset": "graphwalk.algorithms.training.torch_datasets",
    "WalkPlan": "graphwalk.scheduler.engine.walk_plan",
    "personalized_pagerank": "graphwalk.algorithms.reductions.personalized_pagerank",
    "performance_report": "graphwalk.plotting.run_report",
    "plan_walks": "graphwalk.algorithms.walks.api",
    "plot_coverage": "graphwalk.plotting.graphs_and_walks",
    "plot_degrees": "graphwalk.plotting.graphs_and_walks",
    "plot_embedding": "graphwalk.plotting.embeddings",
    "plot_plan": "graphwalk.plotting.plans_and_runs",
    "plot_visits": "graphwalk.plotting.graphs_and_walks",
    "pyg_stores": "graphwalk.algorithms.samples.pyg_stores",
    "random_walks": "graphwalk.algorithms.walks.api",
    "first_distinct": "graphwalk.algorithms.walks.lengths",
    "hitting_times": "graphwalk.algorithms.walks.lengths",
    "visit_counts": "graphwalk.algorithms.reductions.visit_counts",
    "walk_lengths": "graphwalk.algorithms.walks.lengths",
    "set_node_types": "graphwalk.storage.store.node_types",
    "to_arrow": "graphwalk.algorithms.output.to_arrow",
    "write_nodes": "graphwalk.algorithms.output.write_nodes",
    "write_walks": "graphwalk.algorithms.output.write",
}


def __getattr__(name: str) -> Any:
    if name == "scheduler":
        return import_module("graphwalk.scheduler")
    if name not in _HOMES:
        raise AttributeError(f"module 'graphwalk' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


def _validate(*args: Any) -> Any:
    return import_module("graphwalk.algorithms.validation.check").validate(*args)


def _transpose(*args: Any, **options: Any) -> Any:
    return import_module("graphwalk.storage.build.transpose").transpose(*args, **options)


def _subgraph(*args: Any, **options: Any) -> Any:
    return import_module("graphwalk.storage.build.subgraph").subgraph(*args, **options)


def _update(*args: Any, **options: Any) -> Any:
    return import_module("graphwalk.storage.build.update").update(*args, **options)


def _reorder(*args: Any, **options: Any) -> Any:
    return import_module("graphwalk.algorithms.analytics.reorder").reorder(*args, **options)


_upper_layers.validate, _upper_layers.transpose = _validate, _transpose
_upper_layers.subgraph, _upper_layers.update = _subgraph, _update
_upper_layers.reorder = _reorder
