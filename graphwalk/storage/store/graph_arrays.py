"""The arrays of a graph's store, read in ranges: what partitions and the engine work with."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import StoreError
from graphwalk.storage.store.format import VALUE_TYPES
from graphwalk.storage.store.partition_bounds import find_offsets, partition_nodes
from graphwalk.storage.store.read_ranges import MOST_CHUNKS, read_ranges
from graphwalk.storage.store.row_slice import RowSlice
from graphwalk.storage.store.store_arrays import StoreArrays
from graphwalk.util.available_memory import require

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from graphwalk.storage.store.format import ValueName
    from graphwalk.storage.store.stored_labels import StoredLabels
    from graphwalk.util.threads import Thunk


class GraphArrays(StoreArrays):
    """A graph's arrays, read in ranges and in rows."""

    @property
    def sinks(self) -> int:
        """Number of nodes without out-neighbours."""
        return self.info.statistics.isolated_nodes

    @property
    def max_degree(self) -> int:
        """Length of the longest row."""
        return int(self.info.statistics.degree_quantiles[-1])

    @property
    def types_digest(self) -> str | None:
        """Checksum of the types of nodes; None if there are none."""
        return None if self.info.node_types is None else self.info.node_types.digest

    @cached_property
    def labels(self) -> StoredLabels | None:
        """Labels of all nodes, read when they are needed; None where nodes have no labels."""
        if self.info.labels is None:
            return None
        from graphwalk.storage.store.stored_labels import StoredLabels

        return StoredLabels(self)

    def read_offsets(
        self, start: int, stop: int, *, out: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """Return ``offsets[start:stop]``; row v is entries ``offsets[v]`` to ``offsets[v + 1]``.

        They are read into `out`, if it is given.

        Raises
        ------
        StoreError
            When a chunk is missing or damaged.
        """
        out = np.empty(stop - start, np.int64) if out is None else out
        self._reader("offsets").read_into(out, start)
        return out

    def read_offset(self, node: int) -> int:
        """Return where the row of a node begins; the number of entries for ``num_nodes``."""
        return int(self.read_offsets(node, node + 1)[0])

    def check_offsets(self, offsets: NDArray[np.int64], node: int) -> tuple[int, int]:
        """Return the first and last of these offsets, which are those from `node` on.

        Raises
        ------
        StoreError
            When they fall, or are not from 0 to the number of entries.
        """
        first, last = int(offsets[0]), int(offsets[-1])
        falls = np.flatnonzero(offsets[1:] < offsets[:-1])
        if len(falls) or first < 0 or last > self.num_entries:
            raise self.bad_offsets(node + int(falls[0]) if len(falls) else node)
        return first, last

    def has_neighbors(self, start: int, stop: int) -> NDArray[np.bool_]:
        """Return whether each of the nodes `start` to `stop` has neighbours.

        Raises
        ------
        StoreError
            When a chunk is missing or damaged.
        """
        with self.unchanged():
            offsets = self.read_offsets(start, stop + 1)
        return offsets[1:] > offsets[:-1]

    def read_neighbors(
        self, start: int, stop: int, *, threads: int | None = None, checked: bool = False
    ) -> NDArray[Any]:
        """Return the neighbours of entries `start` to `stop`; raises as `read_offsets` does.

        As many `threads` as given read them; by default as many as there are cores if that is
        worth it. If they are to be `checked`, ids of nodes that do not exist are an error too, and
        chunks are verified once, not each time they are read.
        """
        reader = self._checking_reader if checked else self._reader("neighbors")
        out = np.empty(stop - start, self.neighbor_dtype)
        reader.read_into(out, start, threads)
        return out

    def neighbor_tasks(self, out: NDArray[Any], start: int) -> list[Thunk]:
        """Return tasks that fill `out` with the neighbours of entries from `start` on, checked."""
        return self._checking_reader.tasks(out, start)

    def read_values(
        self, name: ValueName, start: int, stop: int, *, threads: int | None = None
    ) -> NDArray[Any]:
        """Return weights, times or types of entries; raises as `read_offsets` does.

        Raises
        ------
        InputError
            When entries have none.
        """
        return self._reader(name).read(start, stop, threads)

    def read_values_at(self, name: ValueName, entries: NDArray[np.int64]) -> NDArray[Any]:
        """Return weights, times or types of ascending entries; each chunk is read once."""
        with self.unchanged():
            found, _ = read_ranges(self._reader(name), entries, entries + 1, VALUE_TYPES[name])
        return found

    def value_tasks(self, name: ValueName, out: NDArray[Any], start: int) -> list[Thunk]:
        """Return tasks that fill `out` with the values of entries from `start` on."""
        return self._reader(name).tasks(out, start)

    def read_node_types(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Return the types of nodes `start` to `stop`, as positions in `type_names`.

        Raises
        ------
        InputError
            When nodes have no types.
        StoreError
            When a chunk is missing or damaged.
        """
        with self.unchanged():
            return self._reader("node_types").read(start, stop)

    def read_touched_nodes(self) -> NDArray[np.int64] | None:
        """Return the nodes whose edges an update changed; None if no update made the store.

        Raises
        ------
        StoreError
            When a chunk is missing or damaged.
        """
        count = self.info.num_touched
        if count is None:
            return None
        require(8 * count, f"{self.path}: the touched nodes", "walk from all nodes")
        with self.unchanged():
            nodes = self.open_array("touched_nodes", count, max(1, self.num_nodes)).read(0, count)
            if (nodes[1:] <= nodes[:-1]).any():
                raise StoreError(
                    f"array 'touched_nodes' of {self.path} is damaged: nodes must ascend; build it "
                    "again"
                )
        return nodes

    def read_rows(
        self, nodes: NDArray[np.int64], *, values: ValueName | None = None
    ) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[Any] | None]:
        """Return the rows of ascending nodes, without repeats: where each begins, and its entries.

        Each chunk of the store that has a part of them is read once, and few are in memory at a
        time.

        Returns
        -------
        row_starts : ndarray of int64, shape (len(nodes) + 1,)
            Where each row begins in the other arrays.
        neighbors : ndarray of int32 or int64
            Node ids.
        values : ndarray of float32, float64 or uint8, or None
            Their weights, times or types, if asked for.
        """
        with self.unchanged():
            return self.read_some(*self.row_ranges(nodes), values)

    def read_row_values(self, nodes: NDArray[np.int64], name: ValueName) -> NDArray[Any]:
        """Return values of the entries of ascending nodes, in the order of `read_rows`."""
        with self.unchanged():
            ranges = self.row_ranges(nodes)
            return read_ranges(self._reader(name), *ranges, VALUE_TYPES[name])[0]

    def read_some(
        self,
        starts: NDArray[np.int64],
        stops: NDArray[np.int64],
        values: ValueName | None,
        most_chunks: int = MOST_CHUNKS,
    ) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[Any] | None]:
        """Return the entries of some ascending rows as `read_rows` does, given their bounds."""
        reader = self._reader("neighbors")
        neighbors, ends = read_ranges(reader, starts, stops, self.neighbor_dtype, most_chunks)
        if values is None:
            return ends, neighbors, None
        reader, kind = self._reader(values), VALUE_TYPES[values]
        return ends, neighbors, read_ranges(reader, starts, stops, kind, most_chunks)[0]

    def read_slice(self, start: int, stop: int) -> RowSlice:
        """Return the rows of nodes `start` to `stop`, which exist; see `Graph.rows`."""
        with self.unchanged():
            return self._read_slice(start, stop)

    def _read_slice(self, start: int, stop: int) -> RowSlice:
        offsets = self.read_offsets(start, stop + 1)
        first, last = self.check_offsets(offsets, start)
        what = f"{self.path}: rows {start} to {stop}"
        require((last - first) * self.info.entry_bytes, what, "ask for fewer at a time")
        values = {name: self.read_values(name, first, last) for name in self.info.value_names}
        return RowSlice(
            start,
            offsets - first,
            self.read_neighbors(first, last),
            self.num_nodes,
            **values,
        )

    def cut(self, most_entries: int, most_nodes: int) -> list[range]:
        """Cut the nodes into partitions of that size; see `partition_nodes`."""
        with self.unchanged():
            return partition_nodes(
                self.find_offsets, self.num_nodes, self.num_entries, most_entries, most_nodes
            )

    def find_offsets(
        self, wanted: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Find the first offset that is not below each of the ascending `wanted`.

        Returns
        -------
        positions, offsets : ndarray of int64, shape (len(wanted),)
            Where those offsets are, and what they are.
        """
        chunk, length = self.chunk_length("offsets"), self.num_nodes + 1

        def read_chunk(k: int) -> NDArray[np.int64]:
            return self.read_offsets(k * chunk, min((k + 1) * chunk, length))

        with self.unchanged():
            return find_offsets(read_chunk, chunk, length, wanted)

    def degree_chunks(self) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Yield a node, and the degrees of nodes from it on: a chunk of offsets at a time."""
        chunk, length = self.chunk_length("offsets"), self.num_nodes + 1
        before = np.empty(0, np.int64)
        for start in range(0, length, chunk):
            offsets = self.read_offsets(start, min(start + chunk, length))
            offsets = np.concatenate([before, offsets])
            first = max(0, start - 1)
            self.check_offsets(offsets, first)
            yield first, np.diff(offsets)
            before = offsets[-1:]

    def row_ranges(self, nodes: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the first entry of the row of each of ascending nodes, and that after the last."""
        values, _ = read_ranges(self._reader("offsets"), nodes, nodes + 2, np.int64)
        bounds = values.reshape(-1, 2)
        for start, stop in ((bounds[:, 0], bounds[:, 1]), (bounds[:-1, 1], bounds[1:, 0])):
            if (start > stop).any():
                raise self.bad_offsets(int(nodes[np.argmax(start > stop)]))
        if len(nodes):
            self.check_offsets(bounds.ravel()[[0, -1]], int(nodes[0]))
        return bounds[:, 0], bounds[:, 1]

    def bad_offsets(self, node: int) -> StoreError:
        """Return the error of offsets that are damaged at a node or after it."""
        return StoreError(
            f"array 'offsets' of {self.path} is damaged at or after node {node}: it must rise "
            f"from 0 to {self.num_entries}; build it again"
        )
