"""Numbers for keys, in the order in which they occur, by a hash table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphwalk.kernels.jit import Int, jit, prefetch
from graphwalk.kernels.rng import mix

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: How many keys before its turn a key's place in the table is brought near.
_AHEAD = 16


@jit
def number_keys(
    keys: NDArray[np.int64],
    table: NDArray[np.int32] | NDArray[np.int64],
    known: NDArray[np.int64],
    count: Int,
    numbers: NDArray[np.int64],
) -> Int:
    """Give each key that is not known yet the next number; return how many are known then.

    Parameters
    ----------
    keys : ndarray of int64, shape (keys,)
        The keys; the same ones may follow one another.
    table : ndarray of int32 or int64, shape (a power of 2,)
        Numbers of the known keys, with room for many more than all of them; -1 in other places.
    known : ndarray of int64
        The key of each number; receives those of further ones.
    count : int
        How many keys are known.
    numbers : ndarray of int64, shape (keys,)
        Receives the number of each of `keys`.
    """
    last = np.uint64(len(table) - 1)
    count = np.int64(count)
    for i in range(len(keys)):
        if i + _AHEAD < len(keys):
            prefetch(table, np.int64(mix(np.uint64(keys[i + _AHEAD])) & last))
        key = keys[i]
        if i > 0 and key == keys[i - 1]:
            numbers[i] = numbers[i - 1]
            continue
        place = mix(np.uint64(key)) & last
        number = np.int64(table[place])
        while number >= 0 and known[np.uint64(number)] != key:
            place = (place + np.uint64(1)) & last
            number = np.int64(table[place])
        if number < 0:
            number = count
            table[place] = number
            known[number] = key
            count += 1
        numbers[i] = number
    return count
