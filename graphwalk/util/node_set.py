"""A set of nodes as a parameter: a plain value, which is compared and hashed by its nodes."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_WORD_BITS = 64


class NodeSet:
    """Nodes, each once and in order, in 8 bytes for each.

    Parameters
    ----------
    nodes : array_like of int
        The nodes, in any order.
    """

    def __init__(self, nodes: ArrayLike) -> None:
        self._nodes = np.unique(np.asarray(nodes, np.int64))
        self._bits: NDArray[np.uint64] | None = None

    def __reduce__(self) -> Any:
        return NodeSet, (self._nodes,)

    def __len__(self) -> int:
        return len(self._nodes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NodeSet) and np.array_equal(self._nodes, other._nodes)

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"{len(self)} nodes" if len(self) != 1 else f"node {self._nodes[0]}"

    def __dask_tokenize__(self) -> Any:
        return self.digest

    @property
    def digest(self) -> str:
        """What tells the set from others."""
        return blake2b(self._nodes.astype("<i8").tobytes(), digest_size=16).hexdigest()

    def contains(self, nodes: NDArray[Any]) -> NDArray[np.bool_]:
        """Return which of some nodes are in the set; -1 never is."""
        return np.isin(nodes, self._nodes)

    def bits(self, num_nodes: int) -> NDArray[np.uint64]:
        """Return one bit for each of all nodes, in words: whether it is in the set.

        All calls return the same array, which cannot be written.
        """
        if self._bits is None:
            self._bits = self._make_bits(num_nodes)
        return self._bits

    def _make_bits(self, num_nodes: int) -> NDArray[np.uint64]:
        bits = np.zeros(-(-num_nodes // _WORD_BITS) * _WORD_BITS // 8, np.uint8)
        np.bitwise_or.at(bits, self._nodes >> 3, np.left_shift(1, self._nodes & 7).astype(np.uint8))
        bits.setflags(write=False)
        return bits.view(np.uint64)


def marked(bits: NDArray[np.uint64], nodes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which of some nodes have their bit set."""
    found = bits.view(np.uint8)[nodes >> 3] >> (nodes & 7).astype(np.uint8)
    return np.asarray(found & 1, np.bool_)
