"""One step of PageRank's power iteration, over nodes; sums over edges are in other kernels.

Ranks are float64. What is summed over edges or over all nodes is in fixed point, see
:mod:`graphwalk.kernels.analytics.sum_neighbors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.analytics.sum_neighbors import ONE
from graphwalk.kernels.jit import Int, jit

if TYPE_CHECKING:
    from numpy.typing import NDArray


@jit
def spread_ranks(
    ranks: NDArray[np.float64],
    strengths: NDArray[Any],
    sent: NDArray[Any],
    shares: NDArray[np.float32],
    unit: float,
    start: int,
    stop: int,
) -> Int:
    """Find what each node has to send along its edges; return the rank of sinks together.

    A node has to send its rank divided by its strength. Each pass sends what is missing of that as
    a float32, which takes half the cache of a 64-bit number. What rounding leaves is sent by the
    next pass, so that all passes together send ranks with the precision of float64.

    Parameters
    ----------
    ranks : ndarray of float64, shape (nodes,)
        The rank of each node; all together are 1.
    strengths : ndarray of int or float, shape (nodes,)
        Out-degree of each node, or the sum of the weights of its entries. Zero for a sink.
    sent : ndarray of int64 or float64, shape (nodes,)
        What earlier passes have sent along a unit of an entry's weight; the shares are added.
    shares : ndarray of float32, shape (nodes,)
        Where to write what this pass sends; integers if `sent` is of integers.
    unit : float
        What 1.0 is in `sent`: `ONE` for fixed point, 1.0 for floats.
    start, stop : int
        The nodes to look at.
    """
    sinks = np.int64(0)
    for node in range(start, stop):
        if strengths[node] > 0:
            share = ranks[node] / strengths[node] * unit
            if unit > 1.0:
                shares[node] = np.int64(np.rint(share)) - sent[node]
                sent[node] += np.int64(shares[node])
            else:
                shares[node] = share - sent[node]
                sent[node] += shares[node]
        else:
            shares[node] = 0
            sinks += np.int64(np.rint(ranks[node] * ONE))
    return sinks


@jit
def update_ranks(
    ranks: NDArray[np.float64],
    sums: NDArray[np.int64],
    alpha: float,
    sinks: float,
    personalization: NDArray[np.float64],
    dangling: NDArray[np.float64],
    start: int,
    stop: int,
) -> float:
    """Compute the next ranks in place; return by how much they changed, added up.

    Parameters
    ----------
    ranks, sums : ndarray of float64 and int64, shape (nodes,)
        Ranks, and what each node gets along edges, in fixed point.
    alpha : float
        Part of a node's rank that it gets along edges.
    sinks : float
        Rank of all sinks together.
    personalization, dangling : ndarray of float64, shape (nodes,) or (1,)
        Where the rest of the rank goes, and where the rank of sinks goes; one number if it is the
        same for all nodes.
    start, stop : int
        The nodes to look at.
    """
    change = 0.0
    for node in range(start, stop):
        rest = personalization[node if len(personalization) > 1 else 0]
        sunk = dangling[node if len(dangling) > 1 else 0]
        rank = alpha * (sums[node] / ONE + sinks * sunk) + (1.0 - alpha) * rest
        change += abs(rank - ranks[node])
        ranks[node] = rank
    return change
