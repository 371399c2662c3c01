"""node2vec's choice from a whole row at once, for steps whose proposals are nearly always refused.

Rejection sampling takes as long as its smallest acceptance probability is small. After some
attempts, see `takes_whole_row`, the step is drawn from the exact probabilities of its row instead.
Whether an attempt was refused says nothing about the next, so the distribution remains the same.

Without weights the entries of a row are of three kinds: those of the previous node, of its
neighbours, and the others. The previous node is searched, the entries of its neighbours are counted
by the shorter of both rows, and the others are the rest; so the row is not read as a whole. With
weights, :mod:`graphwalk.kernels.walk.exact_weighted_step` reads it once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import types
from numba.extending import overload

from graphwalk.kernels.jit import Int, multiply_high, part_of_kernel
from graphwalk.kernels.rng import STEP, mix
from graphwalk.kernels.search import lower_bound
from graphwalk.kernels.walk.exact_weighted_step import pick_in_one_pass
from graphwalk.kernels.walk.step_edges import StepEdges, parallel_draw

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.kernels.rows.rows import Rows
    from graphwalk.kernels.walk.node2vec_rule import Bias

_UNIT = 2.0**-53
_FRACTION = np.uint64(11)
_ALL = np.int64(0x7FFFFFFFFFFFFFFF)


def pick_from_row(
    rows: Rows,
    table: NDArray[Any],
    shares: NDArray[np.float32] | None,
    complete: bool,
    edges: StepEdges | None,
    bias: Bias,
    row: tuple[Int, Int],
    before: tuple[Int, Int],
    previous: Int,
    draw: np.uint64,
) -> tuple[Int, Int]:
    """Return the next node, -1 if none has a probability above zero, -2 if a row is missing.

    With it comes the entry that leads there, where edges are recorded.

    Parameters
    ----------
    rows, table, shares, edges, bias
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
    raise NotImplementedError("compiled code only")


@overload(pick_from_row)  # type: ignore[untyped-decorator]
def _pick_from_row(
    rows: Any,  # noqa: ARG001
    table: Any,
    shares: Any,  # noqa: ARG001
    complete: Any,  # noqa: ARG001
    edges: Any,  # noqa: ARG001
    *step: Any,  # noqa: ARG001
) -> Any:
    if isinstance(table.dtype, types.Record):

        def in_one_pass(
            rows: Any,
            table: Any,
            shares: Any,
            complete: Any,
            edges: Any,  # noqa: ARG001
            *step: Any,
        ) -> Any:
            return pick_in_one_pass(rows, table, shares, complete, *step)

        return in_one_pass

    def by_kind(
        rows: Any,  # noqa: ARG001
        table: Any,
        shares: Any,  # noqa: ARG001
        complete: Any,  # noqa: ARG001
        edges: Any,
        *step: Any,
    ) -> Any:
        node = _pick_by_kind(table, *step)
        if edges is None:
            return node, np.int64(-1)
        return node, one_of_parallel(table, step[1], node, step[4])

    return by_kind


@part_of_kernel
def one_of_parallel(
    neighbors: NDArray[Any], row: tuple[Int, Int], node: Int, draw: np.uint64
) -> Int:
    """Return one of the entries of a sorted row that lead to a node."""
    first = lower_bound(neighbors, row[0], row[1], node)
    number = np.uint64(entries_of(neighbors, row, node))
    return first + np.int64(multiply_high(parallel_draw(draw), number))


