"""Walkers sorted by where they go, and what they did put in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.compiling import jit, prefetch

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Writes that a core has under way side by side.
_AHEAD = 32


@jit
def scatter(log: NDArray[Any], walks: NDArray[Any]) -> None:
    """Write the node of each record to its place in the flat `walks`."""
    for i in range(len(log)):
        if i + _AHEAD < len(log):
            prefetch(walks, log[i + _AHEAD].at)
        walks[np.uint64(log[i].at)] = log[i].node


@jit
def first_places(walkers: NDArray[Any], places: NDArray[np.int64]) -> None:
    """Write the node at which each first-order walker is."""
    for i in range(len(walkers)):
        places[i] = walkers[i].node


@jit
def second_places(walkers: NDArray[Any], directed: bool, places: NDArray[np.int64]) -> None:
    """Write the node whose row each second-order walker needs next.

    A proposal is decided on where it can be seen whether there is an edge between it and the
    previous node: in the row of either if edges are undirected.
    """
    for i in range(len(walkers)):
        walker = walkers[i]
        if walker.proposal < 0:
            places[i] = walker.node
        else:
            places[i] = walker.previous if directed else walker.proposal


@jit
def sort_by_partition(
    walkers: NDArray[Any],
    places: NDArray[np.int64],
    bounds: NDArray[np.int64],
    out: NDArray[Any],
    ends: NDArray[np.int64],
) -> None:
    """Sort walkers by the partition that their place belongs to, in their order within each.

    Parameters
    ----------
    walkers : ndarray of walker records
        The walkers.
    places : ndarray of int64, shape (len(walkers),)
        A node of each; receives the partitions.
    bounds : ndarray of int64, shape (partitions + 1,)
        Partition k has the nodes ``bounds[k] … bounds[k + 1] - 1``.
    out : ndarray of walker records, shape (len(walkers),)
        Receives the walkers.
    ends : ndarray of int64, shape (partitions + 1,)
        Receives where each partition's walkers begin, and the number of all.
    """
    partitions = len(bounds) - 1
    ends[:] = 0
    for i in range(len(walkers)):
        # A binary search of as many steps for all, without a branch to be guessed.
        low, span = np.int64(0), partitions
        while span > 1:
            half = span >> 1
            low += half if bounds[low + half] <= places[i] else 0
            span -= half
        places[i] = low
        ends[low + 1] += 1
    for k in range(partitions):
        ends[k + 1] += ends[k]
    place = ends[:-1].copy()
    for i in range(len(walkers)):
        out[place[places[i]]] = walkers[i]
        place[places[i]] += 1
