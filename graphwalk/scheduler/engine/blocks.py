"""How walks are cut into blocks, which are what a task makes and a file or a chunk holds."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from dask.array.core import normalize_chunks
from dask.base import normalize_token

from graphwalk.errors import InputError, argument
from graphwalk.units import parse_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

#: Blocks are small enough for many to share the cores evenly and large enough to be worth a task.
BLOCKS_WANTED = 64
SMALLEST_BLOCK = 1 << 20
#: Blocks that the memory holds, at least, unless they are the smallest.
BLOCKS_IN_MEMORY = 32
LARGEST_BLOCK = 1 << 27


class BlockRows(Sequence[int]):
    """The rows of each block; where all blocks but the last have as many, none takes memory.

    Parameters
    ----------
    total : int
        Rows of all blocks.
    size : int
        Rows of a block; the last one has what is left.
    starts : ndarray of int64, optional
        The first row of each block, and `total`, where their sizes differ.
    """

    def __init__(self, total: int, size: int, starts: NDArray[np.int64] | None = None) -> None:
        self.total, self._size, self._starts = total, size, starts

    @classmethod
    def of(cls, sizes: Sequence[int]) -> BlockRows:
        """Return what has blocks of these sizes."""
        first, last = (sizes[0], sizes[-1]) if sizes else (0, 0)
        if len(set(sizes[:-1])) <= 1 and 0 < last <= first:
            return cls(sum(sizes), first)
        starts = np.cumsum((0, *sizes), dtype=np.int64)
        return cls(int(starts[-1]), max(sizes, default=0), starts)

    def start(self, block: int) -> int:
        """Return the first row of a block, or behind the last block the number of rows."""
        if self._starts is None:
            return min(block * self._size, self.total)
        return int(self._starts[block])

    def rows(self, first: int, stop: int) -> slice:
        """Return the rows of some blocks."""
        return slice(self.start(first), self.start(stop))

    def starts(self) -> NDArray[np.int64]:
        """Return the first row of each block, and the number of rows."""
        if self._starts is not None:
            return self._starts
        return np.minimum(np.arange(len(self) + 1, dtype=np.int64) * self._size, self.total)

    def joined(self, count: int) -> BlockRows:
        """Return larger blocks, of `count` of these each."""
        if self._starts is None:
            return BlockRows(self.total, self._size * count)
        return BlockRows.of(np.diff([*self._starts[:-1:count], self.total]).tolist())

    def __len__(self) -> int:
        return -(-self.total // self._size) if self._starts is None else len(self._starts) - 1

    def __iter__(self) -> Iterator[int]:
        if self._starts is not None:
            return iter(np.diff(self._starts).tolist())
        full, rest = divmod(self.total, self._size)
        return chain(repeat(self._size, full), [rest] if rest else [])

    @overload
    def __getitem__(self, which: int) -> int: ...
    @overload
    def __getitem__(self, which: slice) -> BlockRows: ...
    def __getitem__(self, which: int | slice) -> int | BlockRows:
        blocks = range(len(self))[which]
        if isinstance(blocks, int):
            return self.start(blocks + 1) - self.start(blocks)
        first, stop = self.start(blocks.start), self.start(blocks.stop)
        if self._starts is None and blocks:
            return BlockRows(stop - first, self._size)
        return BlockRows.of([self[block] for block in blocks])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BlockRows | tuple) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"<{len(self):,} blocks of up to {self._size:,} rows>"

    def __dask_tokenize__(self) -> Any:
        return normalize_token((self.total, self._size, self._starts))


def block_rows(shape: tuple[int, int], dtype: np.dtype[Any], chunks: Any, memory: int) -> BlockRows:
    """Return how many walks each block has.

    Parameters
    ----------
    shape : (int, int)
        Walks, and nodes of each.
    dtype : dtype
        That of node ids.
    chunks : int, tuple or str
        What `random_walks` takes.
    memory : int
        Bytes for the job.

    Raises
    ------
    InputError
        When `chunks` is none of these, or splits walks.
    """
    given = argument("chunks", chunks)
    rows, row_bytes = shape[0], shape[1] * dtype.itemsize
    if isinstance(chunks, str) and chunks == "auto":
        # Some blocks wait until they are used, which is to take a small part of the memory.
        largest = min(LARGEST_BLOCK, memory // BLOCKS_IN_MEMORY)
        block = max(min(rows * row_bytes // BLOCKS_WANTED, largest), SMALLEST_BLOCK)
        chunks = max(1, block // row_bytes)
    elif isinstance(chunks, str):
        chunks = max(1, parse_size(chunks, "chunks") // row_bytes)
    elif isinstance(chunks, bool | np.bool_):
        raise InputError(f"{given} must be 'auto' or the number of walks of a block")
    wanted = (chunks, -1) if isinstance(chunks, int | np.integer) else chunks
    try:
        by_rows, by_steps = normalize_chunks(wanted, shape, dtype=dtype)
    except (ValueError, TypeError, ArithmeticError) as error:
        raise InputError(
            f"{given} does not fit walks of shape {shape}: {error}; pass 'auto' or the number of "
            "walks of a block"
        ) from error
    if len(by_steps) > 1:
        raise InputError(f"{given} splits walks; pass the number of walks of a block")
    if any(n < 1 for n in by_rows) and rows > 0:
        raise InputError(f"{given} makes empty blocks; pass a positive number of walks")
    return BlockRows.of([int(n) for n in by_rows])
