"""Rows of pairs of nodes, compared a number of them at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.analytics.common_neighbors import common_neighbors
from graphwalk.util.cancel import check_cancelled
from graphwalk.util.consecutive_groups import consecutive_groups

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.store.graph_arrays import GraphArrays

#: Entries of rows that a task has in memory at a time, unless two rows have more; and pairs.
_ENTRIES, _PAIRS = 1 << 20, 1 << 16


def scratch_bytes(graph: GraphArrays) -> int:
    """Return what a task takes at most: rows and common neighbours of a batch of pairs."""
    entries = min(graph.num_entries, max(_ENTRIES, 2 * graph.max_degree))
    return entries * (2 * graph.neighbor_dtype.itemsize + 32) + _PAIRS * 80


def pair_batches(graph: GraphArrays, first: NDArray[Any], second: NDArray[Any]) -> list[slice]:
    """Return ranges of pairs whose rows together are not too large."""
    nodes, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    if not len(nodes):
        return []
    starts, stops = graph.row_ranges(nodes)
    degrees = (stops - starts)[places]
    sizes = (degrees[: len(first)] + degrees[len(first) :] + _ENTRIES // _PAIRS).tolist()
    groups = consecutive_groups(range(len(first)), sizes.__getitem__, _ENTRIES)
    return [slice(group[0], group[-1] + 1) for group in groups]


def compare_pairs(
    graph: GraphArrays,
    transposed: GraphArrays | None,
    measure: str,
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> NDArray[np.float64]:
    """Return the similarity of each of some pairs, whose rows fit in memory."""
    check_cancelled()
    nodes, places = np.unique(np.concatenate(pairs), return_inverse=True)
    count = len(pairs[0])
    starts, neighbors, _ = graph.read_rows(nodes)
    ends = places[:count], places[count:]
    degrees = np.diff(starts)
    common = np.empty(int(np.minimum(degrees[ends[0]], degrees[ends[1]]).sum()), neighbors.dtype)
    both, either = np.empty(count, np.int64), np.empty(count, np.int64)
    size = common_neighbors(nodes, starts, neighbors, *ends, common, both, either)
    if measure == "common_neighbors":
        return both.astype(np.float64)
    if measure == "jaccard":
        return both / np.maximum(either, 1)
    shared, places = np.unique(common[:size], return_inverse=True)
    first, stop = (graph if transposed is None else transposed).row_ranges(shared.astype(np.int64))
    counts = (stop - first).astype(np.float64)
    with np.errstate(divide="ignore"):  # a node that is compared with itself has any neighbours
        worth = 1 / (np.log(counts) if measure == "adamic_adar" else counts)
    sums: NDArray[Any] = np.bincount(np.repeat(np.arange(count), both), worth[places], count)
    return sums


def most_similar(
    graph: GraphArrays, transposed: GraphArrays | None, measure: str, k: int, node: int
) -> NDArray[np.int64]:
    """Return the candidates that are most similar to a node."""
    _, row, _ = graph.read_rows(np.array([node]))
    middle = np.unique(row).astype(np.int64)
    middle, chosen = middle[middle != node], np.zeros(graph.num_nodes, np.bool_)
    other = graph if transposed is None else transposed
    for part in pair_batches(other, middle, middle):
        chosen[other.read_rows(middle[part])[1]] = True
    chosen[middle] = chosen[node] = False
    candidates = np.flatnonzero(chosen)
    own = np.full(len(candidates), node)
    values = [
        compare_pairs(graph, transposed, measure, (own[part], candidates[part]))
        for part in pair_batches(graph, own, candidates)
    ]
    scores = np.concatenate([*values, np.empty(0)])
    return candidates[np.lexsort((candidates, -scores))[:k]]
