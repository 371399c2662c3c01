"""Labels of nodes as arrays of a store, written and read part by part."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from graphwalk.errors import StoreError
from graphwalk.kernels.store.check_rows import first_not_above
from graphwalk.storage.store.label_runs import LabelRuns, UnsortedLabels, labels_of, split_runs
from graphwalk.storage.store.read_ranges import read_ranges
from graphwalk.util.arrow_strings import string_buffers, strings_of
from graphwalk.util.available_memory import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    from numpy.typing import DTypeLike, NDArray

    from graphwalk.storage.store.array_reader import ArrayReader
    from graphwalk.storage.store.array_writer import ArrayWriter
    from graphwalk.storage.store.label_index import Labels, MemoryLabels
    from graphwalk.storage.store.store_arrays import StoreArrays

    NewArray: TypeAlias = Callable[[str, DTypeLike, int], ArrayWriter]

#: Labels that are read at a time, and about the bytes that they take.
_PART_NODES = 1 << 18
_PART_BYTES = 4 << 20


def write_labels(labels: Labels, new_array: NewArray) -> str:
    """Write the labels into arrays that `new_array` makes, part by part.

    Integers are the array ``labels``; strings are ``label_offsets`` and ``label_bytes``, laid out
    as Arrow does. Returns the digest of the labels.
    """
    write = _write_integers if labels.kind == "int64" else _write_strings
    return sha256(write(labels, new_array)).hexdigest()


def _write_integers(labels: Labels, new_array: NewArray) -> bytes:
    with new_array("labels", np.int64, len(labels)) as writer:
        for _, part in labels.parts():
            writer.append(np.asarray(part.values))
            del part  # before the next one is loaded
    return writer.digest


def _write_strings(labels: Labels, new_array: NewArray) -> bytes:
    number, end = len(labels), 0
    with (
        new_array("label_offsets", np.int64, number) as offsets,
        new_array("label_bytes", np.uint8, number) as data,
    ):
        offsets.append(np.zeros(1, np.int64))
        for _, part in labels.parts():
            part_offsets, part_data = string_buffers(part.values)
            offsets.append(part_offsets[1:] + end)
            data.append(part_data)
            end += len(part_data)
            del part, part_offsets, part_data  # before the next one is loaded
    return offsets.digest + data.digest


class StoredLabels:
    """The labels of a store's graph: read in parts, or as a whole if much of them is needed.

    All methods raise StoreError where labels are missing or damaged.

    Parameters
    ----------
    arrays : StoreArrays
        The store, whose nodes have labels.
    """

    def __init__(self, arrays: StoreArrays) -> None:
        self._arrays, self._info = arrays, arrays.info
        self.text = self._info.labels == "string"
        #: Whether labels ascend; and nodes from which on they do so again.
        self.ascend = self._info.labels_ascend
        self.runs = self._info.label_runs or ()
        self._bytes_taken = 0

    def __len__(self) -> int:
        return self._info.num_nodes

    @cached_property
    def whole(self) -> MemoryLabels | LabelRuns | UnsortedLabels:
        """All labels, in memory.

        Raises
        ------
        MemoryBudgetError
            When they do not fit.
        """
        require(
            self.nbytes,
            f"{self._arrays.path}: the labels of all nodes",
            "graph.labels[nodes] and graph.names(nodes) read those of some nodes",
        )
        labels = self._read(0, len(self))
        if not self.ascend:
            return UnsortedLabels(labels, self._arrays.path)
        return LabelRuns(labels, self.runs) if self.runs else labels_of(labels)

    def parts(self) -> Iterator[pa.Array]:
        """Yield all labels in order, a few MiB at a time."""
        last: Any = None
        step = max(1, min(_PART_NODES, _PART_BYTES * len(self) // max(1, self.nbytes)))
        for start in range(0, len(self), step):
            stop = min(len(self), start + step)
            part = self._read(start, stop)
            fallen = self.ascend and last is not None and part[0].as_py() <= last
            if fallen and start not in self.runs:
                raise self._damaged("labels must ascend")
            last = part[-1].as_py()
            yield part

    def take(self, nodes: NDArray[np.int64]) -> pa.Array:
        """Return the labels of nodes, which must exist.

        Few nodes are looked up in the store. When about as much has been read so as all labels
        take, those are read once and kept.
        """
        if "whole" not in self.__dict__:
            self._bytes_taken += len(nodes) * self._reader.seek_cost_bytes
            if self._bytes_taken < self.nbytes:
                return self.look_up(nodes)
        return self.whole.to_arrow().take(pa.array(nodes))

    def look_up(self, nodes: NDArray[np.int64]) -> pa.Array:
        """Return the labels of nodes, which must exist; none are kept."""
        wanted, where = np.unique(nodes, return_inverse=True)
        with self._arrays.unchanged():
            if not self.text:
                found, _ = read_ranges(self._reader, wanted, wanted + 1, np.int64)
                self._check_integers(found, wanted)
                return pa.array(found[where])
            bounds, _ = read_ranges(self._reader, wanted, wanted + 2, np.int64)
            self._check_ends(bounds)
            starts, stops = bounds[::2], bounds[1::2]
            data, ends = read_ranges(self._text_reader, starts, stops, np.uint8)
            return self._checked_strings(ends, data, wanted).take(pa.array(where))

    def _check_integers(self, labels: NDArray[np.int64], nodes: range | NDArray[np.int64]) -> None:
        for run in self._runs(nodes):
            if (labels[run][1:] <= labels[run][:-1]).any():
                raise self._damaged("labels must ascend")

    def _read(self, start: int, stop: int) -> pa.Array:
        with self._arrays.unchanged():
            if not self.text:
                values = self._reader.read(start, stop)
                self._check_integers(values, range(start, stop))
                return pa.array(values)
            ends = self._reader.read(start, stop + 1)
            self._check_ends(ends)
            if start == 0 and ends[0] != 0:
                raise self._damaged("it must rise from 0")
            data = self._text_reader.read(int(ends[0]), int(ends[-1]))
            ends = ends - ends[0] if ends[0] else ends
            return self._checked_strings(ends, data, range(start, stop))

    def _check_ends(self, ends: NDArray[np.int64]) -> None:
        """Raise where offsets fall, or are outside of the bytes of labels."""
        if (ends[1:] < ends[:-1]).any() or ends[0] < 0 or ends[-1] > self._text_bytes:
            raise self._damaged("it must rise from 0")

    def _checked_strings(
        self,
        ends: NDArray[np.int64],
        data: NDArray[np.uint8],
        nodes: range | NDArray[np.int64],
    ) -> pa.LargeStringArray:
        strings = strings_of(ends, data)
        try:
            strings.validate(full=True)
        except pa.ArrowInvalid as error:
            raise self._damaged(f"labels must be UTF-8 ({error})", "label_bytes") from error
        for run in self._runs(nodes):
            if first_not_above(ends[run.start : run.stop + 1], data) >= 0:
                raise self._damaged("labels must ascend", "label_bytes")
        return strings

    def _runs(self, nodes: range | NDArray[np.int64]) -> Iterator[slice]:
        """Return which of ascending nodes have labels that ascend."""
        return split_runs(nodes, self.runs) if self.ascend else iter(())

    @property
    def nbytes(self) -> int:
        """Bytes of all labels in memory."""
        # The reader is opened first, since it notices a length that is not the array's.
        return 8 * len(self) + (self._text_bytes if self.text and self._text_reader else 0)

    @cached_property
    def _text_bytes(self) -> int:
        with self._arrays.unchanged():
            return max(0, int(self._reader.read(len(self), len(self) + 1)[0]))

    @cached_property
    def _reader(self) -> ArrayReader:
        """Reads where strings end, or integers."""
        name, length = ("label_offsets", len(self) + 1) if self.text else ("labels", len(self))
        return self._arrays.open_array(name, length)

    @cached_property
    def _text_reader(self) -> ArrayReader:
        return self._arrays.open_array("label_bytes", self._text_bytes)

    def _damaged(self, what: str, name: str = "") -> StoreError:
        name = name or ("label_offsets" if self.text else "labels")
        return StoreError(
            f"array {name!r} of {self._arrays.path} is damaged: {what}; build it again"
        )
