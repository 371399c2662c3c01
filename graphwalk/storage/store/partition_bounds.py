"""Where to cut a graph's nodes into partitions, given what reads a chunk of offsets."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    #: Returns a chunk of offsets, by its number.
    ReadChunk = Callable[[int], NDArray[np.int64]]

    #: Returns where the first offsets are that are not below others, and what they are.
    FindOffsets = Callable[[NDArray[np.int64]], tuple[NDArray[np.int64], NDArray[np.int64]]]


def entries_per_partition(size: int, chunk: int, entry_bytes: int) -> int:
    """Return how many entries, in whole chunks and at least one, a partition of `size` bytes has.

    Parameters
    ----------
    size : int
        Bytes that the entries of a partition are to take.
    chunk : int
        Entries of a chunk.
    entry_bytes : int
        Bytes that an entry takes.
    """
    return chunk * max(1, size // (chunk * entry_bytes))


def partition_nodes(
    find: FindOffsets, num_nodes: int, num_entries: int, most_entries: int, most_nodes: int
) -> list[range]:
    """Return the partitions, as ascending ranges of nodes that have every node in one of them.

    Cuts lie at every multiple of `most_entries`; a row that straddles one belongs before it, so a
    partition exceeds `most_entries` by a part of its last row at most. Nodes without neighbours
    that nothing follows belong to the last partition. Where there are many nodes of few
    neighbours, cuts are added so that no partition has more than `most_nodes`.

    Parameters
    ----------
    find : callable
        Finds offsets, as `find_offsets` does.
    num_nodes, num_entries : int
        Counts of the graph.
    most_entries, most_nodes : int
        Size of a partition.
    """
    wanted = np.arange(most_entries, num_entries, most_entries, dtype=np.int64)
    cuts, offsets = find(wanted)
    inner = cuts[offsets < num_entries].tolist()
    edges = np.unique(np.array([0, *inner, num_nodes], np.int64)).tolist()
    return [
        range(first, min(first + most_nodes, stop))
        for start, stop in itertools.pairwise(edges)
        for first in range(start, stop, most_nodes)
    ]


def find_offsets(
    read_chunk: ReadChunk, chunk: int, length: int, wanted: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the first offset that is not below each of the ascending `wanted`.

    It is a binary search for all of them at once: each chunk is read at most once, and one that
    cannot hold an answer is not read.

    Returns
    -------
    positions, offsets : ndarray of int64, shape (len(wanted),)
        Where those offsets are, and what they are. A position is `length` where there is none.
    """
    positions = np.full(len(wanted), length, np.int64)
    offsets = np.full(len(wanted), np.iinfo(np.int64).max, np.int64)
    todo = [(0, -(-length // chunk), 0, len(wanted))]
    while todo:
        low, high, a, b = todo.pop()
        if low >= high or a >= b:
            continue
        middle = (low + high) // 2
        values = read_chunk(middle)
        found = np.searchsorted(values, wanted[a:b])
        here = found < len(values)
        within = a + int(np.count_nonzero(here))
        # An answer at a chunk's start may yet be found in the chunk before, which is then searched.
        positions[a:within] = middle * chunk + found[here]
        offsets[a:within] = values[found[here]]
        before = a + int(np.count_nonzero(found == 0))
        todo += [(low, middle, a, before), (middle + 1, high, within, b)]
    return positions, offsets
