"""A graph in a store: opened at once, read only when asked."""

from __future__ import annotations

import itertools
import operator
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from graphwalk.errors import InputError
from graphwalk.storage.files.locations import locate
from graphwalk.storage.store import export as convert
from graphwalk.storage.store.arrays import GraphArrays, check_nodes
from graphwalk.storage.store.format import GraphInfo, open_group
from graphwalk.storage.store.graph_html import graph_html
from graphwalk.storage.store.labels import read_labels
from graphwalk.storage.store.partition_bounds import entries_per_partition, partition_nodes
from graphwalk.storage.store.row_slice import RowSlice
from graphwalk.storage.store.summary import Summary, stored_bytes, summarize
from graphwalk.storage.store.validation.check import validate
from graphwalk.units import parse_size
from graphwalk.util.available_memory import require
from graphwalk.util.progress_bar import Progress

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray
    from scipy.sparse import csr_array

    from graphwalk.storage.store.labels import MemoryLabels
    from graphwalk.storage.store.validation.report import Validation

#: Decoded size of a partition, unless another is asked for.
PARTITION_SIZE = "64 MiB"


def open_zarr(
    store: str | os.PathLike[str], *, storage_options: Mapping[str, Any] | None = None
) -> Graph:
    """Open a graph that `build_zarr` has written. Reads its attributes only.

    Parameters
    ----------
    store : str or path
        Path or URL of the store.
    storage_options : mapping, optional
        Credentials, ``endpoint_url`` and the like, for fsspec, if `store` is a URL. They are
        pickled with the graph.

    Raises
    ------
    StoreNotFoundError
        When there is nothing there.
    StoreError
        When what is there cannot be read as a graph: no Zarr group, no graphwalk store, one whose
        build did not finish, or one that a newer graphwalk wrote.
    """
    location = locate(store)
    _, info = open_group(location, storage_options)
    return Graph(location, info, storage_options=storage_options)


