"""Kernels that mark nodes in a bit map, by which a build counts those that no edge touches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphwalk.kernels.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.kernels.build.buckets import Integers


@jit
def mark_nodes(bits: NDArray[np.uint8], nodes: Integers) -> None:
    """Set the bit of each of `nodes`, which must be below ``8 * bits.size``."""
    for i in range(nodes.size):
        node = np.uint64(nodes[i])  # unsigned, so that an index is not looked at for its sign
        at, bit = node >> np.uint64(3), np.uint8(1) << np.uint8(node & np.uint64(7))
        if bits[at] & bit == 0:  # a store that is not needed would delay the next load
            bits[at] |= bit


@jit
def mark_rows(bits: NDArray[np.uint8], degrees: NDArray[np.int64], first: int) -> None:
    """Set the bit of each row that has entries; the degrees are those of the rows from `first`."""
    for row in range(degrees.size):
        if degrees[row] > 0:
            bits[(first + row) >> 3] |= np.uint8(1 << ((first + row) & 7))
