"""Centralities by shortest paths, as NetworkX has them."""

from __future__ import annotations

from typing import Any

import numpy as np
from networkx.utils.misc import create_py_random_state

from graphwalk.algorithms.analytics.betweenness import from_sources
from graphwalk.algorithms.analytics.bfs import bfs
from graphwalk.algorithms.analytics.shortest_paths import shortest_paths
from graphwalk.networkx_backend.graphs import by_node, chosen_nodes, transpose_of, view_of


def betweenness_centrality(
    G: Any,  # noqa: N803 - NetworkX's name
    k: int | None = None,
    normalized: bool = True,
    weight: Any = None,
    endpoints: bool = False,
    seed: Any = None,
) -> dict[Any, float]:
    """Return the betweenness centrality of each node, from the nodes that NetworkX would draw."""
    view = view_of(G)
    if not len(view.nodes):
        return {}
    sources = list(view.nodes)
    if k is not None:
        sources = create_py_random_state(seed).sample(sources, k)
    store = view.store(weight, min)
    other = transpose_of(store)
    found = from_sources(
        store,
        np.array([view.number(node) for node in sources], np.int64),
        sampled=k is not None,
        weighted=weight is not None and store.weighted,
        normalized=normalized,
        endpoints=endpoints,
        transposed=None if other is None else other._arrays,
    )
    values = found.compute()
    if store.directed and not view.is_directed() and not normalized:
        values /= 2  # each pair counts in both directions of a store for a function of weights
    return by_node(view, values)


def harmonic_centrality(
    G: Any,  # noqa: N803
    nbunch: Any = None,
    distance: Any = None,
    sources: Any = None,
) -> dict[Any, float]:
    """Return the sum of inverse distances from the sources to each node, by a search from each."""
    view = view_of(G)
    wanted, starts = chosen_nodes(view, nbunch), chosen_nodes(view, sources)
    if not wanted:
        return {}
    store, total = view.store(distance, min), np.zeros(len(view.nodes))
    few = len(wanted) < len(starts) and not store.directed  # distances lead both ways
    others = np.zeros(len(view.nodes), np.bool_)
    others[[view.number(node) for node in (starts if few else wanted)]] = True
    for node in wanted if few else starts:
        source = [view.source(node)]
        lengths = (
            bfs(store, source) if distance is None else shortest_paths(store, source)
        ).compute()
        near = others & (lengths > 0) & (lengths < np.inf)
        if few:
            total[view.number(node)] = (1 / lengths[near]).sum()
        else:
            total[near] += 1 / lengths[near]
    return {node: total[view.number(node)].item() for node in wanted}