class Graph(GraphArrays):
    """A graph in a store, made by `build_zarr` or `open_zarr`.

    Nothing but the store's attributes is kept in memory: every method reads what it needs. A graph
    pickles as its path (and storage options), so the process that takes it up must be able to read
    that path.

    Nodes are the integers 0 … num_nodes - 1. Where the edges named them otherwise, `labels` has
    those names and `index_of` finds the node of a name.
    """

    def summary(self) -> Summary:
        """Return what there is to say of the graph at a glance; prints as a table.

        Reads nothing but the sizes of the store's files.
        """
        return summarize(self._info, stored_bytes(self._location))

    @property
    def labels(self) -> NDArray[Any] | None:
        """Labels of all nodes, shape (num_nodes,): int64, or object with str; None without any."""
        return None if self._labels is None else self._labels.to_numpy()

    @property
    def node_types(self) -> NDArray[Any] | None:
        """Types of all nodes, shape (num_nodes,); None if `set_node_types` has given them none."""
        if self.type_names is None:
            return None
        return np.array(self.type_names)[self.read_node_types(0, self.num_nodes)]

    @property
    def degrees(self) -> NDArray[np.int64]:
        """Number of neighbours of every node, shape (num_nodes,). Reads all offsets."""
        return np.diff(self.read_offsets(0, self.num_nodes + 1))

    @overload
    def neighbors(self, nodes: int) -> NDArray[Any]: ...

    @overload
    def neighbors(self, nodes: Sequence[int] | NDArray[Any]) -> list[NDArray[Any]]: ...

    def neighbors(self, nodes: ArrayLike) -> NDArray[Any] | list[NDArray[Any]]:
        """Return the neighbours of one node, or a list with those of each of several.

        Neighbours ascend; parallel edges that were kept repeat theirs. Each chunk of the store that
        has a part of the answer is read once, and few are in memory at a time. The arrays of a list
        share memory.

        Raises
        ------
        InputError
            When a node does not exist.
        StoreError
            When a chunk is missing or damaged.
        """
        ids = check_nodes(nodes, self.num_nodes)
        unique, inverse = np.unique(ids, return_inverse=True)
        ends, values, _ = self.read_rows(unique)
        rows = [values[a:b] for a, b in itertools.pairwise(ends.tolist())]
        return rows[0] if ids.ndim == 0 else [rows[i] for i in inverse.tolist()]

    def rows(self, start: int, stop: int) -> RowSlice:
        """Read the rows of the nodes from `start` to before `stop`.

        Raises
        ------
        InputError
            When there are no such nodes.
        MemoryBudgetError
            When the rows do not fit in memory.
        StoreError
            When a chunk is missing or damaged, or offsets are.
        """
        start, stop = operator.index(start), operator.index(stop)
        if not 0 <= start <= stop <= self.num_nodes:
            raise InputError(
                f"rows({start}, {stop}): nodes are 0 to {self.num_nodes - 1}, "
                f"so 0 <= start <= stop <= {self.num_nodes} must hold"
            )
        offsets = self.read_offsets(start, stop + 1)
        first, last = self._check_offsets(offsets, start)
        what = f"{self.path}: rows {start} to {stop}"
        require((last - first) * self._entry_bytes, what, "ask for fewer at a time")
        neighbors = self.read_neighbors(first, last)
        weights = self.read_weights(first, last) if self.weighted else None
        times = self.read_times(first, last) if self.timed else None
        types = None if self.edge_type_names is None else self.read_edge_types(first, last)
        return RowSlice(start, offsets - first, neighbors, weights, self.num_nodes, times, types)

    def partitions(self, size: str | int = PARTITION_SIZE) -> list[range]:
        """Cut the nodes into runs whose rows take about `size` in memory each.

        The rows of a run fill whole chunks of neighbours. A row that straddles a cut belongs before
        it, so a partition may be larger than `size` by the part of a row; one of a single huge row
        is as large as that. Every node is in one partition, those without neighbours too. Only
        chunks of offsets where a cut may lie are read, each once.

        Parameters
        ----------
        size : str or int
            Size in bytes of the neighbours and weights of a partition, or text such as
            ``"256 MiB"``; at least one chunk is taken. Offsets take up to as much again.

        Returns
        -------
        list of range
            The nodes of each partition.
        """
        num_bytes = parse_size(size)
        if num_bytes not in self._partitions:
            chunk = self.chunk_length("offsets")
            length = self.num_nodes + 1
            self._partitions[num_bytes] = partition_nodes(
                lambda k: self.read_offsets(k * chunk, min((k + 1) * chunk, length)),
                chunk,
                self.num_nodes,
                self.num_entries,
                entries_per_partition(num_bytes, self.chunk_length("neighbors"), self._entry_bytes),
                max(1, num_bytes // 8),
            )
        return list(self._partitions[num_bytes])

    @property
    def num_partitions(self) -> int:
        """Number of partitions of the default size."""
        return len(self.partitions())

    def partition(self, index: int, size: str | int = PARTITION_SIZE) -> RowSlice:
        """Read the rows of one of `partitions`; raises as `rows` does."""
        nodes = self.partitions(size)
        if not 0 <= index < len(nodes):
            raise InputError(f"there is no partition {index}: there are {len(nodes)}, from 0")
        return self.rows(nodes[index].start, nodes[index].stop)

    def to_scipy(self) -> csr_array[Any]:
        """Return the graph as a SciPy ``csr_array`` of shape (num_nodes, num_nodes), float32.

        Its values are the weights; without any, 1.0. SciPy adds parallel edges up in most of what
        it does.

        Raises
        ------
        MemoryBudgetError
            When the graph is too large for that; `rows` and `partition` give parts of it.
        InputError
            When SciPy is not installed.
        """
        convert.require_scipy(self)
        return self.rows(0, self.num_nodes).to_scipy()

    def to_networkx(self) -> Any:
        """Return the graph as a NetworkX ``Graph``, or ``DiGraph`` if it is directed.

        If it has parallel edges, it is a ``MultiGraph`` or ``MultiDiGraph``. Nodes are called by
        their labels, if they have any. Weights are the edges' attribute ``"weight"``, times
        ``"time"``, and types ``"type"``.

        Raises
        ------
        MemoryBudgetError
            When the graph is too large for that.
        InputError
            When NetworkX is not installed.
        """
        return convert.to_networkx(self)

    @overload
    def to_edge_index(self, *, weights: Literal[False] = False) -> NDArray[np.int64]: ...

    @overload
    def to_edge_index(
        self, *, weights: Literal[True]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]: ...

    def to_edge_index(
        self, *, weights: bool = False
    ) -> NDArray[np.int64] | tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return all entries as an int64 array of shape (2, num_entries): nodes, then neighbours.

        That is the ``edge_index`` of PyTorch Geometric: an undirected edge is in it both ways.

        Parameters
        ----------
        weights : bool
            Whether to return ``(edge_index, weights)``, the weights a float32 array of shape
            (num_entries,).

        Raises
        ------
        MemoryBudgetError
            When the graph is too large for that; `rows` and `partition` give parts of it.
        InputError
            When weights are asked for and there are none.
        """
        convert.require_edge_index(self)
        rows = self.rows(0, self.num_nodes)
        return rows.to_edge_index(weights=True) if weights else rows.to_edge_index()

    def validate(self, progress: bool | None = None) -> Validation:
        """Read the whole store, and check that it holds what the format says.

        Every chunk's checksum; offsets that rise from 0 to the number of entries; neighbours that
        exist and ascend; weights that are finite, not negative and not all zero in a row; times
        that are finite; times or types that, of parallel edges, ascend; in an undirected graph,
        that both ends list an edge; labels that ascend and are UTF-8; the counts among the
        attributes. It takes some 100 MiB of memory, whatever the size of the graph.

        Parameters
        ----------
        progress : bool, optional
            Whether to show progress on stderr; by default on a terminal and in a notebook.

        Returns
        -------
        Validation
            Whether all is well (`ok`), and what is not (`problems`). Nothing is raised for it;
            `raise_if_damaged` does.
        """
        return validate(self, self._group, self._info, Progress(progress))

    def index_of(self, labels: Any) -> int | NDArray[np.int64]:
        """Return the node of one label, or the nodes of several as an int64 array.

        Raises
        ------
        InputError
            When there is no node of that label.
        """
        single = isinstance(labels, str) or np.ndim(labels) == 0
        wanted = [labels] if single else labels
        if self._labels is None:
            found = check_nodes(wanted, self.num_nodes).astype(np.int64)
        else:
            found = self._labels.find(wanted)
            if (found < 0).any():
                missing = wanted[int(np.flatnonzero(found < 0)[0])]
                raise InputError(f"no node of {self._location} has the label {missing!r}")
        return int(found[0]) if single else found

    @cached_property
    def _labels(self) -> MemoryLabels | None:
        return read_labels(self._group, self._location, self._info)

    @cached_property
    def _partitions(self) -> dict[int, list[range]]:
        return {}

    def __reduce__(self) -> tuple[Any, tuple[str, GraphInfo, Mapping[str, Any] | None]]:
        return _reopen, (self._location, self._info, self._storage_options)

    def __repr__(self) -> str:
        kind = "directed" if self.directed else "undirected"
        kind += ", weighted" if self.weighted else ", timed" if self.timed else ""
        kind += {None: "", "int64": ", labelled by integers", "string": ", labelled by strings"}[
            self.label_kind
        ]
        kind += "" if self.type_names is None else f", {len(self.type_names)} types of nodes"
        kind += (
            "" if self.edge_type_names is None else f", {len(self.edge_type_names)} types of edges"
        )
        return (
            f"<graphwalk.Graph {self._location!r}: {self.num_nodes:,} nodes, "
            f"{self.num_edges:,} edges, {kind}>"
        )

    def _repr_html_(self) -> str:
        return graph_html(self, summarize(self._info, None))


def _reopen(location: str, info: GraphInfo, storage_options: Mapping[str, Any] | None) -> Graph:
    return Graph(location, info, storage_options=storage_options)
