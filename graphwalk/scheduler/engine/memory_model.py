"""The memory of the parts of a job in bytes, without the records of walkers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphwalk.storage.partitions.derive import RUN_ENTRIES
from graphwalk.storage.partitions.spec import PartitionSpec, entry_bytes, row_start_type
from graphwalk.storage.store.format import value_bytes

if TYPE_CHECKING:
    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.walk_spec import WalkSpec

#: Bytes for a node while its row start is read.
OFFSET = 8

#: Bytes for an entry of a row while its alias table is made.
_ALIAS = 16

#: Bytes for an entry of a row while the row is sorted by time.
_BY_TIME = 24

#: Bytes for an entry of a row while the row is grouped by type: its neighbour and its kind.
_BY_TYPE = 9

#: The C library may keep a freed array for later, if it is not larger than this.
_LARGEST_KEPT = 32 << 20

#: Memory of a thread: its stack, and what the C library keeps for it.
_THREAD = 3 << 20


def reading_peak(graph: GraphArrays, spec: WalkSpec, workers: int) -> int:
    """Return the peak memory of the whole graph while it is read, without buffers."""
    # Offsets are freed before neighbours are read, and weights before an edge filter is made.
    starts = (graph.num_nodes + 1) * row_start_type(graph).itemsize
    if spec.metapath is not None:
        # Separate threads group rows, in addition to the threads that wait.
        starts = starts * (1 + PartitionSpec.of(spec).kinds) + marks_bytes(graph, spec) + _THREAD
    offsets = (graph.num_nodes + 1) * OFFSET
    kept = offsets if offsets <= _LARGEST_KEPT else 0
    entry = entry_bytes(graph, PartitionSpec.of(spec), filtered=False)
    values = values_bytes(graph.num_entries, PartitionSpec.of(spec))
    values += deriving_bytes(graph, graph.num_entries, PartitionSpec.of(spec), workers)
    return starts + max(offsets, kept + graph.num_entries * entry + values)


def thread_bytes(graph: GraphArrays) -> int:
    """Return the memory of a reading thread, without the data that it reads."""
    # Compressed chunks are smaller than is counted for them, which covers the stack.
    return max(_THREAD, graph.read_buffers)


def marks_bytes(graph: GraphArrays, spec: WalkSpec) -> int:
    """Return the memory of the kinds of all nodes, and of what has a bit for each.

    These are the nodes where walks end, and the rows that have parallel entries.
    """
    kinds = graph.num_nodes if spec.metapath_of == "nodes" else 0
    bits = (spec.until is not None) + (spec.second_order and not spec.weighted)
    return kinds + bits * (graph.num_nodes // 8 + 8)


def values_bytes(entries: int, layout: PartitionSpec) -> int:
    """Return the memory of values that are only needed to derive other arrays."""
    return entries * sum(value_bytes(name) for name in layout.values if name != layout.kept)


def deriving_bytes(graph: GraphArrays, entries: int, layout: PartitionSpec, threads: int) -> int:
    """Return the memory of threads that make tables, groups or orders of rows."""
    entry = _ALIAS if layout.weighted else 0 if layout.metapath is None else _BY_TYPE
    entry = _BY_TIME if layout.temporal else entry
    rows = min(threads * graph.max_degree, entries) * entry  # each thread has one row
    if layout.temporal and layout.weighted:  # by copies of the times of some rows
        rows += min(threads * (graph.max_degree + RUN_ENTRIES), entries) * value_bytes("times")
    return rows


def kept_bytes(graph: GraphArrays, layout: PartitionSpec, threads: int) -> int:
    """Return the memory in which rows were derived, if the C library may keep it."""
    derived = deriving_bytes(graph, graph.num_entries, layout, threads)
    return derived if derived <= _LARGEST_KEPT else 0


def blocks_at_once(blocks: int, workers: int) -> int:
    """Return how many blocks are in memory: one in use, others waiting or being made."""
    return min(2 * workers + 1, blocks)
