"""Numbers for the ids of edges, in ascending order, found range by range.

All ids are divided among ranges, whose bounds are taken from a sample. The ids of a range are few:
they are made distinct and sorted in a core's cache. Since ranges ascend, the number of an id does
not depend on the bounds, and each id is moved twice and compared with few others, however many
there are. Where memory is short, ids and numbers wait in temporary files.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphwalk.kernels.build.find_ranges import divide_strings, find_ranges
from graphwalk.storage.build.check_batch import is_text, mixed
from graphwalk.storage.build.sliced_arrays import SlicedArrays
from graphwalk.storage.build.sort_labels import distinct
from graphwalk.storage.store.label_index import StringLabels, prefix_starts
from graphwalk.util.arrow_strings import string_buffers, strings_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.build.sliced_arrays import Room
    from graphwalk.storage.edges.protocol import Ids
    from graphwalk.storage.files.spill import SpillFolder

#: Ids of a range, which are sorted in a core's cache or near it, and most ranges. Fewer ids are
#: sorted faster, but where they wait in files, a small piece is read for each range and batch.
RANGE_IDS = 1 << 17
MOST_RANGES = 1 << 10

#: Most ids of a sample: enough for ranges of about the same size.
SAMPLE = 1 << 17


class Divided(NamedTuple):
    """Ids of a batch by range.

    Attributes
    ----------
    data : ndarray
        The ids, those of a range together; of strings, their bytes.
    data_bounds : ndarray of int64, shape (ranges + 1,)
        Where ranges begin there.
    lengths : ndarray of int32 or None
        The length of each string.
    order : ndarray of int32
        Where each id is in the batch.
    bounds : ndarray of int64, shape (ranges + 1,)
        Where ranges begin among the ids.
    """

    data: NDArray[Any]
    data_bounds: NDArray[np.int64]
    lengths: NDArray[np.int32] | None
    order: NDArray[np.int32]
    bounds: NDArray[np.int64]


class IdRanges:
    """Ranges of ids.

    Parameters
    ----------
    sample : Ids
        Some of the ids.
    num_ranges : int
        How many ranges there should be; there are fewer where there are fewer ids.
    """

    def __init__(self, sample: Ids, num_ranges: int) -> None:
        ids = distinct(sample)
        cuts = np.unique(np.linspace(0, len(ids), num_ranges + 1).astype(np.int64))[1:-1]
        self.bounds = ids.take(pa.array(cuts)) if is_text(ids) else ids[cuts]
        self.text = is_text(ids)

    def __len__(self) -> int:
        return len(self.bounds) + 1

    @cached_property
    def _index(self) -> StringLabels:
        return StringLabels(self.bounds)

    @cached_property
    def _prefixes(self) -> tuple[NDArray[np.int64], int]:
        return prefix_starts(self._index.keys)

    def divide(self, ids: Ids) -> Divided:
        """Return the ids of a batch by range."""
        found = np.zeros(len(ids), np.uint16)
        if self.text:
            return self._divide_strings(*string_buffers(ids), found)
        if len(self.bounds):
            found[:] = np.searchsorted(self.bounds, ids, side="right")
        order = np.argsort(found, kind="stable")  # a radix sort
        counts = np.bincount(found, minlength=len(self))
        bounds = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return Divided(ids[order], bounds, None, order.astype(np.int32), bounds)

    def _divide_strings(
        self, offsets: NDArray[np.int64], data: NDArray[np.uint8], found: NDArray[np.uint16]
    ) -> Divided:
        if len(self.bounds):
            index, (starts, shift) = self._index, self._prefixes
            of_bounds = string_buffers(self.bounds)
            find_ranges(index.keys, starts, shift, *of_bounds, index.skip, offsets, data, found)
        order, lengths = (np.empty(len(found), np.int32) for _ in range(2))
        bounds, byte_bounds = (np.zeros(len(self) + 1, np.int64) for _ in range(2))
        out = np.empty(len(data), np.uint8)
        divide_strings(found, offsets, data, bounds, byte_bounds, order, lengths, out)
        return Divided(out, byte_bounds, lengths, order, bounds)


class RangeEncoder:
    """Numbers the ids of batches: add all of them, then `encode`, then ask for `numbers`.

    Parameters
    ----------
    name : str
        Name of the source in messages.
    ranges : IdRanges
        The ranges.
    folder : SpillFolder
        The folder for temporary files.
    room : Room
        What may stay in memory.
    """

    def __init__(self, name: str, ranges: IdRanges, folder: SpillFolder, room: Room) -> None:
        self._name, self._ranges = name, ranges
        self._data = SlicedArrays(folder, "ids", room)
        self._lengths = SlicedArrays(folder, "lengths", room)
        self._order = SlicedArrays(folder, "order", room)
        self._codes = SlicedArrays(folder, "codes", room)
        self._firsts = [0]

    def divide(self, ids: Ids) -> Divided:
        """Return the ids of a batch, divided; by any thread."""
        if is_text(ids) != self._ranges.text:
            raise mixed(self._name)
        return self._ranges.divide(ids)

    def add(self, divided: Divided) -> None:
        """Add the next batch."""
        self._order.append(divided.order, np.array([0, len(divided.order)]))
        if divided.lengths is not None:
            self._lengths.append(divided.lengths, divided.bounds)
        self._data.append(divided.data, divided.data_bounds)

    @property
    def num_ranges(self) -> int:
        """Number of ranges."""
        return len(self._ranges)

    @property
    def num_batches(self) -> int:
        """Number of batches."""
        return len(self._order)

    @property
    def num_ids(self) -> int:
        """Number of distinct ids of the ranges that are encoded."""
        return self._firsts[-1]

    def range_bytes(self) -> int:
        """Return the bytes of the ids of the largest range."""
        return max(self._data.length(part) for part in range(self.num_ranges)) * (
            1 if self._ranges.text else 8
        )

    def encode(self, part: int) -> tuple[Ids, NDArray[np.int32], NDArray[np.int64]]:
        """Return the distinct ids of a range, ascending; by any thread.

        Also returned is what `append` takes: the position of each id among them, and where those of
        each batch begin.
        """
        slices = self._data.slices(part)
        if not self._ranges.text:
            ids, codes = np.unique(np.concatenate(slices), return_inverse=True)
            ids = ids.astype(np.int64, copy=False)  # as labels are
            lengths = [len(each) for each in slices]
        else:
            sizes = self._lengths.slices(part)
            lengths = [len(each) for each in sizes]
            offsets = np.zeros(sum(lengths) + 1, np.int64)
            np.cumsum(np.concatenate(sizes), out=offsets[1:])
            both = pc.dictionary_encode(strings_of(offsets, np.concatenate(slices)))
            order = pc.sort_indices(both.dictionary)
            rank = np.empty(len(order), np.int32)
            rank[np.asarray(order)] = np.arange(len(order), dtype=np.int32)
            ids, codes = both.dictionary.take(order), rank[np.asarray(both.indices)]
        return ids, codes.astype(np.int32, copy=False), np.cumsum([0, *lengths])

    def append(self, number: int, codes: NDArray[np.int32], bounds: NDArray[np.int64]) -> None:
        """Add what `encode` returned of the next range, and the number of its distinct ids."""
        self._codes.append(codes, bounds)
        self._firsts.append(self._firsts[-1] + number)

    def encoded(self) -> None:
        """Release the ids, once all ranges are encoded."""
        self._data.close()
        self._lengths.close()

    def numbers(self, batch: int) -> NDArray[np.integer[Any]]:
        """Return the number of each id of a batch, in the order of the batch; by any thread."""
        order, slices = self._order.array(batch), self._codes.slices(batch)
        dtype: Any = np.int32 if self.num_ids < 2**31 else np.int64
        numbers = np.empty(len(order), dtype)
        firsts = np.array(self._firsts[:-1], dtype)
        by_range = np.concatenate(slices).astype(dtype, copy=False)
        by_range += np.repeat(firsts, [len(each) for each in slices])
        numbers[order] = by_range
        return numbers

    def close(self) -> None:
        """Release everything."""
        self._order.close()
        self._codes.close()


class IdSample:
    """Every n-th id of all batches, with n so large that they are not too many.

    Parameters
    ----------
    name : str
        Name of the source in messages.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._taken: list[Ids] = []
        self._step, self._count = 1, 0

    def add(self, *ids: Ids) -> None:
        """Add ids of a batch."""
        for each in ids:
            self._taken.append(_every(self._step, each))
            self._count += len(self._taken[-1])
        while self._count > SAMPLE:
            self._taken = [_every(2, each) for each in self._taken]
            self._step, self._count = 2 * self._step, sum(map(len, self._taken))

    def ids(self) -> Ids:
        """Return the sample."""
        taken = [ids for ids in self._taken if len(ids)]
        text = set(map(is_text, taken))
        if len(text) > 1:
            raise mixed(self._name)
        if not taken:
            return np.empty(0, np.int64)
        return pa.concat_arrays(taken) if True in text else np.concatenate(taken)


def _every(step: int, ids: Ids) -> Ids:
    return ids.take(pa.array(np.arange(0, len(ids), step))) if is_text(ids) else ids[::step].copy()
