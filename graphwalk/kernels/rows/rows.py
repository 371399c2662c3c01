"""Rows of a graph as walk kernels take them: where each begins, and whose each is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphwalk.kernels.jit import Bool, Int, multiply_high, part_of_kernel
from graphwalk.kernels.search import lower_bound

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ONE = np.uint64(1)


class Rows(NamedTuple):
    """Rows of consecutive nodes, or of a few nodes that are listed.

    Attributes
    ----------
    row_starts : ndarray of uint32 or int64, shape (rows + 1,)
        Where each row begins in `neighbors`, and in whatever else has an item for each entry.
    neighbors : ndarray of int32 or int64, shape (max(1, entries),)
        Node ids, sorted within each row.
    first, num_nodes : int
        The rows are those of the nodes ``first … first + num_nodes - 1``; `num_nodes` is 0
        where the nodes are listed.
    listed : ndarray of int64
        The nodes that the rows belong to, ascending; empty where they are consecutive.
    """

    row_starts: NDArray[Any]
    neighbors: NDArray[Any]
    first: int
    num_nodes: int
    listed: NDArray[np.int64]


@part_of_kernel
def find_row(rows: Rows, listed: Bool, node: Int) -> Int:
    """Return which of the rows is that of `node`; -1: none.

    Whether the nodes are `listed` is an argument, known before a loop, which makes it faster.
    """
    row = _consecutive_row(rows, node)
    if listed:
        row = _listed_row(rows.listed, node)
    return row


@part_of_kernel
def _consecutive_row(rows: Rows, node: Int) -> Int:
    # Apart from the search, so that it is a choice of two values: which it is cannot be predicted.
    row = np.int64(node) - rows.first
    return row if np.uint64(row) < np.uint64(rows.num_nodes) else np.int64(-1)


@part_of_kernel
def _listed_row(listed: NDArray[np.int64], node: Int) -> Int:
    row = lower_bound(listed, np.int64(0), np.int64(len(listed)), np.int64(node))
    return row if row < len(listed) and listed[row] == node else np.int64(-1)


@part_of_kernel
def row_bounds(row_starts: NDArray[Any], row: Int) -> tuple[Int, Int]:
    """Return where a row begins and ends."""
    # Unsigned: an index that might be negative would be looked at twice.
    here = np.uint64(row)
    return np.int64(row_starts[here]), np.int64(row_starts[here + _ONE])


@part_of_kernel
def draw_entry(
    row_starts: NDArray[Any], row: Int, draw: np.uint64
) -> tuple[Int, np.uint64, np.uint64]:
    """Draw an entry of a row.

    Parameters
    ----------
    row_starts : ndarray of uint32 or int64
        As of `Rows`.
    row : int
        Which row.
    draw : uint64
        The random number that decides.

    Returns
    -------
    entry : int
        The entry; of an empty row, where it begins.
    fraction : uint64
        A random number that does not depend on which entry it is.
    degree : uint64
        How many entries the row has.
    """
    start, stop = row_bounds(row_starts, row)
    degree = np.uint64(stop - start)
    return start + np.int64(multiply_high(draw, degree)), draw * degree, degree
