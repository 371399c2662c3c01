"""Arrays of values of nodes or of edges that are added to a store, and read in parts."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError, StoreError, argument, function
from graphwalk.storage.store.array_writer import ArrayWriter
from graphwalk.storage.store.check_array import ADDED_TYPES
from graphwalk.storage.store.format import ADDED, ADDED_NAME, CHUNK_BYTES, EDGE_IDS
from graphwalk.util.threads import thread_pool

if TYPE_CHECKING:
    import dask.array as da
    import zarr
    from numpy.typing import NDArray

    from graphwalk.storage.store.graph_arrays import GraphArrays


def add_array(graph: GraphArrays, kind: str, name: str, values: Any) -> GraphArrays:
    """Write values of nodes (`kind` is "node") or entries ("edge"); return the graph with them."""
    # Imported here since it imports Dask, which nothing that reads a store needs.
    from graphwalk.storage.store.put_array import current_info, put_array

    stored = _stored_name(kind, name)
    info = current_info(graph)
    if info.manifest is None:
        raise StoreError(
            f"{graph.path} is of format 1, which has no such arrays; build it again by "
            f"{function('build_zarr')}"
        )
    values = values if hasattr(values, "dtype") and hasattr(values, "shape") else np.asarray(values)
    rows, columns = _rows(graph, kind), _columns(graph, kind, values)
    if stored == EDGE_IDS:
        _check_edge_ids(values)
    dtype = np.dtype(values.dtype).newbyteorder("=")
    width = max(1, columns)
    chunk = chunk_of(dtype, columns)

    def write(group: zarr.Group) -> None:
        with (
            thread_pool(1) as pool,
            ArrayWriter(group, stored, dtype, rows, pool, ahead=1, chunk=chunk) as array,
        ):
            step = chunk // width
            for first in range(0, rows, step):
                part = values[first : first + step]
                part = part.compute() if hasattr(part, "compute") else part
                array.append(np.ascontiguousarray(part, dtype).reshape(-1))

    rest = {each: about for each, about in info.manifest.items() if each != stored}
    about: dict[str, Any] = {"of": ADDED[kind]} | ({"columns": columns} if columns else {})
    without = replace(info, manifest=rest)
    return put_array(
        graph, stored, write, without, replace(without, manifest=rest | {stored: about})
    )


def chunk_of(dtype: np.dtype[Any], columns: int) -> int:
    """Return how many elements a chunk of an added array has: whole rows of about 4 MiB."""
    width = max(1, columns)
    return width * max(1, CHUNK_BYTES // (width * dtype.itemsize))


def _stored_name(kind: str, name: str) -> str:
    stored = f"{kind}.{name}"
    if not isinstance(name, str) or not ADDED_NAME.fullmatch(stored):
        raise InputError(
            f"{argument('name', name)} must be of up to 64 letters, digits, and _ . -, and begin "
            "with none of the last two"
        )
    return stored


def _rows(graph: GraphArrays, kind: str) -> int:
    return graph.num_nodes if kind == "node" else graph.num_entries


def _columns(graph: GraphArrays, kind: str, values: Any) -> int:
    """Return the columns of values, 0 if they are no matrix; refuse other shapes and types."""
    shape, rows = tuple(values.shape), _rows(graph, kind)
    if len(shape) not in (1, 2) or shape[0] != rows or 0 in shape[1:]:
        what = "node" if kind == "node" else "entry of the store, in the order of to_edge_index()"
        raise InputError(
            f"{argument('values')} has shape {shape}; pass one value, or a row of values, for each "
            f"{what}: shape ({rows},) or ({rows}, columns)"
        )
    if np.dtype(values.dtype).newbyteorder("=") not in ADDED_TYPES:
        raise InputError(
            f"{argument('values')} are {values.dtype}; pass integers or floating-point numbers of "
            "up to 64 bits"
        )
    return 0 if len(shape) == 1 else int(shape[1])


def _check_edge_ids(values: Any) -> None:
    if len(values.shape) != 1 or not np.can_cast(values.dtype, np.int64):
        raise InputError(
            f"{argument('name', 'edge_ids')} is for the ids that edges have in the input, one "
            f"integer each; give this array of {values.dtype} another name"
        )


class AddedArray:
    """An added array, of which parts are read when they are asked for.

    Attributes
    ----------
    shape : tuple of int
        (rows,) or (rows, columns).
    dtype : dtype
        Type of the values.
    chunk_rows : int
        Rows of a chunk.
    """

    def __init__(self, graph: GraphArrays, kind: str, name: str) -> None:
        stored, known = _stored_name(kind, name), graph.added_arrays
        if stored not in known:
            there = [each.partition(".")[2] for each in known if each.startswith(f"{kind}.")]
            raise InputError(
                f"{graph.path} has no array {name!r} of {kind}s; it has "
                f"{', '.join(map(repr, sorted(there))) or 'none'}, and "
                f"{function(f'Graph.set_{kind}_array')} adds one"
            )
        self._graph, self._columns, self._called = graph, known[stored], (kind, name)
        rows = _rows(graph, kind)
        self._width = max(1, self._columns)
        with graph.unchanged():
            self._reader = graph.open_array(stored, rows * self._width)
        self.shape = (rows, self._columns) if self._columns else (rows,)
        self.ndim, self.dtype = len(self.shape), self._reader.dtype
        self.chunk_rows = max(1, self._reader.chunk // self._width)

    def __reduce__(self) -> Any:
        return AddedArray, (self._graph, *self._called)

    def __getitem__(self, index: Any) -> NDArray[Any]:
        """Return rows of a slice without a step, and perhaps some columns of these."""
        rows, *others = index if isinstance(index, tuple) else (index,)
        start, stop, step = rows.indices(self.shape[0])
        with self._graph.unchanged():
            found = self._reader.read(start * self._width, max(start, stop) * self._width)
        matrix = found.reshape(-1, *self.shape[1:])[::step]
        return matrix[(slice(None), *others)]

    def take(self, rows: NDArray[np.int64] | range) -> NDArray[Any]:
        """Return some rows, in their order; each chunk that has any is read once."""
        unique, inverse = np.unique(rows, return_inverse=True)
        out = np.empty((len(unique), *self.shape[1:]), self.dtype)
        cuts = np.flatnonzero(np.diff(unique // self.chunk_rows)) + 1
        for a, b in pairwise([0, *cuts.tolist(), len(unique)]):
            if a < b:
                some = unique[a:b]
                out[a:b] = self[some[0] : some[-1] + 1][some - some[0]]
        return out[inverse]

    def lazy(self) -> da.Array:
        """Return the array as a lazy Dask array."""
        import dask.array as da
        from dask.base import tokenize

        stored = _stored_name(*self._called)
        same = (self._graph.manifest or {}).get(stored)
        return da.from_array(
            self,
            chunks=(self.chunk_rows, *self.shape[1:]),
            name=f"{stored}-{tokenize(self._graph.path, same)}",
            meta=np.empty((0,) * self.ndim, self.dtype),
        )
