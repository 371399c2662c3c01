"""Walks as lists, without their padding and with nodes named by labels."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphwalk.errors import InputError
from graphwalk.kernels.output.pack_rows import pack_rows
from graphwalk.storage.store.node_labels import NodeLabels
from graphwalk.util.indexed_values import by_node
from graphwalk.util.malloc import plain_arrow_memory, return_freed_memory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from graphwalk.storage.store.label_table import LabelTable


#: Nodes of a slice whose walks are lists of numbers, by default.
SLICE_NODES = 1 << 17


def as_labels(labels: Any) -> pa.Array:
    """Return labels as an Arrow array of integers or of strings (with 64-bit offsets).

    Parameters
    ----------
    labels : array_like of int or str, shape (num_nodes,)
        The label of each node. An index, unless it is 0, 1, 2 …, has the numbers of the nodes.

    Raises
    ------
    InputError
        When they are neither integers nor strings.
    """
    array = _as_arrow(labels)
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        array = array.cast(pa.large_string())
    elif not pa.types.is_integer(array.type):
        raise InputError(f"labels are of type {array.type}; they must be integers or strings")
    if array.null_count:
        where = int(pc.index(array.is_null(), True).as_py())
        raise InputError(f"labels[{where}] is missing; every node needs a label")
    return array


def walk_lists(
    block: NDArray[np.integer[Any]], labels: LabelTable | None, slice_nodes: int = SLICE_NODES
) -> Iterator[pa.ListArray]:
    """Yield the walks of a block as lists of ids or labels, some walks at a time.

    Slices of walks whose nodes are numbers have `slice_nodes` nodes at most.
    """
    if labels is None:
        step = max(1, slice_nodes // block.shape[1])
        for start in range(0, len(block), step):
            yield _lists(block[start : start + step])
        return

    with plain_arrow_memory():
        for table, walks in labels.narrowed(block):
            named = partial(_named_walks, walks, table)
            for lists in table.in_slices(len(walks), walks.shape[1], named):
                yield lists
                return_freed_memory()


def named_lists(lists: pa.ListArray, labels: LabelTable) -> Iterator[pa.ListArray]:
    """Yield walks as lists of labels, given as lists of node ids, some walks at a time."""

    def named(rows: slice, most: int | None) -> pa.ListArray | None:
        some = lists[rows]
        names = labels.take(some.flatten().to_numpy(), most)
        return None if names is None else with_values(some, names)

    longest = pc.max(lists.value_lengths()).as_py() or 1
    yield from labels.in_slices(len(lists), longest, named)


def with_values(lists: pa.ListArray, values: pa.Array) -> pa.ListArray:
    """Return lists of the same lengths, of other values."""
    offsets = lists.offsets.to_numpy()
    return pa.ListArray.from_arrays(pa.array(offsets - offsets[0], pa.int32()), values)


def _named_walks(
    walks: NDArray[np.integer[Any]], labels: LabelTable, rows: slice, most: int | None
) -> pa.ListArray | None:
    lists = _lists(walks[rows])
    names = labels.take(lists.values.to_numpy(), most)
    return None if names is None else with_values(lists, names)


def _lists(walks: NDArray[np.integer[Any]]) -> pa.ListArray:
    values, offsets = np.empty(walks.size, walks.dtype), np.zeros(len(walks) + 1, np.int32)
    pack_rows(walks, values, offsets)
    return pa.ListArray.from_arrays(offsets, pa.array(values[: offsets[-1]]))


def lists_where(real: NDArray[np.bool_], items: NDArray[np.integer[Any]]) -> pa.ListArray:
    """Return a list of the items of each row that are `real`."""
    if real.all():
        offsets = np.arange(len(items) + 1, dtype=np.int32) * np.int32(items.shape[1])
        return pa.ListArray.from_arrays(offsets, pa.array(items.reshape(-1)))
    offsets = np.zeros(len(items) + 1, np.int32)
    np.cumsum(real.sum(axis=1), out=offsets[1:])
    return pa.ListArray.from_arrays(offsets, pa.array(items[real]))


def _as_arrow(labels: Any) -> pa.Array:
    if isinstance(labels, NodeLabels):
        return labels.__arrow_array__()
    number = np.size(labels) if hasattr(labels, "shape") else 0  # without an index it is not used
    labels = by_node(labels, "labels", number, lambda index: _numbers(index, number))
    try:
        array = pa.array(labels)
    except (pa.ArrowException, TypeError) as error:
        raise InputError(
            f"labels must be integers or strings, one for each node: {error}"
        ) from None
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _numbers(index: NDArray[Any], number: int) -> NDArray[np.int64]:
    if index.dtype.kind not in "iu" or not ((index >= 0) & (index < number)).all():
        raise InputError(f"the numbers of nodes are 0 to {number - 1}")
    return index.astype(np.int64)


def check_one_line(labels: pa.Array) -> None:
    """Raise InputError where a label holds a tab or a line end, which would break a line."""
    if not pa.types.is_large_string(labels.type):
        return
    broken = pc.match_substring_regex(labels, r"[\t\n\r]")
    if pc.any(broken).as_py():
        label = labels[int(pc.index(broken, True).as_py())].as_py()
        raise InputError(
            f"label {label!r} holds a tab or a line end, so a line of text cannot hold it; "
            "write Parquet instead"
        )
