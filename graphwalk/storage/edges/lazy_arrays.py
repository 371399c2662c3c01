"""Edges in arrays that are not in memory: NumPy files, and Zarr arrays.

A memory-mapped array is read by its file, for pages that were mapped count as memory in use.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from graphwalk.errors import InputError
from graphwalk.storage.edges.as_column import ColumnName, comes_from
from graphwalk.storage.edges.columns import (
    check_endpoints,
    floats,
    id_column,
    ids,
    name_edge,
    weight_column,
)
from graphwalk.storage.edges.dates import time_unit
from graphwalk.storage.edges.protocol import EdgeBatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray


class Window(Protocol):
    """An array elsewhere, whose slices are NumPy arrays."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the array."""

    def __getitem__(self, index: Any) -> NDArray[Any]: ...


class FileArray:
    """A C-contiguous array in a file, read as it is sliced along its first or second axis."""

    def __init__(
        self, path: str, dtype: np.dtype[Any], shape: tuple[int, ...], offset: int
    ) -> None:
        self._path = path
        self._offset = offset
        self.dtype = dtype
        self.shape = shape

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: slice | tuple[int, slice]) -> NDArray[Any]:
        if isinstance(index, tuple):
            line, part = index
            start, stop, _ = part.indices(self.shape[1])
            return self._read(line * self.shape[1] + start, stop - start)
        start, stop, _ = index.indices(self.shape[0])
        width = 1 if len(self.shape) == 1 else self.shape[1]
        return self._read(start * width, (stop - start) * width).reshape(-1, *self.shape[1:])

    def _read(self, start: int, count: int) -> NDArray[Any]:
        offset = self._offset + start * self.dtype.itemsize
        values = np.fromfile(self._path, self.dtype, count, offset=offset)
        if len(values) < count:
            raise InputError(f"{self._path} ends early: it was cut off; write it again")
        return values


def from_memmap(array: NDArray[Any]) -> FileArray | NDArray[Any]:
    """Return a memory-mapped array as one that is read from its file, if that can be done."""
    mapped: Any = array
    plain = isinstance(array, np.memmap) and array.flags.c_contiguous and array.ndim <= 2
    if not plain or mapped.mode == "c" or mapped.filename is None:  # "c": its changes are its own
        return array
    whole: Any = array
    while isinstance(whole, np.ndarray):  # a view is of an array, and that of the map
        whole = whole.base
    base = np.frombuffer(whole, np.uint8).ctypes.data
    begin = mapped.offset - mapped.offset % mmap.ALLOCATIONGRANULARITY
    offset = begin + array.ctypes.data - base
    return FileArray(str(mapped.filename), array.dtype, array.shape, offset)


def is_window(value: object) -> bool:
    """Return whether `value` is an array whose contents should be read in windows."""
    return isinstance(value, np.memmap | FileArray) or (
        comes_from(value, "zarr") and hasattr(value, "shape") and hasattr(value, "chunks")
    )


