"""node2vec's choice from a whole row of weighted entries, in one pass by reservoir sampling [1]_.

References
----------
.. [1] M. T. Chao, "A general purpose unequal probability sampling plan", Biometrika 69(3), 1982,
   https://doi.org/10.1093/biomet/69.3.653
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import Int, part_of_kernel
from graphwalk.kernels.rng import STEP, mix
from graphwalk.kernels.rows.alias_tables import alias_entry, candidates
from graphwalk.kernels.rows.rows import Rows, find_row, row_bounds
from graphwalk.kernels.search import lower_bound
from graphwalk.kernels.walk.node2vec_rule import Bias, bias_of_edge, unmarked

if TYPE_CHECKING:
    from numpy.typing import NDArray

_UNIT = 2.0**-53
_FRACTION = np.uint64(11)


@part_of_kernel
def pick_in_one_pass(
    rows: Rows,
    table: NDArray[Any],
    shares: NDArray[np.float32] | None,
    complete: bool,
    bias: Bias,
    row: tuple[Int, Int],
    before: tuple[Int, Int],
    previous: Int,
    draw: np.uint64,
) -> tuple[Int, Int]:
    """Return as :func:`graphwalk.kernels.walk.exact_step.pick_from_row`, with weights."""
    chosen: Int = np.int64(-1)
    entry: Int = np.int64(-1)
    highest = total = 0.0
    for item in range(row[0], row[1]):
        node, share, alias, rest = candidates(table, item)
        for drawn, mass, of_drawn in (
            (node, share, np.int64(item)),
            (alias, rest, alias_entry(table, item)),
        ):
            if mass <= 0.0:
                continue
            of_node = _bias(rows, shares, complete, bias, before, previous, drawn)
            if of_node < 0.0:
                return np.int64(-2), entry
            if of_node > highest:
                # Relative to the highest bias so far, so that the sum does not get lost.
                total *= highest / of_node
                highest = of_node
            if of_node > 0.0:
                mass *= of_node / highest
                total += mass
                draw += STEP
                if np.float64(mix(draw) >> _FRACTION) * _UNIT * total < mass:
                    chosen = unmarked(drawn) if shares is not None else drawn
                    entry = of_drawn
    return chosen, entry


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
    """Return the bias of a node that is drawn from a row, below 0 if it is unknown."""
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
