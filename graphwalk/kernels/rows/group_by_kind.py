"""Rows whose entries are grouped by their kind, for walks that are told which kind comes next.

A walk along a metapath [1]_ draws from the entries of one kind alone: the kind of the neighbour, or
of the edge. With each row grouped by
kind, and a row start for each node and kind, that is a row like any other.

References
----------
.. [1] Y. Dong, N. V. Chawla, A. Swami, "metapath2vec: scalable representation learning for
   heterogeneous networks", KDD 2017, https://doi.org/10.1145/3097983.3098036
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import Int, jit, part_of_kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


@part_of_kernel
def row_of(step_kinds: NDArray[np.int64] | None, row: Int, step: Int) -> Int:
    """Return which row start a walk needs at a node that has row `row`.

    Parameters
    ----------
    step_kinds : ndarray of int64, shape (walk_length + 2,), or None
        Row starts of a node, the kind that each step leads to, and one more, which is looked at
        after the last; None if rows are not grouped, for which no code at all is compiled.
    row, step : int
        Row of the node, and how many steps the walk has made.
    """
    if step_kinds is None:
        return row
    grouped: Int = row * step_kinds[0] + step_kinds[1 + step]
    return grouped


@jit
def group_rows(  # noqa: C901 - what goes with entries is moved with them
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    weights: NDArray[np.float32],
    typed: NDArray[Any],
    kind_of: NDArray[np.uint8],
    kinds: int,
    positions: NDArray[Any] | None,
    grouped: NDArray[Any],
) -> None:
    """Bring the entries of each row in the order of their kinds, and keep it otherwise.

    Where all entries of a kind weigh nothing, a walk cannot go to any: they count as the last
    kind, which no walk asks for.

    Parameters
    ----------
    row_starts : ndarray of int, shape (rows + 1,)
        Where each row begins.
    neighbors : ndarray of int, shape (max(1, entries),)
        Node ids, brought in order in place.
    weights : ndarray of float32, shape (entries,) or (0,)
        What goes with them, if anything does.
    typed : ndarray of int, shape (entries,) or more
        What has a kind: `neighbors`, or the types of the entries, which are left as they are.
    kind_of : ndarray of uint8
        Kind, below `kinds`, of every node of the graph, or of every type.
    kinds : int
        How many kinds there are; the last is that of all entries that walks do not follow.
    positions : ndarray of int, shape (entries,), or None
        What else goes with the entries: where they lie in the store.
    grouped : ndarray of int, shape (rows * kinds + 1,)
        Receives where the entries of each row and kind begin.
    """
    rows = len(row_starts) - 1
    longest = np.int64(0)
    for row in range(rows):
        longest = max(longest, np.int64(row_starts[row + 1]) - np.int64(row_starts[row]))
    nodes = np.empty(longest, neighbors.dtype)
    kind_here = np.empty(longest, np.uint8)
    values = np.empty(longest if len(weights) else 0, np.float32)
    if positions is not None:
        stored = np.empty(longest, positions.dtype)
    places = np.empty(kinds, np.int64)
    total = np.empty(kinds, np.float64)
    others = kinds - 1
    for row in range(rows):
        first, last = np.int64(row_starts[row]), np.int64(row_starts[row + 1])
        places[:] = 0
        total[:] = 0.0 if len(weights) else 1.0
        for i in range(first, last):
            kind = kind_of[typed[i]]
            nodes[i - first] = neighbors[i]
            if positions is not None:
                stored[i - first] = positions[i]
            kind_here[i - first] = kind
            if len(weights):
                values[i - first] = weights[i]
                total[kind] += np.float64(weights[i])
            places[kind] += 1
        for kind in range(others):
            if total[kind] == 0.0:
                places[others] += places[kind]
                places[kind] = 0
        place = first
        for kind in range(kinds):
            grouped[row * kinds + kind] = place
            place += places[kind]
            places[kind] = place - places[kind]
        for i in range(last - first):
            kind = np.int64(kind_here[i])
            kind = kind if total[kind] > 0.0 else others
            neighbors[places[kind]] = nodes[i]
            if positions is not None:
                positions[places[kind]] = stored[i]
            if len(weights):
                weights[places[kind]] = values[i]
            places[kind] += 1
    grouped[rows * kinds] = row_starts[rows]
