"""Many short ranges of an array, each of its chunks read at most once."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from graphwalk.kernels.gather import gather

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import DTypeLike, NDArray

#: Chunks that are read, and thereby in memory, at a time.
MOST_CHUNKS = 8


class Reader(Protocol):
    """What ranges are read from."""

    @property
    def chunk(self) -> int:
        """Elements in a chunk."""

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Return elements `start` to `stop`."""


def read_ranges(
    reader: Reader, starts: NDArray[np.int64], stops: NDArray[np.int64], dtype: DTypeLike
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the elements of all ranges, one range after the other.

    Chunks that no range needs are not read. Beside the result, no more than `MOST_CHUNKS` decoded
    chunks are in memory.

    Parameters
    ----------
    reader : Reader
        The array.
    starts, stops : ndarray of int64
        The ranges; neither starts nor stops may descend.
    dtype : DTypeLike
        Type of the array's elements.

    Returns
    -------
    values : ndarray
        What the ranges hold.
    ends : ndarray of int64, shape (len(starts) + 1,)
        Range i is ``values[ends[i]:ends[i + 1]]``.
    """
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(stops - starts)])
    out = np.empty(int(ends[-1]), dtype)
    filled = stops > starts
    starts, stops, into = starts[filled], stops[filled], ends[:-1][filled]
    for first, last in _runs(starts, stops, reader.chunk):
        a, b = first * reader.chunk, (last + 1) * reader.chunk
        some = slice(int(np.searchsorted(stops, a, "right")), int(np.searchsorted(starts, b)))
        a, b = max(a, int(starts[some][0])), min(b, int(stops[some][-1]))
        gather(reader.read(a, b), a, starts[some], stops[some], into[some], out)
    return out, ends


def _runs(
    starts: NDArray[np.int64], stops: NDArray[np.int64], chunk: int
) -> Iterator[tuple[int, int]]:
    """Yield the first and last chunk of each run of adjacent chunks to be read at once."""
    firsts, lasts = starts // chunk, (stops - 1) // chunk
    # Chunks up to the last one of the range before are needed by that already.
    apart = np.flatnonzero(firsts[1:] > lasts[:-1] + 1) + 1
    for a, b in itertools.pairwise([0, *apart.tolist(), len(starts)]):
        if a < b:
            first, last = int(firsts[a]), int(lasts[b - 1])
            for begin in range(first, last + 1, MOST_CHUNKS):
                yield begin, min(begin + MOST_CHUNKS - 1, last)
