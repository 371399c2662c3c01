"""Components, as NetworkX has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from graphwalk.algorithms.analytics.components import connected_components as find_components
from graphwalk.algorithms.analytics.strong_components import (
    strongly_connected_components as find_strong_components,
)
from graphwalk.networkx_backend.graphs import sets_by_label, view_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


def connected_components(G: Any) -> Iterator[set[Any]]:  # noqa: N803 - NetworkX's name
    """Yield the set of nodes of each component, by its first node."""
    view = view_of(G)
    yield from sets_by_label(view, _labels(view))


def strongly_connected_components(G: Any) -> Iterator[set[Any]]:  # noqa: N803
    """Yield the set of nodes of each strongly connected component, by its first node."""
    view = view_of(G)
    yield from sets_by_label(view, _strong_labels(view))


def number_strongly_connected_components(G: Any) -> int:  # noqa: N803
    """Return how many strongly connected components there are."""
    labels = _strong_labels(view_of(G))
    return int(np.count_nonzero(labels == np.arange(len(labels))))


def is_strongly_connected(G: Any) -> bool:  # noqa: N803
    """Return whether there is one strongly connected component."""
    return _is_one(_strong_labels(view_of(G)))


def number_connected_components(G: Any) -> int:  # noqa: N803
    """Return how many components there are."""
    labels = _labels(view_of(G))
    return int(np.count_nonzero(labels == np.arange(len(labels))))


def is_connected(G: Any) -> bool:  # noqa: N803
    """Return whether there is one component."""
    return _is_one(_labels(view_of(G)))


def _is_one(labels: NDArray[Any]) -> bool:
    if not len(labels):
        raise nx.NetworkXPointlessConcept("Connectivity is undefined for the null graph.")
    return not labels.any()


def node_connected_component(G: Any, n: Any) -> set[Any]:  # noqa: N803
    """Return the nodes of the component of a node."""
    view = view_of(G)
    labels = _labels(view)
    nodes = np.flatnonzero(labels == labels[view.number(n)])
    return {view.nodes[node] for node in nodes.tolist()}


def _labels(view: Any) -> NDArray[Any]:
    if not len(view.nodes):
        return np.empty(0, np.int32)
    labels: NDArray[Any] = find_components(view.store()).compute()
    return labels


def _strong_labels(view: Any) -> NDArray[Any]:
    if not len(view.nodes):
        return np.empty(0, np.int32)
    labels: NDArray[Any] = find_strong_components(view.store()).compute()
    return labels


weakly_connected_components = connected_components
number_weakly_connected_components = number_connected_components
is_weakly_connected = is_connected
