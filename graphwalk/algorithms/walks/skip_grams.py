"""Pairs of nodes that are near each other in walks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

#: Pairs that are made at a time, at least one walk's: 4 or 8 MiB.
PAIRS = 1 << 19


def skip_grams(
    blocks: Iterable[NDArray[np.integer[Any]]], width: int, window: int, at_a_time: int = PAIRS
) -> Iterator[NDArray[np.integer[Any]]]:
    """Yield the pairs of nodes that are at most `window` steps apart in a walk, some at a time.

    Pairs are in the order of the walks; within a walk, they are ordered by center, then by
    context.

    Parameters
    ----------
    blocks : iterable of ndarray of int, shape (block_walks, width)
        Walks, -1 after their ends.
    width : int
        Nodes of a walk.
    window : int
        Steps between two nodes of a pair, at most.
    at_a_time : int
        About how many pairs to make at a time.

    Yields
    ------
    ndarray of int, shape (pairs, 2)
        Centers and contexts.
    """
    where = _positions(width, window)
    rows = max(1, at_a_time // max(1, len(where)))
    for block in blocks:
        for start in range(0, len(block), rows):
            walks = block[start : start + rows]
            pairs = walks[:, where].reshape(-1, 2)
            if (walks[:, -1] < 0).any():  # a walk has ended early only in this case
                pairs = pairs[pairs.min(axis=1) >= 0]
            yield pairs


def num_pairs(width: int, window: int) -> int:
    """Return how many pairs a walk of `width` nodes has."""
    return len(_positions(width, window))


def _positions(width: int, window: int) -> NDArray[np.intp]:
    """Return the positions of all pairs of a walk that has not ended early, shape (pairs, 2)."""
    steps = np.arange(-min(window, width - 1), min(window, width - 1) + 1)
    centers, contexts = np.broadcast_arrays(
        np.arange(width)[:, None], np.arange(width)[:, None] + steps
    )
    real = (contexts >= 0) & (contexts < width) & (contexts != centers)
    return np.stack([centers[real], contexts[real]], axis=1)