@part_of_kernel
def _pick_by_kind(
    neighbors: NDArray[Any],
    bias: Bias,
    row: tuple[Int, Int],
    before: tuple[Int, Int],
    previous: Int,
    draw: np.uint64,
) -> Int:
    """Return the next node where entries have no weights; as of `pick_from_row`."""
    returns = entries_of(neighbors, row, previous)
    others = row[1] - row[0] - returns
    # Relative to the highest bias that may be here, so that the sum does not get lost.
    highest = max(1 / bias.p if returns > 0 else 0.0, max(1.0, 1 / bias.q) if others > 0 else 0.0)
    if highest == 0.0:
        return np.int64(-1)
    of_return = returns * (1 / bias.p / highest)
    of_common, of_far = 1.0 / highest, 1 / bias.q / highest
    drawn = np.float64(draw >> _FRACTION) * _UNIT
    if others == 0 or drawn * (of_return + others * max(of_common, of_far)) < of_return:
        return np.int64(previous)
    common, _ = _common_entry(neighbors, row, before, previous, _ALL)
    far = others - common
    drawn = drawn * (of_return + common * of_common + far * of_far) - of_return
    if drawn < 0.0:
        return np.int64(previous)
    draw = mix(draw + STEP)
    if far == 0 or drawn < common * of_common:
        place = np.int64(multiply_high(draw, np.uint64(common)))
        _, node = _common_entry(neighbors, row, before, previous, place)
        return node
    return _far_entry(neighbors, row, before, previous, far, draw)


@part_of_kernel
def entries_of(neighbors: NDArray[Any], row: tuple[Int, Int], node: Int) -> Int:
    """Return how many entries of a sorted row are a node."""
    first = lower_bound(neighbors, row[0], row[1], node)
    last = first
    while last < row[1] and neighbors[last] == node:
        last += 1
    return last - first


@part_of_kernel
def _common_entry(
    neighbors: NDArray[Any],
    row: tuple[Int, Int],
    before: tuple[Int, Int],
    previous: Int,
    wanted: Int,
) -> tuple[Int, Int]:
    """Count the entries of a row that are in the row of the previous node, but not that node.

    Returns
    -------
    count, node : int
        Their number, up to the one that is `wanted`, by place among them, and the node of that.
    """
    count: Int = np.int64(0)
    shorter, longer = row, before
    if before[1] - before[0] < row[1] - row[0]:
        shorter, longer = before, row
    low = longer[0]
    last: Int = np.int64(-1)
    for place in range(shorter[0], shorter[1]):
        node = np.int64(neighbors[place])
        if node == previous or (node == last and longer[0] == row[0]):
            continue
        last = node
        low = _gallop(neighbors, low, longer[1], node)
        if low == longer[1]:
            break
        if neighbors[low] != node:
            continue
        if longer[0] == row[0]:
            count += entries_of(neighbors, (low, row[1]), node)
        else:
            count += 1
        if count > wanted:
            return count, node
    return count, np.int64(-1)


@part_of_kernel
def _gallop(neighbors: NDArray[Any], low: Int, high: Int, node: Int) -> Int:
    """Return as `lower_bound`, which is probably near `low`."""
    width = np.int64(1)
    while low + width < high and neighbors[low + width] < node:
        low += width
        width <<= 1
    return lower_bound(neighbors, low, min(low + width + 1, high), node)


@part_of_kernel
def _far_entry(
    neighbors: NDArray[Any],
    row: tuple[Int, Int],
    before: tuple[Int, Int],
    previous: Int,
    far: Int,
    draw: np.uint64,
) -> Int:
    """Return one of the entries of a row, `far` in number, that are far from the previous node."""
    degree = row[1] - row[0]
    while 2 * far > degree:
        # At least every second attempt succeeds.
        node = np.int64(neighbors[row[0] + np.int64(multiply_high(draw, np.uint64(degree)))])
        if node != previous and entries_of(neighbors, before, node) == 0:
            return node
        draw = mix(draw + STEP)
    # Most entries are in both rows, so this one is not much longer than the shorter of both.
    place = np.int64(multiply_high(draw, np.uint64(far)))
    low = before[0]
    for item in range(row[0], row[1]):
        node = np.int64(neighbors[item])
        if node == previous:
            continue
        low = _gallop(neighbors, low, before[1], node)
        if low < before[1] and neighbors[low] == node:
            continue
        place -= 1
        if place < 0:
            return node
    return np.int64(-1)
