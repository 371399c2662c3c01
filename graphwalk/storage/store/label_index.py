"""Labels in memory: the ids that nodes had before they were numbered, in ascending order."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphwalk.errors import InputError
from graphwalk.kernels.store.find_labels import find_sorted, find_strings, prefix_keys
from graphwalk.util.arrow_strings import string_buffers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from graphwalk.storage.store.format import LabelKind

#: Most prefixes in the table that narrows the search for an integer.
_MAX_PREFIXES = 1 << 20


class Labels(Protocol):
    """The label of every node, ascending, so that a label's position is its node's id."""

    @property
    def kind(self) -> LabelKind:
        """What the store's attributes call this kind of label."""

    def __len__(self) -> int: ...

    def at(self, node: int) -> int | str:
        """Return a node's label."""

    def parts(self) -> Iterator[tuple[int, MemoryLabels]]:
        """Yield the labels in parts that fit into memory, each with its first one's node."""


def prefix_starts(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Return where ascending values with each prefix begin, and the shift that makes prefixes.

    A prefix is what is left of the difference to the first value when it is shifted.
    """
    span, prefixes = int(values[-1]) - int(values[0]), min(_MAX_PREFIXES, len(values))
    shift = max(0, span.bit_length() - prefixes.bit_length() + 1)
    relative = (values - values[0]) >> shift
    last = int(relative[-1])
    return np.searchsorted(relative, np.arange(last + 2)).astype(np.int64), shift


class IntegerLabels:
    """Labels that are integers, ascending."""

    kind: LabelKind = "int64"

    def __init__(self, values: NDArray[np.int64]) -> None:
        self.values = values

    @cached_property
    def _prefixes(self) -> tuple[NDArray[np.int64], int]:
        """Where labels with each prefix begin, and by how much a label is shifted to be one."""
        return prefix_starts(self.values)

    def __len__(self) -> int:
        return len(self.values)

    def find(self, ids: Any) -> NDArray[np.int64]:
        """Return the position of each of `ids`, or −1."""
        ids = _as_integers(ids)
        found = np.full(len(ids), -1, np.int64)
        if len(self):
            find_sorted(self.values, *self._prefixes, ids, found)
        return found

    def at(self, node: int) -> int:
        """Return a node's label."""
        return int(self.values[node])

    def to_arrow(self) -> pa.Array:
        """Return all labels as an Arrow array, without a copy."""
        return pa.array(self.values)

    def parts(self) -> Iterator[tuple[int, MemoryLabels]]:
        """Yield all labels."""
        yield 0, self


class StringLabels:
    """Labels that are strings, ascending by the bytes of their UTF-8."""

    kind: LabelKind = "string"

    def __init__(self, values: pa.LargeStringArray) -> None:
        self.values = values
        self._offsets, self._data = string_buffers(values)

    @cached_property
    def skip(self) -> int:
        """How many bytes all labels have in common at their beginning."""
        if not len(self):
            return 0
        ends = [self._offsets[i : i + 2].tolist() for i in (0, len(self) - 1)]
        first, last = (self._data[a:b].tobytes() for a, b in ends)
        pairs = zip(first, last, strict=False)
        return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(first), len(last)))

    @cached_property
    def keys(self) -> NDArray[np.int64]:
        """The bytes of each label after those as integers to compare by; see `prefix_keys`."""
        keys = np.empty(len(self), np.int64)
        prefix_keys(self._offsets, self._data, self.skip, keys)
        return keys

    def __len__(self) -> int:
        return len(self.values)

    def find(self, ids: Any) -> NDArray[np.int64]:
        """Return the position of each of `ids`, or −1."""
        strings = pc.dictionary_encode(_as_strings(ids))
        if isinstance(strings, pa.ChunkedArray):
            strings = strings.combine_chunks()
        found = np.empty(len(strings.dictionary), np.int64)
        wanted = string_buffers(strings.dictionary)
        find_strings(self.keys, self._offsets, self._data, self.skip, *wanted, found)
        codes = np.asarray(pc.fill_null(strings.indices, len(found)))
        positions: NDArray[np.int64] = np.append(found, np.int64(-1))[codes]
        return positions

    def at(self, node: int) -> str:
        """Return a node's label."""
        return str(self.values[node].as_py())

    def to_arrow(self) -> pa.LargeStringArray:
        """Return all labels as an Arrow array."""
        return self.values

    def parts(self) -> Iterator[tuple[int, MemoryLabels]]:
        """Yield all labels."""
        yield 0, self


MemoryLabels: TypeAlias = IntegerLabels | StringLabels


def _as_integers(ids: Any) -> NDArray[Any]:
    values = np.asarray(ids)
    if values.size == 0:
        return np.empty(0, np.int64)
    if values.dtype.kind not in "iu" or values.ndim != 1:
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
