"""Rows of neighbours: CSR arrays, scipy matrices, and iterables that yield row after row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError
from graphwalk.storage.edges.as_column import ColumnName, as_array
from graphwalk.storage.edges.columns import floats, weight_column
from graphwalk.storage.edges.dates import time_unit
from graphwalk.storage.edges.lazy_arrays import from_memmap
from graphwalk.storage.edges.protocol import RowBatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeAlias

    from numpy.typing import ArrayLike, NDArray

    Rows: TypeAlias = list[Any] | NDArray[Any]


@dataclass(frozen=True, eq=False)
class CSR:
    """A graph as compressed sparse rows, to be passed to `graphwalk.build_zarr`.

    Node `i` has the neighbours ``indices[indptr[i]:indptr[i + 1]]``. Rows need not be sorted.

    Parameters
    ----------
    indptr : array_like of int, shape (num_nodes + 1,)
        Where each row begins; the first element is 0, the last ``len(indices)``.
    indices : array_like of int, shape (num_entries,)
        Neighbours, row after row, all from 0 to ``num_nodes - 1``.
    weights : array_like of float, shape (num_entries,), optional
        A weight for each of `indices`.

    Examples
    --------
    >>> import graphwalk
    >>> rows = graphwalk.CSR(indptr=[0, 1, 3, 4], indices=[1, 0, 2, 1])
    >>> graphwalk.build_zarr(rows).num_edges
    2
    """

    indptr: ArrayLike
    indices: ArrayLike
    weights: ArrayLike | None = None


@dataclass(frozen=True, eq=False)
class CSRSource:
    """A :class:`~graphwalk.storage.edges.protocol.RowSource` over CSR arrays."""

    name: str
    indptr: NDArray[np.int64]
    indices: NDArray[np.integer[Any]] | Any
    weights: NDArray[Any] | None = None
    directed: None = None

    @property
    def num_nodes(self) -> int:
        """Number of rows."""
        return len(self.indptr) - 1

    @property
    def time_unit(self) -> str | None:
        """Unit of what entries have, where it is dates."""
        return time_unit(self.weights)

    @property
    def weighted(self) -> bool:
        """Whether entries have weights."""
        return self.weights is not None

    def rows(self, size: int) -> Iterator[Callable[[], RowBatch]]:
        """Return calls for runs of rows, which are views of the arrays."""
        first = 0
        while first < self.num_nodes:
            most = min(first + size, self.num_nodes)
            end = self.indptr[first] + size
            last = int(np.searchsorted(self.indptr[first : most + 1], end, side="right")) - 1
            last = first + max(1, last)
            yield partial(self._load, first, last)
            first = last

    def _load(self, first: int, last: int) -> RowBatch:
        entries = slice(int(self.indptr[first]), int(self.indptr[last]))
        weights = None if self.weights is None else floats(self.weights, entries)
        lengths = np.diff(self.indptr[first : last + 1])
        return RowBatch(lengths, self.indices[entries], weights, first)


@dataclass(frozen=True, eq=False)
class RowIterable:
    """A :class:`~graphwalk.storage.edges.protocol.RowSource` over rows of separate objects."""

    name: str
    items: Iterable[Any]
    num_nodes: int | None
    directed: None = None
    weighted: bool = False

    def rows(self, size: int) -> Iterator[Callable[[], RowBatch]]:
        """Return calls that join rows, each of about `size` entries."""
        rows = iter(self.items)
        first, taken = 0, _FIRST_ROWS
        while slab := list(islice(rows, taken)):
            ends = np.cumsum(_lengths(slab))
            start = 0
            while start < len(slab):
                done = int(ends[start - 1]) if start else 0
                stop = int(np.searchsorted(ends, done + size, side="right"))
                stop = min(max(stop, start + 1), start + size)
                yield partial(_join, slab[start:stop], first + start, self.name)
                start = stop
            first += len(slab)
            expected = int(size * len(slab) / max(1, ends[-1]))
            taken = max(1, min(size, expected, _GROWTH * taken))


#: Rows that are taken before anything is known of their lengths, and how fast that may grow.
_FIRST_ROWS = 16
_GROWTH = 8


def _lengths(rows: list[Any]) -> NDArray[np.int64]:
    try:
        return np.fromiter(map(len, rows), np.int64, len(rows))
    except TypeError:  # some are no rows, as will be said when they are joined
        return np.array([len(row) if hasattr(row, "__len__") else 1 for row in rows], np.int64)


def _join(rows: list[Any], first: int, name: str) -> RowBatch:
    if not all(map(_is_plain, rows)):
        rows = [_as_row(row, first + i, name) for i, row in enumerate(rows)]
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    joined = np.concatenate(rows)
    if joined.dtype.kind not in "iu":  # int64 and uint64 make floats
        joined = np.concatenate([_as_row(row, first + i, name) for i, row in enumerate(rows)])
    return RowBatch(lengths, joined, None, first)


def open_csr(csr: CSR, name: str = "CSR") -> CSRSource:
    """Open CSR arrays, which must be consistent."""
    indptr = _integers(csr.indptr, f"{name}: indptr").astype(np.int64, copy=False)
    indices = _integers(csr.indices, f"{name}: indices")
    if len(indptr) == 1 and indptr[0] == len(indices) == 0:
        raise InputError(f"{name} has no rows, so there are no nodes; pass some")
    _check_indptr(indptr, len(indices), name)
    weights = None
    if csr.weights is not None:
        weights = weight_column(as_array(csr.weights, name), ColumnName(f"{name}: weights"))
        if len(weights) != len(indices):
            raise InputError(
                f"{name}: {len(weights)} weights for {len(indices)} indices; "
                "pass one weight for each of the indices"
            )
    return CSRSource(name, indptr, from_memmap(indices), weights)


def open_scipy(matrix: Any, name: str | None = None) -> CSRSource:
    """Open a scipy.sparse matrix or array; booleans mark edges, other values are weights.

    Entries that are stored twice are added up where scipy does so on the way to CSR.
    """
    name = name or f"scipy.sparse {type(matrix).__name__}"
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise InputError(f"{name} has shape {matrix.shape}; an adjacency matrix must be square")
    rows = matrix.tocsr()
    weights = None if rows.dtype.kind == "b" else rows.data[: rows.nnz]
    return open_csr(CSR(rows.indptr, rows.indices[: rows.nnz], weights), name)


def open_rows(rows: Rows) -> RowIterable:
    """Open a list or object array whose item `i` is a list or array of node `i`'s neighbours."""
    if not len(rows):
        raise InputError("the list of rows is empty, so there are no nodes; pass some")
    check_no_pairs(rows)
    return RowIterable(f"adjacency list of {len(rows)} rows", rows, len(rows))


