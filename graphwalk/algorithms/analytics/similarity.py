"""How similar nodes are by the neighbours that they have in common."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from graphwalk.algorithms.analytics.compare_rows import (
    compare_pairs,
    most_similar,
    pair_batches,
    scratch_bytes,
)
from graphwalk.algorithms.analytics.node_array import NodeAlgorithm, node_array
from graphwalk.algorithms.analytics.sources import named_nodes
from graphwalk.errors import InputError, argument
from graphwalk.scheduler.engine.scan_plan import ScanCost
from graphwalk.storage.store.graph import Graph, as_graph
from graphwalk.storage.store.transposed import transposed_arrays
from graphwalk.util.indexed_values import as_array
from graphwalk.util.parameters import COUNT, one_of

if TYPE_CHECKING:
    import os

    import dask.array as da
    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.scan import Scanner
    from graphwalk.storage.store.graph_arrays import GraphArrays

_MEASURE = one_of("jaccard", "adamic_adar", "common_neighbors", "resource_allocation")

#: Measures in which a common neighbour counts the less the more neighbours it has itself.
_BY_DEGREE = ("adamic_adar", "resource_allocation")


def similarity(
    store: Graph | str | os.PathLike[str],
    pairs: Any,
    measure: str = "jaccard",
    *,
    transposed: Graph | str | os.PathLike[str] | None = None,
    memory: str | int | None = None,
) -> da.Array:
    """Return how similar pairs of nodes are by their neighbours, as a lazy Dask array.

    With the neighbours N(u) and N(v) of the nodes of a pair, the measures are [1]_:

    - ``"jaccard"``: the number of common neighbours divided by the number of those of either node,
      0 if there are none;
    - ``"common_neighbors"``: the number of common neighbours;
    - ``"adamic_adar"``: the sum, over common neighbours, of ``1 / log(degree)`` [2]_;
    - ``"resource_allocation"``: the sum, over common neighbours, of ``1 / degree``.

    In a directed graph, neighbours are out-neighbours, and the degree of a common neighbour is its
    in-degree. Loops are left out, and parallel edges make one neighbour, but count for degrees as
    `degrees` counts them. Weights are not used. Only rows of the nodes are read.

    Parameters
    ----------
    store : Graph, str or path
        The graph, or where its store is.
    pairs : array_like of nodes, shape (num_pairs, 2)
        The pairs, by label where the graph has labels, otherwise by number.
    measure : {"jaccard", "adamic_adar", "common_neighbors", "resource_allocation"}
        What is computed.
    transposed : Graph, str or path, optional
        What `Graph.transpose` made of a directed graph, for measures that use degrees.
    memory : str or int, optional
        Bytes, or text such as ``"4 GiB"``, that rows may take. None: 70 % of what is free.

    Returns
    -------
    dask.array.Array of float64, shape (num_pairs,)
        The similarity of each pair. Its attribute ``plan`` says how it is computed. Nothing but
        offsets is read before ``compute()``, and labels where the graph has any.

    Raises
    ------
    InputError
        When pairs are not two nodes each, there is no such node, or a parameter is out of its
        range.
    MemoryBudgetError
        When rows do not fit in `memory`.
    StoreError
        When `store` is not a graph that can be read.

    References
    ----------
    .. [1] D. Liben-Nowell, J. Kleinberg, "The link prediction problem for social networks", CIKM
       2003, https://doi.org/10.1145/956863.956972
    .. [2] L. A. Adamic, E. Adar, "Friends and neighbors on the Web", Social Networks 25, 2003,
       https://doi.org/10.1016/S0378-8733(03)00009-1

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([("ada", "bob"), ("ada", "eve"), ("kim", "bob")])
    >>> graphwalk.similarity(graph, [("ada", "kim"), ("ada", "bob")]).compute()
    array([0.5, 0. ])
    """
    graph = as_graph(store)
    measure = _MEASURE.check("measure", measure)
    ends = as_array(pairs, "pairs")
    if ends.size and (ends.ndim != 2 or ends.shape[1] != 2):
        raise InputError(f"{argument('pairs')} must be pairs of nodes, such as [(0, 1), (2, 3)]")
    first = second = np.empty(0, np.int64)
    if ends.size:
        first, second = (np.asarray(graph.index_of(column), np.int64) for column in ends.T)
    other = _transposed(graph, transposed, needed=measure in _BY_DEGREE)
    return node_array(Similarity(first, second, measure, other), graph._arrays, memory, None)


def similar_nodes(
    store: Graph | str | os.PathLike[str],
    nodes: Any,
    k: int = 10,
    measure: str = "jaccard",
    *,
    transposed: Graph | str | os.PathLike[str] | None = None,
    memory: str | int | None = None,
) -> da.Array:
    """Return the nodes that are most similar to each of some nodes, as a lazy Dask array.

    Candidates have a neighbour in common with the node, and are neither the node itself nor one of
    its neighbours: edges to them may be missing, or come next.

    Parameters
    ----------
    store, measure, transposed, memory
        As `similarity` takes them; in a directed graph, `transposed` is needed for all measures.
    nodes : node or sequence of nodes
        The nodes, by label where the graph has labels, otherwise by number.
    k : int
        How many candidates are returned for each node at most.

    Returns
    -------
    dask.array.Array of int64, shape (num_nodes, k)
        The candidates of each node, most similar first, of equal ones the smallest; -1 where there
        are fewer.

    Raises
    ------
    InputError, MemoryBudgetError, StoreError
        As `similarity` does.

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (0, 2), (3, 1), (3, 2), (4, 2)])
    >>> graphwalk.similar_nodes(graph, [0], k=3).compute()
    array([[ 3,  4, -1]])
    """
    graph = as_graph(store)
    measure, k = _MEASURE.check("measure", measure), COUNT.check("k", k)
    numbers = np.atleast_1d(named_nodes(graph, nodes, "nodes"))
    other = _transposed(graph, transposed, needed=True)
    return node_array(SimilarNodes(numbers, k, measure, other), graph._arrays, memory, None)


def _transposed(graph: Graph, transposed: Any, *, needed: bool) -> GraphArrays | None:
    if transposed is None and not needed:
        return None
    return transposed_arrays(graph, transposed, "this measure of similarity")


@dataclass(frozen=True)
class Similarity(NodeAlgorithm):
    """Reads rows of pairs, a number of them at a time.

    Attributes
    ----------
    first, second : ndarray of int64, shape (pairs,)
        The nodes of each pair.
    measure : str
        What is computed.
    transposed : GraphArrays or None
        The transposed store, which has the in-degrees of a directed graph.
    """

    column: ClassVar[str] = "similarity"

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    measure: str
    transposed: GraphArrays | None

    def dtype(self, graph: GraphArrays) -> np.dtype[Any]:
        """Return the type of similarities."""
        del graph
        return np.dtype(np.float64)

    def shape(self, graph: GraphArrays) -> tuple[float, ...]:
        """Return that there is one for each pair."""
        del graph
        return (len(self.first),)

    def cost(self, graph: GraphArrays) -> ScanCost:
        """Return what the algorithm takes: rows and common neighbours of a batch of pairs."""
        return ScanCost(
            "similarity",
            state=0,
            partial=0,
            shared=0,
            passes="none: rows of pairs are read, sorted by node",
            repeated=False,
            scratch=scratch_bytes(graph),
        )

    def run(self, graph: GraphArrays, scanner: Scanner) -> NDArray[np.float64]:
        """Return the similarity of each pair."""
        order = np.lexsort((self.second, self.first))
        ends = self.first[order], self.second[order]
        found = np.empty(len(order))
        tasks = [(ends[0][part], ends[1][part]) for part in pair_batches(graph, *ends)]
        start = 0
        compare = partial(compare_pairs, graph, self.transposed, self.measure)
        for values in scanner.map(compare, tasks):
            found[order[start : start + len(values)]] = values
            start += len(values)
        return found


@dataclass(frozen=True)
class SimilarNodes(NodeAlgorithm):
    """Compares each node with all that have a neighbour in common with it.

    Attributes
    ----------
    nodes : ndarray of int64
        The nodes.
    k : int
        Most candidates of each.
    measure, transposed
        As `Similarity` has them.
    """

    column: ClassVar[str] = "similar"
    are_nodes: ClassVar[bool] = True

    nodes: NDArray[np.int64]
    k: int
    measure: str
    transposed: GraphArrays | None

    def dtype(self, graph: GraphArrays) -> np.dtype[Any]:
        """Return the type of nodes."""
        del graph
        return np.dtype(np.int64)

    def shape(self, graph: GraphArrays) -> tuple[float, ...]:
        """Return that there are some candidates for each node."""
        del graph
        return (len(self.nodes), self.k)

    def cost(self, graph: GraphArrays) -> ScanCost:
        """Return what the algorithm takes: rows of a batch, and candidates of each worker."""
        pairs = Similarity(self.nodes, self.nodes, self.measure, self.transposed).cost(graph)
        return ScanCost(
            "similar nodes",
            state=0,
            partial=0,
            shared=0,
            passes="none: rows of nodes, their neighbours and candidates are read",
            repeated=False,
            scratch=pairs.scratch + 41 * graph.num_nodes,
            fixed=len(self.nodes) * self.k * 8,
        )

    def run(self, graph: GraphArrays, scanner: Scanner) -> NDArray[np.int64]:
        """Return the candidates of each node."""
        rank = partial(most_similar, graph, self.transposed, self.measure, self.k)
        found = np.full((len(self.nodes), self.k), -1, np.int64)
        for row, candidates in zip(found, scanner.map(rank, self.nodes.tolist()), strict=True):
            row[: len(candidates)] = candidates
        return found
