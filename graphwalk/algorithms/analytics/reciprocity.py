"""Reciprocity of a directed graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from graphwalk.algorithms.analytics.node_array import OneNumber, node_array
from graphwalk.algorithms.analytics.triangle_counts import simple_degrees
from graphwalk.algorithms.analytics.whole_rows import WholeRows
from graphwalk.scheduler.engine.scan_plan import ScanCost
from graphwalk.storage.store.graph import Graph, as_graph
from graphwalk.storage.store.transposed import both_directions, transposed_arrays

if TYPE_CHECKING:
    import os

    import dask.array as da

    from graphwalk.scheduler.engine.scan import Scanner
    from graphwalk.storage.store.graph_arrays import GraphArrays


def reciprocity(
    store: Graph | str | os.PathLike[str],
    *,
    transposed: Graph | str | os.PathLike[str] | None = None,
    memory: str | int | None = None,
    partitions: int | None = None,
) -> da.Array:
    """Return the part of a graph's edges that lead both ways, as a lazy Dask array of one number.

    Loops are left out, and parallel edges count once.

    Parameters
    ----------
    store : Graph, str or path
        The graph, or where its store is.
    transposed : Graph, str or path, optional
        What `Graph.transpose` made of a directed graph.
    memory : str or int, optional
        Bytes, or text such as ``"4 GiB"``, that counts and partitions of the graph may take. None:
        70 % of what is free.
    partitions : int, optional
        How many partitions to read the graph in, about. None: as `memory` asks for.

    Returns
    -------
    dask.array.Array of float64, shape ()
        The number of edges whose reverse is an edge, divided by the number of edges; NaN if there
        are none. It is 1 for an undirected graph.

    Raises
    ------
    InputError
        When a parameter is out of its range, or `transposed` is not the transpose of the graph.
    MemoryBudgetError
        When the counts do not fit in `memory`.
    StoreError
        When `store` is not a graph that can be read.

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 0), (1, 2), (2, 3)], directed=True)
    >>> float(graphwalk.reciprocity(graph, transposed=graph.transpose()).compute())
    0.5
    """
    graph = as_graph(store)
    other = transposed_arrays(graph, transposed, "reciprocity")
    return node_array(Reciprocity(other), graph._arrays, memory, partitions)


@dataclass(frozen=True)
class Reciprocity(OneNumber, WholeRows):
    """A pass that compares rows of both stores.

    Attributes
    ----------
    transposed : GraphArrays or None
        The transposed store of a directed graph.
    """

    transposed: GraphArrays | None

    def cost(self, graph: GraphArrays) -> ScanCost:
        """Return what the algorithm takes: the degrees of nodes."""
        node = graph.neighbor_dtype.itemsize
        method, found = both_directions(self.transposed), 8 + 2 * node
        return ScanCost("reciprocity", found + 3 * node, found, node, "1", False, method=method)

    def run(self, graph: GraphArrays, scanner: Scanner) -> np.float64:
        """Return the part of edges that lead both ways."""
        found = simple_degrees(graph, self.transposed, scanner)
        pairs = int(found.degrees.sum(dtype=np.int64)) // 2
        mutual = int(found.mutual.sum(dtype=np.int64)) // 2 if graph.directed else pairs
        return np.float64(2 * mutual / (pairs + mutual) if pairs else np.nan)