def _as_row(row: Any, number: int, name: str) -> NDArray[np.int64]:
    if isinstance(row, bytes | bytearray):  # NumPy takes a bytearray as integers
        raise _bad_row(row, number, name)
    try:
        array = np.asarray(row)
    except ValueError:
        raise _bad_row(row, number, name) from None
    if array.ndim != 1 or (len(array) and array.dtype.kind not in "iu"):
        raise _bad_row(row, number, name)
    return array.astype(np.int64, copy=False)


def _is_plain(row: Any) -> bool:
    return isinstance(row, np.ndarray) and row.ndim == 1 and row.dtype.kind in "iu"


def _integers(values: ArrayLike, name: str) -> NDArray[Any]:
    array = as_array(values, name)
    if array.ndim != 1:
        raise InputError(f"{name} has shape {array.shape}; it must be 1-d")
    if not len(array):
        return array.astype(np.int64)  # an empty list is an array of floats
    if array.dtype.kind not in "iu":
        raise InputError(f"{name} is of type {array.dtype}; it must hold integers")
    return array


def _check_indptr(indptr: NDArray[np.int64], num_entries: int, name: str) -> None:
    if not len(indptr) or indptr[0] != 0:
        found = f"begins with {indptr[0]}" if len(indptr) else "is empty"
        raise InputError(f"{name}: indptr {found}; it must begin with 0")
    falls = indptr[1:] < indptr[:-1]
    if falls.any():
        row = int(np.argmax(falls))
        raise InputError(
            f"{name}, row {row}: indptr falls from {indptr[row]} to {indptr[row + 1]}; "
            "it must never fall"
        )
    if indptr[-1] != num_entries:
        raise InputError(
            f"{name}: indptr ends with {indptr[-1]}, but there are {num_entries} indices; "
            "it must end with their number"
        )


def check_no_pairs(rows: Rows) -> None:
    """Refuse ``[[0, 1], [1, 2]]``: read as rows, a list of edges would be another graph."""
    if len(rows) and all(isinstance(row, list | tuple) and len(row) == 2 for row in rows):
        raise InputError(
            "items of two could be edges or rows of neighbours; pass edges as a list of tuples "
            "[(0, 1), ...] or np.array(edges), and rows as arrays [np.array(row), ...]"
        )


def _bad_row(row: Any, number: int, name: str) -> InputError:
    return InputError(
        f"{name}, row {number}: {row!r:.60} is no row of neighbours; it must be a 1-d list or "
        "array of integers; a list of edges is written with tuples, two columns as the tuple "
        "(src, dst)"
    )
