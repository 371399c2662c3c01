"""Distances and lengths of shortest paths, as NetworkX has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from graphwalk.algorithms.analytics.bfs import bfs
from graphwalk.algorithms.analytics.shortest_paths import shortest_paths
from graphwalk.networkx_backend.graphs import view_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def single_source_shortest_path_length(
    G: Any,  # noqa: N803
    source: Any,
    cutoff: float | None = None,
) -> dict[Any, int]:
    """Return how many edges lead to each node that can be reached."""
    return _levels(view_of(G), source, cutoff)


def single_target_shortest_path_length(
    G: Any,  # noqa: N803
    target: Any,
    cutoff: float | None = None,
) -> dict[Any, int]:
    """Return how many edges lead from each node that reaches the target."""
    return _levels(view_of(G), target, cutoff, reverse=True)


def all_pairs_shortest_path_length(
    G: Any,  # noqa: N803
    cutoff: float | None = None,
) -> Iterator[tuple[Any, dict[Any, int]]]:
    """Yield each node, and how many edges lead from it to others."""
    view = view_of(G)
    for node in view.nodes:
        yield node, _levels(view, node, cutoff)


def dijkstra_path_length(
    G: Any,  # noqa: N803
    source: Any,
    target: Any,
    weight: Any = "weight",
) -> float:
    """Return the length of a shortest path."""
    view = view_of(G)
    view.number(source)
    if source == target:
        return 0
    lengths = _lengths(view, [source], None, weight)
    try:
        return lengths[target]
    except KeyError:
        raise nx.NetworkXNoPath(f"Node {target} not reachable from {source}") from None


def single_source_dijkstra_path_length(
    G: Any,  # noqa: N803
    source: Any,
    cutoff: float | None = None,
    weight: Any = "weight",
) -> dict[Any, float]:
    """Return the length of a shortest path to each node that can be reached."""
    return multi_source_dijkstra_path_length(G, {source}, cutoff, weight)


def multi_source_dijkstra_path_length(
    G: Any,  # noqa: N803
    sources: Iterable[Any],
    cutoff: float | None = None,
    weight: Any = "weight",
) -> dict[Any, float]:
    """Return the length of a shortest path from the nearest source to each node in reach."""
    view, starts = view_of(G), list(sources)
    if not starts:
        raise ValueError("sources must not be empty")
    return _lengths(view, starts, cutoff, weight)


def all_pairs_dijkstra_path_length(
    G: Any,  # noqa: N803
    cutoff: float | None = None,
    weight: Any = "weight",
) -> Iterator[tuple[Any, dict[Any, float]]]:
    """Yield each node, and the lengths of shortest paths from it to others."""
    view = view_of(G)
    for node in view.nodes:
        yield node, _lengths(view, [node], cutoff, weight)


def _levels(view: Any, node: Any, cutoff: float | None, *, reverse: bool = False) -> dict[Any, int]:
    source = view.source(node, f"{'Target' if reverse else 'Source'} {{}} is not in G")
    levels = bfs(view.store(reverse=reverse), [source]).compute()
    # NetworkX begins each level that the one before is below the cutoff of.
    near = True if cutoff is None else levels < max(cutoff, 0) + 1
    return _reached(view, levels, (levels >= 0) & near)


def _lengths(view: Any, sources: list[Any], cutoff: float | None, weight: Any) -> dict[Any, float]:
    starts = [view.source(node) for node in sources]
    lengths = shortest_paths(view.store(weight, min), starts).compute()
    near = np.isfinite(lengths)
    if cutoff is not None:
        near &= lengths <= cutoff
        near[[view.number(node) for node in sources]] = True  # whatever the cutoff
    return _reached(view, lengths, near)


def _reached(view: Any, values: Any, found: Any) -> dict[Any, Any]:
    nodes = np.flatnonzero(found)
    order = nodes[np.argsort(values[nodes], kind="stable")]
    return {view.nodes[node]: values[node].item() for node in order.tolist()}
