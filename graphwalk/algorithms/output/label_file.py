"""Labels in a file that every task maps into memory, instead of being sent them."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakValueDictionary

import numpy as np
import pyarrow as pa

from graphwalk.algorithms.output.labelled_walks import as_labels, check_one_line
from graphwalk.storage.store.label_table import SLICE_BYTES, LabelTable
from graphwalk.storage.store.node_labels import NodeLabels
from graphwalk.util.arrow_strings import string_buffers, strings_of
from graphwalk.util.forks import ModuleLock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from graphwalk.storage.files.folder import Folder

#: Nodes of which labels are hashed and written at a time.
_PART_NODES = 1 << 17

#: What a worker reads of the table, and a slice of names, take one such part of its memory each,
#: and no fewer than this many bytes.
_TABLE_PART, _SLICE_PART = 8, 64
_LEAST_SLICE = 1 << 18

#: Bytes that a worker takes for each byte of a slice: names and their nodes, and lines or pages of
#: them, packed ones too.
_NAMING = 20

#: The tables that this process has mapped, each once for all tasks.
_tables: WeakValueDictionary[str, LabelTable] = WeakValueDictionary()
_loading = ModuleLock()


class OutputLabels:
    """The labels that are written in the place of nodes, read in parts.

    Parameters
    ----------
    labels : NodeLabels or array_like of int or str, shape (num_nodes,)
        The label of each node.
    text : bool
        Whether they are meant for lines of text.

    Attributes
    ----------
    type : pyarrow.DataType
        The type of a label.
    nbytes : int
        Bytes of all labels.
    digest : str
        What tells them from others.

    Raises
    ------
    InputError
        When they are neither integers nor strings, or one of them cannot stand in a line.
    """

    def __init__(self, labels: Any, *, text: bool) -> None:
        if not isinstance(labels, NodeLabels):
            labels = as_labels(labels)
        self._labels, kind = labels, getattr(labels, "arrow_type", None) or labels.type
        self.type: pa.DataType = kind
        self.nbytes = 0
        digests = sha256(str(kind).encode()), sha256()
        for part, arrays in self.arrays():
            if text:
                check_one_line(part)
            for digest, values in zip(digests, arrays, strict=False):
                digest.update(values.data)
                self.nbytes += values.nbytes
        self.digest = sha256(b"".join(digest.digest() for digest in digests)).hexdigest()

    def __len__(self) -> int:
        return len(self._labels)

    def arrays(self) -> Iterator[tuple[pa.Array, tuple[NDArray[Any], ...]]]:
        """Yield some labels at a time, and them as arrays: ends and bytes of strings, or values."""
        end = 0
        for part in self._parts():
            if not pa.types.is_large_string(self.type):
                yield part, (np.asarray(part),)
                continue
            ends, data = string_buffers(part)
            yield part, (ends[1:] + end, data)
            end += len(data)

    def _parts(self) -> Iterator[pa.Array]:
        if isinstance(self._labels, NodeLabels):
            yield from self._labels.parts()
            return
        for start in range(0, len(self), _PART_NODES):
            yield self._labels[start : start + _PART_NODES]


class NamingRoom(NamedTuple):
    """The memory of a process for naming nodes.

    Attributes
    ----------
    in_parts : bool
        Whether the table of labels is read in parts, as it does not fit.
    table : int
        Bytes of the whole table; or of the labels that a worker has read of it.
    slice_bytes : int
        Bytes of the names that a worker makes at a time.
    total : int
        Bytes that all takes.
    """

    in_parts: bool
    table: int
    slice_bytes: int
    total: int


def naming_room(labels: OutputLabels, memory: int, workers: int, *, in_parts: bool) -> NamingRoom:
    """Return what naming nodes takes, within a part of `memory` if that is not too small."""
    share = memory // workers
    size = max(_LEAST_SLICE, min(SLICE_BYTES, share // _SLICE_PART))
    table = max(_LEAST_SLICE, share // _TABLE_PART) if in_parts else labels.nbytes
    total = table * (workers if in_parts else 1) + workers * _NAMING * size
    return NamingRoom(in_parts, table, size, total)


class LabelFile:
    """Labels in a file: integers; or where each string ends, and their bytes.

    Parameters
    ----------
    folder : Folder
        Where the file lies; from a URL, every process fetches it once.
    labels : OutputLabels
        The labels.
    room : NamingRoom
        The memory for naming nodes by them.
    """

    def __init__(self, folder: Folder, labels: OutputLabels, room: NamingRoom) -> None:
        self._folder, self._type, self._length = folder, labels.type, len(labels)
        self._name = f"labels-{labels.digest[:16]}"
        self._room = room
        self._first_end = 8 if pa.types.is_large_string(self._type) else 0
        self._data_start = 8 * (self._length + 1)
        self._table: LabelTable | None = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_table": None}

    def save(self, labels: OutputLabels) -> None:
        """Write the labels."""
        with self._folder.writing(self._name) as file:
            if self._first_end:
                file.write(bytes(self._first_end))
            places = [self._first_end, self._data_start]
            for _, arrays in labels.arrays():
                for i, values in enumerate(arrays):
                    file.seek(places[i])
                    file.write(values.data)
                    places[i] += values.nbytes

    def load(self) -> LabelTable:
        """Return the labels; pages are read when they are looked at."""
        if self._table is None:
            with _loading:
                key = f"{self._folder.location}/{self._name}"
                self._table = _tables.get(key) or _tables.setdefault(key, self._map())
        return self._table

    def _map(self) -> LabelTable:
        if not self._length:
            return LabelTable(pa.array([], self._type))
        file = self._folder.mapped(self._name)
        if not self._first_end:
            labels = pa.array(np.frombuffer(file, self._type.to_pandas_dtype(), self._length))
        else:
            ends = np.frombuffer(file, np.int64, self._length + 1)
            labels = strings_of(ends, np.frombuffer(file, np.uint8, offset=self._data_start))
        room = self._room
        in_parts = (file, room.table) if room.in_parts else None
        return LabelTable(labels, room.slice_bytes, in_parts)
