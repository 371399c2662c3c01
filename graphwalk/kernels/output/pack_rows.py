"""Rows without what fills them up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray


@jit
def pack_rows(
    rows: NDArray[np.integer[Any]], values: NDArray[np.integer[Any]], offsets: NDArray[np.int32]
) -> None:
    """Copy the items of rows that are not negative, one row after the other.

    Parameters
    ----------
    rows : ndarray of int32 or int64, shape (rows, width)
        The rows.
    values : ndarray of the same type, shape (rows * width,)
        Receives the items.
    offsets : ndarray of int32, shape (rows + 1,)
        Receives where each row begins in `values`, and where the last one ends.
    """
    at = np.int64(0)
    offsets[0] = 0
    for row in range(rows.shape[0]):
        for column in range(rows.shape[1]):
            item = rows[row, column]
            if item >= 0:
                values[at] = item
                at += 1
        offsets[row + 1] = at
