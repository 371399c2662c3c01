"""Communities by modularity, as NetworkX has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from networkx.algorithms.community.quality import NotAPartition

from graphwalk.algorithms.analytics.communities import communities as find_communities
from graphwalk.algorithms.analytics.modularity import modularity as find_modularity
from graphwalk.networkx_backend.graphs import sets_by_label, transpose_of, view_of

if TYPE_CHECKING:
    from collections.abc import Iterable


def louvain_communities(
    G: Any,  # noqa: N803 - NetworkX's name
    weight: Any = "weight",
    resolution: float = 1,
    threshold: float = 1e-7,
    max_level: int | None = None,
    seed: Any = None,
) -> list[set[Any]]:
    """Return the communities as sets, by their first nodes; no seed changes them."""
    del threshold, seed
    if max_level is not None and max_level <= 0:
        raise ValueError("max_level argument must be a positive integer or None")
    view = view_of(G)
    if not len(view.nodes):
        return []
    store = view.store(weight)
    labels = find_communities(
        store,
        resolution,
        max_level=max_level,
        weight=_used(weight, view),
        transposed=transpose_of(store),
    ).compute()
    return list(sets_by_label(view, labels))


def modularity(
    G: Any,  # noqa: N803
    communities: Iterable[Iterable[Any]],
    weight: Any = "weight",
    resolution: float = 1,
) -> float:
    """Return the modularity of sets of nodes."""
    view = view_of(G)
    parts = [list(part) for part in communities]
    labels = np.full(len(view.nodes), -1, np.int64)
    for label, part in enumerate(parts):
        labels[[view.number(node) for node in part if view.has(node)]] = label
    if (labels < 0).any() or sum(map(len, parts)) != len(labels):
        raise NotAPartition(G, parts)
    if not parts:
        raise ZeroDivisionError
    used = _used(weight, view)
    found = float(find_modularity(view.store(weight), labels, resolution, weight=used).compute())
    if np.isnan(found):  # no edge weighs anything
        raise ZeroDivisionError
    return found


def _used(weight: Any, view: Any) -> str | None:
    """Return whether weights of the store are used: those of a multigraph count its edges."""
    return None if weight is None and not view.is_multigraph() else "weight"
