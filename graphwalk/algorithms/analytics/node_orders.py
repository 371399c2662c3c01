"""Orders of nodes: by degree, by breadth-first search, and by communities."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from graphwalk.algorithms.analytics.bfs import BreadthFirstSearch
from graphwalk.algorithms.analytics.communities import Communities
from graphwalk.algorithms.analytics.components import ConnectedComponents
from graphwalk.algorithms.analytics.degrees import Degrees
from graphwalk.algorithms.analytics.node_array import NodeAlgorithm
from graphwalk.util.permutations import inverse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.scan import Scanner
    from graphwalk.scheduler.engine.scan_plan import ScanCost
    from graphwalk.storage.store.graph_arrays import GraphArrays

#: Bytes of each node while nodes are sorted: keys, positions, and what sorting takes.
_SORTING = 32


class NodeOrder(NodeAlgorithm):
    """An algorithm that gives each node its number in an order."""

    column: ClassVar[str] = "number"

    def dtype(self, graph: GraphArrays) -> np.dtype[Any]:
        """Return the type of numbers."""
        return graph.neighbor_dtype

    @abstractmethod
    def run(self, graph: GraphArrays, scanner: Scanner) -> NDArray[Any]:
        """Return the number of every node."""


class DegreeOrder(NodeOrder):
    """Nodes by the number of their edges, those with the most first."""

    def cost(self, graph: GraphArrays) -> ScanCost:
        """Return what the algorithm takes: degrees, and what sorting does."""
        cost = Degrees("total").cost(graph)
        return replace(cost, name="order by degree", state=cost.state + _SORTING)

    def run(self, graph: GraphArrays, scanner: Scanner) -> NDArray[Any]:
        """Return the number of every node."""
        degrees = Degrees("total").run(graph, scanner)
        return sorted_numbers(np.negative(degrees, out=degrees), self.dtype(graph))


class BfsOrder(NodeOrder):
    """Nodes by their distance from the smallest node of their component, in undirected graphs.

    Those of a distance are in the order of their parents; components follow each other.
    """

    def cost(self, graph: GraphArrays) -> ScanCost:
        """Return what the algorithm takes: components, a search, and what sorting does."""
        cost = BreadthFirstSearch(np.empty(0, np.int64), True).cost(graph)
        state = cost.state + graph.neighbor_dtype.itemsize + 2 * _SORTING
        passes = f"one for components, {cost.passes}"
        return replace(cost, name="order by breadth-first search", state=state, passes=passes)

    def run(self, graph: GraphArrays, scanner: Scanner) -> NDArray[Any]:
        """Return the number of every node."""
        components = ConnectedComponents().run(graph, scanner)
        starts = np.flatnonzero(components == np.arange(len(components)))
        levels, parents = BreadthFirstSearch(starts, True).run(graph, scanner)
        numbers = _by_parents(levels, parents)
        order = inverse(numbers, numbers.dtype)
        places = sorted_numbers(components[order], numbers.dtype)
        result: NDArray[Any] = places[numbers]
        return result


class ClusterOrder(NodeOrder, Communities):
    """Nodes by their communities, those of a community by the communities of the level below."""

    def cost(self, graph: GraphArrays) -> ScanCost:
        """Return what the algorithm takes: what communities do, and what sorting does."""
        cost = Communities.cost(self, graph)
        state = cost.state + 2 * graph.neighbor_dtype.itemsize + _SORTING
        return replace(cost, name="order by communities", state=state)

    def run(self, graph: GraphArrays, scanner: Scanner) -> NDArray[Any]:
        """Return the number of every node."""
        levels = self.levels(graph, scanner)
        numbers: NDArray[Any] = np.arange(levels[-1].max() + 1, dtype=graph.neighbor_dtype)
        for communities in reversed(levels):
            numbers = sorted_numbers(numbers[communities], numbers.dtype)
        return numbers


def sorted_numbers(keys: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return the place of each node when nodes are sorted by a key, and then by number."""
    return inverse(np.argsort(keys, kind="stable"), dtype)


def _by_parents(levels: NDArray[Any], parents: NDArray[Any]) -> NDArray[Any]:
    """Return the place of each node by level, then the place of its parent, then by number."""
    order = np.argsort(levels, kind="stable")
    bounds = np.cumsum(np.bincount(levels)).tolist()
    numbers = np.empty_like(levels)
    for start, stop in itertools.pairwise([0, *bounds]):
        nodes = order[start:stop]
        if start:
            nodes = nodes[np.argsort(numbers[parents[nodes]], kind="stable")]
        numbers[nodes] = np.arange(start, stop)
    return numbers
