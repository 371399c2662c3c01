"""The kernels of updates: rows of a store without some entries and with others."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from graphwalk.kernels.jit import jit, part_of_kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.kernels.build.buckets import Counts, Floats, Integers

    #: Where each row begins, its neighbours, and their values and weights in addition to these: for
    #: both, none or one for each neighbour.
    EntryRows: TypeAlias = tuple[Counts, Integers, Floats, Floats]


class MergeRule(NamedTuple):
    """What becomes of an entry that is added and repeats others.

    Attributes
    ----------
    distinguishes_edges : bool
        Whether entries with different values are different edges.
    merge : bool
        Whether it is merged into those: its weight is added to theirs in float64.
    forbid : bool
        Whether it is a problem.
    """

    distinguishes_edges: bool
    merge: bool
    forbid: bool


#: What is wrong with an entry that is added: it repeats one; several are stored that it repeats;
#: its weight, or the sum of weights, is more than float32 holds.
PARALLEL, SEVERAL, INFINITE = 1, 2, 3

#: Counts of `merge_rows`: entries that were written, and how many more self-loops there are than
#: were stored; entries that were merged into others, and self-loops among them; what is wrong.
ENTRIES, LOOPS, MERGED, MERGED_LOOPS, PROBLEM = range(5)


@jit
def merge_rows(
    stored: EntryRows,
    removed: EntryRows,
    added: EntryRows,
    first_node: int,
    rule: MergeRule,
    neighbors: Integers,
    values: Floats,
    weights: Floats,
    ends: Counts,
    found: NDArray[np.bool_],
    counts: Counts,
) -> int:
    """Write rows of `stored` entries without those `removed` and with those `added`.

    Entries of a row ascend by neighbour and, if values distinguish edges, by value; no two are
    `removed` alike. One that is removed and has no value stands for all with its neighbour; `found`
    is set where there are any. An entry that is added follows those that it repeats; the `rule`
    says what becomes of it.

    Returns the position in `added` of the first entry that has a problem, or −1.
    """
    row = 0
    while row < ends.size:
        first, shift = row, counts[ENTRIES] - stored[0][row]
        while row < ends.size and not _is_touched(removed, added, row):
            ends[row] = stored[0][row + 1] + shift
            row += 1
        if row > first:
            span = stored[0][first], stored[0][row]
            _copy_entries(stored, *span, neighbors, values, weights, counts)
        if row < ends.size:
            at = _merge_row(
                *(stored, removed, added, row, first_node, rule),
                *(neighbors, values, weights, found, counts),
            )
            if at >= 0:
                return at
            ends[row] = counts[ENTRIES]
            row += 1
    return -1


@part_of_kernel
def _is_touched(removed: EntryRows, added: EntryRows, row: int) -> bool:
    return bool(removed[0][row] < removed[0][row + 1] or added[0][row] < added[0][row + 1])


@part_of_kernel
def _copy_entries(
    stored: EntryRows,
    first: int,
    stop: int,
    neighbors: Integers,
    values: Floats,
    weights: Floats,
    counts: Counts,
) -> None:
    _, old, old_values, old_weights = stored
    shift = counts[ENTRIES] - first
    for i in range(first, stop):
        neighbors[shift + i] = old[i]
    if values.size:
        for i in range(first, stop):
            values[shift + i] = old_values[i]
    if weights.size:
        for i in range(first, stop):
            weights[shift + i] = old_weights[i]
    counts[ENTRIES] += stop - first


@part_of_kernel
def _merge_row(
    stored: EntryRows,
    removed: EntryRows,
    added: EntryRows,
    row: int,
    first_node: int,
    rule: MergeRule,
    neighbors: Integers,
    values: Floats,
    weights: Floats,
    found: NDArray[np.bool_],
    counts: Counts,
) -> int:
    distinguishes_edges, merge, forbid = rule
    i, a, r = stored[0][row], added[0][row], removed[0][row]
    stored_end, added_end, removed_end = stored[0][row + 1], added[0][row + 1], removed[0][row + 1]
    previous, total, mass = -1, 0.0, 0.0
    same = 0  # entries that are equal to the last one, and itself
    while i < stored_end or a < added_end:
        is_stored = a == added_end or (
            i < stored_end and _precedes(stored, i, added, a, distinguishes_edges)
        )
        if is_stored:
            neighbor, value = int(stored[1][i]), _item(stored[2], i)
            weight = _item(stored[3], i) if distinguishes_edges else value
            i += 1
            r = _find(removed, r, removed_end, neighbor, value)
            if r < removed_end and removed[1][r] == neighbor and _has(removed, r, value):
                found[r] = True
                counts[LOOPS] -= neighbor == first_node + row
                continue
        else:
            neighbor, value = int(added[1][a]), _item(added[2], a)
            weight = _item(added[3], a) if distinguishes_edges else value
            a += 1
            if np.isinf(np.float32(weight)):
                counts[PROBLEM] = INFINITE
                return int(a - 1)
        repeats = previous == neighbor and (not distinguishes_edges or total == value)
        if repeats and not is_stored and (merge or forbid):
            mass += weight
            total = total if distinguishes_edges else mass
            counts[PROBLEM] = _problem(forbid, same, mass)
            if counts[PROBLEM]:
                return int(a - 1)
            _put(values, weights, counts[ENTRIES] - 1, total, mass)
            counts[MERGED] += 1
            counts[MERGED_LOOPS] += neighbor == first_node + row
            continue
        same = same + 1 if repeats else 1
        previous, total, mass = neighbor, value, weight
        neighbors[counts[ENTRIES]] = neighbor
        _put(values, weights, counts[ENTRIES], value, weight)
        counts[ENTRIES] += 1
        if not is_stored:
            counts[LOOPS] += neighbor == first_node + row
    return -1


@part_of_kernel
def _put(values: Floats, weights: Floats, at: int, value: float, weight: float) -> None:
    """Write what an entry has of both."""
    if values.size:
        values[at] = value
    if weights.size:
        weights[at] = weight


@part_of_kernel
def _precedes(
    stored: EntryRows, i: int, added: EntryRows, a: int, distinguishes_edges: bool
) -> bool:
    """Return whether stored entry i comes before entry a of those added."""
    if stored[1][i] != added[1][a]:
        return bool(stored[1][i] < added[1][a])
    return not distinguishes_edges or bool(stored[2][i] <= added[2][a])


@part_of_kernel
def _item(values: Floats, at: int) -> float:
    return np.float64(values[at]) if values.size else 0.0


@part_of_kernel
def _has(removed: EntryRows, r: int, value: float) -> bool:
    """Return whether entry r of those removed stands for one of that value."""
    return removed[2].size == 0 or bool(removed[2][r] == value)


@part_of_kernel
def _find(removed: EntryRows, r: int, end: int, neighbor: int, value: float) -> int:
    """Return the first entry of those removed, from r on, that is not below an entry."""
    while r < end and (
        removed[1][r] < neighbor
        or (removed[1][r] == neighbor and removed[2].size > 0 and removed[2][r] < value)
    ):
        r += 1
    return r


@part_of_kernel
def _problem(forbid: bool, same: int, total: float) -> int:
    if forbid:
        return PARALLEL
    if same > 1:
        return SEVERAL
    return INFINITE if np.isinf(np.float32(total)) else 0
