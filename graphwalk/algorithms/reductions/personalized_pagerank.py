"""PageRank of walks that start again at given nodes, for a few of them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Literal

import dask.array as da
import numpy as np

from graphwalk.algorithms.analytics.pagerank import pagerank
from graphwalk.algorithms.analytics.sources import named_nodes
from graphwalk.algorithms.reductions.ranks_by_walks import ranks_by_walks
from graphwalk.errors import InputError, argument
from graphwalk.storage.store.graph import Graph, as_graph
from graphwalk.util.parameters import one_of

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping


def personalized_pagerank(
    store: Graph | str | os.PathLike[str],
    sources: Any = None,
    method: Literal["exact", "walks"] = "exact",
    alpha: float = 0.85,
    tol: float = 1e-6,
    max_iter: int = 100,
    *,
    weight: str | None = "weight",
    top_k: int | None = None,
    eps: float = 0.02,
    delta: float = 0.01,
    seed: int | None = None,
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
        One node or several, by label where the graph has labels, and else by number. None, with
        ``method="walks"``: all nodes.
    method : {"exact", "walks"}
        How ranks are found: by power iteration, which reads the graph `max_iter` times at most for
        each source; or as the share of random walks that end at a node [2]_, for many sources or
        all nodes. Walks go on with probability `alpha` at each step.
    alpha, weight, memory, partitions
        As `pagerank` takes them.
    tol, max_iter
        As `pagerank` takes them, with ``method="exact"``.
    top_k : int, optional
        Nodes of each source that are kept, with ``method="walks"``: those with the highest ranks,
        and of equal ones those with the smallest numbers. None: all that a walk has ended at.
    eps, delta : float
        With ``method="walks"``, all ranks of a source are within `eps` of the exact ones, with a
        probability of at least 1 - `delta`. Ranks that are not in the result are 0. There are about
        ``2.5 / eps**2 * log(2 / delta)`` walks from each source; the plan says how many.
    seed : int, optional
        Of the walks, from 0 to 2**64 - 1. None: a seed is drawn when the array is made.

    Returns
    -------
    dask.array.Array of float64, shape (num_nodes,) or (num_sources, num_nodes)
        The rank of each node: for one source, or in a row for each of several. With
        ``method="walks"``, there is a row for one source, too, and ``compute()`` returns a
        ``scipy.sparse.csr_array``. Nothing is read before ``compute()`` except where the graph is
        cut, and nodes are looked up.

    Raises
    ------
    InputError
        When a parameter is out of its range or of the other method, or a source is no node.
    ConvergenceError
        When computed: if ranks have not converged after `max_iter` iterations.
    MemoryBudgetError
        When the ranks, or the walks, do not fit in `memory`.
    StoreError
        When `store` is not a graph that can be read.

    References
    ----------
    .. [1] T. H. Haveliwala, "Topic-sensitive PageRank", WWW 2002,
       https://doi.org/10.1145/511446.511513
    .. [2] K. Avrachenkov, N. Litvak, D. Nemirovsky, N. Osipova, "Monte Carlo methods in PageRank
       computation: when one iteration is sufficient", SIAM Journal on Numerical Analysis 45(2),
       2007, https://doi.org/10.1137/050643799

    Examples
    --------
    >>> graph = graphwalk.build_zarr([("ada", "bob"), ("bob", "eve"), ("kim", "lee")])
    >>> graphwalk.personalized_pagerank(graph, "ada").compute().round(3)
    array([0.345, 0.459, 0.195, 0.   , 0.   ])
    >>> graphwalk.personalized_pagerank(graph, ["ada", "kim"]).shape
    (2, 5)
    >>> near = graphwalk.personalized_pagerank(graph, "ada", method="walks", eps=0.05, seed=1)
    >>> near.compute().toarray().round(1)
    array([[0.3, 0.5, 0.2, 0. , 0. ]])
    """
    graph = as_graph(store)
    one_of("exact", "walks").check("method", method)
    by_walks: dict[str, Any] = {"top_k": top_k, "eps": eps, "delta": delta, "seed": seed}
    if method == "walks":
        _refuse("exact", {"tol": tol, "max_iter": max_iter})
        return ranks_by_walks(graph, sources, alpha, weight, memory, partitions, **by_walks)
    _refuse("walks", by_walks)
    if sources is None:
        raise InputError(
            f"ranks for all nodes are found by {argument('method', 'walks')}; pass that, or "
            f"{argument('sources')}"
        )
    nodes = named_nodes(graph, sources, "sources")
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


def _refuse(method: str, given: Mapping[str, Any]) -> None:
    """Raise InputError if a parameter of the other method is not what it is by default."""
    parameters = inspect.signature(personalized_pagerank).parameters
    for name, value in given.items():
        if value != parameters[name].default:
            raise InputError(
                f"{argument(name, value)} is for {argument('method', method)}; pass that, or leave "
                "it out"
            )
