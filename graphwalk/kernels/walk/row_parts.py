"""node2vec's step from a long row in three parts, where p and q are far apart.

Where the previous node or its neighbours are much more likely than all others, proposals from the
whole row are refused about as often as the row has entries. Here a proposal comes from one of three
parts, each as likely as its mass:

- the entries of the previous node, with 1/p each;
- all entries of the row, with the smaller of 1 and 1/q: any that is not the previous node is
  accepted, without an edge check;
- those of the favoured kind once more, with the rest of their bias. Common neighbours are drawn
  from the shorter of both rows, and accepted if they are in the other one, too; where others are
  favoured, they are drawn from the current row, and accepted if they are no common neighbours.

What is refused has at most the mass of the shorter row, so a step takes few attempts, or as many as
that row allows; after these, neighbours are counted, see
:mod:`graphwalk.kernels.walk.exact_step`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphwalk.kernels.jit import Bool, Int, multiply_high, part_of_kernel
from graphwalk.kernels.rows.repeats import has_repeats
from graphwalk.kernels.rows.rows import row_bounds
from graphwalk.kernels.walk.exact_step import entries_of
from graphwalk.kernels.walk.node2vec_rule import ALWAYS, MAX_ATTEMPTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Rows are never that long: where no row is drawn from in parts.
NO_ROW = 2**62

#: What a proposal is: one of the whole row as in all other steps, or of one of the three parts.
PLAIN, RETURN, ANY, FAVORED = 0, 1, 2, 3
#: What takes the place of a proposal: the step is drawn from its whole row, or needs both rows.
WHOLE, BOTH_ROWS = 4, 5

#: Attempts of a step that are always made, and entries of the shorter row for one more: to count
#: neighbours takes as long as some attempts for each of these entries.
_LEAST_ATTEMPTS, _ENTRIES_PER_ATTEMPT = 8, 2

_UNIT, _FRACTION = 2.0**-53, np.uint64(11)


class RowParts(NamedTuple):
    """The masses of the three parts, and what tells how many entries there are of each.

    Attributes
    ----------
    to_return, to_any, to_favored : float
        Mass of an entry of each part, relative to the largest bias.
    favors_common : bool
        Whether common neighbours are favoured, and not the others.
    long_row : int
        Rows of more entries are drawn from in parts; at least 1, or `NO_ROW`.
    directed : bool
        Whether there may be no edge back to the previous node.
    repeated : ndarray of uint64
        The rows that have parallel entries, see :mod:`graphwalk.kernels.rows.repeats`.
    """

    to_return: float
    to_any: float
    to_favored: float
    favors_common: bool
    long_row: int
    directed: bool
    repeated: NDArray[np.uint64]


@part_of_kernel
def propose_part(
    parts: RowParts,
    neighbors: NDArray[Any],
    number: Int,
    row: tuple[Int, Int],
    before: tuple[Int, Int],
    known: Bool,
    previous: Int,
    attempts: Int,
    draw: np.uint64,
    acceptance: np.uint64,
) -> tuple[Int, Int]:
    """Return which part a proposal is of, and its entry, which may lie in the previous row.

    Parameters
    ----------
    parts : RowParts
        The rule.
    neighbors : ndarray of int
        Node ids, sorted within each row.
    number : int
        Which of the rows is the current one.
    row, before : (int, int)
        Where the rows of the current and of the previous node begin and end.
    known : bool
        Whether the row of the previous node is here.
    previous : int
        The previous node.
    attempts : int
        How often the step was refused.
    draw, acceptance : uint64
        The random numbers of the attempt: the first draws the entry, the second the part.
    """
    degree = row[1] - row[0]
    repeats = has_repeats(parts.repeated, number)
    returns: Int = np.int64(1)
    if parts.directed or repeats:
        returns = entries_of(neighbors, row, previous)
    if not known:
        # Whatever the length of that row.
        part = _draw_part(parts, returns, degree, np.int64(0), acceptance)
        if part != _draw_part(parts, returns, degree, degree, acceptance):
            part = np.int64(BOTH_ROWS)
        if attempts >= _LEAST_ATTEMPTS:
            part = np.int64(BOTH_ROWS)
        return part, row[0] + np.int64(multiply_high(draw, np.uint64(degree)))
    first, length = row[0], degree
    shorter = min(degree, before[1] - before[0])
    # Each common neighbour has one entry in the current row, but perhaps several in the other.
    if parts.favors_common and not repeats and shorter < degree:
        first, length = before[0], shorter
    part = _draw_part(parts, returns, degree, length, acceptance)
    if part != FAVORED:
        first, length = row[0], degree
    if attempts >= min(MAX_ATTEMPTS, _LEAST_ATTEMPTS + shorter // _ENTRIES_PER_ATTEMPT):
        part = np.int64(WHOLE)
    return part, first + np.int64(multiply_high(draw, np.uint64(length)))


@part_of_kernel
def _draw_part(
    parts: RowParts, returns: Int, degree: Int, favored: Int, acceptance: np.uint64
) -> Int:
    """Return a part, of which there are these numbers of entries."""
    returning = returns * parts.to_return
    any_node = returning + degree * parts.to_any
    mass = any_node + favored * parts.to_favored
    drawn = np.float64(acceptance >> _FRACTION) * _UNIT * mass
    # Without a branch, since which part it is cannot be predicted.
    return np.int64(RETURN) + np.int64(drawn >= returning) + np.int64(drawn >= any_node)


@part_of_kernel
def is_part(part: Int) -> Bool:
    """Return whether a proposal is of one of the three parts."""
    return bool(RETURN <= part <= FAVORED)


@part_of_kernel
def is_refused(
    neighbors: NDArray[Any],
    row: tuple[Int, Int],
    before: tuple[Int, Int],
    entry: Int,
    previous: Int,
) -> Bool:
    """Return whether a proposal that is no return is refused without an edge check."""
    node = np.int64(neighbors[np.uint64(entry)])
    # Of several entries in the row of the previous node, the first proposes. Without a branch,
    # since in which of both rows it lies cannot be predicted.
    same = np.int64(neighbors[np.uint64(max(entry - 1, 0))]) == node
    repeats = ((entry < row[0]) | (entry >= row[1])) & (entry > before[0]) & same
    return bool((node == previous) | repeats)


@part_of_kernel
def judge_part(
    parts: RowParts,
    neighbors: NDArray[Any],
    row: tuple[Int, Int],
    before: tuple[Int, Int],
    part: Int,
    entry: Int,
    previous: Int,
) -> tuple[Bool, np.uint64]:
    """Return whether a proposal takes an edge check, and what its draw is below without the edge.

    That is `ALWAYS` or 0: no draw of a part decides on the proposal.
    """
    refused = is_refused(neighbors, row, before, entry, previous) & (part != RETURN)
    checked = (part == FAVORED) & (not refused)
    unlikely = refused | (checked & parts.favors_common)
    return checked, np.uint64(0) if unlikely else ALWAYS


@part_of_kernel
def shorter_row(
    parts: RowParts, row_starts: NDArray[Any], seen_in: Int, sought: Int
) -> tuple[Int, Int]:
    """Return a row in which an edge between two nodes can be seen, and the node sought there."""
    first, stop = row_bounds(row_starts, seen_in)
    other, end = row_bounds(row_starts, sought)
    swapped = (not parts.directed) & (end - other < stop - first)
    change = (seen_in ^ sought) & -np.int64(swapped)
    return np.int64(seen_in ^ change), np.int64(sought ^ change)


@part_of_kernel
def is_in_row(row_starts: NDArray[Any], number: Int, entry: Int) -> Bool:
    """Return whether an entry is one of a row."""
    start, stop = row_bounds(row_starts, number)
    return bool(start <= entry < stop)
