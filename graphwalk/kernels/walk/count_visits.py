"""Visits of nodes by walks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphwalk.kernels.atomics import atomic_add
from graphwalk.kernels.jit import jit, prefetch

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Counts that a core fetches side by side.
_AHEAD = 16


@jit
def count_visits(walks: NDArray[Any], counts: NDArray[Any]) -> None:
    """Add to the count of each node how often walks visit it; several threads may do so at once.

    Parameters
    ----------
    walks : ndarray of int32 or int64, shape (walks, nodes of a walk)
        Nodes, and -1 behind the end of a walk.
    counts : ndarray of int64, shape (num_nodes,)
        Where to add.
    """
    for i in range(walks.shape[0]):
        for j in range(walks.shape[1]):
            node = walks[i, j]
            if node < 0:
                break
            atomic_add(counts, node, 1)


@jit
def count_nodes(nodes: NDArray[Any], counts: NDArray[Any]) -> None:
    """Add to the count of each node how often it is there; several threads may do so at once.

    Parameters
    ----------
    nodes : ndarray of int32 or int64
        Nodes.
    counts : ndarray of int64, shape (num_nodes,)
        Where to add.
    """
    for i in range(nodes.size):
        if i + _AHEAD < nodes.size:
            prefetch(counts, nodes[i + _AHEAD])
        atomic_add(counts, nodes[i], 1)
