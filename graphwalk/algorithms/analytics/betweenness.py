"""How many shortest paths lead through each node."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from math import log, sqrt
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from graphwalk.algorithms.analytics.betweenness_passes import (
    Paths,
    Return,
    Search,
    Shorten,
)
from graphwalk.algorithms.analytics.node_array import node_array
from graphwalk.algorithms.analytics.out_strengths import uses_weights
from graphwalk.algorithms.analytics.whole_rows import WholeRows
from graphwalk.errors import InputError, MemoryBudgetError, argument
from graphwalk.kernels.rng import STEP, mix, seed_key
from graphwalk.scheduler.engine.scan_plan import ScanCost
from graphwalk.storage.partitions.neighborhoods import NeighborhoodReader
from graphwalk.storage.store.graph import Graph, as_graph
from graphwalk.storage.store.transposed import transposed_arrays
from graphwalk.util.parameters import COUNT, FLAG, whole

if TYPE_CHECKING:
    import os

    import dask.array as da
    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.scan import Scanner
    from graphwalk.storage.store.graph_arrays import GraphArrays

_SEED = whole(0, 2**64 - 1)

#: Most sources that are searched from at the same time; fewer where memory is short.
_AT_ONCE = 8

#: With what probability any error is larger than its bound.
_RISK = 0.1


def betweenness_centrality(
    store: Graph | str | os.PathLike[str],
    k: int | None = None,
    *,
    weight: str | None = None,
    normalized: bool = True,
    endpoints: bool = False,
    seed: int = 0,
    transposed: Graph | str | os.PathLike[str] | None = None,
    memory: str | int | None = None,
    partitions: int | None = None,
) -> da.Array:
    """Return the betweenness centrality of every node, as a lazy Dask array.

    It is the sum, over pairs of other nodes, of the part of all shortest paths from one to the
    other that leads through the node [1]_. Paths from all nodes are counted, or from `k` nodes that
    are drawn without replacement [2]_. By Hoeffding's inequality, the error of each node's value
    is then at most ``sqrt(log(20 * num_nodes) / (2 * k - 2))``, with probability 0.9 for all nodes
    at once; where values are normalised to parts of all pairs. Parallel edges are one edge, of the
    least of their weights.

    Parameters
    ----------
    store : Graph, str or path
        The graph, or where its store is.
    k : int, optional
        From how many nodes paths are counted. None: from all, which takes as many searches.
    weight : {"weight"} or None
        With "weight", the weights of edges are their lengths, if there are any. By default the
        shortest paths are those of the fewest edges. Lengths are sums in float64, which are
        compared exactly. An edge of length 0 is refused, since it can be walked back and forth:
        the number of shortest paths is infinite, or depends on the order of the search.
    normalized : bool
        Whether values are divided by the number of pairs; else they are numbers of pairs, of which
        an undirected graph has half as many.
    endpoints : bool
        Whether paths from a node and to it count, too.
    seed : int
        Seed of the sample. The same seed gives the same bits whatever the plan.
    transposed : Graph, str or path, optional
        What `Graph.transpose` made of a directed graph.
    memory : str or int, optional
        Bytes, or text such as ``"4 GiB"``, that counts and partitions of the graph may take; with
        more, up to 8 nodes are searched from at the same time. None: 70 % of what is free.
    partitions : int, optional
        How many partitions to read the graph in, about. None: as `memory` asks for.

    Returns
    -------
    dask.array.Array of float64, shape (num_nodes,)
        The centrality of each node. With ``k=1`` that of the one source is NaN, since no path from
        another node is counted. Its attribute ``plan`` says how it is computed. Nothing is read
        before ``compute()`` except where the graph is cut.

    Raises
    ------
    InputError
        When a parameter is out of its range, or `transposed` is not the transpose of the graph.
        When computed: if a weight that is used is zero, or lost in the sum of a length.
    MemoryBudgetError
        When counts do not fit in `memory`.
    StoreError
        When `store` is not a graph that can be read.

    References
    ----------
    .. [1] U. Brandes, "A faster algorithm for betweenness centrality", Journal of Mathematical
       Sociology 25, 2001, https://doi.org/10.1080/0022250X.2001.9990249
    .. [2] U. Brandes, C. Pich, "Centrality estimation in large networks", International Journal of
       Bifurcation and Chaos 17, 2007, https://doi.org/10.1142/S0218127407018403

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2), (2, 3)])
    >>> graphwalk.betweenness_centrality(graph).compute().round(3)
    array([0.   , 0.667, 0.667, 0.   ])
    """
    graph = as_graph(store)
    nodes = graph.num_nodes
    if k is not None and (k := COUNT.check("k", k)) > nodes:
        raise InputError(f"{argument('k', k)} is more than the {nodes} nodes of {graph.path}")
    seed = _SEED.check("seed", seed)
    sources = np.arange(nodes) if k is None else sample_nodes(nodes, k, seed)
    return from_sources(
        graph,
        sources,
        sampled=k is not None,
        weighted=uses_weights(graph, weight),
        normalized=FLAG.check("normalized", normalized),
        endpoints=FLAG.check("endpoints", endpoints),
        transposed=transposed_arrays(graph, transposed, "betweenness centrality"),
        memory=memory,
        partitions=partitions,
    )


def from_sources(
    graph: Graph,
    sources: NDArray[np.int64],
    *,
    memory: str | int | None = None,
    partitions: int | None = None,
    **how: Any,
) -> da.Array:
    """Return the centrality by paths from given sources, which are searched in this order."""
    at_once = _AT_ONCE
    while at_once > 1:
        with suppress(MemoryBudgetError):
            algorithm = Betweenness(sources, at_once, **how)
            return node_array(algorithm, graph._arrays, memory, partitions)
        at_once //= 2
    return node_array(Betweenness(sources, 1, **how), graph._arrays, memory, partitions)


def sample_nodes(num_nodes: int, k: int, seed: int) -> NDArray[np.int64]:
    """Return different nodes, all equally likely, in random order."""
    key, moved = int(seed_key(np.uint64(seed))), dict[int, int]()
    chosen = np.empty(k, np.int64)
    for i in range(k):  # Fisher and Yates' shuffle, of which only what moves is kept
        draw = int(mix(np.uint64((key + i * int(STEP)) % 2**64)))
        place = i + (draw * (num_nodes - i) >> 64)
        chosen[i] = moved.get(place, place)
        moved[place] = moved.get(i, i)
    return chosen


@dataclass(frozen=True)
class Betweenness(WholeRows):
    """Searches from some sources at a time: a pass for each level, and one on the way back.

    Attributes
    ----------
    sources : ndarray of int64
        Where paths begin.
    at_once : int
        How many of them are searched from at the same time; it does not change the result.
    sampled : bool
        Whether other nodes are no sources by chance.
    weighted : bool
        Whether weights are the lengths of edges.
    normalized, endpoints
        As `betweenness_centrality` takes them.
    transposed : GraphArrays or None
        The transposed store of a directed graph.
    """

    column: ClassVar[str] = "betweenness_centrality"

    sources: NDArray[np.int64]
    at_once: int
    sampled: bool
    weighted: bool
    normalized: bool
    endpoints: bool
    transposed: GraphArrays | None

    def dtype(self, graph: GraphArrays) -> np.dtype[Any]:
        """Return the type of centralities."""
        del graph
        return np.dtype(np.float64)

    def reader(self, graph: GraphArrays) -> NeighborhoodReader:
        """Return what cuts the graph."""
        del graph
        return NeighborhoodReader(self.transposed, "weights" if self.weighted else None)

    def cost(self, graph: GraphArrays) -> ScanCost:
        """Return what the algorithm takes: levels, counts, sums and those of a pass; lengths."""
        method = "from all nodes, exact"
        if self.sampled and len(self.sources) > 1:
            error = sqrt(log(2 * graph.num_nodes / _RISK) / (2 * len(self.sources) - 2))
            method = (
                f"from {len(self.sources):,} nodes, error at most {error:.2g} (probability 0.9)"
            )
        turns, length = -(-len(self.sources) // self.at_once), 8 if self.weighted else 0
        return ScanCost(
            name="betweenness centrality",
            state=(32 + length) * self.at_once + 8,
            partial=12 * self.at_once,
            shared=(20 + length) * self.at_once,
            passes=f"{3 if self.weighted else 2} for each level, {turns:,} times",
            repeated=True,
            method=method,
        )

    def run(self, graph: GraphArrays, scanner: Scanner) -> NDArray[np.float64]:
        """Return the centrality of every node."""
        total = np.zeros(graph.num_nodes)
        for start in range(0, len(self.sources), self.at_once):
            self._add(scanner, self.sources[start : start + self.at_once], total)
        self._scale(total)
        return total

    def _add(
        self, scanner: Scanner, sources: NDArray[np.int64], total: NDArray[np.float64]
    ) -> None:
        """Add what paths from some sources contribute."""
        lengths = self._lengths(scanner, sources, len(total))
        found = Paths.none(len(total), len(sources))
        found.levels[sources, np.arange(len(sources))] = 0
        found.paths[sources, np.arange(len(sources))] = 1
        level = 0
        while True:
            search = Search(self.transposed, found, level + 1, lengths)
            new = search.new_result()
            scanner.scan(search, new)
            if not new.found[0]:
                break
            search.merge(found, new)
            level += 1
        if lengths is not None and (np.isfinite(lengths) > (found.levels >= 0)).any():
            raise InputError(
                "some weights are so small that paths are no longer with them than without; leave "
                f"out {argument('weight')}, so that paths are counted by their edges"
            )
        sums = np.zeros_like(found.paths)
        for before in range(level - 1, 0, -1):
            back = Return(self.transposed, found, before, lengths, sums)
            new_sums = back.new_result()
            scanner.scan(back, new_sums)
            sums += new_sums
        for column, source in enumerate(sources.tolist()):
            total += sums[:, column]
            if self.endpoints:
                reached = found.levels[:, column] > 0
                total += reached
                total[source] += np.count_nonzero(reached)

    def _lengths(
        self, scanner: Scanner, sources: NDArray[np.int64], nodes: int
    ) -> NDArray[np.float64] | None:
        """Return the length of the shortest paths to each node; None where edges count."""
        if not self.weighted:
            return None
        lengths = np.full((nodes, len(sources)), np.inf)
        lengths[sources, np.arange(len(sources))] = 0
        while True:
            shorten = Shorten(self.transposed, lengths)
            new = shorten.new_result()
            scanner.scan(shorten, new)
            if not new.fallen[0]:
                return lengths
            lengths = new.lengths

    def _scale(self, total: NDArray[np.float64]) -> None:
        """Divide sums by how many pairs they are of, of those that they stand for."""
        others, k = len(total) - (not self.endpoints), len(self.sources)
        if others < 2:
            return
        pairs = others * (others - 1) if self.normalized else 1 if self.transposed else 2
        if not self.sampled or self.endpoints:
            total *= others / min(k, others) / pairs
            return
        chosen = np.zeros(len(total), np.bool_)
        chosen[self.sources] = True  # a source is none of the others, from which it gets a sum
        with np.errstate(invalid="ignore", divide="ignore"):
            total[chosen] *= np.float64(others) / (k - 1) / pairs
        total[~chosen] *= others / k / pairs
