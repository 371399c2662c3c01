"""The nodes that short walks from a node visit most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from graphwalk.algorithms.reductions.count_walk_pairs import pair_matrix
from graphwalk.algorithms.walks.api import random_walks
from graphwalk.algorithms.walks.start_nodes import checked_nodes
from graphwalk.storage.store.graph import as_graph
from graphwalk.util.parameters import COUNT, parameters_from

if TYPE_CHECKING:
    import dask.array as da
    from numpy.typing import NDArray

    from graphwalk.algorithms.reductions.pair_counts import PairCounts


@parameters_from(
    random_walks, "chunks", "return_edges", "start_edges", num_walks=200, walk_length=3
)
def importance_neighbors(*, top_k: int = 50, **parameters: Any) -> da.Array:
    """Return the nodes that walks from each start node visit most, with weights that add up to 1.

    These are the neighbours that PinSage [1]_ gives a node: the `top_k` other nodes that short
    walks from it visit most often, and the share of the visits of each. Of nodes that are visited
    equally often, those with the smallest numbers come first. Parameters are those of
    `random_walks`, with short walks as the default; walks are counted where they are made and
    dropped.

    Parameters
    ----------
    top_k : int
        Nodes of each start node, at most.

    Returns
    -------
    dask.array.Array of float64, shape (num_starts, num_nodes)
        The weight of each node, in the row of each start node. ``compute()`` returns it as a
        ``scipy.sparse.csr_array``. Its ``plan`` says how it will be computed.

    Raises
    ------
    InputError
        When a parameter is out of its range, a start node does not exist, or SciPy is not
        installed.
    MemoryBudgetError
        When the walks and what is kept of them do not fit in `memory`.
    StoreError
        When `store` is not a graph that can be read.

    References
    ----------
    .. [1] R. Ying et al., "Graph convolutional neural networks for web-scale recommender systems",
       KDD 2018, https://doi.org/10.1145/3219819.3219890

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (0, 2), (2, 3), (3, 4)])
    >>> weights = graphwalk.importance_neighbors(graph, [0], top_k=2, seed=1).compute()
    >>> weights.indices.tolist(), weights.data.round(2).tolist()
    ([1, 2], [0.45, 0.55])
    """
    graph = parameters["store"] = as_graph(parameters["store"])
    rows = parameters["start_nodes"]
    if rows is not None:
        rows = checked_nodes(graph, rows, "start_nodes")
        parameters["start_nodes"] = np.unique(rows)
    most = COUNT.check("top_k", top_k)
    return pair_matrix("importance neighbours", Visits(), rows, most, **parameters)


class Visits:
    """Pairs of the start node of a walk and the other nodes that it visits."""

    own_rows: ClassVar[bool] = True
    dtype: ClassVar[np.dtype[Any]] = np.dtype(np.float64)
    column: ClassVar[str] = "weight"

    def most_pairs(self, walk_length: int) -> int:
        """Return how many pairs a walk has at most."""
        return walk_length

    def keys(self, walks: NDArray[Any], num_nodes: int) -> NDArray[np.int64]:
        """Return the keys of the pairs of some walks."""
        starts, visited = walks[:, :1].astype(np.int64), walks[:, 1:]
        keys = starts * num_nodes + visited
        return np.asarray(keys[(visited >= 0) & (visited != starts)], np.int64)

    def values(self, pairs: PairCounts, num_nodes: int, num_walks: int) -> NDArray[Any]:
        """Return the share of each pair in those of the same start node."""
        del num_walks
        _, row = np.unique(pairs.keys // num_nodes, return_inverse=True)
        sums = np.bincount(row, weights=pairs.counts)
        return np.asarray(pairs.counts / sums[row], np.float64)
