"""How the next node is drawn from a row: uniformly, or by weight in constant time.

A *table* has one item for each stored neighbour and is drawn from with one random number: the
upper half of its product with the row's length says which item, the lower half is a fraction of
2**64 that is still uniform. Of a plain array of neighbours the item is the answer. For weights the
items are those of alias tables [1]_, neighbour, alias and the neighbour's share of the item in one
record. For node ids of 32 bits these are 16 bytes, which lie in one cache line. Where steps record
their edges, the record has the entry of the alias in place of its node, and is no longer: the entry
is chosen first, and the node is that of its own record.

References
----------
.. [1] M. D. Vose, "A linear algorithm for generating random numbers with a given distribution",
   IEEE Transactions on Software Engineering 17(9), 1991, https://doi.org/10.1109/32.92917
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import types
from numba.extending import overload

from graphwalk.kernels.jit import Int, jit, prefetch

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WHOLE, _UNIT = 2.0**64, 2.0**-64
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


def alias_dtype(node: np.dtype[Any], entry: np.dtype[Any] | None = None) -> np.dtype[Any]:
    """Return the record of an alias table for node ids of type `node`.

    With the type of an `entry`, the alias is an entry instead of a node, for walks that record
    edges.
    """
    alias = ("alias", node) if entry is None else ("entry", entry)
    fields: list[tuple[str, Any]] = [("node", node), alias, ("share", np.uint64)]
    return np.dtype(fields)


def _has_entries(table: Any) -> bool:
    """Whether a table, of which this is the type, has entries for aliases."""
    return isinstance(table.dtype, types.Record) and "entry" in table.dtype.fields


def pick(table: NDArray[Any], item: Int, fraction: np.uint64) -> Int:
    """Return the node that `item` of `table` stands for; for use inside kernels.

    Where edges are recorded, `item` is the entry that `entry_of` returned.
    """
    raise NotImplementedError("compiled code only")


@overload(pick)  # type: ignore[untyped-decorator]
def _pick(table: Any, item: Any, fraction: Any) -> Any:  # noqa: ARG001
    if _has_entries(table):

        def its_own(table: Any, item: Any, fraction: Any) -> Any:  # noqa: ARG001
            return np.int64(table[item].node)

        return its_own
    if isinstance(table.dtype, types.Record):

        def by_alias(table: Any, item: Any, fraction: Any) -> Any:
            record = table[item]
            node, alias = np.int64(record.node), np.int64(record.alias)
            return node if fraction < record.share else alias

        return by_alias

    def uniformly(table: Any, item: Any, fraction: Any) -> Any:  # noqa: ARG001
        return np.int64(table[item])

    return uniformly


def candidates(table: NDArray[Any], item: Int) -> tuple[Int, float, Int, float]:
    """Return both nodes that `item` may stand for and their shares of it; for kernels alone."""
    raise NotImplementedError("compiled code only")


@overload(candidates)  # type: ignore[untyped-decorator]
def _candidates(table: Any, item: Any) -> Any:  # noqa: ARG001
    if _has_entries(table):

        def node_and_entry(table: Any, item: Any) -> Any:
            record = table[item]
            share, alias = np.float64(record.share) * _UNIT, table[record.entry].node
            return np.int64(record.node), share, np.int64(alias), 1.0 - share

        return node_and_entry
    if isinstance(table.dtype, types.Record):

        def node_and_alias(table: Any, item: Any) -> Any:
            record = table[item]
            share = np.float64(record.share) * _UNIT
            return np.int64(record.node), share, np.int64(record.alias), 1.0 - share

        return node_and_alias

    def node_alone(table: Any, item: Any) -> Any:
        return np.int64(table[item]), 1.0, np.int64(table[item]), 0.0

    return node_alone


@jit
def fill_alias_table(
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    weights: NDArray[np.float32],
    table: NDArray[Any],
) -> None:
    """Fill `table` with the alias tables of all rows, each row by itself, in float64.

    Parameters
    ----------
    row_starts : ndarray of int, shape (rows + 1,)
        Where each row begins within the three other arrays.
    neighbors : ndarray of int, shape (entries,)
        Node ids.
    weights : ndarray of float32, shape (entries,)
        Finite and not negative; the sum of a non-empty row is positive.
    table : ndarray of ``alias_dtype``, shape (entries,)
        Receives the result.
    """
    longest = np.int64(0)
    for row in range(len(row_starts) - 1):
        longest = max(longest, np.int64(row_starts[row + 1]) - np.int64(row_starts[row]))
    share = np.empty(longest, np.float64)
    # Two stacks in one array: of items below their share from the left, of others from the right.
    stacks = np.empty(longest, np.int64)
    for row in range(len(row_starts) - 1):
        first, last = np.int64(row_starts[row]), np.int64(row_starts[row + 1])
        degree = last - first
        total = 0.0
        for i in range(degree):
            total += np.float64(weights[first + i])
        num_small = num_large = 0
        for i in range(degree):
            share[i] = np.float64(weights[first + i]) * degree / total
            table[first + i].node = neighbors[first + i]
            if share[i] < 1.0:
                stacks[num_small] = i
                num_small += 1
            else:
                num_large += 1
                stacks[degree - num_large] = i
        while num_small > 0 and num_large > 0:
            num_small -= 1
            low, high = stacks[num_small], stacks[degree - num_large]
            table[first + low].share = np.uint64(share[low] * _WHOLE)
            _set_alias(table, first + low, neighbors, first + high)
            share[high] -= 1.0 - share[low]
            if share[high] < 1.0:
                num_large -= 1
                stacks[num_small] = high
                num_small += 1
        # What remains is full up to rounding: it stands for itself alone.
        for left in range(num_small + num_large):
            i = stacks[left if left < num_small else degree - num_large + left - num_small]
            table[first + i].share = _ALL
            _set_alias(table, first + i, neighbors, first + i)


def _set_alias(table: NDArray[Any], item: Int, neighbors: NDArray[Any], entry: Int) -> None:
    raise NotImplementedError("compiled code only")


@overload(_set_alias)  # type: ignore[untyped-decorator]
def _set_alias_of(table: Any, item: Any, neighbors: Any, entry: Any) -> Any:  # noqa: ARG001
    if _has_entries(table):

        def with_entry(table: Any, item: Any, neighbors: Any, entry: Any) -> None:  # noqa: ARG001
            table[item].entry = entry

        return with_entry

    def node_alone(table: Any, item: Any, neighbors: Any, entry: Any) -> None:
        table[item].alias = neighbors[entry]

    return node_alone


def entry_of(table: NDArray[Any], item: Int, fraction: np.uint64) -> Int:
    """Return the entry that `item` stands for, and ask for it; for use inside kernels."""
    raise NotImplementedError("compiled code only")


@overload(entry_of)  # type: ignore[untyped-decorator]
def _entry_of(table: Any, item: Any, fraction: Any) -> Any:  # noqa: ARG001
    if isinstance(table.dtype, types.Record):

        def by_alias(table: Any, item: Any, fraction: Any) -> Any:
            # Without a branch, since which of both it is cannot be predicted.
            record = table[np.uint64(item)]
            own, alias = np.int64(item), np.int64(record.entry)
            entry = alias ^ ((own ^ alias) & -np.int64(fraction < record.share))
            prefetch(table, entry)
            return entry

        return by_alias

    def itself(table: Any, item: Any, fraction: Any) -> Any:  # noqa: ARG001
        return np.int64(item)

    return itself


def alias_entry(table: NDArray[Any], item: Int) -> Int:
    """Return the entry of the alias of an item, -1 where the table does not tell; for kernels."""
    raise NotImplementedError("compiled code only")


@overload(alias_entry)  # type: ignore[untyped-decorator]
def _alias_entry(table: Any, item: Any) -> Any:  # noqa: ARG001
    if _has_entries(table):

        def told(table: Any, item: Any) -> Any:
            return np.int64(table[item].entry)

        return told

    def unknown(table: Any, item: Any) -> Any:  # noqa: ARG001
        return np.int64(-1)

    return unknown
