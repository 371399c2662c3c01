"""Connected components."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

import numpy as np

from graphwalk.algorithms.analytics.node_array import NodeAlgorithm, node_array
from graphwalk.algorithms.analytics.pair_components import components_of_edges
from graphwalk.errors import InputError, argument
from graphwalk.kernels.analytics.link_components import flatten, link_forest, link_rows
from graphwalk.scheduler.engine.scan import ScanProgram
from graphwalk.scheduler.engine.scan_plan import ScanCost
from graphwalk.storage.store.graph import Graph, as_graph
from graphwalk.util.progress_bar import Progress

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    import dask.array as da
    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.scan import Scanner
    from graphwalk.storage.partitions.entry_partitions import PartialRows
    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.util.arrow_stream import ArrowStream


@overload
def connected_components(
    store: Graph | str | os.PathLike[str],
    *,
    memory: str | int | None = None,
    partitions: int | None = None,
) -> da.Array: ...


@overload
def connected_components(
    *,
    edges: Any,
    columns: Sequence[str | int] | None = None,
    sep: str | None = None,
    header: bool | None = None,
    storage_options: Mapping[str, Any] | None = None,
    memory: str | int | None = None,
    progress: bool | None = None,
) -> ArrowStream: ...


def connected_components(
    store: Graph | str | os.PathLike[str] | None = None,
    *,
    edges: Any = None,
    columns: Sequence[str | int] | None = None,
    sep: str | None = None,
    header: bool | None = None,
    storage_options: Mapping[str, Any] | None = None,
    memory: str | int | None = None,
    partitions: int | None = None,
    progress: bool | None = None,
) -> da.Array | ArrowStream:
    """Return the connected component of every node, of a store or straight from edges.

    The component of a node is named by the smallest node in it. Directions of edges are ignored: in
    a directed graph, these are the weakly connected components. Entries of a store are read in one
    pass; most of those of the largest component are not looked at [1]_. Edges that are not in a
    store are read once or twice, and no store is made of them.

    Parameters
    ----------
    store : Graph, str or path, optional
        The graph, or where its store is.
    edges : edges in any form, optional
        What `build_zarr` takes, instead of a store: a file of pairs, say.
    columns, sep, header, storage_options
        How `edges` are read, as `build_zarr` takes them.
    memory : str or int, optional
        Bytes, or text such as ``"4 GiB"``, that labels and partitions of the graph may take. None:
        70 % of what is free. Of `edges`, the number of each node has to fit; ids and what refers to
        them wait in temporary files where it is less than they need, which take about as much as
        the edges themselves.
    partitions : int, optional
        How many partitions to read a store in. None: as `memory` asks for.
    progress : bool, optional
        Whether to show progress on stderr while `edges` are read; by default on a terminal and in a
        notebook.

    Returns
    -------
    dask.array.Array of int32 or int64, shape (num_nodes,)
        Of a store: the smallest node that is connected to each node. Its attribute ``plan`` says
        how it is computed. Nothing is read before ``compute()`` except where the graph is cut.
    ArrowStream
        Of edges: a table of each id that they name, ascending, as ``node``, and the smallest id
        that is connected to it as ``component``. It is what the same edges in a store have, without
        numbers of nodes that no edge names. It is found when it is first read, and `write_nodes`
        writes it. On Ray and Dask distributed, workers link shares of text and Parquet files, which
        all machines have to find at the same paths; the threads of this process link other edges.
        Its attribute ``plan`` says how.

    Raises
    ------
    InputError
        When a parameter is out of its range; when the table is read: when edges cannot be used.
    MemoryBudgetError
        When the labels do not fit in `memory`.
    StoreError
        When `store` is not a graph that can be read, or a temporary file cannot be written.

    References
    ----------
    .. [1] M. Sutton, T. Ben-Nun, A. Barak, "Optimizing parallel graph connectivity computation via
       subgraph sampling", IPDPS 2018, https://doi.org/10.1109/IPDPS.2018.00012

    Examples
    --------
    >>> import graphwalk
    >>> store = graphwalk.build_zarr([(0, 1), (1, 2), (3, 4)])
    >>> graphwalk.connected_components(store).compute()
    array([0, 0, 0, 3, 3], dtype=int32)
    >>> import pyarrow as pa
    >>> pairs = [("b", "c"), ("x", "y"), ("c", "a")]
    >>> pa.table(graphwalk.connected_components(edges=pairs)).to_pydict()
    {'node': ['a', 'b', 'c', 'x', 'y'], 'component': ['a', 'a', 'a', 'x', 'x']}
    """
    if edges is not None:
        if store is not None:
            raise InputError(
                f"{argument('store')} and {argument('edges')} do not go together; pass one of them"
            )
        if partitions is not None:
            raise InputError(
                f"{argument('partitions')} is for a store, and edges have none; leave it out"
            )
        how = {"columns": columns, "sep": sep, "header": header, "storage_options": storage_options}
        return components_of_edges(edges, how, memory, Progress(progress))
    if store is None:
        raise InputError(f"there is no graph; pass a store, or {argument('edges')}")
    graph = as_graph(store)
    return node_array(ConnectedComponents(), graph._arrays, memory, partitions)


class ConnectedComponents(NodeAlgorithm):
    """Links the entries of the whole graph in one pass."""

    name, column, are_nodes = "connected components", "component", True

    def dtype(self, graph: GraphArrays) -> np.dtype[Any]:
        """Return the type of the labels."""
        return graph.neighbor_dtype

    def cost(self, graph: GraphArrays) -> ScanCost:
        """Return what the algorithm takes."""
        label = graph.neighbor_dtype.itemsize
        return ScanCost(self.name, label, label, 0, "1", repeated=False)

    def run(self, graph: GraphArrays, scanner: Scanner) -> NDArray[Any]:
        """Return the label of every node."""
        program = _Links(graph.num_nodes, graph.neighbor_dtype, _pivot(graph))
        labels = program.new_result()
        scanner.scan(program, labels)
        flatten(labels, 0, len(labels))
        return labels


class _Links(ScanProgram):
    """Links the ends of entries; its result is a forest over the nodes."""

    def __init__(self, num_nodes: int, dtype: np.dtype[Any], pivot: int) -> None:
        self._num_nodes, self._dtype, self._pivot = num_nodes, dtype, pivot

    def new_result(self) -> NDArray[Any]:
        """Return a forest in which every node is a root."""
        return np.arange(self._num_nodes, dtype=self._dtype)

    def visit(self, result: NDArray[Any], rows: PartialRows) -> None:
        """Link some entries."""
        link_rows(result, rows.first, rows.row_starts, rows.neighbors, self._pivot)

    def merge(self, result: NDArray[Any], other: NDArray[Any]) -> None:
        """Link what another forest links."""
        link_forest(result, other)


def _pivot(graph: GraphArrays) -> int:
    """Return a node of the largest component, probably; -1 where entries have one direction."""
    if graph.directed or graph.num_nodes == 0:
        return -1
    best, degree = 0, -1
    for first, degrees in graph.degree_chunks():
        if degrees.max(initial=-1) > degree:
            best, degree = first + int(degrees.argmax()), int(degrees.max())
    return best
