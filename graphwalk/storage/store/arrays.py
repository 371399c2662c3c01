"""What a store holds, in ranges of its arrays."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from graphwalk.errors import InputError, StoreError
from graphwalk.storage.store.array_reader import ArrayReader
from graphwalk.storage.store.format import VALUE_TYPES, GraphInfo, open_group
from graphwalk.storage.store.read_ranges import read_ranges
from graphwalk.storage.store.statistics import DegreeCounter

if TYPE_CHECKING:
    from collections.abc import Mapping

    import zarr
    from numpy.typing import ArrayLike, NDArray

    from graphwalk.storage.store.format import LabelKind, ValueName
    from graphwalk.util.threads import Thunk

ArrayName = Literal["offsets", "neighbors", "weights", "times", "edge_types", "node_types"]


class GraphArrays:
    """The attributes of a graph's store, and its arrays, read in ranges as they are asked for."""

    def __init__(
        self,
        location: str,
        info: GraphInfo,
        *,
        temporary: bool = False,
        storage_options: Mapping[str, Any] | None = None,
        owner: object = None,
    ) -> None:
        self._location = location
        # A temporary store is there as long as the graph that it was made for.
        self._owner = owner
        self._info = info
        self._temporary = temporary
        self._storage_options = storage_options

    @property
    def path(self) -> str:
        """Absolute path or URL of the store."""
        return self._location

    @property
    def temporary(self) -> bool:
        """Whether the store was made without a name, on this machine, and goes with this object."""
        return self._temporary

    @property
    def num_nodes(self) -> int:
        """Number of nodes."""
        return self._info.num_nodes

    @property
    def num_edges(self) -> int:
        """Number of edges; an undirected one counts once, though both its ends store it."""
        return self._info.num_edges

    @property
    def num_entries(self) -> int:
        """Number of stored neighbours: the length of all rows together."""
        return self._info.num_entries

    @property
    def isolated_nodes(self) -> int:
        """Number of nodes without neighbours."""
        return self._info.statistics.isolated_nodes

    @property
    def max_degree(self) -> int:
        """Length of the longest row."""
        return int(self._info.statistics.degree_quantiles[-1])

    @property
    def digest(self) -> str | None:
        """What tells the rows from those of another graph; None if the store does not say."""
        return self._info.digest

    @property
    def directed(self) -> bool:
        """Whether edges lead one way only."""
        return self._info.directed

    @property
    def weighted(self) -> bool:
        """Whether edges have weights."""
        return self._info.weighted

    @property
    def timed(self) -> bool:
        """Whether edges have times."""
        return self._info.timed

    @property
    def edge_type_names(self) -> tuple[int, ...] | None:
        """The types of edges that there are, ascending; None if edges have no types."""
        return self._info.edge_types

    @property
    def label_kind(self) -> LabelKind | None:
        """What labels are, ``"int64"`` or ``"string"``; None where ids are the nodes' own."""
        return self._info.labels

    @property
    def type_names(self) -> tuple[int | str, ...] | None:
        """The types of nodes, in the order of their codes; None if nodes have no types."""
        return None if self._info.node_types is None else self._info.node_types.names

    @property
    def types_digest(self) -> str | None:
        """What tells the types of nodes from others; None if there are none."""
        return None if self._info.node_types is None else self._info.node_types.digest

    @property
    def neighbor_dtype(self) -> np.dtype[Any]:
        """Type of node ids in the store: int32, or int64 from 2³¹ nodes on."""
        return self._info.neighbor_dtype

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

    def has_neighbors(self, start: int, stop: int) -> NDArray[np.bool_]:
        """Return whether each of the nodes `start` to `stop` has neighbours.

        Raises
        ------
        StoreError
            When a chunk is missing or damaged.
        """
        offsets = self.read_offsets(start, stop + 1)
        return offsets[1:] > offsets[:-1]

    def degree_counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the degrees that there are, ascending, and how many nodes have each.

        Reads all offsets, a chunk at a time, so that the nodes need not fit in memory.

        Returns
        -------
        degrees, counts : ndarray of int64, shape (num_degrees,)
            No more than about ``(2 * num_entries) ** 0.5`` degrees can be different.

        Raises
        ------
        StoreError
            When a chunk is missing or damaged, or offsets are.
        """
        counter, chunk, length = DegreeCounter(), self.chunk_length("offsets"), self.num_nodes + 1
        before = np.empty(0, np.int64)
        for start in range(0, length, chunk):
            offsets = self.read_offsets(start, min(start + chunk, length))
            offsets = np.concatenate([before, offsets])
            self._check_offsets(offsets, max(0, start - 1))
            counter.add(np.diff(offsets))
            before = offsets[-1:]
        return counter.counts()

    def read_neighbors(
        self,
        start: int,
        stop: int,
        *,
        out: NDArray[Any] | None = None,
        threads: int | None = None,
        checked: bool = False,
    ) -> NDArray[Any]:
        """Return the neighbours of entries `start` to `stop`; raises as `read_offsets` does.

        They are read into `out`, if it is given, by as many `threads` as given; by default as many
        as there are cores if it is worth it. If they are to be `checked`, it raises for those that
        are no nodes too; and chunks are verified once, not each time they are read.
        """
        reader = self._checking_reader if checked else self._reader("neighbors")
        out = np.empty(stop - start, self.neighbor_dtype) if out is None else out
        reader.read_into(out, start, threads)
        return out

    def neighbor_tasks(self, out: NDArray[Any], start: int) -> list[Thunk]:
        """Return tasks that fill `out` with the neighbours of entries from `start` on, checked."""
        return self._checking_reader.tasks(out, start)

    def read_weights(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return the weights of entries `start` to `stop`; raises as `read_offsets` does."""
        return self.read_values("weights", start, stop)

    def read_times(self, start: int, stop: int) -> NDArray[np.float64]:
        """Return the times of entries `start` to `stop`; raises as `read_offsets` does."""
        return self.read_values("times", start, stop)

    def read_edge_types(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Return the types of entries `start` to `stop`; raises as `read_node_types` does."""
        return self.read_values("edge_types", start, stop)

    def read_values(
        self, name: ValueName, start: int, stop: int, *, threads: int | None = None
    ) -> NDArray[Any]:
        """Return what entries `start` to `stop` have of one kind; raises as `read_offsets` does."""
        return self._reader(name).read(start, stop, threads)

    def value_tasks(self, name: ValueName, out: NDArray[Any], start: int) -> list[Thunk]:
        """Return tasks that fill `out` with what entries from `start` on have of one kind."""
        return self._reader(name).tasks(out, start)

    def read_node_types(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Return the types of nodes `start` to `stop`, as places in `type_names`.

        Raises
        ------
        InputError
            When nodes have no types.
        StoreError
            When a chunk is missing or damaged.
        """
        return self._reader("node_types").read(start, stop)

    def read_offset(self, node: int) -> int:
        """Return where the row of a node begins; the number of entries for ``num_nodes``."""
        return int(self.read_offsets(node, node + 1)[0])

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
        starts, stops = self._row_ranges(nodes)
        neighbors, ends = read_ranges(self._reader("neighbors"), starts, stops, self.neighbor_dtype)
        if values is None:
            return ends, neighbors, None
        found, _ = read_ranges(self._reader(values), starts, stops, VALUE_TYPES[values])
        return ends, neighbors, found

    @property
    def seek_cost_bytes(self) -> int:
        """Bytes of a partition that are read in the time that a row takes which is read alone."""
        return self._reader("neighbors").seek_cost_bytes

    @property
    def read_buffers(self) -> int:
        """Bytes that a thread keeps to read chunks with."""
        return self._reader("neighbors").buffers

    def chunk_length(self, name: ArrayName) -> int:
        """Return how many elements a chunk of a stored array has."""
        return self._reader(name).chunk

    @cached_property
    def _group(self) -> zarr.Group:
        return open_group(self._location, self._storage_options)[0]

    @cached_property
    def _readers(self) -> dict[str, ArrayReader]:
        return {}

    @cached_property
    def _checking_reader(self) -> ArrayReader:
        length, nodes = self.num_entries, max(1, self.num_nodes)
        return ArrayReader(self._group, self._location, "neighbors", length, nodes)

    def _reader(self, name: ArrayName) -> ArrayReader:
        if name == "weights" and not self.weighted:
            raise InputError(f"{self._location} has no weights; build it from weighted edges")
        if name == "times" and not self.timed:
            raise InputError(f"{self._location} has no times; build it with times=True")
        if name == "edge_types" and self.edge_type_names is None:
            raise InputError(
                f"the edges of {self._location} have no types; build it with edge_types=True"
            )
        if name == "node_types" and self.type_names is None:
            raise InputError(f"the nodes of {self._location} have no types; call set_node_types")
        if name not in self._readers:
            lengths = {"offsets": self.num_nodes + 1, "node_types": self.num_nodes}
            length = lengths.get(name, self.num_entries)
            self._readers[name] = ArrayReader(self._group, self._location, name, length)
        return self._readers[name]

    @property
    def _entry_bytes(self) -> int:
        return self._info.entry_bytes

    def _row_ranges(self, nodes: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        values, _ = read_ranges(self._reader("offsets"), nodes, nodes + 2, np.int64)
        bounds = values.reshape(-1, 2)
        for start, stop in ((bounds[:, 0], bounds[:, 1]), (bounds[:-1, 1], bounds[1:, 0])):
            if (start > stop).any():
                raise self._bad_offsets(int(nodes[np.argmax(start > stop)]))
        if len(nodes):
            self._check_offsets(bounds.ravel()[[0, -1]], int(nodes[0]))
        return bounds[:, 0], bounds[:, 1]

    def _check_offsets(self, offsets: NDArray[np.int64], node: int) -> tuple[int, int]:
        """Return the first and last of these offsets, of `node` and those after it."""
        first, last = int(offsets[0]), int(offsets[-1])
        falls = np.flatnonzero(offsets[1:] < offsets[:-1])
        if len(falls) or first < 0 or last > self.num_entries:
            raise self._bad_offsets(node + int(falls[0]) if len(falls) else node)
        return first, last

    def _bad_offsets(self, node: int) -> StoreError:
        return StoreError(
            f"array 'offsets' of {self._location} is damaged at or after node {node}: it must rise "
            f"from 0 to {self.num_entries}; build it anew"
        )


def check_nodes(nodes: ArrayLike, num_nodes: int) -> NDArray[Any]:
    """Return node ids as int64, of as many dimensions as they have, if there are such nodes."""
    ids = np.asarray(nodes)
    if ids.size == 0:
        return ids.astype(np.int64)
    if ids.dtype.kind not in "iu" or ids.ndim > 1:
        raise InputError(f"nodes are integers or a one-dimensional array of them, not {nodes!r}")
    bad = (ids < 0) | (ids >= num_nodes)
    if bad.any():
        raise InputError(f"there is no node {ids[bad][0]}: nodes are 0 to {num_nodes - 1}")
    return ids.astype(np.int64)
