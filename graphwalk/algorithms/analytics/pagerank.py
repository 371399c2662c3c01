"""PageRank by power iteration, with the same bits whatever the plan."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from graphwalk.algorithms.analytics.neighbor_sums import NeighborSums
from graphwalk.algorithms.analytics.node_array import NodeAlgorithm, node_array
from graphwalk.algorithms.analytics.node_values import node_distribution
from graphwalk.algorithms.analytics.out_degrees import out_degrees
from graphwalk.algorithms.analytics.out_strengths import out_strengths, uses_weights
from graphwalk.errors import ConvergenceError, InputError, argument
from graphwalk.kernels.analytics.pagerank import spread_ranks, update_ranks
from graphwalk.kernels.analytics.sum_neighbors import ONE
from graphwalk.scheduler.engine.scan_plan import ScanCost
from graphwalk.storage.partitions.entry_partitions import read_entries
from graphwalk.storage.store.graph import Graph, as_graph
from graphwalk.util.parameters import COUNT, PROBABILITY, number

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    import dask.array as da
    from numpy.typing import ArrayLike, NDArray

    from graphwalk.scheduler.engine.scan import Scanner
    from graphwalk.storage.partitions.entry_partitions import PartialRows
    from graphwalk.storage.store.format import ValueName
    from graphwalk.storage.store.graph_arrays import GraphArrays

#: Nodes whose changes are added up before they are added to others: always the same, so that the
#: number of iterations does not depend on the order of threads.
_NODES = 1 << 20

#: Bounds of sums of weights, so that shares of ranks are normal numbers of float32: from 2**-60 to
#: 2**60 or, where they are scaled, at most 2**96 apart.
_SAFE, _APART = 60, 96


def pagerank(
    store: Graph | str | os.PathLike[str],
    alpha: float = 0.85,
    personalization: Mapping[Any, float] | ArrayLike | None = None,
    max_iter: int = 100,
    tol: float = 1e-6,
    nstart: Mapping[Any, float] | ArrayLike | None = None,
    dangling: Mapping[Any, float] | ArrayLike | None = None,
    *,
    weight: str | None = "weight",
    memory: str | int | None = None,
    partitions: int | None = None,
) -> da.Array:
    """Return the PageRank of every node, as a lazy Dask array.

    The rank of a node is ``(1 - alpha) * personalization + alpha * (the sum, over all nodes with an
    edge to it, of their rank divided among their out-edges, and its part of the rank of nodes
    without out-edges)``. Out-edges have equal parts or, in a graph with weights, parts in
    proportion to these. The ranks are the limit distribution of a walk that goes on along an edge
    with probability `alpha` and starts at a new node otherwise [1]_. All ranks together are 1.

    Sums over edges are exact, in fixed point, so that the result has the same bits whatever the
    partitions, workers and scheduler.

    Parameters
    ----------
    store : Graph, str or path
        The graph, or where its store is.
    alpha : float
        Probability of going on along an edge, in [0, 1).
    personalization : mapping or array_like, optional
        How likely each node is to be a start, as numbers in proportion: of all nodes, shape
        (num_nodes,), or a mapping from some nodes, by number, to theirs. None: all alike.
    max_iter : int
        Most iterations; each reads the graph once.
    tol : float
        The iteration stops when all ranks together have changed by less than this.
    nstart : mapping or array_like, optional
        Ranks to start from, given as `personalization` is. None: all alike.
    dangling : mapping or array_like, optional
        Where the rank of nodes without out-edges goes, given as `personalization` is. None: as
        `personalization` says.
    weight : {"weight"} or None
        By default the weights of edges are used, if there are any; None leaves them out.
    memory : str or int, optional
        Bytes, or text such as ``"4 GiB"``, that ranks and partitions of the graph may take. None:
        70 % of what is free.
    partitions : int, optional
        How many partitions to read the graph in. None: as `memory` asks for.

    Returns
    -------
    dask.array.Array of float64, shape (num_nodes,)
        The rank of each node. Its attribute ``plan`` says how it is computed. Nothing is read
        before ``compute()`` except where the graph is cut.

    Raises
    ------
    InputError
        When a parameter is out of its range or names no node.
    ConvergenceError
        When computed: if the ranks have not converged after `max_iter` iterations.
    MemoryBudgetError
        When the ranks do not fit in `memory`.
    StoreError
        When `store` is not a graph that can be read.

    References
    ----------
    .. [1] L. Page, S. Brin, R. Motwani, T. Winograd, "The PageRank citation ranking: bringing order
       to the web", Stanford InfoLab 1999-66, http://ilpubs.stanford.edu:8090/422/

    Examples
    --------
    >>> import graphwalk
    >>> store = graphwalk.build_zarr([(0, 1), (0, 2), (0, 3)])
    >>> graphwalk.pagerank(store).compute().round(4)
    array([0.4797, 0.1734, 0.1734, 0.1734])
    """
    graph = as_graph(store)
    weighted = uses_weights(graph, weight)
    alpha = PROBABILITY.check("alpha", alpha)
    max_iter = COUNT.check("max_iter", max_iter)
    tol = number("a positive number", lambda value: value > 0).check("tol", tol)
    given = {"personalization": personalization, "nstart": nstart, "dangling": dangling}
    found = {name: node_distribution(graph, name, values) for name, values in given.items()}
    algorithm = PageRank(alpha, max_iter, tol, weighted, **found)
    return node_array(algorithm, graph._arrays, memory, partitions)


@dataclass(frozen=True)
class PageRank(NodeAlgorithm):
    """Power iteration, one pass over the entries for each iteration.

    Attributes
    ----------
    alpha, max_iter, tol
        As `pagerank` takes them.
    weighted : bool
        Whether the weights of edges are used.
    personalization, nstart, dangling : ndarray of float64, shape (nodes,), or None
        Distributions over the nodes.
    """

    column: ClassVar[str] = "pagerank"

    alpha: float
    max_iter: int
    tol: float
    weighted: bool
    personalization: NDArray[np.float64] | None
    nstart: NDArray[np.float64] | None
    dangling: NDArray[np.float64] | None

    def dtype(self, graph: GraphArrays) -> np.dtype[Any]:
        """Return the type of ranks."""
        del graph
        return np.dtype(np.float64)

    def cost(self, graph: GraphArrays) -> ScanCost:
        """Return what the algorithm takes: ranks, what was sent and received, shares, degrees."""
        given = {id(item) for item in (self.personalization, self.nstart, self.dangling)}
        strength = 8 if self.weighted else graph.neighbor_dtype.itemsize
        state = 3 * 8 + 4 + strength + 8 * len(given - {id(None)})
        name = "weighted PageRank" if self.weighted else "PageRank"
        values: ValueName | None = "weights" if self.weighted else None
        return ScanCost(name, state, 8, 4, f"up to {self.max_iter}", repeated=True, values=values)

    def run(self, graph: GraphArrays, scanner: Scanner) -> NDArray[np.float64]:
        """Return the rank of every node."""
        nodes = graph.num_nodes
        uniform = np.full(1, 1 / max(1, nodes))
        teleport = uniform if self.personalization is None else self.personalization
        dangling = teleport if self.dangling is None else self.dangling
        ranks = np.full(nodes, uniform[0]) if self.nstart is None else self.nstart.copy()
        sums_of: Callable[..., NeighborSums]
        if self.weighted:
            strengths = out_strengths(graph, scanner)
            sums_of = partial(_WeightedSums, exponent=_scale(strengths, graph.path))
            sent, unit = np.zeros(nodes), 1.0
        else:
            strengths, sums_of = out_degrees(graph), NeighborSums
            sent, unit = np.zeros(nodes, np.int64), ONE
        shares = np.empty(nodes, np.float32)
        sums = np.zeros(nodes, np.int64)
        blocks = [(start, min(start + _NODES, nodes)) for start in range(0, nodes, _NODES)]
        for _ in range(self.max_iter):
            sinks = sum(
                spread_ranks(ranks, strengths, sent, shares, unit, *block) for block in blocks
            )
            scanner.scan(sums_of(shares, push=graph.directed), sums)
            change = sum(
                update_ranks(ranks, sums, self.alpha, int(sinks) / ONE, teleport, dangling, *block)
                for block in blocks
            )
            if change < self.tol:
                # What was not sent yet is missing in the sum, for longer than ranks change.
                ranks /= float(ranks.sum())
                return ranks
        if not nodes:
            return ranks
        raise ConvergenceError(
            f"{graph.path}: PageRank has not converged after {argument('max_iter', self.max_iter)} "
            f"iterations: ranks still change by {change:.3g}, and {argument('tol', self.tol)}; "
            f"pass a larger {argument('max_iter')} or {argument('tol')}"
        )


def _scale(strengths: NDArray[np.float64], path: str) -> int:
    """Scale sums of weights by a power of 2 if they are very large or small; return its exponent.

    Raises
    ------
    InputError
        When they are too far apart.
    """
    positive = strengths[strengths > 0]
    if not len(positive):
        return 0
    least, most = float(positive.min()), float(positive.max())
    low, high = (int(exponent) for exponent in np.frexp([least, most])[1])
    if low > -_SAFE and high < _SAFE:
        return 0
    if high - low > _APART:
        raise InputError(
            f"the weights of the edges of a node of {path} are from {least:.3g} to {most:.3g} "
            f"together, too far apart for PageRank; pass {argument('weight', None)}, or build the "
            "store with weights that are closer together"
        )
    np.ldexp(strengths, -high, out=strengths)
    return -high


class _WeightedSums(NeighborSums):
    """Adds the shares of neighbours times the weight of the entry.

    Parameters
    ----------
    values, push
        See `NeighborSums`.
    exponent : int
        Of the power of 2 by which weights are multiplied.
    """

    def __init__(self, values: NDArray[Any], *, push: bool, exponent: int) -> None:
        super().__init__(values, push=push)
        self._exponent = exponent

    def read(self, graph: GraphArrays, part: Any) -> PartialRows:
        """Return the rows of a partition, with weights."""
        rows = read_entries(graph, part, "weights")
        if not self._exponent or rows.values is None:
            return rows
        return rows._replace(values=np.ldexp(rows.values, self._exponent))
