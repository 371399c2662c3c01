"""Label propagation: the label that most neighbours have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import Int, jit, part_of_kernel, prefetch

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Entries whose label is fetched ahead of use.
_AHEAD = 16

#: Multiplier of hashes: that of SplitMix64's sequence.
_HASH = np.uint64(0x9E3779B97F4A7C15)


@part_of_kernel
def _shift(degree: Int) -> Int:
    """Return by how much hashes are shifted for a table with room for twice as many labels."""
    shift = 63
    while (1 << (64 - shift)) < 2 * degree:
        shift -= 1
    return shift


@part_of_kernel
def _vote(
    labels: NDArray[Any],
    entries: NDArray[Any],
    start: Int,
    stop: Int,
    keys: NDArray[Any],
    counts: NDArray[np.int64],
    shift: Int,
    winner: Int,
    most: Int,
) -> tuple[Int, Int]:
    """Count the labels of some entries in a hash table; return the winner so far and its votes."""
    mask = np.int64((1 << (64 - shift)) - 1)
    last = len(entries) - _AHEAD
    for entry in range(start, stop):
        if entry < last:
            prefetch(labels, entries[entry + _AHEAD])
        label = labels[entries[entry]]
        slot = np.int64((np.uint64(label) * _HASH) >> np.uint64(shift))
        while counts[slot] and keys[slot] != label:
            slot = (slot + 1) & mask
        keys[slot] = label
        counts[slot] += 1
        votes = counts[slot]
        if votes > most or (votes == most and label < winner):
            winner, most = label, votes
    return winner, most


@jit
def vote_labels(
    labels: NDArray[Any],
    first: int,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    in_row_starts: NDArray[Any],
    in_neighbors: NDArray[Any],
    result: NDArray[Any],
) -> None:
    """Write the most frequent label of each row, the smallest of several, or the node's own.

    Parameters
    ----------
    labels : ndarray of int32 or int64, shape (nodes,)
        The label of each node.
    first : int
        The node of the first row.
    row_starts, in_row_starts : ndarray of int64, shape (rows + 1,)
        Where each row begins in `neighbors`, and in `in_neighbors`.
    neighbors, in_neighbors : ndarray of int32 or int64
        Neighbours of whole rows; one that is in both counts twice.
    result : ndarray, shape (nodes,)
        Where the new labels go.
    """
    longest, rows = 1, len(row_starts) - 1
    for i in range(rows):
        degree = row_starts[i + 1] - row_starts[i] + in_row_starts[i + 1] - in_row_starts[i]
        longest = max(longest, degree)
    size = 1 << (64 - _shift(longest))
    keys, counts = np.empty(size, labels.dtype), np.zeros(size, np.int64)
    for i in range(rows):
        start, stop = row_starts[i], row_starts[i + 1]
        in_start, in_stop = in_row_starts[i], in_row_starts[i + 1]
        shift = _shift(stop - start + in_stop - in_start)
        winner, most = _vote(
            labels, neighbors, start, stop, keys, counts, shift, labels[first + i], np.int64(0)
        )
        winner, _ = _vote(
            labels, in_neighbors, in_start, in_stop, keys, counts, shift, winner, most
        )
        result[first + i] = winner
        counts[: 1 << (64 - shift)] = 0
