"""node2vec's choice from a whole row at once, for steps whose proposals are all but never accepted.

Rejection sampling takes as long as its smallest acceptance probability is small, and at a leaf,
whose one neighbour is the previous node, every proposal has that of 1/p. After `MAX_ATTEMPTS` the
step is drawn from the exact probabilities of its row instead. Whether an attempt was refused says
nothing about the next, so the distribution of the step remains the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import Int, jit
from graphwalk.kernels.rows.alias_tables import candidates
from graphwalk.kernels.rows.node2vec_plus import bias_of
from graphwalk.kernels.search import lower_bound, row_inside, row_listed

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Attempts of a step before its whole row is looked at.
MAX_ATTEMPTS = 1024
_UNIT = 2.0**-64


@jit
def pick_from_row(
    table: NDArray[Any],
    row: tuple[Int, Int],
    neighbors: NDArray[Any],
    before: tuple[Int, Int],
    ties: Any,
    previous: Int,
    p: float,
    q: float,
    draw: np.uint64,
) -> Int:
    """Return the next node, -1 if none has a probability above zero, -2 if a row is missing.

    Parameters
    ----------
    table, neighbors : ndarray
        As of :func:`graphwalk.kernels.walk.node2vec.walk_node2vec`.
    row, before : (int, int)
        Where the rows of the current and of the previous node begin and end.
    ties : tuple or None
        For node2vec+, where the rows of proposals are: `row_starts`, `shares`, `first`, `inside`
        and `index` of a partition, and whether what has no row there is no neighbour of the
        previous node. The row of the previous node is not looked at.
    previous : int
        The previous node.
    p, q : float
        The biases are 1/p, 1 and 1/q.
    draw : uint64
        The random number that decides.
    """
    # Relative to the highest bias, so that the sum does not get lost.
    highest = _highest_bias(table, row, neighbors, before, ties, previous, p, q)
    if highest <= 0.0:
        return np.int64(-1) if highest == 0.0 else np.int64(-2)
    total = 0.0
    for item in range(row[0], row[1]):
        node, share, alias, rest = candidates(table, item)
        total += share * (_bias(node, neighbors, before, ties, previous, p, q) / highest)
        total += rest * (_bias(alias, neighbors, before, ties, previous, p, q) / highest)
    left = np.float64(draw) * _UNIT * total
    last: Int = np.int64(-1)
    for item in range(row[0], row[1]):
        node, share, alias, rest = candidates(table, item)
        mass = share * (_bias(node, neighbors, before, ties, previous, p, q) / highest)
        if mass > 0:
            last = node
            left -= mass
            if left < 0:
                break
        mass = rest * (_bias(alias, neighbors, before, ties, previous, p, q) / highest)
        if mass > 0:
            last = alias
            left -= mass
            if left < 0:
                break
    return last if ties is None or last >= 0 else ~last


@jit
def _highest_bias(
    table: NDArray[Any],
    row: tuple[Int, Int],
    neighbors: NDArray[Any],
    before: tuple[Int, Int],
    ties: Any,
    previous: Int,
    p: float,
    q: float,
) -> float:
    """Return the highest bias of a node that may be drawn from a row, below 0 if it is unknown."""
    highest = 0.0
    for item in range(row[0], row[1]):
        node, share, alias, rest = candidates(table, item)
        of_node = _bias(node, neighbors, before, ties, previous, p, q) if share > 0 else 0.0
        of_alias = _bias(alias, neighbors, before, ties, previous, p, q) if rest > 0 else 0.0
        if of_node < 0 or of_alias < 0:
            return -1.0
        highest = max(highest, of_node, of_alias)
    return highest


@jit
def all_are(neighbors: NDArray[Any], row: tuple[Int, Int], node: Int) -> bool:
    """Return whether a row, which is sorted, holds nothing but `node`."""
    return bool(neighbors[row[0]] == node and neighbors[row[1] - 1] == node)


@jit
def _bias(
    node: Int,
    neighbors: NDArray[Any],
    before: tuple[Int, Int],
    ties: Any,
    previous: Int,
    p: float,
    q: float,
) -> float:
    if ties is not None:
        return _bias_by_weight(node, neighbors, ties, previous, p, q)
    if node == previous:
        return 1 / p
    at = lower_bound(neighbors, before[0], before[1], node)
    return 1.0 if at < before[1] and neighbors[at] == node else 1 / q


@jit
def _bias_by_weight(
    marked: Int, neighbors: NDArray[Any], ties: Any, previous: Int, p: float, q: float
) -> float:
    """Return the bias in node2vec+ of a node that may be marked, below 0 if it is unknown."""
    row_starts, shares, first, inside, index, closed = ties
    loose = bool(marked < 0)
    node = ~marked if loose else marked
    if node == previous:
        return 1 / p
    row = row_inside(node, first, inside) if inside > 0 else row_listed(node, index)
    if row < 0:
        return bias_of(0.0, loose, q) if closed else -1.0
    stop = np.int64(row_starts[row + 1])
    at = lower_bound(neighbors, np.int64(row_starts[row]), stop, previous)
    found = at < stop and neighbors[at] == previous
    return bias_of(np.float64(shares[at]) if found else 0.0, loose, q)
