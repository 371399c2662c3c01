"""Communities by modularity: the best community for each node, and what a partition adds up to.

A node gains by a community as much as the weight of its edges to it exceeds what is expected: a
constant times its strength times that of the community [1]_.

References
----------
.. [1] V. D. Blondel, J.-L. Guillaume, R. Lambiotte, E. Lefebvre, "Fast unfolding of communities in
   large networks", Journal of Statistical Mechanics, 2008,
   https://doi.org/10.1088/1742-5468/2008/10/P10008
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from graphwalk.kernels.analytics.link_components import link
from graphwalk.kernels.atomics import atomic_add
from graphwalk.kernels.jit import Int, jit, part_of_kernel, prefetch
from graphwalk.kernels.rng import mix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    #: For each node or community, by its label: weights of the edges from it and to it, added up.
    Strengths: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]

    #: The first node; where its row and those after it begin and their neighbours, of edges from
    #: nodes and of edges to them; and weights of both.
    RowsOfBoth: TypeAlias = tuple[
        int,
        NDArray[np.int64],
        NDArray[Any],
        NDArray[np.int64],
        NDArray[Any],
        NDArray[np.float32],
        NDArray[np.float32],
    ]

#: Entries whose label is fetched ahead of use.
_AHEAD = 16


@part_of_kernel
def _gather(
    node: Int,
    labels: NDArray[Any],
    neighbors: NDArray[Any],
    weights: NDArray[np.float32],
    start: Int,
    stop: Int,
    keys: NDArray[Any],
    sums: NDArray[np.float64],
    slots: NDArray[np.int64],
    used: Int,
    shift: Int,
) -> Int:
    """Add the weights of some entries by label in a hash table; return how many slots it has."""
    mask = np.int64((1 << (64 - shift)) - 1)
    last = len(neighbors) - _AHEAD
    for entry in range(start, stop):
        if entry < last:
            prefetch(labels, neighbors[entry + _AHEAD])
        if neighbors[entry] == node:
            continue
        label = labels[neighbors[entry]]
        slot = np.int64(mix(label) >> np.uint64(shift))
        while keys[slot] != label:
            if keys[slot] < 0:
                keys[slot], slots[used] = label, slot
                used += 1
                break
            slot = (slot + 1) & mask
        sums[slot] += weights[entry] if len(weights) else 1.0
    return used


@part_of_kernel
def _inside(
    node: Int,
    labels: NDArray[Any],
    neighbors: NDArray[Any],
    weights: NDArray[np.float32],
    start: Int,
    stop: Int,
) -> float:
    """Return the weight of a node's entries to other nodes of its own community."""
    total, own = 0.0, labels[node]
    last = len(neighbors) - _AHEAD
    for entry in range(start, stop):
        if entry < last:
            prefetch(labels, neighbors[entry + _AHEAD])
        if labels[neighbors[entry]] == own and neighbors[entry] != node:
            total += weights[entry] if len(weights) else 1.0
    return total


@part_of_kernel
def _choose(
    node: Int,
    own: Int,
    strengths: Strengths,
    totals: Strengths,
    expected: float,
    keys: NDArray[Any],
    sums: NDArray[np.float64],
    slots: NDArray[np.int64],
    used: Int,
) -> Int:
    """Return the label that a node gains most by, of those in a hash table, and clear the table."""
    out_strengths, in_strengths = strengths
    out_totals, in_totals = totals
    leaving, arriving = out_strengths[node], in_strengths[node]
    alone = out_totals[own] == leaving and in_totals[own] == arriving
    others = leaving * (in_totals[own] - arriving) + arriving * (out_totals[own] - leaving)
    gain, best = -expected * others, np.int64(own)
    for i in range(used):
        if keys[slots[i]] == own:
            gain += sums[slots[i]]
    if gain < 0 and out_totals[node] + in_totals[node] == 0:  # a community of its own is free
        gain, best = 0.0, np.int64(node)
    for i in range(used):
        label, weight = keys[slots[i]], sums[slots[i]]
        keys[slots[i]], sums[slots[i]] = -1, 0.0
        leads = out_totals[label], in_totals[label]
        # Of two nodes that are alone, one joins the other: both at once would change places.
        if alone and label > own and leads == (out_strengths[label], in_strengths[label]):
            continue
        if label != own:
            others = leaving * in_totals[label] + arriving * out_totals[label]
            found = weight - expected * others
            if found > gain or (found == gain and best != own and label < best):
                gain, best = found, np.int64(label)
    return best


