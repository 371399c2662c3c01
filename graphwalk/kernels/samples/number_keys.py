"""Numbers for keys, in the order in which they occur, by a hash table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphwalk.kernels.jit import Int, jit
from graphwalk.kernels.rng import mix

if TYPE_CHECKING:
    from numpy.typing import NDArray


@jit
def number_keys(
    keys: NDArray[np.int64],
    table: NDArray[np.int32] | NDArray[np.int64],
    numbers: NDArray[np.int64],
    known: NDArray[np.int64],
) -> Int:
    """Give each different key the next number, from 0; return how many there are.

    Parameters
    ----------
    keys : ndarray of int64, shape (keys,)
        The keys; the same ones may follow one another.
    table : ndarray of int32 or int64, shape (a power of 2,)
        Room for the numbers of all different keys, twice over: -1 in each place.
    numbers : ndarray of int64, shape (keys,)
        Receives the number of each.
    known : ndarray of int64
        Receives the key of each number.
    """
    last = np.uint64(len(table) - 1)
    count = np.int64(0)
    for i in range(len(keys)):
        key = keys[i]
        if i > 0 and key == keys[i - 1]:
            numbers[i] = numbers[i - 1]
            continue
        place = mix(np.uint64(key)) & last
        while table[place] >= 0 and known[table[place]] != key:
            place = (place + np.uint64(1)) & last
        if table[place] < 0:
            table[place] = count
            known[count] = key
            count += 1
        numbers[i] = table[place]
    return count
