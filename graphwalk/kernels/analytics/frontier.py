"""A set of nodes as flags: one byte a node, and one for each block of nodes that has any.

Kernels look only at the nodes of blocks that have any. Several threads set flags at the same time,
all to 1; flags that are looked at do not change in a pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphwalk.kernels.atomics import atomic_add
from graphwalk.kernels.jit import Int, jit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: A block has ``2**SHIFT`` nodes.
SHIFT = 12


@jit
def count_flags(flags: NDArray[np.uint8], blocks: NDArray[np.uint8]) -> Int:
    """Return the number of nodes in a set."""
    count = 0
    for block in range(len(blocks)):
        if blocks[block]:
            for node in range(block << SHIFT, min(len(flags), (block + 1) << SHIFT)):
                count += flags[node]
    return count


@jit
def clear_flags(flags: NDArray[np.uint8], blocks: NDArray[np.uint8]) -> None:
    """Take all nodes out of a set."""
    for block in range(len(blocks)):
        if blocks[block]:
            blocks[block] = 0
            for node in range(block << SHIFT, min(len(flags), (block + 1) << SHIFT)):
                flags[node] = 0


@jit
def count_entries(
    first: int,
    row_starts: NDArray[Any],
    flags: NDArray[np.uint8],
    blocks: NDArray[np.uint8],
    total: NDArray[np.int64],
) -> None:
    """Add to ``total[0]`` the number of entries in those of some rows whose nodes are in a set."""
    count, stop = 0, first + len(row_starts) - 1
    for block in range(first >> SHIFT, (stop + (1 << SHIFT) - 1) >> SHIFT):
        if blocks[block]:
            for node in range(max(first, block << SHIFT), min(stop, (block + 1) << SHIFT)):
                if flags[node]:
                    count += row_starts[node - first + 1] - row_starts[node - first]
    atomic_add(total, 0, count)
