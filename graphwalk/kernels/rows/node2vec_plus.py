"""What node2vec+ [1]_ adds to node2vec: biases that know of weights, on undirected graphs.

An edge is weak (the paper says loose), seen from one of its ends, if it weighs less than that end's
threshold: the mean of the weights there plus `gamma` times their standard deviation. A neighbour of
the previous node to which a weak edge leads counts as one partly, and one that is reached by a weak
edge never counts more for being far away. All that is needed are shares, the weight of an entry
relative to the threshold of its row, 1 where the edge is not weak. Weak edges to a proposal are
marked in the table that it is drawn from, the share of its edge to the previous node is in its own
row. What a step makes of them is :func:`graphwalk.kernels.walk.node2vec_rule.bias_of_edge`.

References
----------
.. [1] R. Liu, M. Hirn, A. Krishnan, "Accurately modeling biased random walks on weighted networks
   using node2vec+", Bioinformatics 39(1), 2023, https://doi.org/10.1093/bioinformatics/btad047
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import Int, jit, part_of_kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The largest share of a weak edge.
_BELOW_ONE = float(np.nextafter(np.float32(1), np.float32(0)))


@jit
def mark_weak_edges(
    row_starts: NDArray[Any], neighbors: NDArray[Any], weights: NDArray[np.float32], gamma: float
) -> None:
    """Replace each neighbour to which an edge is weak by its complement, a negative number.

    Parameters
    ----------
    row_starts : ndarray of int, shape (rows + 1,)
        Where each row begins within the two other arrays.
    neighbors : ndarray of int
        Node ids, sorted within each row.
    weights : ndarray of float32
        Finite and not negative. Parallel edges count as one edge of their total weight.
    gamma : float
        How many standard deviations the thresholds are above the mean.
    """
    for row in range(len(row_starts) - 1):
        at: Int = np.int64(row_starts[row])
        last = np.int64(row_starts[row + 1])
        threshold = _threshold(neighbors, weights, at, last, gamma)
        while at < last:
            stop, weight = _edge(neighbors, weights, at, last)
            for i in range(at, stop if weight < threshold else at):
                neighbors[i] = ~neighbors[i]
            at = stop


@jit
def make_shares(
    row_starts: NDArray[Any], neighbors: NDArray[Any], weights: NDArray[np.float32], gamma: float
) -> None:
    """Turn weights into shares in place, and neighbours that are marked into what they were.

    The parameters are those of `mark_weak_edges`.
    """
    for row in range(len(row_starts) - 1):
        at: Int = np.int64(row_starts[row])
        last = np.int64(row_starts[row + 1])
        threshold = _threshold(neighbors, weights, at, last, gamma)
        while at < last:
            stop, weight = _edge(neighbors, weights, at, last)
            share = min(weight / threshold, _BELOW_ONE) if weight < threshold else 1.0
            for i in range(at, stop):
                weights[i] = share
                if neighbors[i] < 0:
                    neighbors[i] = ~neighbors[i]
            at = stop


@part_of_kernel
def _threshold(
    neighbors: NDArray[Any], weights: NDArray[np.float32], first: Int, last: Int, gamma: float
) -> float:
    """Return the threshold of a row, in float32, in which weights that are equal to it are."""
    edges, total = 0, 0.0
    at = first
    while at < last:
        at, weight = _edge(neighbors, weights, at, last)
        edges += 1
        total += weight
    mean = total / max(edges, 1)
    squares = 0.0
    at = first
    while at < last:
        at, weight = _edge(neighbors, weights, at, last)
        squares += (weight - mean) ** 2
    return max(0.0, np.float64(np.float32(mean + gamma * np.sqrt(squares / max(edges, 1)))))


@part_of_kernel
def _edge(
    neighbors: NDArray[Any], weights: NDArray[np.float32], first: Int, last: Int
) -> tuple[Int, float]:
    """Return where the entries of the edge to a neighbour end that begin at `first`, its weight."""
    stop, weight = first, 0.0
    while stop < last and neighbors[stop] == neighbors[first]:
        weight += np.float64(weights[stop])
        stop += 1
    return stop, weight
