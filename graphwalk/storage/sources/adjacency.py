"""Rows of neighbours: CSR arrays, scipy matrices, lists and object arrays of arrays.

Rows are cut into batches by :func:`windows`, so that neither a long row nor a run of empty ones
is ever expanded whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphwalk.errors import InputError
from graphwalk.storage.sources.base import BATCH_EDGES, EdgeBatch
from graphwalk.storage.sources.columns import Place, as_array, floats, weight_column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    from numpy.typing import ArrayLike, NDArray

    Rows: TypeAlias = list[Any] | NDArray[Any]


@dataclass(frozen=True, eq=False)
class CSR:
    """A graph as compressed sparse rows, to be passed to :func:`graphwalk.build_zarr`.

    Node `i` has the neighbours ``indices[indptr[i]:indptr[i + 1]]``. Rows need not be sorted.

    Parameters
    ----------
    indptr : array_like of int, shape (num_nodes + 1,)
        Where each row begins; the first is 0, the last ``len(indices)``.
    indices : array_like of int, shape (num_entries,)
        Neighbours, row after row, all from 0 to ``num_nodes - 1``.
    weights : array_like of float, shape (num_entries,), optional
        A weight for each of `indices`.

    Examples
    --------
    >>> import graphwalk
    >>> path = graphwalk.CSR(indptr=[0, 1, 3, 4], indices=[1, 0, 2, 1])
    """

    indptr: ArrayLike
    indices: ArrayLike
    weights: ArrayLike | None = None


class Window(NamedTuple):
    """Entries ``start:stop``, which all lie in rows ``first:last``."""

    start: int
    stop: int
    first: int
    last: int


@dataclass(frozen=True, eq=False)
class AdjacencySource:
    """An :class:`~graphwalk.storage.sources.base.EdgeSource` over rows of neighbours."""

    name: str
    indptr: NDArray[np.int64]
    neighbors: Callable[[Window], NDArray[np.integer[Any]]]
    weights: NDArray[Any] | None = None
    remedy: str = "make it square, with one row for each node"
    grouped: bool = True
    directed: bool | None = None
    nodes: None = None

    @property
    def num_nodes(self) -> int:
        """Number of rows."""
        return len(self.indptr) - 1

    @property
    def weighted(self) -> bool:
        """Whether entries have weights."""
        return self.weights is not None

    def batches(self) -> Iterator[EdgeBatch]:
        """Return the entries row by row; where `neighbors` is an array, `dst` is a view of it."""
        for window in windows(self.indptr):
            dst = self.neighbors(window)
            src = _rows_of(window, self.indptr)
            self._check_range(src, dst)
            entries = slice(window.start, window.stop)
            weight = None if self.weights is None else floats(self.weights, entries)
            yield EdgeBatch(src, dst, weight, window.start)

    def _check_range(self, src: NDArray[np.int64], dst: NDArray[np.integer[Any]]) -> None:
        if dst.min() >= 0 and dst.max() < self.num_nodes:
            return
        odd = int(np.argmax((dst < 0) | (dst >= self.num_nodes)))
        raise InputError(
            f"{self.name}, row {src[odd]}: neighbour {dst[odd]} is not one of its rows "
            f"0 to {self.num_nodes - 1}; {self.remedy}"
        )


def windows(indptr: NDArray[np.int64]) -> Iterator[Window]:
    """Cut rows into windows of at most ``BATCH_EDGES`` entries and as many rows."""
    num_rows, start = len(indptr) - 1, 0
    while start < indptr[-1]:
        # The last row to begin at `start` is the one that has that entry: those before are empty.
        first = int(np.searchsorted(indptr, start, side="right")) - 1
        stop = min(start + BATCH_EDGES, int(indptr[min(first + BATCH_EDGES, num_rows)]))
        yield Window(start, stop, first, int(np.searchsorted(indptr, stop, side="left")))
        start = stop


def open_csr(csr: CSR, name: str = "CSR") -> AdjacencySource:
    """Open CSR arrays, which must be consistent."""
    indptr = _integers(csr.indptr, f"{name}: indptr").astype(np.int64, copy=False)
    indices = _integers(csr.indices, f"{name}: indices")
    _check_indptr(indptr, len(indices), name)
    weights = None
    if csr.weights is not None:
        weights = weight_column(as_array(csr.weights, name), Place(f"{name}: weights"))
        if len(weights) != len(indices):
            raise InputError(
                f"{name}: {len(weights)} weights for {len(indices)} indices; "
                "pass one weight for each of the indices"
            )
    return AdjacencySource(name, indptr, lambda w: indices[w.start : w.stop], weights)


def open_scipy(matrix: Any) -> AdjacencySource:
    """Open a scipy.sparse matrix or array; booleans mark edges, other values are weights.

    Entries that are stored twice are added up where scipy does so on the way to CSR.
    """
    name = f"scipy.sparse {type(matrix).__name__}"
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise InputError(f"{name} has shape {matrix.shape}; an adjacency matrix must be square")
    rows = matrix.tocsr()
    weights = None if rows.dtype.kind == "b" else rows.data[: rows.nnz]
    return open_csr(CSR(rows.indptr, rows.indices[: rows.nnz], weights), name)


def open_rows(rows: Rows) -> AdjacencySource:
    """Open a list or object array whose item `i` is a list or array of node `i`'s neighbours."""
    _check_no_pairs(rows)
    name = f"adjacency list of {len(rows)} rows"
    lengths = np.fromiter(map(_length, rows), np.int64, len(rows))
    if len(lengths) and lengths.min() < 0:
        raise _bad_row(rows, int(np.argmin(lengths)))
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    remedy = "a list of edges is written with tuples, two columns as the tuple (src, dst)"
    neighbors = _Neighbors(rows, indptr)
    return AdjacencySource(name, indptr, neighbors, remedy=remedy)


