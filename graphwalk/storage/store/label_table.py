"""Names of many nodes at a time, in slices that take little memory."""

from __future__ import annotations

import mmap
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa

from graphwalk.errors import InputError
from graphwalk.util.arrow_strings import string_offsets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

T = TypeVar("T")

#: Bytes of a slice of names, and for how many of these it has a node: short names have other costs.
SLICE_BYTES = 8 << 20
NODE_BYTES = 32

#: Bytes of a node while its position among the labels that are read is found.
_POSITION_BYTES = 32


class LabelTable:
    """The labels of all nodes, by which some nodes at a time are named.

    Parameters
    ----------
    labels : pyarrow.Array
        Integers or large strings.
    slice_bytes : int
        Bytes of the names that are made at a time: no more than 1.5 times as many, unless those of
        one row are more.
    room : (mmap, int), optional
        If the table is read in parts: the file in which it lies, and the bytes that labels of some
        walks may take.
    """

    def __init__(
        self,
        labels: pa.Array,
        slice_bytes: int = SLICE_BYTES,
        room: tuple[mmap.mmap, int] | None = None,
    ) -> None:
        self._labels, self._slice, self._room = labels, slice_bytes, room
        self._ends = string_offsets(labels) if pa.types.is_large_string(labels.type) else None
        size = 0 if self._ends is None else int(self._ends[-1] - self._ends[0])
        self._mean = 8 + size // max(1, len(labels))

    @property
    def type(self) -> pa.DataType:
        """The type of a label."""
        return self._labels.type

    def in_slices(
        self, rows: int, width: int, make: Callable[[slice, int | None], T | None]
    ) -> Iterator[T]:
        """Yield what `make` returns for slices of rows of at most `width` nodes each.

        Parameters
        ----------
        make : callable
            Takes a slice of the rows, and the bytes that their names may take, which it passes to
            `take`; where that returns None it returns None too, and gets each half of the rows.
        """
        step = max(1, self._slice // max(NODE_BYTES, self._mean) // width)
        for start in range(0, rows, step):
            yield from self._halved(start, min(rows, start + step), make)

    def _halved(
        self, start: int, stop: int, make: Callable[[slice, int | None], T | None]
    ) -> Iterator[T]:
        single = stop - start == 1
        made = make(slice(start, stop), None if single else self._slice * 3 // 2)
        if made is not None:
            yield made
            return
        middle = (start + stop) // 2
        yield from self._halved(start, middle, make)
        yield from self._halved(middle, stop, make)

    def take(self, nodes: NDArray[np.integer[Any]], most: int | None) -> pa.Array | None:
        """Return the labels of nodes; None where they take more than `most` bytes.

        Raises
        ------
        InputError
            When there are fewer labels than nodes.
        """
        if nodes.size:
            self._check(int(nodes.max()))
        if most is not None and self._ends is not None and len(nodes) * self._longest > most:
            sizes = self._ends[nodes + 1] - self._ends[nodes]
            if sizes.sum() > most:
                return None
        return self._labels.take(pa.array(nodes))

    def narrowed(
        self, walks: NDArray[np.integer[Any]]
    ) -> Iterator[tuple[LabelTable, NDArray[np.integer[Any]]]]:
        """Yield some walks at a time, and a table in which they find the labels of their nodes.

        If the table is read in parts, it holds the labels of these walks alone, and walks have
        positions in it in the place of nodes.
        """
        if self._room is None:
            yield self, walks
            return
        mapping, room = self._room
        step = max(1, room // (_POSITION_BYTES + 3 * self._mean) // walks.shape[1])
        for start in range(0, len(walks), step):
            some = walks[start : start + step]
            real = some >= 0
            wanted, where = np.unique(some[real], return_inverse=True)
            found = np.full(some.shape, -1, np.int32)
            found[real] = where
            del where
            yield LabelTable(self._read(mapping, wanted, room // 4), slice_bytes=self._slice), found

    def _read(self, mapping: mmap.mmap, wanted: NDArray[np.integer[Any]], window: int) -> pa.Array:
        """Return the labels of ascending nodes, of which few pages are mapped at a time."""
        if len(wanted):
            self._check(int(wanted[-1]))
        windows = wanted // max(1, window // self._mean)
        parts = []
        for some in np.split(wanted, np.flatnonzero(windows[1:] != windows[:-1]) + 1):
            parts.append(self._labels.take(pa.array(some)))
            if hasattr(mmap, "MADV_DONTNEED"):  # they stay in the system's cache if it has room
                mapping.madvise(mmap.MADV_DONTNEED)
        return pa.concat_arrays(parts)

    @cached_property
    def _longest(self) -> int:
        """Bytes of the longest string."""
        assert self._ends is not None
        return int(np.diff(self._ends).max(initial=0))

    def _check(self, node: int) -> None:
        if node >= len(self._labels):
            raise InputError(
                f"there is a node {node}, but there are {len(self._labels)} labels; pass the "
                "labels of the graph that was walked"
            )
