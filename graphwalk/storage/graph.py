"""A graph in a store: opened at once, read only when asked."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from graphwalk.errors import InputError
from graphwalk.storage.format import GraphInfo, open_group
from graphwalk.storage.labels import read_labels
from graphwalk.storage.location import locate
from graphwalk.storage.reader import ArrayReader, split_ranges

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    import zarr
    from numpy.typing import ArrayLike, NDArray

    from graphwalk.storage.format import LabelKind
    from graphwalk.storage.labels import MemoryLabels

ArrayName = Literal["offsets", "neighbors", "weights"]


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


class Graph:
    """A graph in a store, made by `build_zarr` or `open_zarr`.

    Nothing but the store's attributes is kept in memory: every method reads what it needs. A graph
    pickles as its path (and storage options), so the process that takes it up must be able to read
    that path.

    Nodes are the integers 0 … num_nodes - 1. Where the edges named them otherwise, `labels` has
    those names and `index_of` finds the node of a name.
    """

    def __init__(
        self,
        location: str,
        info: GraphInfo,
        *,
        temporary: bool = False,
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        self._location = location
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
    def directed(self) -> bool:
        """Whether edges lead one way only."""
        return self._info.directed

    @property
    def weighted(self) -> bool:
        """Whether edges have weights."""
        return self._info.weighted

    @property
    def label_kind(self) -> LabelKind | None:
        """What labels are, ``"int64"`` or ``"string"``; None where ids are the nodes' own."""
        return self._info.labels

    @property
    def neighbor_dtype(self) -> np.dtype[Any]:
        """Type of node ids in the store: int32, or int64 from 2³¹ nodes on."""
        return self._info.neighbor_dtype

    @property
    def labels(self) -> NDArray[Any] | None:
        """Labels of all nodes, shape (num_nodes,): int64, or object with str; None without any."""
        return None if self._labels is None else self._labels.to_numpy()

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

        Neighbours ascend; parallel edges that were kept repeat theirs. Chunks that several of the
        nodes share are read once.

        Raises
        ------
        InputError
            When a node does not exist.
        """
        ids = _check_nodes(nodes, self.num_nodes)
        unique, inverse = np.unique(ids, return_inverse=True)
        starts, stops = self._row_ranges(unique)
        rows = _read_ranges(self._reader("neighbors"), starts, stops)
        if ids.ndim == 0:
            return rows[0]
        return [rows[i] for i in inverse.tolist()]

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
            found = _check_nodes(wanted, self.num_nodes).astype(np.int64)
        else:
            found = self._labels.find(wanted)
            if (found < 0).any():
                missing = wanted[int(np.flatnonzero(found < 0)[0])]
                raise InputError(f"no node of {self._location} has the label {missing!r}")
        return int(found[0]) if single else found

    def read_offsets(self, start: int, stop: int) -> NDArray[np.int64]:
        """Return ``offsets[start:stop]``; row v is entries ``offsets[v]`` to ``offsets[v + 1]``.

        Raises
        ------
        StoreError
            When a chunk is missing or damaged.
        """
        return self._reader("offsets").read(start, stop)

    def read_neighbors(self, start: int, stop: int) -> NDArray[Any]:
        """Return the neighbours of entries `start` to `stop`; raises as `read_offsets` does."""
        return self._reader("neighbors").read(start, stop)

    def read_weights(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return the weights of entries `start` to `stop`; raises as `read_offsets` does."""
        return self._reader("weights").read(start, stop)

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
    def _labels(self) -> MemoryLabels | None:
        return read_labels(self._group, self._location, self._info)

    def _reader(self, name: ArrayName) -> ArrayReader:
        if name == "weights" and not self.weighted:
            raise InputError(f"{self._location} has no weights; build it from weighted edges")
        if name not in self._readers:
            length = self.num_nodes + 1 if name == "offsets" else self.num_entries
            self._readers[name] = ArrayReader(self._group, self._location, name, length)
        return self._readers[name]

    def _row_ranges(self, nodes: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        ranges = _read_ranges(self._reader("offsets"), nodes, nodes + 2)
        bounds = np.array(ranges, np.int64).reshape(-1, 2)
        return bounds[:, 0], bounds[:, 1]

    def __reduce__(self) -> tuple[Any, tuple[str, GraphInfo, Mapping[str, Any] | None]]:
        return _reopen, (self._location, self._info, self._storage_options)

    def __repr__(self) -> str:
        kind = "directed" if self.directed else "undirected"
        kind += ", weighted" if self.weighted else ""
        kind += {None: "", "int64": ", labelled by integers", "string": ", labelled by strings"}[
            self.label_kind
        ]
        return (
            f"<graphwalk.Graph {self._location!r}: {self.num_nodes:,} nodes, "
            f"{self.num_edges:,} edges, {kind}>"
        )


def _reopen(location: str, info: GraphInfo, storage_options: Mapping[str, Any] | None) -> Graph:
    return Graph(location, info, storage_options=storage_options)


def _check_nodes(nodes: ArrayLike, num_nodes: int) -> NDArray[Any]:
    ids = np.asarray(nodes)
    if ids.size == 0:
        return ids.astype(np.int64)
    if ids.dtype.kind not in "iu" or ids.ndim > 1:
        raise InputError(f"nodes are integers or a one-dimensional array of them, not {nodes!r}")
    bad = (ids < 0) | (ids >= num_nodes)
    if bad.any():
        raise InputError(f"there is no node {ids[bad][0]}: nodes are 0 to {num_nodes - 1}")
    return ids.astype(np.int64)


def _read_ranges(
    reader: ArrayReader, starts: NDArray[np.int64], stops: NDArray[np.int64]
) -> list[NDArray[Any]]:
    """Return the elements of each of these ascending ranges, reading near ones together."""
    parts: list[NDArray[Any]] = []
    for run in split_ranges(starts, stops, reader.chunk):
        base = starts[run.start]
        values = reader.read(int(base), int(stops[run.stop - 1]))
        parts.extend(
            values[a - base : b - base].copy() for a, b in zip(starts[run], stops[run], strict=True)
        )
    return parts
