"""Kernels of the build: count entries, scatter them into buckets, turn a bucket into rows.

An *entry* is one stored neighbour. While it waits in its bucket it is a 64-bit key: the row within
the bucket in the high bits and the neighbour in the low `bits` ones, so that sorting the keys
sorts rows and neighbours at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from graphwalk.kernels.jit import Int, jit, part_of_kernel
from graphwalk.kernels.rng import STEP, mix

if TYPE_CHECKING:
    from numpy.typing import NDArray

Integers: TypeAlias = "NDArray[np.integer[Any]]"
Floats: TypeAlias = "NDArray[np.floating[Any]]"
Counts: TypeAlias = "NDArray[np.int64]"


@jit
def count_bins(
    src: Integers, dst: Integers, shift: int, both_ways: bool, drop_loops: bool, bins: Counts
) -> int:
    """Add to `bins` the entries that these edges make, by ``row >> shift``; return the loops."""
    loops = 0
    for i in range(src.size):
        if src[i] == dst[i]:
            loops += 1
            if not drop_loops:
                bins[src[i] >> shift] += 1
        else:
            bins[src[i] >> shift] += 1
            if both_ways:
                bins[dst[i] >> shift] += 1
    return loops


@part_of_kernel
def _put(
    row: int,
    neighbor: int,
    bucket: int,
    bits: int,
    first_node: Counts,
    cursor: Counts,
    keys: Counts,
) -> int:
    at = cursor[bucket]
    keys[at] = ((np.int64(row) - first_node[bucket]) << bits) | np.int64(neighbor)
    cursor[bucket] = at + 1
    return int(at)


@jit
def scatter(
    src: Integers,
    dst: Integers,
    weights: Floats,
    shift: int,
    bucket_of_bin: Integers,
    both_ways: bool,
    drop_loops: bool,
    bits: int,
    first_node: Counts,
    cursor: Counts,
    keys: Counts,
    key_weights: Floats,
) -> None:
    """Write the entries that these edges make at their bucket's `cursor`, in input order.

    `weights` and `key_weights` are empty for unweighted edges.
    """
    weighted = weights.size > 0
    for i in range(src.size):
        u = src[i]
        v = dst[i]
        if u == v and drop_loops:
            continue
        at = _put(u, v, bucket_of_bin[u >> shift], bits, first_node, cursor, keys)
        if weighted:
            key_weights[at] = weights[i]
        if both_ways and u != v:
            at = _put(v, u, bucket_of_bin[v >> shift], bits, first_node, cursor, keys)
            if weighted:
                key_weights[at] = weights[i]


class KeyValues(NamedTuple):
    """Values of a bucket's entries.

    Attributes
    ----------
    order : ndarray of int32 or int64
        The input positions of sorted keys.
    by_key : ndarray
        Weights, times or types, by input position.
    stored : ndarray
        Receives those of the entries of rows.
    distinguish_edges : bool
        Whether entries of different values are different.
    """

    order: Integers
    by_key: Floats
    stored: Floats
    distinguish_edges: bool


@jit
def emit_rows(
    keys: Counts,
    valued: KeyValues | None,
    bits: int,
    first_node: int,
    first_row: int,
    merge: bool,
    neighbors: Integers,
    ends: Counts,
) -> tuple[int, int, int]:
    """Write the rows of a bucket's sorted `keys`.

    Rows count from the bucket's `first_node`, and `ends` begins with the end of row `first_row`.
    Entries of a row beyond those of `ends` are written too: that row ends with later keys.
    Weights of merged entries add up in float64, in input order. Without values, nothing of these is
    compiled.

    Returns
    -------
    entries, loops, parallel : int
        Entries written, how many of them are self-loops, and the position among `keys` of the
        first one that repeats the one before it, or −1.
    """
    mask = (np.int64(1) << bits) - 1
    entries = 0
    loops = 0
    parallel = -1
    row = 0
    previous = np.int64(-1)
    total = 0.0
    for i in range(keys.size):
        key = keys[i]
        repeats = key == previous
        if valued is not None:
            value = np.float64(valued.by_key[valued.order[i]])
            repeats = repeats and (not valued.distinguish_edges or value == total)
        if repeats:
            if parallel < 0:
                parallel = i
            if merge:
                if valued is not None and not valued.distinguish_edges:
                    total += value
                    valued.stored[entries - 1] = total
                continue
        previous = key
        while row < (key >> bits) - first_row:
            ends[row] = entries
            row += 1
        neighbors[entries] = key & mask
        if valued is not None:
            total = value
            valued.stored[entries] = total
        loops += (key & mask) == (key >> bits) + first_node
        entries += 1
    ends[row:] = entries
    return entries, loops, parallel


@jit
def row_keys(
    lengths: Counts,
    neighbors: Integers,
    bits: int,
    first_node: int,
    drop_loops: bool,
    keys: Counts,
) -> tuple[int, bool]:
    """Write the keys of rows that are grouped; return how many, and whether they ascend."""
    written = 0
    i = 0
    ascending = True
    previous = np.int64(-1)
    for row in range(lengths.size):
        start = np.int64(row) << bits
        for j in range(i, i + lengths[row]):
            neighbor = np.int64(neighbors[j])
            if drop_loops and neighbor == first_node + row:
                continue
            key = start | neighbor
            if key < previous:
                ascending = False
            previous = key
            keys[written] = key
            written += 1
        i += lengths[row]
    return written, ascending


@part_of_kernel
def _entry_hash(row: int, neighbor: int, weight: Int) -> np.uint64:
    state = mix(np.uint64(row) + STEP)
    state = mix(state + np.uint64(neighbor))
    return mix(state + np.uint64(weight))


@jit
def asymmetry(ends: Counts, first_node: int, neighbors: Integers, value_bits: Integers) -> int:
    """Return Σ h(u, v, w) − Σ h(v, u, w) over the entries, modulo 2⁶⁴.

    Summed over all rows this is 0 when every entry has its mirror image, and not otherwise, except
    with probability 2⁻⁶⁴. `value_bits` is empty for a graph whose edges have no values.
    """
    difference = np.uint64(0)
    i = 0
    for row in range(ends.size):
        while i < ends[row]:
            bits = value_bits[i] if value_bits.size else np.uint32(0)
            difference += _entry_hash(first_node + row, neighbors[i], bits)
            difference -= _entry_hash(neighbors[i], first_node + row, bits)
            i += 1
    return difference  # type: ignore[return-value]
