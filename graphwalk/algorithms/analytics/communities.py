"""Communities by modularity."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from graphwalk.algorithms.analytics.community_levels import (
    LEAST_BUILD,
    Level,
    find_strengths,
)
from graphwalk.algorithms.analytics.node_array import node_array
from graphwalk.algorithms.analytics.out_strengths import uses_weights
from graphwalk.algorithms.analytics.whole_rows import WholeRows
from graphwalk.scheduler.engine.scan_plan import ScanCost
from graphwalk.storage.partitions.neighborhoods import NeighborhoodReader
from graphwalk.storage.store.graph import Graph, as_graph
from graphwalk.storage.store.transposed import both_directions, transposed_arrays
from graphwalk.util.parameters import COUNT, FINITE_POSITIVE

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    import dask.array as da
    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.scan import Scanner
    from graphwalk.storage.store.graph_arrays import GraphArrays

#: Modularity by which a repetition is worth another one.
_LEAST_GAIN = 1e-4

#: Bytes of an edge while the graph of communities is built, and most bytes of all of them.
_EDGE, _BUILD = 48, 1 << 30


def communities(
    store: Graph | str | os.PathLike[str],
    resolution: float = 1.0,
    max_iter: int = 3,
    *,
    max_level: int | None = None,
    weight: str | None = "weight",
    transposed: Graph | str | os.PathLike[str] | None = None,
    memory: str | int | None = None,
    partitions: int | None = None,
) -> da.Array:
    """Return the community of every node by modularity, as a lazy Dask array.

    Communities have a high `modularity`, found by the method of Louvain [1]_: nodes move to the
    community of a neighbour where that raises it, then communities become the nodes of a smaller
    graph, and so on. In each pass over the graph, one half of all nodes, which a hash chooses,
    decide at the same time; the labels are the same whatever the partitions, workers and scheduler.
    Smaller graphs are temporary stores, and need not fit in memory either. Then all is repeated
    from the communities that were found, since nodes may be better elsewhere now [2]_. In the end
    each community is connected.

    Parameters
    ----------
    store : Graph, str or path
        The graph, or where its store is.
    resolution : float
        By what the expected weight of edges is multiplied: above 1 for smaller communities.
    max_iter : int
        How often all is repeated at most; it ends where that gains less than 0.0001. A repetition
        needs at most 40 passes over the graph.
    max_level : int, optional
        How often communities become the nodes of a smaller graph, at most, in each repetition; less
        makes smaller communities. None: as long as it gains 0.0001.
    weight : {"weight"} or None
        By default the weights of edges are used, if there are any; None leaves them out.
    transposed : Graph, str or path, optional
        What `Graph.transpose` made of a directed graph.
    memory : str or int, optional
        Bytes, or text such as ``"4 GiB"``, that labels, strengths and partitions of the graph may
        take. None: 70 % of what is free.
    partitions : int, optional
        How many partitions to read the graph in, about. None: as `memory` asks for.

    Returns
    -------
    dask.array.Array of int32 or int64, shape (num_nodes,)
        The smallest node of the community of each node. Its attribute ``plan`` says how it is
        computed. Nothing is read before ``compute()`` except where the graph is cut.

    Raises
    ------
    InputError
        When a parameter is out of its range, or `transposed` is not the transpose of the graph.
    MemoryBudgetError
        When labels and strengths do not fit in `memory`.
    StoreError
        When `store` is not a graph that can be read, or a temporary store cannot be written.

    References
    ----------
    .. [1] V. D. Blondel, J.-L. Guillaume, R. Lambiotte, E. Lefebvre, "Fast unfolding of communities
       in large networks", Journal of Statistical Mechanics, 2008,
       https://doi.org/10.1088/1742-5468/2008/10/P10008
    .. [2] V. A. Traag, L. Waltman, N. J. van Eck, "From Louvain to Leiden: guaranteeing
       well-connected communities", Scientific Reports 9, 2019,
       https://doi.org/10.1038/s41598-019-41695-z

    Examples
    --------
    >>> import graphwalk
    >>> edges = [(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 5), (5, 3)]
    >>> graph = graphwalk.build_zarr(edges)
    >>> graphwalk.communities(graph).compute()
    array([0, 0, 0, 3, 3, 3], dtype=int32)
    """
    graph = as_graph(store)
    weighted = uses_weights(graph, weight)
    resolution = FINITE_POSITIVE.check("resolution", resolution)
    max_iter = COUNT.check("max_iter", max_iter)
    max_level = None if max_level is None else COUNT.check("max_level", max_level)
    other = transposed_arrays(graph, transposed, "the search for communities")
    algorithm = Communities(resolution, max_iter, max_level, weighted, other)
    return node_array(algorithm, graph._arrays, memory, partitions)


@dataclass(frozen=True)
class Communities(WholeRows):
    """Levels of graphs, each of the communities of the one before.

    Attributes
    ----------
    resolution, max_iter, max_level
        As `communities` takes them.
    weighted : bool
        Whether the weights of edges are used.
    transposed : GraphArrays or None
        The transposed store of a directed graph.
    """

    column: ClassVar[str] = "community"
    are_nodes: ClassVar[bool] = True

    resolution: float
    max_iter: int
    max_level: int | None
    weighted: bool
    transposed: GraphArrays | None

    def dtype(self, graph: GraphArrays) -> np.dtype[Any]:
        """Return the type of labels."""
        return graph.neighbor_dtype

    def reader(self, graph: GraphArrays) -> NeighborhoodReader:
        """Return what cuts the graph."""
        del graph
        return NeighborhoodReader(self.transposed, "weights" if self.weighted else None)

    def cost(self, graph: GraphArrays) -> ScanCost:
        """Return what the algorithm takes: labels, strengths and sums; and room for a build."""
        label, sides = graph.neighbor_dtype.itemsize, 1 if self.transposed is None else 2
        other = 0 if self.transposed is None else self.transposed.max_degree
        longest = min(graph.max_degree + other, graph.num_nodes)
        return ScanCost(
            name="communities",
            state=5 * label + 16 * sides + 16,
            partial=label,
            shared=label + 16 * sides,
            passes=f"up to {40 * self.max_iter}, and others over smaller graphs",
            repeated=True,
            method=both_directions(self.transposed),
            scratch=(4 * (label + 8) + 8) * longest,
            chunk=min(_BUILD, _EDGE * graph.num_entries),
            fixed=LEAST_BUILD,
        )

    def _merged_cost(self, whole: GraphArrays, merged: GraphArrays) -> ScanCost:
        """Return what a graph of communities takes, with labels and strengths of all nodes."""
        label, sides = whole.neighbor_dtype.itemsize, 1 if self.transposed is None else 2
        cost = replace(self, transposed=None).cost(merged)
        held = -(-whole.num_nodes * (label + 8 * sides) // merged.num_nodes)
        return replace(cost, state=cost.state + 16 * (sides - 1) + held)

    def run(self, graph: GraphArrays, scanner: Scanner) -> NDArray[Any]:
        """Return the label of every node."""
        labels, level = _alone(graph), self._first_level(graph, scanner)
        for _ in range(self.max_iter if level.total > 0 else 0):
            labels, gain = self._improve(level, labels)
            if gain < _LEAST_GAIN:
                break
        return labels

    def levels(self, graph: GraphArrays, scanner: Scanner) -> list[NDArray[Any]]:
        """Return the communities of all nodes, then those of these communities, and so on.

        Communities have numbers from 0 on. They are those of the first repetition.
        """
        level = self._first_level(graph, scanner)
        if not level.total > 0:
            return [_alone(graph)]
        return [numbers for numbers, _ in self._merged_levels(level, _alone(graph))]

    def _first_level(self, graph: GraphArrays, scanner: Scanner) -> Level:
        """Return the whole graph as a level."""
        strengths = np.empty(0), np.empty(0)
        how = graph.directed, self.resolution, self.weighted
        level = Level(scanner, graph, self.transposed, strengths, 1.0, *how)
        strengths = find_strengths(level)
        return replace(level, strengths=strengths, total=float(strengths[0].sum()))

    def _improve(self, whole: Level, labels: NDArray[Any]) -> tuple[NDArray[Any], float]:
        """Return better labels, by way of smaller and smaller graphs, and how much better."""
        members, gains = _alone(whole.graph), 0.0
        for numbers, gain in self._merged_levels(whole, labels):
            members = numbers[members]
            gains += gain
        return whole.connect(members), gains

    def _merged_levels(
        self, whole: Level, labels: NDArray[Any]
    ) -> Iterator[tuple[NDArray[Any], float]]:
        """Yield the numbers of the communities of a level's nodes, and what these gain."""
        level, store = whole, None
        for number in itertools.count(1):
            labels, gain = level.move(labels)
            numbers, count = _numbered(labels)
            yield numbers, gain
            small = level is not whole and gain < _LEAST_GAIN
            if small or count == len(numbers) or number == self.max_level:
                break
            # The name keeps the temporary store until the next one is there.
            level, store = level.merge(numbers, count, partial(self._merged_cost, whole.graph))
            labels = np.arange(count, dtype=store.neighbor_dtype)


def _alone(graph: GraphArrays) -> NDArray[Any]:
    """Return for each node itself: a community of its own."""
    return np.arange(graph.num_nodes, dtype=graph.neighbor_dtype)


def _numbered(labels: NDArray[Any]) -> tuple[NDArray[Any], int]:
    """Return numbers from 0 for labels, which are nodes, and how many there are."""
    used = np.zeros(len(labels), np.bool_)
    used[labels] = True
    numbers = np.cumsum(used, dtype=labels.dtype) - 1
    return numbers[labels].astype(labels.dtype, copy=False), int(np.count_nonzero(used))
