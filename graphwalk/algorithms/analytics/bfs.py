"""Breadth-first search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from graphwalk.algorithms.analytics.falling_values import Falling, FallingPass, Frontier
from graphwalk.algorithms.analytics.node_array import NodeAlgorithm, node_array
from graphwalk.algorithms.analytics.sources import source_nodes
from graphwalk.kernels.analytics.frontier import count_entries
from graphwalk.kernels.analytics.search_levels import find_parents, pull_level, push_level
from graphwalk.scheduler.engine.scan import ScanProgram
from graphwalk.scheduler.engine.scan_plan import ScanCost
from graphwalk.storage.store.graph import Graph, as_graph
from graphwalk.util.parameters import FLAG

if TYPE_CHECKING:
    import os

    import dask.array as da
    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.scan import Scanner
    from graphwalk.storage.partitions.entry_partitions import PartialRows
    from graphwalk.storage.store.graph_arrays import GraphArrays

#: Rows of nodes that are not reached are read instead where the level has more than this part of
#: the entries that no level has had, and until a level has less than that part of all nodes.
_PULL_ENTRIES, _PULL_NODES = 15, 18

#: Levels of fewer nodes are not worth counting their entries.
_FEW = 1 << 10


def bfs(
    store: Graph | str | os.PathLike[str],
    sources: Any,
    *,
    return_parents: bool = False,
    memory: str | int | None = None,
    partitions: int | None = None,
) -> da.Array:
    """Return the distance of every node from the nearest source, as a lazy Dask array.

    A distance is the least number of edges on a path from a source, along their directions; weights
    are not used. Each pass goes one edge further, and reads only partitions in which it has any
    edges to follow. Where an undirected graph fits in memory, passes that would follow a good part
    of all edges look from the other side [1]_.

    Parameters
    ----------
    store : Graph, str or path
        The graph, or where its store is.
    sources : node or sequence of nodes
        Where to start: by label where the graph has labels, otherwise by number.
    return_parents : bool
        Whether to return parents, too.
    memory : str or int, optional
        Bytes, or text such as ``"4 GiB"``, that distances and partitions of the graph may take.
        None: 70 % of what is free.
    partitions : int, optional
        How many partitions to read the graph in. None: as `memory` asks for.

    Returns
    -------
    dask.array.Array of int32 or int64, shape (num_nodes,) or (2, num_nodes)
        The distance of each node, -1 if it cannot be reached. With `return_parents`, the second row
        has the parent of each node: the smallest node from which an edge leads to it on a shortest
        path; a source itself; -1 if it cannot be reached. Its attribute ``plan`` says how it is
        computed. Nothing is read before ``compute()`` except where the graph is cut.

    Raises
    ------
    InputError
        When a source is no node of the graph, or a parameter is out of its range.
    MemoryBudgetError
        When the distances do not fit in `memory`.
    StoreError
        When `store` is not a graph that can be read.

    References
    ----------
    .. [1] S. Beamer, K. Asanović, D. Patterson, "Direction-optimizing breadth-first search",
       SC 2012, https://doi.org/10.1109/SC.2012.50

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2), (2, 3), (4, 5)])
    >>> graphwalk.bfs(graph, 0).compute()
    array([ 0,  1,  2,  3, -1, -1], dtype=int32)
    >>> distances, parents = graphwalk.bfs(graph, [0, 5], return_parents=True)
    >>> parents.compute()
    array([0, 0, 1, 2, 5, 5], dtype=int32)
    """
    graph = as_graph(store)
    parents = FLAG.check("return_parents", return_parents)
    algorithm = BreadthFirstSearch(source_nodes(graph, sources), parents)
    return node_array(algorithm, graph._arrays, memory, partitions)


@dataclass(frozen=True)
class BreadthFirstSearch(NodeAlgorithm):
    """A pass for each level, and one for parents.

    Attributes
    ----------
    sources : ndarray of int64
        Where to start.
    parents : bool
        Whether parents are found, too.
    hops : int or None
        The distance at which the search ends; None: it ends when all are found.
    """

    column: ClassVar[str] = "distance"

    sources: NDArray[np.int64]
    parents: bool
    hops: int | None = None

    def dtype(self, graph: GraphArrays) -> np.dtype[Any]:
        """Return the type of distances and parents."""
        return graph.neighbor_dtype

    def shape(self, graph: GraphArrays) -> tuple[float, ...]:
        """Return the shape of the result."""
        return (2, graph.num_nodes) if self.parents else (graph.num_nodes,)

    def cost(self, graph: GraphArrays) -> ScanCost:
        """Return what the algorithm takes: levels, perhaps parents, and two sets of nodes."""
        node = graph.neighbor_dtype.itemsize
        both = node * (1 + self.parents)
        return ScanCost(
            name="breadth-first search",
            state=both * (1 + self.parents) + 3,
            partial=node + 1,
            shared=node + 1,
            passes="one for each level" + (", one for parents" if self.parents else ""),
            repeated=True,
            method="along entries, which needs no in-neighbours",
        )

    def run(self, graph: GraphArrays, scanner: Scanner) -> NDArray[Any]:
        """Return the distance of every node, and perhaps its parent."""
        unreached = int(np.iinfo(graph.neighbor_dtype).max)
        levels = np.full(graph.num_nodes, unreached, graph.neighbor_dtype)
        levels[self.sources] = 0
        self._search(levels, scanner, may_pull=scanner.plan.resident and not graph.directed)
        if not self.parents:
            levels[levels == unreached] = -1
            return levels
        program = _Parents(levels, unreached)
        result = np.stack([levels, program.new_result()])
        result[1, self.sources] = self.sources
        scanner.scan(program, result[1])
        result[result == unreached] = -1
        return result

    def _search(self, levels: NDArray[Any], scanner: Scanner, *, may_pull: bool) -> None:
        state, active = Falling(levels), Frontier(len(levels), self.sources)
        left, level, pulls = scanner.plan.num_entries, 0, False
        while (size := len(active)) and level != self.hops:
            if pulls:
                pulls = size > len(levels) // _PULL_NODES
            elif may_pull and size > _FEW:
                program = _Entries(active)
                entries = program.new_result()
                scanner.scan(program, entries, active=active.is_in)
                pulls = bool(entries[0] > left // _PULL_ENTRIES)
                left -= int(entries[0])
            level += 1
            if pulls:
                scanner.scan(_Pull(levels, active, level), state)
            else:
                scanner.scan(_Push(levels, active, level), state, active=active.is_in)
            active = state.swap(active)


class _Push(FallingPass):
    """Follows the entries of the nodes of a level."""

    def __init__(self, levels: NDArray[Any], active: Frontier, level: int) -> None:
        super().__init__(levels, active)
        self._level = level

    def visit(self, result: Falling, rows: PartialRows) -> None:
        """Find nodes of the level."""
        sets = self.active.flags, self.active.blocks, result.fallen.flags, result.fallen.blocks
        push_level(result.values, *rows[:3], *sets, self._level)


class _Pull(FallingPass):
    """Looks in the rows of nodes that are not reached for a node of the level before."""

    def __init__(self, levels: NDArray[Any], active: Frontier, level: int) -> None:
        super().__init__(levels, active)
        self._level, self._bits = level, np.packbits(active.flags, bitorder="little")

    def visit(self, result: Falling, rows: PartialRows) -> None:
        """Find nodes of the level."""
        found = result.fallen.flags, result.fallen.blocks
        pull_level(result.values, *rows[:3], self._bits, *found, self._level)


class _Entries(ScanProgram):
    """Counts the entries of the nodes of a level, in a result of one number."""

    def __init__(self, active: Frontier) -> None:
        self._active = active

    def new_result(self) -> NDArray[np.int64]:
        """Return zero."""
        return np.zeros(1, np.int64)

    def visit(self, result: NDArray[np.int64], rows: PartialRows) -> None:
        """Add the entries of a partition."""
        count_entries(rows.first, rows.row_starts, self._active.flags, self._active.blocks, result)

    def merge(self, result: NDArray[np.int64], other: NDArray[np.int64]) -> None:
        """Add the entries of other partitions."""
        result += other


class _Parents(ScanProgram):
    """Finds the smallest parent of every node."""

    def __init__(self, levels: NDArray[Any], unreached: int) -> None:
        self._levels, self._unreached = levels, unreached

    def new_result(self) -> NDArray[Any]:
        """Return the parents of nodes that have none yet."""
        return np.full_like(self._levels, self._unreached)

    def visit(self, result: NDArray[Any], rows: PartialRows) -> None:
        """Find parents in a partition."""
        find_parents(result, self._levels, *rows[:3], self._unreached)

    def merge(self, result: NDArray[Any], other: NDArray[Any]) -> None:
        """Take over smaller parents."""
        np.minimum(result, other, out=result)
