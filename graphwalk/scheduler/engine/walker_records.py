"""Records of walkers and of their steps: sorted, joined, and cut into slices."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.walk.routing import fill_guide, sort_by_partition
from graphwalk.util.read_only import read_only

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

#: Bits of a node's number by which its partition is looked up.
GUIDE_BITS = 14


class Sorter:
    """Sorts records by the interval that something of theirs lies in.

    Parameters
    ----------
    bounds : ndarray of int64, shape (intervals + 1,)
        Interval k is ``bounds[k] … bounds[k + 1] - 1``; the first begins at 0.
    """

    def __init__(self, bounds: NDArray[np.int64]) -> None:
        self._bounds = read_only(bounds)
        self._shift = max(0, int(bounds[-1]).bit_length() - GUIDE_BITS)
        guide = np.zeros((int(bounds[-1]) >> self._shift) + 1, np.int32)
        fill_guide(self._bounds, self._shift, guide)
        self._guide = read_only(guide)

    @property
    def intervals(self) -> int:
        """Number of intervals."""
        return len(self._bounds) - 1

    @property
    def lookup(self) -> tuple[NDArray[np.int64], NDArray[np.int32], int]:
        """What kernels look an interval up in: bounds, guide, shift."""
        return self._bounds, self._guide, self._shift

    def sort(self, records: NDArray[Any], places: NDArray[np.int64]) -> list[NDArray[Any]]:
        """Return the records of each interval, in their order, as parts of one new array.

        Parameters
        ----------
        records : ndarray
            The records.
        places : ndarray of int64, shape (len(records),)
            What lies in an interval; is overwritten.
        """
        out = np.empty(len(records), records.dtype)
        ends = np.empty(len(self._bounds), np.int64)
        sort_by_partition(records, places, *self.lookup, out, ends)
        return [out[a:b] for a, b in pairwise(ends.tolist())]


def concatenate_records(pieces: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return records of several arrays, one at least, in one; numpy would copy field by field."""
    return np.concatenate([piece.view(np.uint8) for piece in pieces]).view(pieces[0].dtype)


def in_slices(pieces: Iterable[NDArray[Any]], most: int) -> Iterator[NDArray[Any]]:
    """Yield the walkers of all pieces, `most` at a time."""
    waiting: list[NDArray[Any]] = []
    room = most
    for piece in pieces:
        rest = piece
        while len(rest):
            waiting.append(rest[:room])
            room, rest = room - len(waiting[-1]), rest[room:]
            if room == 0:
                yield concatenate_records(waiting)
                waiting, room = [], most
    if waiting:
        yield concatenate_records(waiting)
