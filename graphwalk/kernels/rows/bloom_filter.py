"""A small filter that answers "is there surely no such edge?" with one cache miss.

One byte for each stored neighbour: the row of a node owns the 64-bit words that its entries
would fill at eight entries a word, and each neighbour sets three bits of one of them. It is a
Bloom filter [1]_ blocked by row. Rows that meet within a word share it, which costs a few more
false "maybe"s and no index.

References
----------
.. [1] B. H. Bloom, "Space/time trade-offs in hash coding with allowable errors", CACM 13(7), 1970,
   https://doi.org/10.1145/362686.362692
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import Int, jit, multiply_high
from graphwalk.kernels.rng import STEP, mix

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ONE, _SIX, _TWELVE, _LOW = np.uint64(1), np.uint64(6), np.uint64(12), np.uint64(63)


@jit
def filter_hash(node: Int) -> np.uint64:
    """Return the hash by which the filter knows `node`."""
    return mix(np.uint64(node) * STEP)


@jit
def filter_bits(hashed: np.uint64) -> np.uint64:
    """Return the three bits that a node with this hash sets in its word."""
    return (
        (_ONE << (hashed & _LOW))
        | (_ONE << ((hashed >> _SIX) & _LOW))
        | (_ONE << ((hashed >> _TWELVE) & _LOW))
    )


@jit
def filter_word(row_start: Int, degree: Int, hashed: np.uint64) -> Int:
    """Return the index of the word for a hash in the row of that start and (positive) degree."""
    first = row_start >> 3
    words = ((row_start + degree - 1) >> 3) - first + 1
    return first + np.int64(multiply_high(hashed, np.uint64(words)))


def filter_words(entries: int) -> int:
    """Return how many 64-bit words the filter of a number of entries has."""
    return (entries >> 3) + 1


@jit
def fill_filter(
    row_starts: NDArray[Any], neighbors: NDArray[Any], words: NDArray[np.uint64]
) -> None:
    """Add every entry of every row to the zeroed `words`."""
    for row in range(len(row_starts) - 1):
        first, last = np.int64(row_starts[row]), np.int64(row_starts[row + 1])
        for entry in range(first, last):
            hashed = filter_hash(neighbors[entry])
            words[filter_word(first, last - first, hashed)] |= filter_bits(hashed)
