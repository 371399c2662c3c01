"""What the store has of a partition's rows, read by one thread or by several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphwalk.errors import StoreError
from graphwalk.kernels.row_starts import fill_row_starts
from graphwalk.kernels.tables import alias_dtype
from graphwalk.storage.format import VALUE_TYPES
from graphwalk.storage.layout import row_start_type

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.format import ValueName
    from graphwalk.storage.graph import Graph
    from graphwalk.storage.layout import Layout
    from graphwalk.storage.parallel import Run


class RowMemory:
    """Memory for the rows of one partition after the other.

    Parameters
    ----------
    graph : Graph
        The graph.
    layout : Layout
        What walks need of them.
    rows, entries : int
        The most that any of the partitions has.
    """

    def __init__(self, graph: Graph, layout: Layout, rows: int, entries: int) -> None:
        self.row_starts = np.empty(rows + 1, row_start_type(graph))
        self.neighbors = np.empty(entries, graph.neighbor_dtype)
        self.offsets = np.empty(rows + 1, np.int64)
        self.values: NDArray[Any] | None = None
        if layout.values is not None:
            self.values = np.empty(entries, VALUE_TYPES[layout.values])
        self.alias_table: NDArray[Any] | None = None
        if layout.weighted:
            self.alias_table = np.empty(entries, alias_dtype(graph.neighbor_dtype))


class SharedReading(NamedTuple):
    """How several threads read the rows of a partition.

    Attributes
    ----------
    memory : RowMemory
        Where to.
    entries : range
        Which entries of the store they are.
    run : callable
        Does tasks, by whichever threads it likes.
    """

    memory: RowMemory
    entries: range
    run: Run


def read_alone(graph: Graph, nodes: range, threads: int) -> tuple[NDArray[Any], NDArray[Any], int]:
    """Return row starts, neighbours, and where in the store the first begins, in new memory."""
    row_starts, start = _read_row_starts(graph, nodes)
    stop = start + int(row_starts[-1])
    if start == stop:
        return row_starts, _nothing(graph), start
    return row_starts, graph.read_neighbors(start, stop, threads=threads, checked=True), start


def read_together(
    graph: Graph, nodes: range, shared: SharedReading
) -> tuple[NDArray[Any], NDArray[Any], int]:
    """Return row starts, neighbours, and where in the store the first begins."""
    memory, entries = shared.memory, shared.entries
    row_starts = memory.row_starts[: len(nodes) + 1]
    neighbors = memory.neighbors[: len(entries)]
    starts = []

    def read_row_starts() -> None:
        starts.append(_read_row_starts(graph, nodes, memory.offsets, row_starts)[1])

    shared.run([read_row_starts, *graph.neighbor_tasks(neighbors, entries.start)])
    if starts != [entries.start] or row_starts[-1] != len(entries):
        raise _damaged_offsets(graph)
    return row_starts, neighbors if len(entries) else _nothing(graph), entries.start


def read_values(
    graph: Graph, name: ValueName, entries: range, shared: SharedReading | None, threads: int
) -> NDArray[Any]:
    """Return what these entries have of one kind."""
    if shared is None:
        return graph.read_values(name, entries.start, entries.stop, threads=threads)
    assert shared.memory.values is not None
    values = shared.memory.values[: len(entries)]
    shared.run(graph.value_tasks(name, values, entries.start))
    return values


def _nothing(graph: Graph) -> NDArray[Any]:
    """Return no neighbours: kernels look at the first item of any table, if only to discard it."""
    return np.zeros(1, graph.neighbor_dtype)


def _read_row_starts(
    graph: Graph,
    nodes: range,
    offsets: NDArray[np.int64] | None = None,
    row_starts: NDArray[Any] | None = None,
) -> tuple[NDArray[Any], int]:
    """Return where each row begins, relative to the first, and where that does.

    Offsets are read into memory that is there, if it is given, and so are row starts.
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
        raise _damaged_offsets(graph)
    return row_starts, start


def _damaged_offsets(graph: Graph) -> StoreError:
    return StoreError(
        f"{graph.path}: array 'offsets' is damaged: it must rise from 0 to {graph.num_entries}, "
        "the number of entries; build the store again"
    )
