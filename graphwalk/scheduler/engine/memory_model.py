"""What the parts of a job take in memory, in bytes, beside the walkers' own records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphwalk.storage.partitions.spec import entry_bytes, row_start_type
from graphwalk.storage.store.format import value_bytes

if TYPE_CHECKING:
    from graphwalk.scheduler.engine.rules import WalkRules
    from graphwalk.storage.partitions.spec import PartitionSpec
    from graphwalk.storage.store.graph import Graph

#: Bytes for a node while its row start is read.
OFFSET = 8

#: Bytes for an entry of the row whose alias table is made.
_ALIAS = 16

#: Bytes for an entry of the row that is sorted by time: its order, and who is in order already.
_BY_TIME = 24

#: Bytes for an entry of the row that is grouped by type: its neighbour, and its kind.
_BY_TYPE = 9

#: The C library may keep an array for later that is let go, if it is not larger than this.
_LARGEST_KEPT = 32 << 20

#: What a thread takes of its own: its stack, and what the C library keeps for it.
_THREAD = 3 << 20


def reading_peak(graph: Graph, rules: WalkRules, workers: int) -> int:
    """Return what the whole graph takes while it is read, beside buffers."""
    # Offsets are let go before neighbours are read, and weights before an edge filter is made.
    starts = (graph.num_nodes + 1) * row_start_type(graph).itemsize
    if rules.metapath is not None:
        # Who groups rows are threads of their own, beside those who wait.
        starts = starts * (1 + rules.layout.kinds) + kinds_bytes(graph, rules) + _THREAD
    offsets = (graph.num_nodes + 1) * OFFSET
    kept = offsets if offsets <= _LARGEST_KEPT else 0
    entry = entry_bytes(graph, rules.layout, filtered=False)
    values = values_bytes(graph.num_entries, rules.layout)
    values += deriving_bytes(graph, graph.num_entries, rules.layout, workers)
    return starts + max(offsets, kept + graph.num_entries * entry + values)


def thread_bytes(graph: Graph) -> int:
    """Return what a thread that reads takes, beside what it reads."""
    # Compressed chunks are so much smaller than is counted for them.
    return max(_THREAD, graph.read_buffers)


def kinds_bytes(graph: Graph, rules: WalkRules) -> int:
    """Return what the kinds of all nodes take."""
    return graph.num_nodes if rules.metapath_of == "nodes" else 0


def values_bytes(entries: int, layout: PartitionSpec) -> int:
    """Return what values take that are turned into something else."""
    return 0 if layout.keeps_values else entries * value_bytes(layout.values)


def deriving_bytes(graph: Graph, entries: int, layout: PartitionSpec, threads: int) -> int:
    """Return what threads take that make tables, groups or an order of so many entries' rows."""
    entry = _ALIAS if layout.weighted else 0 if layout.metapath is None else _BY_TYPE
    entry = _BY_TIME if layout.temporal else entry
    return min(threads * graph.max_degree, entries) * entry  # each is at a row of its own
