"""Walkers sorted by destination or put into queues, and steps written to their places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import jit, prefetch

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ONE = np.uint64(1)

#: Writes that a core has under way side by side.
_AHEAD = 32


def scatter(log: NDArray[Any], walks: NDArray[Any]) -> None:
    """Write the node of each record, and its edge if there is one, to its place in `walks`."""
    into = walks.reshape(-1)
    if walks.dtype.names is None:
        _scatter_nodes(log, into)
    else:
        _scatter_steps(log, into)


@jit
def _scatter_nodes(log: NDArray[Any], walks: NDArray[Any]) -> None:
    position, node = log["position"], log["node"]
    for i in range(len(log)):
        if i + _AHEAD < len(log):
            prefetch(walks, position[i + _AHEAD])
        walks[np.uint64(position[i])] = node[i]


@jit
def _scatter_steps(log: NDArray[Any], walks: NDArray[Any]) -> None:
    position, node, edge = log["position"], log["node"], log["edge"]
    nodes, edges = walks["node"], walks["edge"]
    for i in range(len(log)):
        if i + _AHEAD < len(log):
            prefetch(walks, position[i + _AHEAD])
        nodes[np.uint64(position[i])] = node[i]
        edges[np.uint64(position[i])] = edge[i]


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


@jit
def put_walkers(
    walkers: NDArray[Any],
    places: NDArray[Any],
    bounds: NDArray[np.int64],
    guide: NDArray[np.int32],
    shift: int,
    page: int,
    pool: NDArray[Any],
    links: NDArray[np.int64],
    ends: NDArray[np.int64],
    pages: NDArray[np.int64],
) -> None:
    """Put walkers into the queues of the partitions that their places belong to.

    Parameters
    ----------
    walkers : ndarray of uint32 or uint64, shape (walkers, words)
        The records of the walkers.
    places : ndarray of int, shape (walkers,)
        A node of each.
    bounds, guide, shift
        As of `sort_by_partition`.
    page : int
        Walkers of a page, a power of two.
    pool : ndarray, shape (pages * page, words)
        Room for walkers.
    links : ndarray of int64, shape (pages + 1,)
        Of a page in use, the page of the same queue before it; of one that is free, the next that
        is; of the last, which there is not, the first that is free.
    ends : ndarray of int64, shape (partitions,)
        Where in `pool` the next walker of each queue goes; a multiple of `page` if none fits into
        its last page.
    pages : ndarray of int64, shape (partitions,)
        How many pages each queue has.
    """
    words, full, first_free = walkers.shape[1], page - 1, len(links) - 1
    for i in range(len(walkers)):
        node = np.int64(places[i])
        # Unsigned: a place that might be negative would be looked at twice.
        partition = np.uint64(guide[node >> shift])
        while bounds[partition + _ONE] <= node:
            partition += _ONE
        place = ends[partition]
        if place & full == 0:
            fresh = links[first_free]
            links[first_free] = links[fresh]
            links[fresh] = place // page - 1
            place = fresh * page
            pages[partition] += 1
        ends[partition] = place + 1
        to = np.uint64(place)
        pool[to, 0] = walkers[i, 0]
        for k in range(1, words):
            pool[to, k] = walkers[i, k]


@jit
def take_walkers(
    page: int, pool: NDArray[Any], links: NDArray[np.int64], end: int, out: NDArray[Any]
) -> tuple[int, int]:
    """Take pages of a queue, as many as fit into `out`.

    Parameters
    ----------
    page, pool, links
        As of `put_walkers`.
    end : int
        Where the last walker of the queue ends in `pool`.
    out : ndarray, shape (at least page, words)
        Receives walkers.

    Returns
    -------
    taken, end : int
        How many they are, and where the last of the others ends; 0 if there are none.
    """
    taken, words, first_free = 0, pool.shape[1], len(links) - 1
    while end > 0:
        last = (end - 1) // page
        count = end - last * page
        if taken + count > len(out):
            break
        for i in range(count):
            for k in range(words):
                out[taken + i, k] = pool[last * page + i, k]
        taken += count
        end = (links[last] + 1) * page
        links[last] = links[first_free]
        links[first_free] = last
    return taken, end
