"""PageRank of walks that start again at given nodes, for a few of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import dask.array as da
import numpy as np

from graphwalk.algorithms.analytics.pagerank import pagerank
from graphwalk.errors import InputError
from graphwalk.storage.store.graph import Graph, open_zarr
from graphwalk.util.parameters import one_of

if TYPE_CHECKING:
    import os


def personalized_pagerank(
    store: Graph | str | os.PathLike[str],
    sources: Any,
    method: Literal["exact"] = "exact",
    alpha: float = 0.85,
    tol: float = 1e-6,
    max_iter: int = 100,
    *,
    weight: str | None = "weight",
    memory: str | int | None = None,
    partitions: int | None = None,
) -> da.Array:
    """Return how much each node matters to given ones, as a lazy Dask array.

    These are the ranks of `pagerank` with a walk that starts again at one source each time, and
    that goes there from nodes without out-edges, too [1]_.

    Parameters
    ----------
    store : Graph, str or path
        The graph, or where its store is.
    sources : node, or sequence of nodes
        One node or several, by label where the graph has labels, and else by number.
    method : {"exact"}
        How ranks are found: by power iteration, which reads the graph `max_iter` times at most for
        each source.
    alpha, tol, max_iter, weight, memory, partitions
        As `pagerank` takes them.

    Returns
    -------
    dask.array.Array of float64, shape (num_nodes,) or (num_sources, num_nodes)
        The rank of each node: for one source, or in a row for each of several. Nothing is read
        before ``compute()`` except where the graph is cut, and nodes are looked up.

    Raises
    ------
    InputError
        When a parameter is out of its range, or a source is no node.
    ConvergenceError
        When computed: if ranks have not converged after `max_iter` iterations.
    MemoryBudgetError
        When the ranks do not fit in `memory`.
    StoreError
        When `store` is not a graph that can be read.

    References
    ----------
    .. [1] T. H. Haveliwala, "Topic-sensitive PageRank", WWW 2002,
       https://doi.org/10.1145/511446.511513

    Examples
    --------
    >>> graph = graphwalk.build_zarr([("ada", "bob"), ("bob", "eve"), ("kim", "lee")])
    >>> graphwalk.personalized_pagerank(graph, "ada").compute().round(3)
    array([0.345, 0.459, 0.195, 0.   , 0.   ])
    >>> graphwalk.personalized_pagerank(graph, ["ada", "kim"]).shape
    (2, 5)
    """
    one_of("exact").check("method", method)
    graph = store if isinstance(store, Graph) else open_zarr(store)
    nodes = np.asarray(graph.index_of(sources), np.int64)
    if not nodes.size:
        raise InputError("there are no sources; pass at least one node")

    def ranks(node: int) -> da.Array:
        start = np.zeros(graph.num_nodes)
        start[node] = 1
        return pagerank(
            graph,
            alpha,
            start,
            max_iter,
            tol,
            weight=weight,
            memory=memory,
            partitions=partitions,
        )

    return ranks(int(nodes)) if nodes.ndim == 0 else da.stack([ranks(node) for node in nodes])
