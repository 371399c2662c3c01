"""The arrays of a partition's rows, read from the store by one thread or by several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphwalk.kernels.rows.row_starts import fill_row_starts
from graphwalk.storage.partitions.spec import row_start_type
from graphwalk.storage.store.format import VALUE_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from graphwalk.storage.partitions.spec import PartitionSpec
    from graphwalk.storage.store.format import ValueName
    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.util.threads import RunTasks

#: Bytes of a cache line, at which arrays that share memory begin.
_LINE = 64


class RowArrays(NamedTuple):
    """Memory for the rows of a partition, and for what is made of them.

    Attributes
    ----------
    row_starts : ndarray of uint32 or int64, shape (rows + 1,)
        See :class:`graphwalk.storage.partitions.partition.Partition`, as for `neighbors` and
        `alias_table`.
    offsets : ndarray of int64, shape (rows + 1,)
        The same as they are stored.
    neighbors : ndarray of int32 or int64, shape (entries,)
        Node ids.
    values, more_values : ndarray, shape (entries,) or (0,)
        The values that walks need, in the order of `PartitionSpec.values`.
    alias_table : ndarray of alias records, shape (entries,) or (0,)
        For weighted walks.
    positions : ndarray of uint32 or int64, shape (entries,) or (0,)
        For walks that record edges.
    time_masses : ndarray of float64, shape (entries,) or (0,)
        For walks that prefer times exponentially, or weights in the order of time.
    """

    row_starts: NDArray[Any]
    offsets: NDArray[np.int64]
    neighbors: NDArray[Any]
    values: NDArray[Any]
    more_values: NDArray[Any]
    alias_table: NDArray[Any]
    positions: NDArray[Any]
    time_masses: NDArray[np.float64]


class RowMemory:
    """Memory of `size` bytes for the rows of one partition after another."""

    def __init__(self, size: int) -> None:
        self._memory = np.empty(size, np.uint8)

    def arrays(
        self, graph: GraphArrays, layout: PartitionSpec, rows: int, entries: int
    ) -> RowArrays:
        """Return the arrays of a partition, which replace those of the one before."""
        arrays, place = [], 0
        for dtype, length in _parts(graph, layout, rows, entries):
            stop = place + length * dtype.itemsize
            arrays.append(self._memory[place:stop].view(dtype))
            place = _aligned(stop)
        return RowArrays(*arrays)


def row_memory_bytes(graph: GraphArrays, layout: PartitionSpec, rows: int, entries: int) -> int:
    """Return how large a `RowMemory` such a partition takes."""
    parts = _parts(graph, layout, rows, entries)
    return sum(_aligned(length * dtype.itemsize) for dtype, length in parts)


def _parts(
    graph: GraphArrays, layout: PartitionSpec, rows: int, entries: int
) -> Iterator[tuple[np.dtype[Any], int]]:
    """Yield type and length of each of the `RowArrays`."""
    yield row_start_type(graph), rows + 1
    yield np.dtype(np.int64), rows + 1
    yield graph.neighbor_dtype, entries
    kinds = [VALUE_TYPES[name] for name in layout.values]
    yield (kinds[0], entries) if kinds else (np.dtype(np.uint8), 0)
    yield (kinds[1], entries) if kinds[1:] else (np.dtype(np.uint8), 0)
    yield layout.alias_dtype(graph), entries if layout.has_tables else 0
    yield row_start_type(graph), entries if layout.reordered and layout.edges else 0
    yield np.dtype(np.float64), entries if layout.has_masses else 0


def _aligned(place: int) -> int:
    return -(-place // _LINE) * _LINE


class SharedReading(NamedTuple):
    """How several threads read the rows of a partition.

    Attributes
    ----------
    arrays : RowArrays
        Where to.
    entries : range
        Which entries of the store they are.
    run : callable
        Does tasks, with any threads.
    """

    arrays: RowArrays
    entries: range
    run: RunTasks


def read_alone(
    graph: GraphArrays, nodes: range, threads: int
) -> tuple[NDArray[Any], NDArray[Any], int]:
    """Return row starts, neighbours, and where in the store the first begins, in new memory."""
    row_starts, start = _read_row_starts(graph, nodes)
    stop = start + int(row_starts[-1])
    if start == stop:
        return row_starts, _nothing(graph), start
    return row_starts, graph.read_neighbors(start, stop, threads=threads, checked=True), start


def read_together(
    graph: GraphArrays, nodes: range, shared: SharedReading
) -> tuple[NDArray[Any], NDArray[Any], int]:
    """Return row starts, neighbours, and where in the store the first begins."""
    arrays, entries = shared.arrays, shared.entries
    row_starts, neighbors = arrays.row_starts, arrays.neighbors
    starts = []

    def read_row_starts() -> None:
        starts.append(_read_row_starts(graph, nodes, arrays.offsets, row_starts)[1])

    shared.run([read_row_starts, *graph.neighbor_tasks(neighbors, entries.start)])
    if starts != [entries.start] or row_starts[-1] != len(entries):
        raise graph.bad_offsets(nodes.start)
    return row_starts, neighbors if len(entries) else _nothing(graph), entries.start


def read_values(
    graph: GraphArrays,
    names: Sequence[ValueName],
    entries: range,
    shared: SharedReading | None,
    threads: int,
) -> dict[ValueName, NDArray[Any]]:
    """Return what these entries have, by the names of arrays, of which there are two at most."""
    start, stop = entries.start, entries.stop
    if shared is None:
        return {name: graph.read_values(name, start, stop, threads=threads) for name in names}
    memory = shared.arrays.values, shared.arrays.more_values
    values = dict(zip(names, memory, strict=False))
    shared.run([task for name in names for task in graph.value_tasks(name, values[name], start)])
    return values


def _nothing(graph: GraphArrays) -> NDArray[Any]:
    """Return no neighbours, in an array of one item: kernels read the first item of any table."""
    return np.zeros(1, graph.neighbor_dtype)


def _read_row_starts(
    graph: GraphArrays,
    nodes: range,
    offsets: NDArray[np.int64] | None = None,
    row_starts: NDArray[Any] | None = None,
) -> tuple[NDArray[Any], int]:
    """Return where each row begins, relative to the first, and where that does.

    Offsets and row starts are read into the arrays that are given, or into new ones.
    """
    length = len(nodes) + 1
    out = None if offsets is None else offsets[:length]
    offsets = graph.read_offsets(nodes.start, nodes.stop + 1, out=out)
    start = int(offsets[0])
    if row_starts is None:
        row_starts = np.empty(length, row_start_type(graph))
    rising = fill_row_starts(offsets, row_starts)
    first_is_right = nodes.start > 0 or start == 0
    last_is_right = nodes.stop < graph.num_nodes or offsets[-1] == graph.num_entries
    if not (rising and first_is_right and last_is_right):
        raise graph.bad_offsets(nodes.start)
    return row_starts, start