@dataclass(frozen=True, eq=False)
class _Neighbors:
    """Joins rows that are separate objects, a window at a time."""

    rows: Rows
    indptr: NDArray[np.int64]

    def __call__(self, window: Window) -> NDArray[np.integer[Any]]:
        rows = list(self.rows[window.first : window.last])
        rows[-1] = rows[-1][: window.stop - self.indptr[window.last - 1]]
        rows[0] = rows[0][window.start - self.indptr[window.first] :]
        if all(map(_is_plain, rows)):
            joined: NDArray[Any] = np.concatenate(rows)
            if joined.dtype.kind in "iu":  # int64 and uint64 make floats
                return joined
        return np.concatenate([self._row(window.first + i, row) for i, row in enumerate(rows)])

    def _row(self, number: int, row: Any) -> NDArray[np.int64]:
        try:
            array = np.asarray(row)
        except ValueError:
            raise _bad_row(self.rows, number) from None
        if array.ndim != 1 or (len(array) and array.dtype.kind not in "iu"):
            raise _bad_row(self.rows, number)
        return array.astype(np.int64, copy=False)


def _is_plain(row: Any) -> bool:
    return isinstance(row, np.ndarray) and row.ndim == 1 and row.dtype.kind in "iu"


def _rows_of(window: Window, indptr: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the row of each entry of a window."""
    bounds = np.clip(indptr[window.first : window.last + 1], window.start, window.stop)
    return np.repeat(np.arange(window.first, window.last), np.diff(bounds))


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


def _check_no_pairs(rows: Rows) -> None:
    """Refuse ``[[0, 1], [1, 2]]``: read as rows, a list of edges would be another graph."""
    if len(rows) and all(isinstance(row, list) and len(row) == 2 for row in rows):
        raise InputError(
            "a list of lists of two could be edges or rows of neighbours; pass edges as tuples "
            "[(0, 1), ...] or np.array(edges), and rows as arrays [np.array(row), ...]"
        )


def _length(row: Any) -> int:
    """Return the length of a row, or -1 for what is none."""
    if isinstance(row, list | tuple):
        return len(row)
    shape = np.shape(row) if hasattr(row, "__array__") else ()
    return int(shape[0]) if shape else -1


def _bad_row(rows: Rows, number: int) -> InputError:
    return InputError(
        f"adjacency list of {len(rows)} rows, row {number}: {rows[number]!r:.60} is no row of "
        "neighbours; it must be a 1-d list or array of integers"
    )
