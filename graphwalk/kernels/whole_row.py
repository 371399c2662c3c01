"""node2vec's choice from a whole row at once, for steps whose proposals are all but never accepted.

Rejection sampling takes as long as its smallest acceptance probability is small, and at a leaf,
whose one neighbour is the previous node, every proposal has that of 1/p. After `MAX_ATTEMPTS` the
step is drawn from the exact probabilities of its row instead. Whether an attempt was refused says
nothing about the next, so the distribution of the step remains the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.compiling import Int, jit
from graphwalk.kernels.lookup import lower_bound
from graphwalk.kernels.tables import candidates

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
    previous: Int,
    p: float,
    q: float,
    draw: np.uint64,
) -> Int:
    """Return the next node, -1 if none has a probability above zero.

    Parameters
    ----------
    table, neighbors : ndarray
        As of :func:`graphwalk.kernels.node2vec.walk_node2vec`.
    row, before : (int, int)
        Where the rows of the current and of the previous node begin and end.
    previous : int
        The previous node.
    p, q : float
        The biases are 1/p, 1 and 1/q.
    draw : uint64
        The random number that decides.
    """
    # Relative to the highest bias, so that the sum does not get lost.
    highest = _highest_bias(table, row, neighbors, before, previous, p, q)
    if highest == 0.0:
        return np.int64(-1)
    total = 0.0
    for item in range(row[0], row[1]):
        node, share, alias, rest = candidates(table, item)
        total += share * (_bias(node, neighbors, before, previous, p, q) / highest)
        total += rest * (_bias(alias, neighbors, before, previous, p, q) / highest)
    left = np.float64(draw) * _UNIT * total
    last: Int = np.int64(-1)
    for item in range(row[0], row[1]):
        node, share, alias, rest = candidates(table, item)
        mass = share * (_bias(node, neighbors, before, previous, p, q) / highest)
        if mass > 0:
            last = node
            left -= mass
            if left < 0:
                break
        mass = rest * (_bias(alias, neighbors, before, previous, p, q) / highest)
        if mass > 0:
            last = alias
            left -= mass
            if left < 0:
                break
    return last


@jit
def _highest_bias(
    table: NDArray[Any],
    row: tuple[Int, Int],
    neighbors: NDArray[Any],
    before: tuple[Int, Int],
    previous: Int,
    p: float,
    q: float,
) -> float:
    """Return the highest bias of a node that may be drawn from a row."""
    highest = 0.0
    for item in range(row[0], row[1]):
        node, share, alias, rest = candidates(table, item)
        if share > 0:
            highest = max(highest, _bias(node, neighbors, before, previous, p, q))
        if rest > 0:
            highest = max(highest, _bias(alias, neighbors, before, previous, p, q))
    return highest


@jit
def all_are(neighbors: NDArray[Any], row: tuple[Int, Int], node: Int) -> bool:
    """Return whether a row, which is sorted, holds nothing but `node`."""
    return bool(neighbors[row[0]] == node and neighbors[row[1] - 1] == node)


@jit
def _bias(
    node: Int, neighbors: NDArray[Any], before: tuple[Int, Int], previous: Int, p: float, q: float
) -> float:
    if node == previous:
        return 1 / p
    at = lower_bound(neighbors, before[0], before[1], node)
    return 1.0 if at < before[1] and neighbors[at] == node else 1 / q
