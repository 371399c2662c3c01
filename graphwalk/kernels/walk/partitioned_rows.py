"""Steps of node2vec that take more than the current row, where not all rows are at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphwalk.kernels.jit import Bool, Int, part_of_kernel
from graphwalk.kernels.rows.rows import Rows, find_row, row_bounds
from graphwalk.kernels.walk.exact_step import one_of_parallel, pick_from_row
from graphwalk.kernels.walk.node2vec_rule import (
    AttemptLimits,
    Bias,
    is_trapped,
    leads_only_back,
    takes_whole_row,
)
from graphwalk.kernels.walk.row_parts import (
    ANY,
    BOTH_ROWS,
    RETURN,
    WHOLE,
    RowParts,
    is_refused,
    propose_part,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.kernels.walk.step_edges import StepEdges

#: The proposal of a walker that leaves since its step takes the rows of both nodes.
NEEDS_ROWS = -2

#: What becomes of a walker in a round.
REFUSED, ACCEPTED, JUMPED, ELSEWHERE = 0, 1, 2, 3
#: The two other results of `decide_by_rows`.
EDGE_CHECK, AS_USUAL = 4, 5


class EdgeSource(NamedTuple):
    """Where the partition of a second-order walk tells whether an edge is there.

    Attributes
    ----------
    filter_words : ndarray of uint64
        The Bloom filter of edges, or empty, which makes do without one.
    directed : bool
        Whether an edge can be seen only in the row of the node that it leaves.
    complete : bool
        In node2vec+: whether a node without a row here is no neighbour of any previous node, and
        walkers leave after a step.
    """

    filter_words: NDArray[np.uint64]
    directed: bool
    complete: bool


@part_of_kernel
def decide_by_rows(
    rows: Rows,
    table: NDArray[Any],
    shares: NDArray[np.float32] | None,
    complete: bool,
    edges: StepEdges | None,
    bias: Bias,
    limits: AttemptLimits,
    parts: RowParts | None,
    number: Int,
    previous: Int,
    attempts: Int,
    draws: tuple[np.uint64, np.uint64],
) -> tuple[Int, Int, Int, Int]:
    """Decide on an attempt that is drawn in parts, or from the whole row.

    Parameters
    ----------
    rows, table, shares, complete, edges, bias, limits, parts
        As of :func:`graphwalk.kernels.walk.partitioned_node2vec.advance_node2vec`.
    number : int
        Which of the rows is the current one.
    previous, attempts, draws
        As `previous`, `attempts`, `draw` and `acceptance` of
        :func:`graphwalk.kernels.walk.row_parts.propose_part`.

    Returns
    -------
    result, node, entry, seen_in : int
        What becomes of the walker, and the proposal with its entry; for an edge check, the row in
        which the edge to the proposal is sought.
    """
    none = np.int64(-1)
    draw, acceptance = draws
    row = row_bounds(rows.row_starts, number)
    past = find_row(rows, rows.num_nodes == 0, previous)
    before = row_bounds(rows.row_starts, past) if past >= 0 else (row[0], row[0])
    whole = takes_whole_row(limits, attempts, row[1] - row[0])
    if parts is not None and previous >= 0 and row[1] - row[0] > parts.long_row:
        part, entry = propose_part(
            *(parts, rows.neighbors, number, row, before, past >= 0, previous),
            *(attempts, draw, acceptance),
        )
        whole = part == WHOLE
        if not whole:
            trapped = is_trapped(bias, rows, number, previous)
            if part == RETURN and edges is not None:
                entry = one_of_parallel(rows.neighbors, row, previous, draw)
            refused = is_refused(rows.neighbors, row, before, entry, previous)
            result, node = _result_of_part(rows, part, entry, previous, refused, trapped)
            return result, node, entry, past if row[0] <= entry < row[1] else number
    if not whole:
        return AS_USUAL, none, none, none
    node, entry = np.int64(NEEDS_ROWS), none
    if past >= 0 or shares is not None or leads_only_back(rows.neighbors, row, previous):
        node, entry = pick_from_row(
            *(rows, table, shares, complete, edges, bias), *(row, before, previous, draw)
        )
    result = ACCEPTED if node >= 0 else JUMPED
    return ELSEWHERE if node == NEEDS_ROWS else result, node, entry, none


@part_of_kernel
def _result_of_part(
    rows: Rows, part: Int, entry: Int, previous: Int, refused: Bool, trapped: Bool
) -> tuple[Int, Int]:
    """Return what becomes of a walker by a part, and the node that is proposed."""
    if part == BOTH_ROWS:
        return ELSEWHERE, np.int64(NEEDS_ROWS)
    if part == RETURN:
        return ACCEPTED, np.int64(previous)
    if refused:
        return JUMPED if trapped else REFUSED, np.int64(-1)
    return ACCEPTED if part == ANY else EDGE_CHECK, np.int64(rows.neighbors[np.uint64(entry)])
