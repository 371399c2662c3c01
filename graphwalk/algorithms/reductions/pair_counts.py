"""Counts of pairs of nodes, as sorted arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class PairCounts(NamedTuple):
    """How often each of some pairs occurs.

    Attributes
    ----------
    keys : ndarray of int64, shape (pairs,)
        ``first * num_nodes + second``, ascending.
    counts : ndarray of int64, shape (pairs,)
        How often; above zero.
    """

    keys: NDArray[np.int64]
    counts: NDArray[np.int64]


def count_pairs(keys: NDArray[np.int64]) -> PairCounts:
    """Return how often each key occurs."""
    return PairCounts(*np.unique(keys, return_counts=True))


def add_counts(parts: Sequence[PairCounts]) -> PairCounts:
    """Return the sums of counts of the same pairs."""
    if len(parts) == 1:
        return parts[0]
    keys = np.concatenate([np.empty(0, np.int64), *(part.keys for part in parts)])
    counts = np.concatenate([np.empty(0, np.int64), *(part.counts for part in parts)])
    order = np.argsort(keys, kind="stable")
    keys, counts = keys[order], counts[order]
    firsts = np.flatnonzero(np.diff(keys, prepend=-1))
    return PairCounts(keys[firsts], np.add.reduceat(counts, firsts) if len(firsts) else counts)


def largest_of_rows(pairs: PairCounts, num_nodes: int, top_k: int) -> PairCounts:
    """Return, of the pairs of each first node, those with the largest counts.

    Of pairs with the same count, those with the smallest second node come first.
    """
    rows = pairs.keys // num_nodes
    order = np.lexsort((pairs.keys, -pairs.counts, rows))
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    lengths = np.diff(starts, append=len(rows))
    kept = np.sort(order[np.arange(len(rows)) - np.repeat(starts, lengths) < top_k])
    return PairCounts(pairs.keys[kept], pairs.counts[kept])


def as_matrix(
    pairs: PairCounts, values: NDArray[Any], rows: NDArray[np.int64], num_nodes: int
) -> Any:
    """Return values of pairs as a sparse matrix of SciPy, in which each row is of a first node."""
    from scipy import sparse

    first, second = np.divmod(pairs.keys, num_nodes)
    ends = np.searchsorted(first, rows), np.searchsorted(first, rows, "right")
    if (ends[0][1:] == ends[1][:-1]).all():  # ascending rows that leave nothing out
        at = slice(None)
    else:
        lengths = ends[1] - ends[0]
        shift = ends[0] - np.concatenate([[0], np.cumsum(lengths)[:-1]])
        at = np.arange(lengths.sum()) + np.repeat(shift, lengths)
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(ends[1] - ends[0])])
    return sparse.csr_array((values[at], second[at], indptr), shape=(len(rows), num_nodes))
