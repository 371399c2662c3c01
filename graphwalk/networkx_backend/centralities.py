"""Centralities by shortest paths, as NetworkX has them."""

from __future__ import annotations

from typing import Any

import numpy as np
from networkx.utils.misc import create_py_random_state

from graphwalk.algorithms.analytics.betweenness import from_sources
from graphwalk.networkx_backend.graphs import by_node, transpose_of, view_of


def betweenness_centrality(
    G: Any,  # noqa: N803 - NetworkX's name
    k: int | None = None,
    normalized: bool = True,
    weight: Any = None,
    endpoints: bool = False,
    seed: Any = None,
) -> dict[Any, float]:
    """Return the betweenness centrality of each node, from the nodes that NetworkX would draw."""
    if weight is not None:
        raise NotImplementedError("betweenness by weights")
    view = view_of(G)
    if not len(view.nodes):
        return {}
    sources = list(view.nodes)
    if k is not None:
        sources = create_py_random_state(seed).sample(sources, k)
    store = view.store()
    other = transpose_of(store)
    found = from_sources(
        store,
        np.array([view.number(node) for node in sources], np.int64),
        sampled=k is not None,
        normalized=normalized,
        endpoints=endpoints,
        transposed=None if other is None else other._arrays,
    )
    return by_node(view, found.compute())
