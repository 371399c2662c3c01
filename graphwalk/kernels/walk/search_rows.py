"""Search many sorted rows at a time, so that the waits for memory overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import Int, part_of_kernel, prefetch
from graphwalk.kernels.rows.bloom_filter import filter_bits, filter_hash, filter_word
from graphwalk.kernels.rows.rows import Rows, row_bounds

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: About this number of entries, which lie in two or three cache lines, is read one by one.
_FEW = 15


@part_of_kernel
def find_edges(
    rows: Rows,
    filter_words: NDArray[np.uint64],
    row: NDArray[np.int64],
    sought: NDArray[np.int64],
    asking: NDArray[np.int64],
    low: NDArray[np.int64],
    span: NDArray[np.int64],
    hashed: NDArray[np.uint64],
    word: NDArray[np.int64],
    count: Int,
) -> Int:
    """Find which of several edges are there: most that are not are denied by the Bloom filter.

    Parameters
    ----------
    rows : Rows
        Where they are sought.
    filter_words : ndarray of uint64
        The filter of these rows, or empty, which makes do without one.
    row, sought : ndarray of int64
        In which row, and which node; changed.
    asking : ndarray of int64
        Which walker asks; receives those that the filter does not answer.
    low : ndarray of int64
        Receives where the edges of these are, -1 where they are not.
    span, hashed, word : ndarray of int64, uint64 and int64
        Room for what is computed on the way.
    count : int
        How many edges there are; the arrays may be longer.

    Returns
    -------
    int
        How many edges the filter does not answer.
    """
    row_starts = rows.row_starts
    for k in range(count):
        low[k], stop = row_bounds(row_starts, row[k])
        span[k] = stop - low[k]
    maybe: Int = np.int64(0)  # typed, or what it is passed to would be compiled for a literal too
    if len(filter_words) > 0:
        for k in range(count):
            hashed[k] = filter_hash(sought[k])
        for k in range(count):
            word[k] = filter_word(low[k], span[k], hashed[k])
            prefetch(filter_words, word[k])
        for k in range(count):
            hashed[k] = filter_bits(hashed[k])
        for k in range(count):
            set_there = filter_words[np.uint64(word[k])] & hashed[k]
            word[maybe] = k
            maybe += (set_there == hashed[k]) & (span[k] > 0)
    else:
        for k in range(count):
            word[maybe] = k
            maybe += span[k] > 0
    for j in range(maybe):
        k = word[j]
        asking[j], sought[j], low[j], span[j] = asking[k], sought[k], low[k], span[k]
    find_in_rows(rows.neighbors, low, span, sought, maybe)
    return maybe


@part_of_kernel
def find_in_rows(
    neighbors: NDArray[Any],
    low: NDArray[np.int64],
    span: NDArray[np.int64],
    sought: NDArray[np.int64],
    count: Int,
) -> None:
    """Find a node in each of several rows.

    Three places of each row are looked at in a round, which leaves a quarter of it: a round takes
    as long as memory does, and there are half as many as in a search that halves.

    Parameters
    ----------
    neighbors : ndarray of int
        Node ids, sorted within each row.
    low : ndarray of int64
        Where each row begins; receives where the node was found, -1 where it was not.
    span : ndarray of int64
        Lengths of the rows, none of which is empty; changed.
    sought : ndarray of int64
        The node that is sought in each row.
    count : int
        How many searches there are; the arrays may be longer.
    """
    widest = np.int64(0)
    for k in range(count):
        widest = max(widest, span[k])
        _prefetch_quarters(neighbors, low[k], span[k])
    while widest > _FEW:
        widest -= 3 * (widest >> 2)
        for k in range(count):
            quarter = span[k] >> 2
            below = np.int64(0)
            for part in range(1, 4):
                below += np.int64(neighbors[np.uint64(low[k] + part * quarter)]) <= sought[k]
            low[k] += below * quarter
            span[k] -= 3 * quarter
            _prefetch_quarters(neighbors, low[k], span[k])
    for k in range(count):
        found: Int = np.int64(-1)
        for entry in range(low[k], low[k] + span[k]):
            found = entry if np.int64(neighbors[np.uint64(entry)]) == sought[k] else found
        low[k] = found


@part_of_kernel
def _prefetch_quarters(neighbors: NDArray[Any], low: Int, span: Int) -> None:
    for part in range(1, 4):
        prefetch(neighbors, low + part * (span >> 2))
