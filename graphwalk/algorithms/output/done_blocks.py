"""Which blocks of a job are done, and what they came to."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Done(NamedTuple):
    """What a block holds: walks, nodes visited by them, and bytes of its own file, if any."""

    walks: int
    nodes: int
    size: int


class DoneBlocks:
    """The blocks that are done, a byte each, and the sizes of their files if they have their own.

    Parameters
    ----------
    counted : range, optional
        Blocks whose walks and nodes are counted; by default all.
    """

    def __init__(self, counted: range | None = None) -> None:
        self._counted, self._done, self._sizes = counted, bytearray(), array("q")
        self._walks = self._nodes = self._length = 0

    def __len__(self) -> int:
        return self._length

    def __contains__(self, number: int) -> bool:
        return number < len(self._done) and bool(self._done[number])

    def add(self, number: int, done: Done) -> None:
        """Note that a block is done, once."""
        if number in self:
            return
        self._length += 1
        self._done.extend(bytes(max(0, number + 1 - len(self._done))))
        self._done[number] = True
        if done.size:
            self._sizes.extend([0] * max(0, number + 1 - len(self._sizes)))
            self._sizes[number] = done.size
        if self._counted is None or number in self._counted:
            self._walks += done.walks
            self._nodes += done.nodes

    def total(self) -> Done:
        """Return the walks and nodes of all blocks that are counted."""
        return Done(self._walks, self._nodes, 0)

    def sizes(self) -> Sequence[int]:
        """Return the bytes of the file of each block, if any has its own."""
        return self._sizes
