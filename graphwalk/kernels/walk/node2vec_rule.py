"""The rule of a step of node2vec [1]_ and node2vec+ [2]_.

A proposal is drawn from the current row and accepted with probability alpha / alpha_max, where
alpha, the bias, is 1/p for the previous node, 1 for its neighbours and 1/q for all others. That is
exact for all p, q > 0 and needs no table beyond the first-order one. Whether a proposal is a
neighbour of the previous node matters only where the acceptance draw lies between the probabilities
of these two. With p infinite a walk never goes back [3]_; where there is no other way, it is at a
dead end.

In node2vec+, see :mod:`graphwalk.kernels.rows.node2vec_plus`, biases lie between the same bounds.
It has `shares`; where these are None, numba leaves out what they need.

References
----------
.. [1] A. Grover, J. Leskovec, "node2vec: scalable feature learning for networks", KDD 2016,
   https://doi.org/10.1145/2939672.2939754
.. [2] R. Liu, M. Hirn, A. Krishnan, "Accurately modeling biased random walks on weighted networks
   using node2vec+", Bioinformatics 39(1), 2023, https://doi.org/10.1093/bioinformatics/btad047
.. [3] N. Alon, I. Benjamini, E. Lubetzky, S. Sodin, "Non-backtracking random walks mix faster",
   Communications in Contemporary Mathematics 9(4), 2007, https://doi.org/10.1142/S0219199707002551
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphwalk.kernels.jit import Bool, Int, jit, part_of_kernel
from graphwalk.kernels.rng import ATTEMPT
from graphwalk.kernels.rows.rows import Rows, row_bounds

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: What acceptance draws are compared with that are accepted for sure.
ALWAYS = np.uint64(0xFFFFFFFFFFFFFFFF)
#: Attempts of a step before it is drawn from its whole row, however long that is.
MAX_ATTEMPTS = 1024
_TWO_64 = 2.0**64
#: What half of an attempt's distance, which is odd, is multiplied with for 1, modulo 2**63.
_INVERSE = np.uint64(pow(int(ATTEMPT) // 2, -1, 2**63))
_HALF, _ONE = np.uint64(2**63 - 1), np.uint64(1)


class Bias(NamedTuple):
    """How likely a step goes back, to a neighbour of the previous node, and far away.

    Attributes
    ----------
    accept_return, accept_common, accept_far : uint64
        Acceptance probabilities times 2**64 for the previous node, a neighbour of it, and others;
        the largest is 2**64 - 1, which stands for 1.
    p, q : float
        What these are made from; p may be infinite.
    """

    accept_return: np.uint64
    accept_common: np.uint64
    accept_far: np.uint64
    p: float
    q: float


class AttemptLimits(NamedTuple):
    """Attempts of a step before it is drawn from its whole row: as many as that has entries.

    Kernels take None where no step is refused that often, and are compiled without such draws.

    Attributes
    ----------
    few, most : int
        The bounds of that number.
    """

    few: int
    most: int


@part_of_kernel
def takes_whole_row(limits: AttemptLimits, attempts: Int, degree: Int) -> bool:
    """Return whether a step is drawn from its whole row after a number of refused attempts."""
    return bool(attempts >= min(max(degree, limits.few), limits.most))


@part_of_kernel
def attempts_made(distance: np.uint64) -> Int:
    """Return how many attempts the counter of one is from that of the first of its step."""
    return np.int64(((distance >> _ONE) * _INVERSE) & _HALF)


@part_of_kernel
def unmarked(drawn: Int) -> Int:
    """Return the node that was drawn, without the mark that a weak edge leads to it."""
    return ~drawn if drawn < 0 else drawn


@part_of_kernel
def limit_without_edge(bias: Bias, proposal: Int, previous: Int) -> np.uint64:
    """Return what acceptance draws must be below, of proposals that need no edge check."""
    lower = min(bias.accept_common, bias.accept_far)
    limit = bias.accept_return if proposal == previous else lower
    return limit if previous >= 0 else ALWAYS


@part_of_kernel
def needs_edge_check(
    bias: Bias,
    shares: NDArray[np.float32] | None,
    proposal: Int,
    previous: Int,
    weak_edge: Bool,
    acceptance: np.uint64,
) -> Bool:
    """Return whether it takes an edge between proposal and previous node to decide.

    Parameters
    ----------
    bias, shares
        The rule.
    proposal, previous : int
        The two nodes; there is no previous node if that is below 0.
    weak_edge : bool
        In node2vec+: whether a weak edge leads to the proposal.
    acceptance : uint64
        The acceptance draw.
    """
    needs = acceptance >= min(bias.accept_common, bias.accept_far)
    needs &= acceptance < max(bias.accept_common, bias.accept_far)
    needs &= (proposal != previous) & (previous >= 0)
    if shares is not None:
        # A weak edge counts no more for leading far away, whatever the other edge weighs.
        needs &= not ((bias.accept_far > bias.accept_common) & weak_edge)
    return needs


@jit
def limit_of_edge(
    bias: Bias, shares: NDArray[np.float32] | None, entry: Int, weak_edge: Bool
) -> np.uint64:
    """Return what acceptance draws must be below, of proposals that need an edge check.

    Parameters
    ----------
    bias, shares
        The rule.
    entry : int
        Where the edge between proposal and previous node is stored, -1 if there is none. In
        node2vec+ that is in the row of the proposal.
    weak_edge : bool
        In node2vec+: whether a weak edge leads to the proposal.
    """
    if entry < 0:
        return bias.accept_far
    if shares is None:
        return bias.accept_common
    highest = max(1 / bias.p, 1.0, 1 / bias.q)
    scaled = bias_of_edge(shares, entry, weak_edge, bias.q) / highest * _TWO_64
    return ALWAYS if scaled >= _TWO_64 else np.uint64(scaled)


@part_of_kernel
def bias_of_edge(
    shares: NDArray[np.float32] | None, entry: Int, weak_edge: Bool, q: float
) -> float:
    """Return the bias of a proposal that is not the previous node; as of `limit_of_edge`."""
    if shares is None:
        return 1.0 if entry >= 0 else 1 / q
    share = np.float64(shares[np.uint64(entry)]) if entry >= 0 else 0.0
    if share >= 1.0:
        return 1.0
    return min(1.0, 1 / q) if weak_edge else 1 / q + (1 - 1 / q) * share


@part_of_kernel
def is_trapped(bias: Bias, rows: Rows, row: Int, previous: Int) -> bool:
    """Return whether the only way from a row is back, which is barred."""
    if bias.p != np.inf:
        return False
    return leads_only_back(rows.neighbors, row_bounds(rows.row_starts, row), previous)


@part_of_kernel
def leads_only_back(neighbors: NDArray[Any], row: tuple[Int, Int], previous: Int) -> bool:
    """Return whether a row, which is sorted and not empty, holds nothing but the previous node."""
    return bool(neighbors[row[0]] == previous and neighbors[row[1] - 1] == previous)
