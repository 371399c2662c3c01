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
    at, node = log["at"], log["node"]
    for i in range(len(log)):
        if i + _AHEAD < len(log):
            prefetch(walks, at[i + _AHEAD])
        walks[np.uint64(at[i])] = node[i]


@jit
def first_places(walkers: NDArray[Any], places: NDArray[np.int64]) -> None:
    """Write the node at which each first-order walker is."""
    node = walkers["node"]
    for i in range(len(walkers)):
        places[i] = node[i]


@jit
def second_places(walkers: NDArray[Any], directed: bool, places: NDArray[np.int64]) -> None:
    """Write the node whose row each second-order walker needs next.

    A proposal is decided on where it can be seen whether there is an edge between it and the
    previous node: in the row of either if edges are undirected.
    """
    node, proposal = walkers["node"], walkers["proposal"]
    edge_of = walkers["previous"] if directed else proposal
    for i in range(len(walkers)):
        places[i] = node[i] if proposal[i] < 0 else edge_of[i]


@jit
def fill_guide(bounds: NDArray[np.int64], shift: int, guide: NDArray[np.int32]) -> None:
    """Write for each run of 2**shift nodes the partition of the first."""
    partition = 0
    for run in range(len(guide)):
        while partition < len(bounds) - 2 and bounds[partition + 1] <= run << shift:
            partition += 1
        guide[run] = partition


@jit
def sort_by_partition(
    walkers: NDArray[Any],
    places: NDArray[np.int64],
    bounds: NDArray[np.int64],
    guide: NDArray[np.int32],
    shift: int,
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
    guide, shift
        What `fill_guide` made of them.
    out : ndarray of walker records, shape (len(walkers),)
        Receives the walkers.
    ends : ndarray of int64, shape (partitions + 1,)
        Receives where each partition's walkers begin, and the number of all.
    """
    partitions = len(bounds) - 1
    ends[:] = 0
    for i in range(len(walkers)):
        partition = np.int64(guide[places[i] >> shift])
        while bounds[partition + 1] <= places[i]:
            partition += 1
        places[i] = partition
        ends[partition + 1] += 1
    for k in range(partitions):
        ends[k + 1] += ends[k]
    place = ends[:-1].copy()
    for i in range(len(walkers)):
        out[place[places[i]]] = walkers[i]
        place[places[i]] += 1
