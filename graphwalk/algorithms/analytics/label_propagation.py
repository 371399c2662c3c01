"""Communities by label propagation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.algorithms.analytics.node_array import node_array
from graphwalk.algorithms.analytics.whole_rows import WholeRowPass, WholeRows
from graphwalk.kernels.analytics.vote_labels import vote_labels
from graphwalk.scheduler.engine.scan_plan import ScanCost
from graphwalk.storage.store.graph import Graph, as_graph
from graphwalk.storage.store.transposed import both_directions, transposed_arrays
from graphwalk.util.parameters import COUNT

if TYPE_CHECKING:
    import os

    import dask.array as da
    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.scan import Scanner
    from graphwalk.storage.partitions.neighborhoods import Neighborhoods
    from graphwalk.storage.store.graph_arrays import GraphArrays


def label_propagation(
    store: Graph | str | os.PathLike[str],
    max_iter: int = 10,
    *,
    transposed: Graph | str | os.PathLike[str] | None = None,
    memory: str | int | None = None,
    partitions: int | None = None,
) -> da.Array:
    """Return the community of every node by label propagation, as a lazy Dask array.

    Each node begins with its own number as its label. In each iteration all nodes take the label
    that is most frequent among their neighbours, at the same time; of several the smallest. It is
    the algorithm CDLP of LDBC Graphalytics [1]_, without a random choice [2]_. A node without
    neighbours keeps its label. In a directed graph in- and out-neighbours count alike, and a node
    that is both counts twice; so do parallel edges.

    Parameters
    ----------
    store : Graph, str or path
        The graph, or where its store is.
    max_iter : int
        Iterations; fewer are made if labels do not change any more.
    transposed : Graph, str or path, optional
        What `Graph.transpose` made of a directed graph.
    memory : str or int, optional
        Bytes, or text such as ``"4 GiB"``, that labels and partitions of the graph may take. None:
        70 % of what is free.
    partitions : int, optional
        How many partitions to read the graph in, about. None: as `memory` asks for.

    Returns
    -------
    dask.array.Array of int32 or int64, shape (num_nodes,)
        The label of each node, which is the number of a node. Its attribute ``plan`` says how it is
        computed. Nothing is read before ``compute()`` except where the graph is cut.

    Raises
    ------
    InputError
        When a parameter is out of its range, or `transposed` is not the transpose of the graph.
    MemoryBudgetError
        When the labels do not fit in `memory`.
    StoreError
        When `store` is not a graph that can be read.

    References
    ----------
    .. [1] A. Iosup et al., "The LDBC Graphalytics benchmark", https://arxiv.org/abs/2011.15028
    .. [2] U. N. Raghavan, R. Albert, S. Kumara, "Near linear time algorithm to detect community
       structures in large-scale networks", Physical Review E 76, 2007,
       https://doi.org/10.1103/PhysRevE.76.036106

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3)])
    >>> graphwalk.label_propagation(graph).compute()
    array([0, 0, 0, 3, 3, 3], dtype=int32)
    """
    graph = as_graph(store)
    max_iter = COUNT.check("max_iter", max_iter)
    other = transposed_arrays(graph, transposed, "label propagation")
    return node_array(LabelPropagation(max_iter, other), graph._arrays, memory, partitions)


@dataclass(frozen=True)
class LabelPropagation(WholeRows):
    """A pass for each iteration.

    Attributes
    ----------
    max_iter : int
        Iterations.
    transposed : GraphArrays or None
        The transposed store of a directed graph.
    """

    column, are_nodes = "community", True

    max_iter: int
    transposed: GraphArrays | None

    def dtype(self, graph: GraphArrays) -> np.dtype[Any]:
        """Return the type of labels."""
        return graph.neighbor_dtype

    def cost(self, graph: GraphArrays) -> ScanCost:
        """Return what the algorithm takes: labels twice, and a hash table for the longest row."""
        label = graph.neighbor_dtype.itemsize
        other = 0 if self.transposed is None else self.transposed.max_degree
        return ScanCost(
            name="label propagation",
            state=2 * label,
            partial=label,
            shared=label,
            passes=f"up to {self.max_iter}",
            repeated=True,
            method=both_directions(self.transposed),
            scratch=4 * (label + 8) * (graph.max_degree + other),
        )

    def run(self, graph: GraphArrays, scanner: Scanner) -> NDArray[Any]:
        """Return the label of every node."""
        labels = np.arange(graph.num_nodes, dtype=graph.neighbor_dtype)
        result = np.empty_like(labels)
        for _ in range(self.max_iter):
            result.fill(-1)
            scanner.scan(_Votes(labels, self.transposed), result)
            if np.array_equal(labels, result):
                break
            labels, result = result, labels
        return labels


class _Votes(WholeRowPass):
    """Finds the label that most neighbours of each node have."""

    def __init__(self, labels: NDArray[Any], transposed: GraphArrays | None) -> None:
        self._labels, self.transposed = labels, transposed

    def new_result(self) -> NDArray[Any]:
        """Return labels none of which is known."""
        return np.full_like(self._labels, -1)

    def visit(self, result: NDArray[Any], rows: Neighborhoods) -> None:
        """Find the labels of the nodes of a partition."""
        vote_labels(self._labels, *rows, result)

    def merge(self, result: NDArray[Any], other: NDArray[Any]) -> None:
        """Take over the labels of other nodes."""
        np.maximum(result, other, out=result)
