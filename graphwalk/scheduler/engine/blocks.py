"""How walks are cut into blocks, which are what a task makes and a file or a chunk holds."""

from __future__ import annotations

from typing import Any

import numpy as np
from dask.array.core import normalize_chunks

from graphwalk.errors import InputError, argument
from graphwalk.units import parse_size

#: Blocks are small enough for many to share the cores evenly and large enough to be worth a task.
BLOCKS_WANTED = 64
SMALLEST_BLOCK = 1 << 20
#: Blocks that the memory holds, at least, unless they are the smallest.
BLOCKS_IN_MEMORY = 32
LARGEST_BLOCK = 1 << 27


def block_rows(
    shape: tuple[int, int], dtype: np.dtype[Any], chunks: Any, memory: int
) -> tuple[int, ...]:
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
    return tuple(int(n) for n in by_rows)
