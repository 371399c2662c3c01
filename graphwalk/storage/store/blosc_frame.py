"""Some blocks of a Blosc buffer, which are decoded without the others.

A buffer is a header, a table that says where each block begins, and the blocks; see the chunk
format of C-Blosc 1, https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Bytes of a header, in which a byte has flags, and three numbers follow the first four bytes.
HEADER = 16
_FLAGS, _NUMBERS, _WIDTH = 2, 4, 4
_COPIED = 0b10


class Head(NamedTuple):
    """What a header says.

    Attributes
    ----------
    decoded : int
        Bytes that the buffer decodes to.
    block : int
        Decoded bytes of each block but the last.
    stored : int
        Bytes of the buffer.
    copied : bool
        Whether blocks are stored as they are, one after the other, without a table.
    """

    decoded: int
    block: int
    stored: int
    copied: bool

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return -(-self.decoded // self.block)

    @property
    def table(self) -> int:
        """Bytes of the table."""
        return 0 if self.copied else self.blocks * _WIDTH


class BlockRange(NamedTuple):
    """Blocks in a row.

    Attributes
    ----------
    begin, end : int
        Which bytes of the buffer they are.
    first, stop : int
        Which decoded bytes they hold.
    starts : ndarray of int32
        Where each begins, relative to the first; empty if there is no table.
    """

    begin: int
    end: int
    first: int
    stop: int
    starts: NDArray[np.int32]


def read_head(header: NDArray[np.uint8]) -> Head | None:
    """Return what a header says; None if it makes no sense."""
    decoded, block, stored = header[_NUMBERS:HEADER].view("<i4").tolist()
    if decoded <= 0 or block <= 0 or stored <= HEADER:
        return None
    return Head(decoded, block, stored, bool(header[_FLAGS] & _COPIED))


def find_run(head: Head, table: NDArray[np.uint8], first: int, stop: int) -> BlockRange | None:
    """Return the blocks that hold the decoded bytes `first` to `stop`.

    None if they do not lie in a row, as where several threads have written them.
    """
    low, high = first // head.block, -(-stop // head.block)
    if low > 0 and high * head.block > head.decoded:
        low = min(low, high - 2)  # no buffer is smaller than a block
    span = low * head.block, min(high * head.block, head.decoded)
    if head.copied:
        return BlockRange(HEADER + span[0], HEADER + span[1], *span, np.empty(0, np.int32))
    starts = np.append(table.view("<i4"), np.int32(head.stored))
    if (np.diff(starts) <= 0).any() or starts[0] < HEADER + head.table:
        return None
    begin, end = int(starts[low]), int(starts[high])
    return BlockRange(begin, end, *span, starts[low:high] - starts[low])


def cut_run(buffer: NDArray[np.uint8], run: BlockRange) -> NDArray[np.uint8]:
    """Return the part of a buffer that is a buffer of these blocks alone.

    What lies before the blocks is overwritten by the header and the table that they need.
    """
    header = buffer[:HEADER].copy()
    table = run.starts.astype("<i4") + np.int32(HEADER + run.starts.nbytes)
    start = run.begin - HEADER - table.nbytes
    numbers = header[_NUMBERS:].view("<i4")
    numbers[0], numbers[2] = run.stop - run.first, run.end - start
    buffer[start : start + HEADER] = header
    buffer[start + HEADER : run.begin] = table.view(np.uint8)
    return buffer[start : run.end]
