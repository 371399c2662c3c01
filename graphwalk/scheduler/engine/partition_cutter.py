"""Partitions of a graph that does not fit in memory: where it is cut, and what they take."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from graphwalk.scheduler.engine.memory_model import (
    OFFSET,
    deriving_bytes,
    thread_bytes,
    values_bytes,
)
from graphwalk.storage.partitions.spec import entry_bytes, row_start_type

if TYPE_CHECKING:
    from graphwalk.storage.partitions.spec import PartitionSpec
    from graphwalk.storage.store.graph_arrays import GraphArrays


#: Bytes of an entry of a row that is read singly while its position in the store is computed.
_POSITION = 24


class PartitionCutter:
    """Cuts a graph into partitions, and tells how many bytes they take.

    Parameters
    ----------
    graph : GraphArrays
        The graph.
    layout : PartitionSpec
        What the walks need of rows.
    graph_bytes : int
        Bytes of the whole graph in memory.
    workers, machines : int
        Tasks that run at a time, and machines on which they do.
    resident : bool
        Whether partitions stay in memory.
    """

    def __init__(
        self,
        graph: GraphArrays,
        layout: PartitionSpec,
        graph_bytes: int,
        workers: int,
        machines: int,
        *,
        resident: bool,
    ) -> None:
        self._graph, self._layout, self._graph_bytes = graph, layout, graph_bytes
        self._workers, self._machines, self._resident = workers, machines, resident
        self._readers = workers + 1  # threads that wait for a partition help to read it
        self._entry = entry_bytes(graph, layout, filtered=resident)
        self._offsets: dict[int, int] = {}

    @property
    def smallest_size(self) -> int:
        """Bytes of the entries of one chunk."""
        return self._entry * self._chunk

    def single_rows_bytes(self) -> int:
        """Return the memory of rows that are read singly, the longest row among them.

        A second-order step that is drawn with all rows at hand reads it a second time.
        """
        layout, copies = self._layout, 2 if self._layout.second_order else 1
        entries = copies * self._graph.max_degree
        derived = deriving_bytes(self._graph, entries, layout, 1)
        # Where each lies in the store, while that is computed.
        entry = self._entry + (_POSITION if layout.edges else 0)
        return self._workers * (entries * entry + values_bytes(entries, layout) + derived)

    def rows_bytes(self, nodes: list[range], ahead: bool) -> int:
        """Return the memory of the partitions held at a time, of which one is being read."""
        if self._resident:
            return self._graph_bytes + self._reading_bytes(nodes)
        at_once = 2 if ahead else 1
        entries = at_once * max(map(self._entries, nodes))
        deriving = deriving_bytes(self._graph, entries, self._layout, self._readers)
        buffers = thread_bytes(self._graph) if ahead else 0
        return at_once * self.largest(nodes) + deriving + buffers

    def _reading_bytes(self, nodes: list[range]) -> int:
        """Return the temporary memory of reading as many partitions as are read at a time."""
        if self._machines > 1:
            return 0  # this memory is outside the object stores
        entries, rows = max(map(self._entries, nodes)), max(map(len, nodes))
        layout, at_once = self._layout, min(self._workers, len(nodes))
        deriving = deriving_bytes(self._graph, at_once * entries, layout, at_once * self._workers)
        return at_once * (values_bytes(entries, layout) + (rows + 1) * OFFSET) + deriving

    @property
    def _chunk(self) -> int:
        return self._graph.chunk_length("neighbors")

    @property
    def _node_bytes(self) -> int:
        kinds = self._layout.kinds
        return row_start_type(self._graph).itemsize * (kinds if kinds == 1 else kinds + 1) + OFFSET

    def cut(self, size: int, *, whole: bool) -> list[range]:
        """Cut the graph into partitions of about `size` bytes; if `whole`, of whole chunks."""
        entries = max(1, size * self._graph.num_entries // self._read_bytes)
        if whole:
            entries = max(self._chunk, entries // self._chunk * self._chunk)
        return self._graph.cut(entries, max(1, size // self._node_bytes))

    def cut_into(self, number: int) -> list[range]:
        """Cut the graph into `number` partitions of whole chunks, or fewer."""
        chunks = ceil(self._graph.num_entries / self._chunk / number)
        nodes = ceil(self._read_bytes / self._node_bytes / number)
        return self._graph.cut(chunks * self._chunk, nodes)

    @property
    def _read_bytes(self) -> int:
        """Bytes of the whole graph while it is read."""
        graph = self._graph
        return graph.num_entries * self._entry + graph.num_nodes * self._node_bytes

    def offset(self, node: int) -> int:
        """Return where the row of a node begins."""
        if node not in self._offsets:
            self._offsets[node] = self._graph.read_offset(node)
        return self._offsets[node]

    def smallest(self) -> int:
        """Return the most memory that a smallest partition can take: a chunk and a row."""
        row = self._graph.max_degree
        entries = self._chunk + row
        values = values_bytes(entries, self._layout)
        deriving = deriving_bytes(self._graph, entries, self._layout, self._readers)
        # The same for row starts: a partition of many short rows is limited to as many bytes.
        return self._entry * (entries + self._chunk) + values + deriving

    def largest(self, nodes: list[range]) -> int:
        """Return the bytes of the largest partition while it is read."""
        return max(map(self._size, nodes))

    def largest_kept(self, nodes: list[range]) -> int:
        """Return the bytes of the largest partition once it has been read."""
        row = self._node_bytes - OFFSET
        return max(self._entries(part) * self._entry + (len(part) + 1) * row for part in nodes)

    def _entries(self, nodes: range) -> int:
        return self.offset(nodes.stop) - self.offset(nodes.start)

    def _size(self, nodes: range) -> int:
        """Return the bytes of a partition while it is read, which is its peak."""
        entries = self._entries(nodes)
        rows = (len(nodes) + 1) * self._node_bytes
        return entries * self._entry + rows + values_bytes(entries, self._layout)
