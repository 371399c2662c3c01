"""Sums over neighbours of values that are integers, so that their order does not matter.

A float is stored in fixed point: the integer nearest to it times ``2**62``. Sums of such integers
are exact and associative. They come out the same however entries are divided among partitions,
threads and machines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.atomics import atomic_add
from graphwalk.kernels.jit import Int, jit, part_of_kernel, prefetch

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
    weights: NDArray[Any] | None,
    sums: NDArray[np.int64],
) -> None:
    """Add to the sum of each row's node the values of its neighbours, times weights if any.

    Parameters
    ----------
    values : ndarray of int64 or float32, shape (nodes,)
        The value of each node, an integer; with weights a number of which each product is at most
        1. Products are rounded to fixed point before they are added.
    first : int
        The node of the first row.
    row_starts : ndarray of int64, shape (rows + 1,)
        Where each row begins in `neighbors`. The first and the last row may be parts of a row,
        whose other parts another thread adds at the same time.
    neighbors : ndarray of int32 or int64
        Their entries.
    weights : ndarray of float32 or float64, or None
        The weights of these; None: values are added as they are.
    sums : ndarray of int64, shape (nodes,)
        Where to add.
    """
    for i in range(len(row_starts) - 1):
        total = np.int64(0)
        for entry in range(row_starts[i], row_starts[i + 1]):
            total += _part(values[neighbors[entry]], weights, entry)
        atomic_add(sums, first + i, total)


@jit
def push_sums(
    values: NDArray[Any],
    first: int,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    weights: NDArray[Any] | None,
    sums: NDArray[np.int64],
) -> None:
    """Add to the sum of each neighbour the value of the row's node, times weights if any.

    The parameters are those of `pull_sums`. Rows need not be stored in both directions.
    """
    last = len(neighbors) - _AHEAD
    for i in range(len(row_starts) - 1):
        value = values[first + i]
        for entry in range(row_starts[i], row_starts[i + 1]):
            if entry < last:
                prefetch(sums, neighbors[entry + _AHEAD])
            atomic_add(sums, neighbors[entry], _part(value, weights, entry))


@part_of_kernel
def _part(value: Any, weights: NDArray[Any] | None, entry: Int) -> Int:
    """Return what an entry adds, as an integer."""
    if weights is None:
        return np.int64(value)
    return np.int64(np.rint(np.float64(value) * weights[entry] * ONE))


@jit
def add_weights(row_starts: NDArray[Any], weights: NDArray[Any], sums: NDArray[np.float64]) -> None:
    """Add to the sum of each row its weights, one after the other.

    A row may be handed over in parts, in order: its sum has the same bits then.
    """
    for i in range(len(row_starts) - 1):
        for entry in range(row_starts[i], row_starts[i + 1]):
            sums[i] += weights[entry]
