"""How often pairs of nodes are near each other in walks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from graphwalk.algorithms.reductions.count_walk_pairs import pair_matrix
from graphwalk.algorithms.walks.api import random_walks
from graphwalk.algorithms.walks.skip_grams import skip_grams
from graphwalk.util.parameters import COUNT, parameters_from

if TYPE_CHECKING:
    import dask.array as da
    from numpy.typing import NDArray

    from graphwalk.algorithms.reductions.pair_counts import PairCounts


@parameters_from(random_walks, "chunks", "return_edges")
def cooccurrence(*, window: int = 10, top_k: int | None = None, **parameters: Any) -> da.Array:
    """Return how often each pair of nodes is near each other in walks, as a sparse matrix.

    A pair is two positions of a walk that are at most `window` steps apart, counted once for each
    of the two as the row: the pairs of `SkipGramDataset` and of DeepWalk, whose matrix can be
    factorised [1]_. Parameters are those of `random_walks`; walks are counted where they are made
    and dropped.

    Parameters
    ----------
    window : int
        Steps between the nodes of a pair, at most.
    top_k : int, optional
        Pairs of each row that are kept: those with the largest counts, and of equal ones those with
        the smallest column. None: all, so that the matrix is symmetric.

    Returns
    -------
    dask.array.Array of int64, shape (num_nodes, num_nodes)
        The counts. ``compute()`` returns them as a ``scipy.sparse.csr_array``. Its ``plan`` says
        how they will be computed.

    Raises
    ------
    InputError
        When a parameter is out of its range, a start node does not exist, or SciPy is not
        installed.
    MemoryBudgetError
        When the walks do not fit in `memory`; when it is computed, if there are more different
        pairs than fit in half of it.
    StoreError
        When `store` is not a graph that can be read.

    References
    ----------
    .. [1] J. Qiu et al., "Network embedding as matrix factorization: unifying DeepWalk, LINE, PTE,
       and node2vec", WSDM 2018, https://doi.org/10.1145/3159652.3159706

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2)], directed=True)
    >>> pairs = graphwalk.cooccurrence(graph, window=1, num_walks=1, walk_length=4, seed=1)
    >>> pairs.compute().toarray().tolist()
    [[0, 1, 0], [1, 0, 2], [0, 2, 0]]
    """
    pairs = WindowPairs(COUNT.check("window", window))
    most = None if top_k is None else COUNT.check("top_k", top_k)
    return pair_matrix("co-occurrence", pairs, None, most, **parameters)


@dataclass(frozen=True)
class WindowPairs:
    """Pairs of nodes that are at most some steps apart."""

    own_rows: ClassVar[bool] = False
    dtype: ClassVar[np.dtype[Any]] = np.dtype(np.int64)
    column: ClassVar[str] = "count"

    window: int

    def most_pairs(self, walk_length: int) -> int:
        """Return how many pairs a walk has at most."""
        return 2 * sum(max(0, walk_length + 1 - steps) for steps in self._steps(walk_length))

    def _steps(self, walk_length: int) -> range:
        return range(1, min(self.window, walk_length) + 1)

    def keys(self, walks: NDArray[Any], num_nodes: int) -> NDArray[np.int64]:
        """Return the keys of the pairs of some walks."""
        length = walks.shape[1] - 1
        at_a_time = max(1, len(walks) * self.most_pairs(length))
        parts = list(skip_grams([walks], length + 1, self.window, at_a_time))
        found = np.concatenate([np.empty((0, 2), np.int64), *parts])
        keys: NDArray[np.int64] = found[:, 0] * num_nodes + found[:, 1]
        return keys

    def values(self, pairs: PairCounts, num_nodes: int, num_walks: int) -> NDArray[Any]:
        """Return the counts."""
        del num_nodes, num_walks
        return pairs.counts
