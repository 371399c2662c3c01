"""Strongly connected components."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.algorithms.analytics.falling_values import Falling, FallingPass, Frontier
from graphwalk.algorithms.analytics.node_array import node_array
from graphwalk.algorithms.analytics.out_degrees import out_degrees
from graphwalk.algorithms.analytics.whole_rows import WholeRowPass, WholeRows
from graphwalk.errors import InputError, function
from graphwalk.kernels.analytics.strong_components import mark_rows, spread_colors, trim_rows
from graphwalk.scheduler.engine.scan_plan import ScanCost
from graphwalk.storage.store.graph import Graph, as_graph

if TYPE_CHECKING:
    import os

    import dask.array as da
    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.scan import Scanner
    from graphwalk.storage.partitions.neighborhoods import Neighborhoods
    from graphwalk.storage.store.graph_arrays import GraphArrays

#: Nodes are trimmed in passes until a number of them, in both directions, trim less than this part
#: of those that are left.
_WORTH, _POOR = 1 / 50, 2


def strongly_connected_components(
    store: Graph | str | os.PathLike[str],
    *,
    memory: str | int | None = None,
    partitions: int | None = None,
) -> da.Array:
    """Return the strongly connected component of every node, as a lazy Dask array.

    From each node of a component, edges lead to each other one, along their directions. The
    component of a node is named by the smallest node in it. Only rows of out-neighbours are read
    [1]_: the number of passes grows with the length of the paths by which the nodes of a component
    reach each other, and with the number of components of several nodes that lie behind each other.

    Parameters
    ----------
    store : Graph, str or path
        The graph, or where its store is.
    memory : str or int, optional
        Bytes, or text such as ``"4 GiB"``, that labels and partitions of the graph may take. None:
        70 % of what is free.
    partitions : int, optional
        How many partitions to read the graph in, about. None: as `memory` asks for.

    Returns
    -------
    dask.array.Array of int32 or int64, shape (num_nodes,)
        The smallest node of the component of each node. Its attribute ``plan`` says how it is
        computed. Nothing is read before ``compute()`` except where the graph is cut.

    Raises
    ------
    InputError
        When the graph is undirected, or a parameter is out of its range.
    MemoryBudgetError
        When the labels do not fit in `memory`.
    StoreError
        When `store` is not a graph that can be read.

    References
    ----------
    .. [1] G. M. Slota, S. Rajamanickam, K. Madduri, "BFS and coloring-based parallel algorithms for
       strongly connected components and related problems", IPDPS 2014,
       https://doi.org/10.1109/IPDPS.2014.64

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2), (2, 1), (2, 3)], directed=True)
    >>> graphwalk.strongly_connected_components(graph).compute()
    array([0, 1, 1, 3], dtype=int32)
    """
    graph = as_graph(store)
    if not graph.directed:
        raise InputError(
            f"{graph.path} is undirected, so that its components are those of "
            f"{function('connected_components')}"
        )
    return node_array(StrongComponents(), graph._arrays, memory, partitions)


class StrongComponents(WholeRows):
    """Rounds of trimming, of spreading colours and of going back to their roots."""

    column, are_nodes = "component", True

    def dtype(self, graph: GraphArrays) -> np.dtype[Any]:
        """Return the type of the labels."""
        return graph.neighbor_dtype

    def cost(self, graph: GraphArrays) -> ScanCost:
        """Return what the algorithm takes: labels, colours, degrees once, marks and sets."""
        node = graph.neighbor_dtype.itemsize
        return ScanCost(
            name="strongly connected components",
            state=3 * node + 6,
            partial=node + 1,
            shared=2 * node + 2,
            passes="until all components are known",
            repeated=True,
            method="along entries in both directions, which needs no in-neighbours",
        )

    def run(self, graph: GraphArrays, scanner: Scanner) -> NDArray[Any]:
        """Return the label of every node."""
        unknown = int(np.iinfo(graph.neighbor_dtype).max)
        labels = np.full(graph.num_nodes, unknown, graph.neighbor_dtype)
        colors = np.full_like(labels, unknown)
        first = True
        while _trim(labels, unknown, scanner):
            left = labels == unknown
            if first:  # the largest component, probably: that of the node of highest degree
                roots = np.array([np.argmax(np.where(left, out_degrees(graph), -1))])
                colors[roots] = roots
                active = Frontier(len(labels), roots)
            else:
                active = Frontier.where(left)
                colors[left] = np.flatnonzero(left)
            _spread(colors, labels, unknown, active, scanner)
            if not first:
                roots = np.flatnonzero(left & (colors == np.arange(len(colors))))
            found = _reach(colors, roots, left, scanner)
            labels[found] = found.min() if first else colors[found]
            first = False
        return labels


def _trim(labels: NDArray[Any], unknown: int, scanner: Scanner) -> bool:
    """Label nodes that no cycle can have; return whether any nodes are left."""
    poor = 0
    while poor < _POOR and len(active := Frontier.where(labels == unknown)):
        state, before = Falling(labels), len(active)
        program = _Trim(labels, active, unknown, backwards=scanner.backwards)
        scanner.scan(program, state, active=active.is_in)
        alone = np.flatnonzero((labels == unknown) & (state.fallen.flags == 0))
        labels[alone] = alone
        left = int(np.count_nonzero(labels == unknown))
        poor = poor + 1 if before - left < _WORTH * before else 0
    return bool((labels == unknown).any())


def _spread(
    colors: NDArray[Any], labels: NDArray[Any], unknown: int, active: Frontier, scanner: Scanner
) -> None:
    """Lower the colour of each node to the least of those of nodes that reach it."""
    state = Falling(colors)
    while len(active):
        scanner.scan(_Spread(colors, active, labels, unknown), state, active=active.is_in)
        active = state.swap(active)


def _reach(
    colors: NDArray[Any], roots: NDArray[Any], left: NDArray[np.bool_], scanner: Scanner
) -> NDArray[np.int64]:
    """Return the nodes of the same colour that reach a root, and the roots."""
    unmarked = np.ones(len(colors), np.uint8)
    unmarked[roots] = 0
    state, any_marked = Falling(unmarked), True
    while any_marked:
        active = Frontier.where(left & (unmarked == 1))
        program = _Reach(unmarked, active, colors, backwards=scanner.backwards)
        scanner.scan(program, state, active=active.is_in)
        any_marked = len(state.fallen) > 0
        state.fallen.clear()
    return np.flatnonzero(unmarked == 0)


class _Trim(WholeRowPass, FallingPass):
    """Labels nodes that no edge leaves; notes nodes that an edge enters."""

    def __init__(
        self, values: NDArray[Any], active: Frontier, unknown: int, *, backwards: bool
    ) -> None:
        super().__init__(values, active)
        self._unknown, self._backwards = unknown, backwards

    def visit(self, result: Falling, rows: Neighborhoods) -> None:
        """Label nodes of a partition."""
        entered = result.fallen.flags, result.fallen.blocks
        trim_rows(result.values, self._unknown, *rows[:3], self._backwards, *entered)


class _Spread(WholeRowPass, FallingPass):
    """Lowers colours along edges."""

    def __init__(
        self, values: NDArray[Any], active: Frontier, labels: NDArray[Any], unknown: int
    ) -> None:
        super().__init__(values, active)
        self._labels, self._unknown = labels, unknown

    def visit(self, result: Falling, rows: Neighborhoods) -> None:
        """Lower the colours of the neighbours of active nodes."""
        sets = self.active.flags, result.fallen.flags, result.fallen.blocks
        spread_colors(result.values, self._labels, self._unknown, *rows[:3], *sets)


class _Reach(WholeRowPass, FallingPass):
    """Marks nodes from which an edge leads to a marked one of the same colour."""

    def __init__(
        self, values: NDArray[Any], active: Frontier, colors: NDArray[Any], *, backwards: bool
    ) -> None:
        super().__init__(values, active)
        self._colors, self._backwards = colors, backwards

    def visit(self, result: Falling, rows: Neighborhoods) -> None:
        """Mark nodes of a partition."""
        sets = self.active.flags, result.fallen.flags, result.fallen.blocks
        mark_rows(result.values, self._colors, *rows[:3], self._backwards, *sets)
