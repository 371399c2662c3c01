"""Triangles of oriented rows: neighbours of a neighbour that are neighbours themselves.

Rows of many nodes are looked at while a range of rows, the chunk, is in memory: a triangle of nodes
of ranks a < b < c is found in the row of a, when the row of b is in the chunk [1]_.

References
----------
.. [1] X. Hu, Y. Tao, C.-W. Chung, "Massive graph triangulation", SIGMOD 2013,
   https://doi.org/10.1145/2463676.2463704
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from graphwalk.kernels.atomics import atomic_add
from graphwalk.kernels.jit import Int, jit, part_of_kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    #: The first node; where its row and those after it begin, and their neighbours; and what each
    #: of these edges stands for.
    ArcRows: TypeAlias = tuple[int, NDArray[np.int64], NDArray[Any], NDArray[Any]]


@jit
def count_triangles(  # noqa: C901 - one loop an access; a call would hide them
    first: int,
    row_starts: NDArray[np.int64],
    neighbors: NDArray[Any],
    chunk_first: int,
    chunk_starts: NDArray[np.int64],
    chunk_neighbors: NDArray[Any],
    places: NDArray[np.int32],
    triangles: NDArray[np.int64],
) -> None:
    """Add to the count of each node the triangles that it is in.

    Parameters
    ----------
    first, chunk_first : int
        The node of the first row, and of the first row of the chunk.
    row_starts, chunk_starts : ndarray of int64, shape (rows + 1,)
        Where each row begins in `neighbors`, and in `chunk_neighbors`.
    neighbors, chunk_neighbors : ndarray of int32 or int64
        Neighbours of higher rank, ascending in each row.
    places : ndarray of int32, shape (nodes,)
        Zeros, as which they are left.
    triangles : ndarray of int64, shape (nodes,)
        Where to add.
    """
    last = len(chunk_starts) - 1
    longest = 0
    for i in range(len(row_starts) - 1):
        longest = max(longest, row_starts[i + 1] - row_starts[i])
    counts = np.zeros(longest + 1, np.int64)
    for i in range(len(row_starts) - 1):
        start, stop = row_starts[i], row_starts[i + 1]
        if stop - start < 2:
            continue
        for entry in range(start, stop):
            places[neighbors[entry]] = entry - start + 1
        total = 0
        for entry in range(start, stop):
            middle = neighbors[entry] - chunk_first
            if middle < 0 or middle >= last:
                continue
            found = 0
            for other in range(chunk_starts[middle], chunk_starts[middle + 1]):
                place = places[chunk_neighbors[other]]
                if place:
                    counts[place] += 1
                    found += 1
            counts[entry - start + 1] += found
            total += found
        for entry in range(start, stop):
            places[neighbors[entry]] = 0
            place = entry - start + 1
            if total and counts[place]:
                atomic_add(triangles, neighbors[entry], counts[place])
                counts[place] = 0
        if total:
            atomic_add(triangles, first + i, total)


@part_of_kernel
def _add(
    counts: NDArray[np.int64], low: NDArray[np.int64], node: Int, value: Int, bits: Int
) -> None:
    """Add a value in two parts, so that neither sum is too large for its type."""
    if bits:
        atomic_add(low, node, value & ((np.int64(1) << bits) - 1))
    atomic_add(counts, node, value >> bits)


@jit
def count_arcs(
    rows: ArcRows,
    chunk: ArcRows,
    places: NDArray[np.int32],
    counts: NDArray[np.int64],
    low: NDArray[np.int64],
    unit: float,
    bits: int,
) -> None:
    """Add to the count of each node the arcs between two of its neighbours, or directed triangles.

    Parameters
    ----------
    rows, chunk : tuple
        The rows and the chunk, and how many arcs, 1 or 2, each of their edges stands for, or how
        much.
    places
        As `count_triangles` takes it.
    counts : ndarray of int64, shape (nodes,)
        Where to add.
    low : ndarray of int64, shape (nodes,)
        Where the lowest bits of what is added go, if there are any.
    unit : float
        What a product of 1.0 is in `counts`: for each triangle, the product of its three edges is
        added, such as the number of ways to choose one arc of each. 0: the arcs of the edge
        opposite to the node.
    bits : int
        How many bits of a product are added to `low`; `counts` get the others.
    """
    first, row_starts, neighbors, arcs = rows
    chunk_first, chunk_starts, chunk_neighbors, chunk_arcs = chunk
    last = len(chunk_starts) - 1
    for i in range(len(row_starts) - 1):
        start, stop = row_starts[i], row_starts[i + 1]
        for entry in range(start, stop):
            places[neighbors[entry]] = entry - start + 1
        for entry in range(start, stop):
            middle = neighbors[entry] - chunk_first
            if middle < 0 or middle >= last:
                continue
            near = arcs[entry]
            for other in range(chunk_starts[middle], chunk_starts[middle + 1]):
                top = chunk_neighbors[other]
                place = places[top]
                if place:
                    far, across = arcs[start + place - 1], chunk_arcs[other]
                    if unit:
                        product = np.int64(np.rint(unit * near * far * across))
                        _add(counts, low, first + i, product, bits)
                        _add(counts, low, neighbors[entry], product, bits)
                        _add(counts, low, top, product, bits)
                    else:
                        atomic_add(counts, first + i, np.int64(across))
                        atomic_add(counts, neighbors[entry], np.int64(far))
                        atomic_add(counts, top, np.int64(near))
        for entry in range(start, stop):
            places[neighbors[entry]] = 0
