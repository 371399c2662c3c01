"""How many nodes of a directed graph no edge touches: counted while rows are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.build.mark_nodes import mark_nodes, mark_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Bytes of a bit map whose bits are counted at a time.
_COUNTED = 1 << 20


def bit_map_bytes(num_nodes: int) -> int:
    """Return the size of a bit for each node."""
    return num_nodes // 8 + 1


class IsolatedCounter:
    """Marks nodes that have a row with entries, or that an entry names, with a bit each.

    Parameters
    ----------
    num_nodes : int
        How many nodes there are, as far as it is known; room is made for more.
    """

    def __init__(self, num_nodes: int) -> None:
        self._bits = np.zeros(bit_map_bytes(num_nodes), np.uint8)

    def add(self, first: int, degrees: NDArray[np.int64], neighbors: NDArray[Any]) -> None:
        """Mark the rows from `first` on that have entries, and some neighbours."""
        highest = max(first + len(degrees) - 1, int(neighbors.max(initial=-1)))
        if highest >= 8 * len(self._bits):
            more = max(bit_map_bytes(highest), 2 * len(self._bits)) - len(self._bits)
            self._bits = np.concatenate([self._bits, np.zeros(more, np.uint8)])
        mark_rows(self._bits, degrees, first)
        mark_nodes(self._bits, neighbors)

    def count(self, num_nodes: int) -> int:
        """Return how many of the nodes are not marked."""
        bits = self._bits
        pieces = (bits[start : start + _COUNTED] for start in range(0, len(bits), _COUNTED))
        return num_nodes - sum(int(np.unpackbits(piece).sum()) for piece in pieces)
