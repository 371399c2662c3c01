"""Which blocks of a job are done, and what they came to, in a few bytes for each."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_COUNTS = 3


class Done(NamedTuple):
    """What a block holds: walks, nodes visited by them, and bytes of its own file, if any."""

    walks: int
    nodes: int
    size: int


class DoneBlocks:
    """What each block that is done came to, by number: 24 bytes for each block, not an object."""

    def __init__(self) -> None:
        self._counts = array("q")
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def __contains__(self, number: int) -> bool:
        at = number * _COUNTS
        return at < len(self._counts) and self._counts[at] >= 0

    def add(self, number: int, done: Done) -> None:
        """Note that a block is done."""
        self._length += number not in self
        at = number * _COUNTS
        if (lacking := at + _COUNTS - len(self._counts)) > 0:
            self._counts.extend([-1] * lacking)
        self._counts[at : at + _COUNTS] = array("q", done)

    def total(self, blocks: range) -> Done:
        """Return the walks and nodes of some blocks, all of which are done."""
        first, stop = blocks.start * _COUNTS, blocks.stop * _COUNTS
        walks, nodes = (sum(self._counts[first + k : stop : _COUNTS]) for k in range(2))
        return Done(walks, nodes, 0)

    def sizes(self) -> Sequence[int]:
        """Return the bytes of the file of each block."""
        return self._counts[2::_COUNTS]
