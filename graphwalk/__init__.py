"""graphwalk: random walks and graph analytics on graphs too big for one array.

Public names are imported when they are first used, so that ``import graphwalk`` and ``--help`` of
the command line do not load numba or Dask.
"""

from __future__ import annotations

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
    from collections.abc import Callable

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

#: Where public names are, by module.
_NAMES = {
    "algorithms.analytics.analyze": "analyze",
    "algorithms.analytics.betweenness": "betweenness_centrality",
    "algorithms.analytics.bfs": "bfs",
    "algorithms.analytics.communities": "communities",
    "algorithms.analytics.components": "connected_components",
    "algorithms.analytics.core_numbers": "core_numbers",
    "algorithms.analytics.degrees": "degree_assortativity degrees",
    "algorithms.analytics.hyperball": "harmonic_centrality hop_distribution",
    "algorithms.analytics.k_hop": "k_hop",
    "algorithms.analytics.label_propagation": "label_propagation",
    "algorithms.analytics.modularity": "modularity",
    "algorithms.analytics.pagerank": "pagerank",
    "algorithms.analytics.reciprocity": "reciprocity",
    "algorithms.analytics.shortest_paths": "shortest_paths",
    "algorithms.analytics.similarity": "similar_nodes similarity",
    "algorithms.analytics.strong_components": "strongly_connected_components",
    "algorithms.analytics.triangles": "clustering transitivity triangles",
    "algorithms.output.to_arrow": "to_arrow",
    "algorithms.output.write": "iter_blocks write_walks",
    "algorithms.output.write_nodes": "write_nodes",
    "algorithms.reductions.cooccurrence": "cooccurrence",
    "algorithms.reductions.importance_neighbors": "importance_neighbors",
    "algorithms.reductions.personalized_pagerank": "personalized_pagerank",
    "algorithms.reductions.visit_counts": "visit_counts",
    "algorithms.samples.neighbors": "sample_neighbors",
    "algorithms.samples.pyg_stores": "pyg_stores",
    "algorithms.training.corpus": "WalkCorpus",
    "algorithms.training.edge_vectors": "edge_vectors",
    "algorithms.training.embedding": "embed",
    "algorithms.training.neighbor_dataset": "NeighborDataset",
    "algorithms.training.torch_datasets": "SkipGramDataset WalkDataset",
    "algorithms.walks.api": "plan_walks random_walks",
    "algorithms.walks.draw_edges": "draw_start_edges",
    "algorithms.walks.lengths": "first_distinct hitting_times walk_lengths",
    "plotting.embeddings": "plot_embedding",
    "plotting.graphs_and_walks": "plot_coverage plot_degrees plot_visits",
    "plotting.plans_and_runs": "plot_plan",
    "plotting.run_report": "performance_report",
    "scheduler.engine.walk_plan": "WalkPlan",
    "storage.build.api": "build_zarr",
    "storage.edges.open": "CSR",
    "storage.store.graph": "Graph open_zarr",
    "storage.store.node_types": "set_node_types",
}
_HOMES = {name: f"graphwalk.{module}" for module, names in _NAMES.items() for name in names.split()}


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


def _late(module: str, name: str) -> Callable[..., Any]:
    """Return a function that imports another one when it is called."""

    def call(*args: Any, **options: Any) -> Any:
        return getattr(import_module(f"graphwalk.{module}"), name)(*args, **options)

    return call


_upper_layers.validate = _late("algorithms.validation.check", "validate")
_upper_layers.transpose = _late("storage.build.transpose", "transpose")
_upper_layers.subgraph = _late("storage.build.subgraph", "subgraph")
_upper_layers.update = _late("storage.build.update", "update")
_upper_layers.reorder = _late("algorithms.analytics.reorder", "reorder")