@dataclass(frozen=True, eq=False)
class WindowSource:
    """An :class:`~graphwalk.storage.edges.protocol.EdgeSource` over arrays read in windows.

    `load` returns sources, targets and perhaps weights of the edges from one number to another.
    """

    name: str
    num_edges: int
    load: Callable[[int, int], tuple[NDArray[Any], ...]]
    weighted: bool
    chunk: int = 1
    time_unit: str | None = None
    once: bool = False
    directed: None = None
    num_nodes: None = None
    nodes: None = None

    def batches(self, size: int) -> Iterator[Callable[[], EdgeBatch]]:
        """Return calls that read windows, of whole chunks where these are small enough."""
        step = max(size // self.chunk * self.chunk, 1) if self.chunk <= size else size
        for start in range(0, self.num_edges, step):
            yield partial(self._batch, start, min(start + step, self.num_edges))

    def _batch(self, start: int, stop: int) -> EdgeBatch:
        src, dst, *weights = self.load(start, stop)
        whole = slice(0, stop - start)
        edge = partial(name_edge, self.name, start)
        place = ColumnName(self.name, lambda row: f"edge {start + row}")
        src, dst = (id_column(column, place, whole=False) for column in (src, dst))
        check_endpoints(src, dst, self.name)
        weight = floats(weight_column(weights[0], place), whole) if weights else None
        return EdgeBatch(ids(src, whole), ids(dst, whole), weight, edge)


def open_window(array: Any) -> WindowSource:
    """Open an array of shape (2, E) or (E, 2) that is read in windows."""
    array = from_memmap(array) if isinstance(array, np.memmap) else array
    name = f"{_kind(array)} of shape {tuple(array.shape)}"
    if len(array.shape) != 2 or 2 not in array.shape:
        raise InputError(
            f"{name} is no list of edges; its shape must be (2, E) or (E, 2), or pass a tuple "
            "(src, dst[, weight]) of one-dimensional arrays"
        )
    across = array.shape[0] == 2
    check_types([array, array], name)
    load = partial(_load_across if across else _load_along, array)
    chunk = _chunk(array, 1 if across else 0)
    return WindowSource(name, array.shape[1 if across else 0], load, False, chunk)


def open_windows(columns: Sequence[Any]) -> WindowSource:
    """Open two or three one-dimensional columns, of which some are read in windows."""
    arrays = [from_memmap(c) if isinstance(c, np.memmap) else c for c in columns]
    arrays = [a if is_window(a) else np.asarray(a) for a in arrays]
    name = f"tuple of {_kind(next(a for a in arrays if is_window(a)))}s"
    if len(arrays) not in (2, 3):
        raise InputError(f"{name}: it has {len(arrays)} items; it takes 2 or 3")
    lengths = {tuple(array.shape) for array in arrays}
    if len(lengths) > 1 or len(arrays[0].shape) != 1:
        raise InputError(f"{name}: shapes are {lengths}; they must be one-dimensional and equal")
    check_types(arrays, name)
    chunk = max(_chunk(array, 0) for array in arrays)
    load = partial(_load_columns, arrays)
    unit = time_unit(np.empty(0, arrays[2].dtype)) if len(arrays) == 3 else None
    return WindowSource(name, arrays[0].shape[0], load, len(arrays) == 3, chunk, unit)


def _load_across(array: Window, start: int, stop: int) -> tuple[NDArray[Any], ...]:
    if isinstance(array, FileArray | np.ndarray):
        return array[0, start:stop], array[1, start:stop]
    both = np.asarray(array[:, start:stop])
    return both[0], both[1]


def _load_along(array: Window, start: int, stop: int) -> tuple[NDArray[Any], ...]:
    both = np.asarray(array[start:stop])
    return both[:, 0], both[:, 1]


def _load_columns(arrays: Sequence[Window], start: int, stop: int) -> tuple[NDArray[Any], ...]:
    return tuple(np.asarray(array[start:stop]) for array in arrays)


def check_types(arrays: Sequence[Any], name: str) -> None:
    """Refuse types that cannot be ids or weights, in the words used for arrays in memory."""
    # Of arrays without items a type says nothing, and of objects only the items do.
    lengths = [int(0 not in array.shape and array.dtype.kind != "O") for array in arrays]
    columns = [np.zeros(n, array.dtype) for n, array in zip(lengths, arrays, strict=True)]
    src, dst = (id_column(column, ColumnName(name)) for column in columns[:2])
    check_endpoints(src, dst, name)
    if len(columns) == 3:
        weight_column(columns[2], ColumnName(name))


def _kind(array: Any) -> str:
    if isinstance(array, FileArray | np.memmap):
        return "memory-mapped array"
    return f"{type(array).__module__.partition('.')[0]} array"


def _chunk(array: Any, axis: int) -> int:
    return int(array.chunks[axis]) if hasattr(array, "chunks") else 1