@jit
def move_nodes(
    labels: NDArray[Any],
    strengths: Strengths,
    totals: Strengths,
    expected: float,
    unit: float,
    key: np.uint64,
    half: int,
    rows: RowsOfBoth,
    result: NDArray[Any],
    inside: NDArray[np.int64],
) -> None:
    """Write the best label for each node of a half of all nodes, and its own for the others.

    Parameters
    ----------
    labels : ndarray of int32 or int64, shape (nodes,)
        The community of each node.
    strengths, totals : two ndarray of float64 each, shape (nodes,)
        Weights of the edges from and to each node, added up; the same of each community, by its
        label.
    expected : float
        What the product of two strengths is to be multiplied by.
    unit : float
        What a weight of 1.0 is in `inside`.
    key : uint64
        What decides in which half each node is.
    half : int
        0 or 1: the half whose nodes may move. All of them decide by the same labels, so that two
        neighbours of one half may follow each other; the halves are others in the next turn.
    rows : tuple
        Whole rows of consecutive nodes. Arrays of weights are of length 0 where all are 1.
    result : ndarray, shape (nodes,)
        Where the new labels go.
    inside : ndarray of int64, shape (1,)
        Where the weight of entries between different nodes of one community is added.
    """
    first, row_starts, neighbors, in_row_starts, in_neighbors, weights, in_weights = rows
    num_rows, nodes, longest = len(row_starts) - 1, len(labels), 1
    for i in range(num_rows):
        degree = row_starts[i + 1] - row_starts[i] + in_row_starts[i + 1] - in_row_starts[i]
        longest = max(longest, degree)
    longest = min(longest, nodes)
    shift = 63
    while (1 << (64 - shift)) < 2 * longest:
        shift -= 1
    size = 1 << (64 - shift)
    keys, sums = np.full(size, -1, labels.dtype), np.zeros(size)
    slots, count = np.empty(longest, np.int64), np.int64(0)
    for i in range(num_rows):
        node = first + i
        start, stop, own = row_starts[i], row_starts[i + 1], labels[node]
        count += np.int64(np.rint(unit * _inside(node, labels, neighbors, weights, start, stop)))
        if np.int64((mix(np.uint64(node) + key) >> np.uint64(32)) & np.uint64(1)) != half:
            result[node] = own
            continue
        table = keys, sums, slots
        used = _gather(node, labels, neighbors, weights, start, stop, *table, np.int64(0), shift)
        start, stop = in_row_starts[i], in_row_starts[i + 1]
        used = _gather(node, labels, in_neighbors, in_weights, start, stop, *table, used, shift)
        result[node] = _choose(node, own, strengths, totals, expected, *table, used)
    atomic_add(inside, 0, count)


@jit
def add_strengths(
    first: int,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    weights: NDArray[np.float32],
    loops: int,
    strengths: NDArray[np.float64],
) -> None:
    """Write the sum of the weights of each whole row, in which loops count `loops` times."""
    for i in range(len(row_starts) - 1):
        node, total = first + i, 0.0
        for entry in range(row_starts[i], row_starts[i + 1]):
            weight = weights[entry] if len(weights) else 1.0
            total += loops * weight if neighbors[entry] == node else weight
        strengths[node] = total


@jit
def link_inside(
    parent: NDArray[Any],
    members: NDArray[Any],
    first: int,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
) -> None:
    """Link, in a forest over the nodes, the ends of entries whose ends are in one community."""
    last = len(neighbors) - _AHEAD
    for i in range(len(row_starts) - 1):
        node = first + i
        for entry in range(row_starts[i], row_starts[i + 1]):
            if entry < last:
                prefetch(members, neighbors[entry + _AHEAD])
            if members[neighbors[entry]] == members[node]:
                link(parent, node, neighbors[entry])


@jit
def add_communities(
    members: NDArray[Any],
    first: int,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    weights: NDArray[np.float32],
    unit: float,
    loops: int,
    sums: NDArray[np.int64],
) -> None:
    """Add the weights of entries by the communities of their ends, as integers.

    Parameters
    ----------
    members : ndarray of int32 or int64, shape (nodes,)
        Number of the community of each node, from 0.
    first : int
        The node of the first row.
    row_starts : ndarray of int64, shape (rows + 1,)
        Where each row begins in `neighbors`; the first and the last row may be parts of a row.
    neighbors : ndarray of int32 or int64
        Neighbours of each node.
    weights : ndarray of float32
        Their weights; of length 0 where all are 1.
    unit : float
        What a weight of 1.0 is in `sums`.
    loops : int
        How often a loop counts.
    sums : ndarray of int64, shape (3, communities)
        Where weights are added: of all entries of its nodes, of all entries to its nodes, and of
        entries with both ends in it.
    """
    leaving, arriving, inside = sums[0], sums[1], sums[2]
    for i in range(len(row_starts) - 1):
        own = members[first + i]
        for entry in range(row_starts[i], row_starts[i + 1]):
            weight = np.int64(np.rint(unit * weights[entry])) if len(weights) else np.int64(1)
            if neighbors[entry] == first + i:
                weight *= loops
            other = members[neighbors[entry]]
            atomic_add(leaving, own, weight)
            atomic_add(arriving, other, weight)
            if own == other:
                atomic_add(inside, own, weight)
