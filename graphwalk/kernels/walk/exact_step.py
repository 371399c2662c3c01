"""node2vec's choice from a whole row at once, for steps whose proposals are nearly always refused.

Rejection sampling takes as long as its smallest acceptance probability is small, and at a leaf,
whose one neighbour is the previous node, every proposal has that of 1/p. After `MAX_ATTEMPTS` the
step is drawn from the exact probabilities of its row instead. Whether an attempt was refused says
nothing about the next, so the distribution of the step remains the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import Int, part_of_kernel
from graphwalk.kernels.rows.alias_tables import candidates
from graphwalk.kernels.rows.rows import Rows, find_row, row_bounds
from graphwalk.kernels.search import lower_bound
from graphwalk.kernels.walk.node2vec_rule import Bias, bias_of_edge, unmarked

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Attempts of a step before its whole row is looked at.
MAX_ATTEMPTS = 1024
_UNIT = 2.0**-64


@part_of_kernel
def pick_from_row(
    rows: Rows,
    table: NDArray[Any],
    shares: NDArray[np.float32] | None,
    complete: bool,
    bias: Bias,
    row: tuple[Int, Int],
    before: tuple[Int, Int],
    previous: Int,
    draw: np.uint64,
) -> Int:
    """Return the next node, -1 if none has a probability above zero, -2 if a row is missing.

    Parameters
    ----------
    rows, table, shares, bias
        As of :func:`graphwalk.kernels.walk.node2vec.walk_node2vec`.
    complete : bool
        In node2vec+: whether a node without a row here is no neighbour of the previous node.
    row, before : (int, int)
        Where the rows of the current and of the previous node begin and end. In node2vec+ the row
        of the previous node is not looked at.
    previous : int
        The previous node.
    draw : uint64
        The random number that decides.
    """
    highest = _highest_bias(rows, table, shares, complete, bias, row, before, previous)
    if highest <= 0.0:
        return np.int64(-1) if highest == 0.0 else np.int64(-2)
    # Relative to the highest bias, so that the sum does not get lost.
    total = 0.0
    for item in range(row[0], row[1]):
        both = _choices(rows, table, shares, complete, bias, before, previous, item)
        for _, share, of_node in both:
            total += share * (of_node / highest)
    remaining = np.float64(draw) * _UNIT * total
    last: Int = np.int64(-1)
    for item in range(row[0], row[1]):
        both = _choices(rows, table, shares, complete, bias, before, previous, item)
        for node, share, of_node in both:
            mass = share * (of_node / highest)
            if mass > 0:
                last = node
                remaining -= mass
                if remaining < 0:
                    return last
    return last


@part_of_kernel
def _highest_bias(
    rows: Rows,
    table: NDArray[Any],
    shares: NDArray[np.float32] | None,
    complete: bool,
    bias: Bias,
    row: tuple[Int, Int],
    before: tuple[Int, Int],
    previous: Int,
) -> float:
    """Return the highest bias of a node that may be drawn from a row, below 0 if it is unknown."""
    highest = 0.0
    for item in range(row[0], row[1]):
        both = _choices(rows, table, shares, complete, bias, before, previous, item)
        for _, _, of_node in both:
            if of_node < 0:
                return -1.0
            highest = max(highest, of_node)
    return highest


@part_of_kernel
def _choices(
    rows: Rows,
    table: NDArray[Any],
    shares: NDArray[np.float32] | None,
    complete: bool,
    bias: Bias,
    before: tuple[Int, Int],
    previous: Int,
    item: Int,
) -> tuple[tuple[Int, float, float], tuple[Int, float, float]]:
    """Return both nodes that an item of a table may stand for, their shares of it and biases.

    A bias is below 0 if it is unknown.
    """
    node, share, alias, rest = candidates(table, item)
    of_node = _bias(rows, shares, complete, bias, before, previous, node) if share > 0 else 0.0
    of_alias = _bias(rows, shares, complete, bias, before, previous, alias) if rest > 0 else 0.0
    if shares is not None:
        node, alias = unmarked(node), unmarked(alias)
    return (node, share, of_node), (alias, rest, of_alias)


@part_of_kernel
def _bias(
    rows: Rows,
    shares: NDArray[np.float32] | None,
    complete: bool,
    bias: Bias,
    before: tuple[Int, Int],
    previous: Int,
    drawn: Int,
) -> float:
    node, sought, seen_in = drawn, drawn, before
    if shares is not None:
        node, sought = unmarked(drawn), previous
        row = find_row(rows, rows.num_nodes == 0, node)
        if row < 0 and not complete and node != previous:
            return -1.0
        seen_in = row_bounds(rows.row_starts, row) if row >= 0 else (np.int64(0), np.int64(0))
    if node == previous:
        return 1 / bias.p
    entry = lower_bound(rows.neighbors, seen_in[0], seen_in[1], sought)
    if entry == seen_in[1] or rows.neighbors[entry] != sought:
        entry = np.int64(-1)
    return bias_of_edge(shares, entry, drawn < 0, bias.q)
