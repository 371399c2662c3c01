"""Shortest paths by weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from graphwalk.algorithms.analytics.falling_values import Falling, FallingPass, Frontier
from graphwalk.algorithms.analytics.node_array import NodeAlgorithm, node_array
from graphwalk.algorithms.analytics.out_strengths import uses_weights
from graphwalk.algorithms.analytics.sources import source_nodes
from graphwalk.errors import InputError
from graphwalk.kernels.analytics.relax_edges import least_length, relax_edges
from graphwalk.scheduler.engine.scan_plan import ScanCost
from graphwalk.storage.partitions.entry_partitions import read_entries
from graphwalk.storage.store.graph import Graph, as_graph

if TYPE_CHECKING:
    import os

    import dask.array as da
    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.scan import Scanner
    from graphwalk.storage.partitions.entry_partitions import EntryPartition, PartialRows
    from graphwalk.storage.store.graph_arrays import GraphArrays

#: Weights that are looked at to choose how far a pass goes in memory.
_SAMPLE = 1 << 16

#: Weights of edges that have none.
_EQUAL = np.empty(0, np.float32)


def shortest_paths(
    store: Graph | str | os.PathLike[str],
    sources: Any,
    *,
    weight: str | None = "weight",
    memory: str | int | None = None,
    partitions: int | None = None,
) -> da.Array:
    """Return the length of the shortest path to every node, as a lazy Dask array.

    The length of a path is the sum of the weights of its edges, added from the source on in
    float64. Lengths are lowered pass by pass until none falls any more, and a pass reads only
    partitions with nodes whose length fell. In memory, passes take the nearest nodes first, as
    delta-stepping does [1]_. The result has the same bits whatever the partitions, workers and
    scheduler, since it is the least sum over all paths.

    Parameters
    ----------
    store : Graph, str or path
        The graph, or where its store is.
    sources : node or sequence of nodes
        Where paths start: by label where the graph has labels, otherwise by number.
    weight : {"weight"} or None
        By default the weights of edges are their lengths, if there are any; None gives each edge
        the length 1.
    memory : str or int, optional
        Bytes, or text such as ``"4 GiB"``, that lengths and partitions of the graph may take. None:
        70 % of what is free.
    partitions : int, optional
        How many partitions to read the graph in. None: as `memory` asks for.

    Returns
    -------
    dask.array.Array of float64, shape (num_nodes,)
        The length of a shortest path from the nearest source to each node; infinity if it cannot be
        reached. Its attribute ``plan`` says how it is computed. Nothing is read before
        ``compute()`` except where the graph is cut.

    Raises
    ------
    InputError
        When a source is no node of the graph, or a parameter is out of its range. When computed: if
        a weight is negative.
    MemoryBudgetError
        When the lengths do not fit in `memory`.
    StoreError
        When `store` is not a graph that can be read.

    References
    ----------
    .. [1] U. Meyer, P. Sanders, "Δ-stepping: a parallelizable shortest path algorithm", Journal of
       Algorithms 49, 2003, https://doi.org/10.1016/S0196-6774(03)00076-2

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1, 5.0), (0, 2, 1.5), (2, 1, 1.0), (3, 4, 1.0)])
    >>> graphwalk.shortest_paths(graph, 0).compute()
    array([0. , 2.5, 1.5, inf, inf])
    """
    graph = as_graph(store)
    weighted = uses_weights(graph, weight)
    algorithm = ShortestPaths(source_nodes(graph, sources), weighted)
    return node_array(algorithm, graph._arrays, memory, partitions)


@dataclass(frozen=True)
class ShortestPaths(NodeAlgorithm):
    """Passes that lower lengths.

    Attributes
    ----------
    sources : ndarray of int64
        Where to start.
    weighted : bool
        Whether weights are used.
    """

    column: ClassVar[str] = "length"

    sources: NDArray[np.int64]
    weighted: bool

    def dtype(self, graph: GraphArrays) -> np.dtype[Any]:
        """Return the type of lengths."""
        del graph
        return np.dtype(np.float64)

    def cost(self, graph: GraphArrays) -> ScanCost:
        """Return what the algorithm takes: lengths and two sets of nodes."""
        del graph
        return ScanCost(
            name="shortest paths",
            state=8 + 3,
            partial=9,
            shared=9,
            passes="until no length falls",
            repeated=True,
            method="along entries, which needs no in-neighbours",
            values="weights" if self.weighted else None,
        )

    def run(self, graph: GraphArrays, scanner: Scanner) -> NDArray[np.float64]:
        """Return the length of the shortest path to every node."""
        lengths = np.full(graph.num_nodes, np.inf)
        lengths[self.sources] = 0
        state, active = Falling(lengths.view(np.int64)), Frontier(len(lengths), self.sources)
        # Where partitions are read in each pass, few passes count; in memory, few visits.
        reach = self._usual_length(graph) if scanner.plan.resident else np.inf
        while len(active):
            least = least_length(state.values, active.flags, active.blocks)
            limit = max(least + reach, np.nextafter(least, np.inf))
            program = _Relax(state.values, active, limit, weighted=self.weighted)
            scanner.scan(program, state, active=active.is_in)
            active = state.swap(active)
        return lengths

    def _usual_length(self, graph: GraphArrays) -> float:
        if not (self.weighted and graph.num_entries):
            return 1.0
        sample = graph.read_values("weights", 0, min(_SAMPLE, graph.num_entries))
        return float(sample.mean(dtype=np.float64))  # in float32, the sum may be infinite


class _Relax(FallingPass):
    """Lowers the lengths of neighbours of active nodes below a limit."""

    def __init__(
        self, values: NDArray[Any], active: Frontier, limit: float, *, weighted: bool
    ) -> None:
        super().__init__(values, active)
        self._limit, self._weighted = limit, weighted

    def read(self, graph: GraphArrays, part: EntryPartition) -> PartialRows:
        """Read a partition, with weights that are lengths.

        Raises
        ------
        InputError
            When a weight is negative, or not a number.
        """
        if not self._weighted:
            return read_entries(graph, part)._replace(values=_EQUAL)
        rows = read_entries(graph, part, "weights")
        assert rows.values is not None
        if not rows.values.min(initial=0) >= 0:
            at = int(np.argmax(~(rows.values >= 0)))
            raise InputError(
                f"{graph.path}: entry {part.entries.start + at} has the weight {rows.values[at]}, "
                "and shortest_paths takes weights that are not negative"
            )
        return rows

    def visit(self, result: Falling, rows: PartialRows) -> None:
        """Lower lengths."""
        sets = self.active.flags, self.active.blocks, result.fallen.flags, result.fallen.blocks
        assert rows.values is not None
        relax_edges(result.values, *rows[:3], rows.values, *sets, self._limit)
