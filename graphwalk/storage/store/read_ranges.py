"""Many short ranges of an array, read without the chunks between them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import DTypeLike, NDArray

    from graphwalk.storage.store.array_reader import ArrayReader

#: Chunks that are read, and thereby in memory, at a time.
MOST_CHUNKS = 8


def read_ranges(
    reader: ArrayReader,
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    dtype: DTypeLike,
    most_chunks: int = MOST_CHUNKS,
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the elements of all ranges, one range after the other.

    Chunks that no range needs are not read. In addition to the result, no more than
    `most_chunks` decoded chunks are in memory.

    Parameters
    ----------
    reader : ArrayReader
        The array.
    starts, stops : ndarray of int64
        The ranges; neither starts nor stops may descend.
    dtype : DTypeLike
        Type of the array's elements.
    most_chunks : int
        Chunks that are read, and thereby in memory, at a time.

    Returns
    -------
    values : ndarray
        What the ranges hold.
    ends : ndarray of int64, shape (len(starts) + 1,)
        Range i is ``values[ends[i]:ends[i + 1]]``.
    """
    from graphwalk.kernels.store.copy_ranges import gather  # numba is late: graphs open faster

    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(stops - starts)])
    out = np.empty(int(ends[-1]), dtype)
    filled = stops > starts
    starts, stops, into = starts[filled], stops[filled], ends[:-1][filled]
    for a, b in _runs(starts, stops, reader.min_gap, most_chunks * reader.chunk):
        some = slice(int(np.searchsorted(stops, a, "right")), int(np.searchsorted(starts, b)))
        gather(reader.read(a, b), a, starts[some], stops[some], into[some], out)
    return out, ends


def _runs(
    starts: NDArray[np.int64], stops: NDArray[np.int64], min_gap: int, most: int
) -> Iterator[tuple[int, int]]:
    """Yield where each run of ranges begins and ends that lie so close that they are read at once.

    Runs end at multiples of `most` elements.
    """
    apart = np.flatnonzero(starts[1:] >= stops[:-1] + min_gap) + 1
    for a, b in itertools.pairwise([0, *apart.tolist(), len(starts)]):
        if a < b:
            first, last = int(starts[a]), int(stops[b - 1])
            edges = [first, *range((first // most + 1) * most, last, most), last]
            yield from itertools.pairwise(edges)
