"""Sums over neighbours of values that are integers, so that their order does not matter.

A float is stored in fixed point: the integer nearest to it times ``2**62``. Sums of such integers
are exact and associative. They come out the same however entries are divided among partitions,
threads and machines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.atomics import atomic_add
from graphwalk.kernels.jit import jit, prefetch

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: What 1.0 is in fixed point.
ONE = float(1 << 62)

#: Entries whose sum is fetched ahead of use.
_AHEAD = 24


@jit
def pull_sums(
    values: NDArray[Any],
    first: int,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    sums: NDArray[np.int64],
) -> None:
    """Add to the sum of each row's node the values of its neighbours.

    Parameters
    ----------
    values : ndarray of int64 or float32, shape (nodes,)
        The value of each node, an integer.
    first : int
        The node of the first row.
    row_starts : ndarray of int64, shape (rows + 1,)
        Where each row begins in `neighbors`. The first and the last row may be parts of a row,
        whose other parts another thread adds at the same time.
    neighbors : ndarray of int32 or int64
        Their entries.
    sums : ndarray of int64, shape (nodes,)
        Where to add.
    """
    for i in range(len(row_starts) - 1):
        total = np.int64(0)
        for entry in range(row_starts[i], row_starts[i + 1]):
            total += np.int64(values[neighbors[entry]])
        atomic_add(sums, first + i, total)


@jit
def push_sums(
    values: NDArray[Any],
    first: int,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    sums: NDArray[np.int64],
) -> None:
    """Add to the sum of each neighbour the value of the row's node.

    The parameters are those of `pull_sums`. Rows need not be stored in both directions.
    """
    last = len(neighbors) - _AHEAD
    for i in range(len(row_starts) - 1):
        value = np.int64(values[first + i])
        for entry in range(row_starts[i], row_starts[i + 1]):
            if entry < last:
                prefetch(sums, neighbors[entry + _AHEAD])
            atomic_add(sums, neighbors[entry], value)


@jit
def pull_weighted_sums(
    values: NDArray[np.float32],
    first: int,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    weights: NDArray[Any],
    sums: NDArray[np.int64],
) -> None:
    """Add to the sum of each row's node the values of its neighbours times the entries' weights.

    The other parameters are those of `pull_sums`; values are no integers. Each product is at most
    1; it is rounded to fixed point before it is added.
    """
    for i in range(len(row_starts) - 1):
        total = np.int64(0)
        for entry in range(row_starts[i], row_starts[i + 1]):
            value = np.float64(values[neighbors[entry]])
            total += np.int64(np.rint(value * weights[entry] * ONE))
        atomic_add(sums, first + i, total)


@jit
def push_weighted_sums(
    values: NDArray[np.float32],
    first: int,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    weights: NDArray[Any],
    sums: NDArray[np.int64],
) -> None:
    """Add to the sum of each neighbour the value of the row's node times the entry's weight.

    The parameters are those of `pull_weighted_sums`.
    """
    last = len(neighbors) - _AHEAD
    for i in range(len(row_starts) - 1):
        value = np.float64(values[first + i])
        for entry in range(row_starts[i], row_starts[i + 1]):
            if entry < last:
                prefetch(sums, neighbors[entry + _AHEAD])
            atomic_add(sums, neighbors[entry], np.int64(np.rint(value * weights[entry] * ONE)))


@jit
def add_weights(row_starts: NDArray[Any], weights: NDArray[Any], sums: NDArray[np.float64]) -> None:
    """Add to the sum of each row its weights, one after the other.

    A row may be handed over in parts, in order: its sum has the same bits then.
    """
    for i in range(len(row_starts) - 1):
        for entry in range(row_starts[i], row_starts[i + 1]):
            sums[i] += weights[entry]
