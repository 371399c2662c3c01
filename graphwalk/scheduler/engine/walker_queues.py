"""Where the walkers of a group wait for their partitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.walk.routing import put_walkers, take_walkers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.walker_records import Sorter

#: Walkers of a page: so few that pages that are not full take an eighth of the walkers' memory at
#: most, and no more than leave the ends of all queues in a core's cache. A power of two.
SMALLEST_PAGE, LARGEST_PAGE = 16, 1 << 10
_PART_NOT_FULL = 8


class WalkerQueues:
    """A queue for each partition, of pages from one array.

    Walkers that leave are copied once, and the pages of those that are taken are free at once.

    Parameters
    ----------
    dtype : dtype
        The walkers' records.
    walkers : int
        The most that ever wait.
    sorter : Sorter
        Knows which nodes are in which partition.
    """

    def __init__(self, dtype: np.dtype[Any], walkers: int, sorter: Sorter) -> None:
        partitions = sorter.intervals
        wanted = max(SMALLEST_PAGE, walkers // (_PART_NOT_FULL * partitions))
        self._page = min(1 << wanted.bit_length() - 1, LARGEST_PAGE)
        # Of each queue a page may not be full, and one of the walkers that are being taken.
        pages = walkers // self._page + partitions + 2
        self._dtype, self._word = dtype, np.uint64 if dtype.itemsize % 8 == 0 else np.uint32
        self._lookup = sorter.lookup
        self._pool = self._words(np.empty(pages * self._page, dtype))
        self._links = np.arange(1, pages + 2)
        self._links[pages] = 0
        self._ends, self._pages = np.zeros((2, partitions), np.int64)

    def put(self, walkers: NDArray[Any], places: NDArray[Any]) -> None:
        """Add walkers that wait for the partitions of these nodes."""
        put_walkers(
            self._words(walkers),
            places,
            *self._lookup,
            self._page,
            self._pool,
            self._links,
            self._ends,
            self._pages,
        )

    def take(self, number: int, most: int) -> Iterator[NDArray[Any]]:
        """Empty a queue; yield its walkers, about `most` at a time, in one array."""
        end = self._ends[number]
        self._ends[number] = self._pages[number] = 0
        out = np.empty(max(most, self._page), self._dtype)
        words = self._words(out)
        while end:
            taken, end = take_walkers(self._page, self._pool, self._links, end, words)
            yield out[:taken]

    def waiting(self, number: int) -> int:
        """Return how many walkers wait for a partition."""
        last = -self._ends[number] % self._page
        return int(self._pages[number] * self._page - last)

    def left(self) -> bool:
        """Return whether any walker waits."""
        return bool(self._pages.any())

    def _words(self, walkers: NDArray[Any]) -> NDArray[Any]:
        # Records, taken from an array, would each count a reference to it.
        words = self._dtype.itemsize // np.dtype(self._word).itemsize
        return walkers.view(self._word).reshape(-1, words)
