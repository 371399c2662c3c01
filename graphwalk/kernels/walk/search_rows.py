"""Search many sorted rows at a time, so that the waits for memory overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import Int, jit, prefetch

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: About so many entries, which lie in two or three cache lines, are looked at one by one.
_FEW = 15


@jit
def find_in_rows(
    neighbors: NDArray[Any],
    low: NDArray[np.int64],
    span: NDArray[np.int64],
    sought: NDArray[np.int64],
    count: Int,
) -> None:
    """Find a node in each of several rows.

    Three places of each row are looked at in a round, which leaves a quarter of it: a round takes
    as long as memory does, and there are half as many as in a search that halves.

    Parameters
    ----------
    neighbors : ndarray of int
        Node ids, sorted within each row.
    low : ndarray of int64
        Where each row begins; receives where the node was found, -1 where it was not.
    span : ndarray of int64
        Lengths of the rows, none of which is empty; changed.
    sought : ndarray of int64
        The node that is sought in each row.
    count : int
        How many searches there are; the arrays may be longer.
    """
    widest = np.int64(0)
    for k in range(count):
        widest = max(widest, span[k])
        _prefetch_quarters(neighbors, low[k], span[k])
    while widest > _FEW:
        widest -= 3 * (widest >> 2)
        for k in range(count):
            quarter = span[k] >> 2
            below = np.int64(0)
            for part in range(1, 4):
                below += np.int64(neighbors[np.uint64(low[k] + part * quarter)]) <= sought[k]
            low[k] += below * quarter
            span[k] -= 3 * quarter
            _prefetch_quarters(neighbors, low[k], span[k])
    for k in range(count):
        found: Int = np.int64(-1)
        for entry in range(low[k], low[k] + span[k]):
            found = entry if np.int64(neighbors[np.uint64(entry)]) == sought[k] else found
        low[k] = found


@jit
def _prefetch_quarters(neighbors: NDArray[Any], low: Int, span: Int) -> None:
    for part in range(1, 4):
        prefetch(neighbors, low + part * (span >> 2))
