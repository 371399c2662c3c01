"""Labels: the ids that nodes had before they were numbered, in ascending order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphwalk.errors import InputError
from graphwalk.kernels.lookup import find_sorted
from graphwalk.storage.reader import ArrayReader
from graphwalk.storage.writer import write_array

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    import zarr
    from numpy.typing import NDArray

    from graphwalk.storage.format import GraphInfo, LabelKind

#: Most prefixes in the table that narrows the search for an integer.
_MAX_PREFIXES = 1 << 20


class Labels(Protocol):
    """The label of every node, ascending, so that a label's position is its node's id."""

    @property
    def kind(self) -> LabelKind:
        """What the store's attributes call this kind of label."""

    def __len__(self) -> int: ...

    def find(self, ids: Any) -> NDArray[np.int64]:
        """Return the position of each of `ids`, or −1."""

    def at(self, node: int) -> int | str:
        """Return a node's label."""

    def to_numpy(self) -> NDArray[Any]:
        """Return all labels: int64, or object with str in it."""

    def write(self, group: zarr.Group, pool: ThreadPoolExecutor) -> None:
        """Write the labels' arrays into a store."""


class IntegerLabels:
    """Labels that are integers, ascending."""

    kind: LabelKind = "int64"

    def __init__(self, values: NDArray[np.int64]) -> None:
        self._values = values
        span = int(values[-1]) - int(values[0]) if len(values) else 0
        prefixes = min(_MAX_PREFIXES, max(1, len(values)))
        self._shift = max(0, span.bit_length() - prefixes.bit_length() + 1)
        if len(values):
            relative = (values - values[0]) >> self._shift
            last = int(relative[-1])
            self._starts = np.searchsorted(relative, np.arange(last + 2)).astype(np.int64)

    def __len__(self) -> int:
        return len(self._values)

    def find(self, ids: Any) -> NDArray[np.int64]:
        """Return the position of each of `ids`, or −1."""
        ids = _as_integers(ids)
        found = np.empty(len(ids), np.int64)
        if len(self):
            find_sorted(self._values, self._starts, self._shift, ids, found)
        else:
            found[:] = -1
        return found

    def at(self, node: int) -> int:
        """Return a node's label."""
        return int(self._values[node])

    def to_numpy(self) -> NDArray[np.int64]:
        """Return all labels."""
        return self._values

    def write(self, group: zarr.Group, pool: ThreadPoolExecutor) -> None:
        """Write the array ``labels``."""
        write_array(group, "labels", self._values, len(self), pool)


class StringLabels:
    """Labels that are strings, ascending by the bytes of their UTF-8."""

    kind: LabelKind = "string"

    def __init__(self, values: pa.LargeStringArray) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    def find(self, ids: Any) -> NDArray[np.int64]:
        """Return the position of each of `ids`, or −1."""
        found = pc.index_in(_as_strings(ids), value_set=self._values)
        return np.asarray(pc.fill_null(found, -1)).astype(np.int64)

    def at(self, node: int) -> str:
        """Return a node's label."""
        return str(self._values[node].as_py())

    def to_numpy(self) -> NDArray[np.object_]:
        """Return all labels."""
        return np.asarray(self._values.to_numpy(zero_copy_only=False), dtype=object)

    def write(self, group: zarr.Group, pool: ThreadPoolExecutor) -> None:
        """Write the arrays ``label_offsets`` and ``label_bytes``, laid out as Arrow does."""
        offsets, data = _buffers(self._values)
        write_array(group, "label_offsets", offsets, len(self), pool)
        write_array(group, "label_bytes", data, len(self), pool)


def read_labels(group: zarr.Group, location: str, info: GraphInfo) -> Labels | None:
    """Return the labels of a store's graph, or None where ids are the nodes' own."""
    if info.labels is None:
        return None
    if info.labels == "int64":
        values = ArrayReader(group, location, "labels", info.num_nodes).read(0, info.num_nodes)
        return IntegerLabels(values)
    offsets = ArrayReader(group, location, "label_offsets", info.num_nodes + 1)
    ends = offsets.read(0, info.num_nodes + 1)
    length = int(ends[-1])
    data = ArrayReader(group, location, "label_bytes", length).read(0, length)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(data)]
    return StringLabels(pa.Array.from_buffers(pa.large_string(), info.num_nodes, buffers))


def _buffers(values: pa.LargeStringArray) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return the offsets, starting at 0, and the bytes of an Arrow array without nulls."""
    _, ends, data = values.buffers()
    offsets = np.frombuffer(ends, np.int64)[values.offset : values.offset + len(values) + 1]
    bytes_ = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    return offsets - offsets[0], bytes_[offsets[0] : offsets[-1]]


def _as_integers(ids: Any) -> NDArray[Any]:
    values = np.asarray(ids)
    if values.size == 0:
        return np.empty(0, np.int64)
    if values.dtype.kind not in "iu":
        raise InputError(f"the labels of this graph are integers, not {_name_type(ids)}")
    if values.dtype == np.uint64:  # no label is so large that it does not fit
        values = np.minimum(values, np.uint64(2**63 - 1))
    return values.astype(np.int64, copy=False)


def _as_strings(ids: Any) -> Any:
    try:
        if isinstance(ids, pa.Array | pa.ChunkedArray):
            return ids.cast(pa.large_string())
        return pa.array(ids, pa.large_string())
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise InputError(f"the labels of this graph are strings, not {_name_type(ids)}") from error


def _name_type(ids: Any) -> str:
    return str(getattr(ids, "dtype", None) or getattr(ids, "type", None) or f"{list(ids)[:3]!r}")
