"""The graph as other libraries have it: the part of `Graph` that hands it over as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from graphwalk.storage.store.arrow_edges import edges_as_arrow
from graphwalk.storage.store.export import (
    rows_for_edge_index,
    rows_for_scipy,
    to_dgl,
    to_igraph,
    to_networkx,
    to_pandas,
    to_pyg,
)
from graphwalk.storage.store.graph_added_arrays import GraphAddedArrays

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from graphwalk.util.arrow_stream import ArrowStream


class GraphExports(GraphAddedArrays):
    """A graph that other libraries can take whole."""

    def edges(self) -> ArrowStream:
        """Return the edges, each once, as a stream that is read a batch at a time.

        Iterating yields PyArrow's record batches with the columns ``source`` and ``target``, by
        label where nodes have labels, and ``time`` or ``type`` and ``weight`` if edges have any.
        DuckDB, polars and PyArrow read the whole stream. Each time that it is read, so is the
        store.

        Examples
        --------
        >>> graph = graphwalk.build_zarr([("ada", "bob"), ("bob", "eve")])
        >>> for batch in graph.edges():
        ...     print(batch.to_pydict())
        {'source': ['ada', 'bob'], 'target': ['bob', 'eve']}
        """
        from graphwalk.storage.store.label_table import LabelTable

        labels = self._arrays.labels
        names = None if labels is None else LabelTable(labels.whole.to_arrow())
        return edges_as_arrow(self._arrays, names)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Give the edges to libraries that read tables of Arrow, batch by batch."""
        return self.edges().__arrow_c_stream__(requested_schema)

    def to_pandas(self) -> pd.DataFrame:
        """Return the edges, each once, as a data frame of pandas; its columns are those of `edges`.

        Nodes without edges are not in it. Times that were dates are dates.

        Raises
        ------
        MemoryBudgetError
            When the graph is too large for that; `edges` has a batch at a time.

        Examples
        --------
        >>> graph = graphwalk.build_zarr(([0, 1], [1, 2], [0.5, 2.0]))
        >>> print(graph.to_pandas())
           source  target  weight
        0       0       1     0.5
        1       1       2     2.0
        """
        return to_pandas(self._arrays, self.edges())

    def to_igraph(self) -> Any:
        """Return the graph as an ``igraph.Graph``, whose vertices have the numbers of the nodes.

        Labels are the attribute ``"name"`` of vertices, and types of nodes ``"type"``. Weights of
        edges are the attribute ``"weight"``, times ``"time"``, and types ``"type"``. `build_zarr`
        reads the names, and what edges have.

        Raises
        ------
        MemoryBudgetError
            When the graph is too large for that.
        InputError
            When igraph is not installed.

        Examples
        --------
        >>> graph = graphwalk.build_zarr([("ada", "bob"), ("bob", "eve")])
        >>> graph.to_igraph().neighbors("bob")
        [0, 2]
        """
        return to_igraph(self._arrays)

    def to_pyg(self) -> Any:
        """Return the graph as a ``torch_geometric.data.Data`` with all entries.

        An undirected edge is in its ``edge_index`` both ways, and ``num_nodes`` counts nodes
        without edges too. Weights are ``edge_weight``, times ``edge_time``, types of edges
        ``edge_type``, and types of nodes ``node_type``, numbers in the order of ``type_names``.
        Labels are no tensors; `names` has them.

        Raises
        ------
        MemoryBudgetError
            When the graph is too large for that.
        InputError
            When PyTorch or PyTorch Geometric is not installed.

        Examples
        --------
        >>> graph = graphwalk.build_zarr([(0, 1), (1, 2)])
        >>> graph.to_pyg()  # doctest: +SKIP
        Data(edge_index=[2, 4], num_nodes=3)
        """
        return to_pyg(self._arrays)

    def to_dgl(self) -> Any:
        """Return the graph as a ``dgl.DGLGraph`` of one type of nodes and edges, with all entries.

        An undirected edge is in it both ways. Edges are numbered in the order of `to_edge_index`;
        their weights are ``edata["weight"]``, times ``edata["time"]`` and types ``edata["type"]``.
        Types of nodes are ``ndata["type"]``, numbers in the order of ``type_names``. Labels are no
        tensors; `names` has them.

        Raises
        ------
        MemoryBudgetError
            When the graph is too large for that.
        InputError
            When PyTorch or DGL is not installed.

        Examples
        --------
        >>> graph = graphwalk.build_zarr([(0, 1), (1, 2)])
        >>> graph.to_dgl().in_degrees()  # doctest: +SKIP
        tensor([1, 2, 1])
        """
        return to_dgl(self._arrays)

    def to_scipy(self) -> csr_array[Any]:
        """Return the graph as a SciPy ``csr_array`` of shape (num_nodes, num_nodes), float32.

        Its values are the weights, or 1.0 if there are none. Times, types and labels are not in it:
        ``rows(0, num_nodes)`` has times and types in the same order. Most operations of SciPy add
        up the values of parallel edges.

        Raises
        ------
        MemoryBudgetError
            When the graph is too large for that; `rows` and `partition` give parts of it.
        InputError
            When SciPy is not installed.

        Examples
        --------
        >>> graph = graphwalk.build_zarr(np.array([[0, 0, 1], [1, 2, 2]]))
        >>> graph.to_scipy().toarray().tolist()
        [[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]
        """
        return rows_for_scipy(self._arrays).to_scipy()

    def to_networkx(self) -> Any:
        """Return the graph as a NetworkX ``Graph``, or ``DiGraph`` if it is directed.

        If it has parallel edges, it is a ``MultiGraph`` or ``MultiDiGraph``. Nodes are called by
        their labels, if they have any. Weights are the edges' attribute ``"weight"``, times
        ``"time"``, and types ``"type"``; the unit of times that were dates is the graph's attribute
        ``"time_unit"``. `build_zarr` reads all of these.

        Raises
        ------
        MemoryBudgetError
            When the graph is too large for that.
        InputError
            When NetworkX is not installed.

        Examples
        --------
        >>> edges = np.array(["Ada", "Ada"]), np.array(["Grace", "Alan"])
        >>> graphwalk.build_zarr(edges).to_networkx().edges
        EdgeView([('Ada', 'Alan'), ('Ada', 'Grace')])
        """
        return to_networkx(self._arrays)

    @overload
    def to_edge_index(self, *, weights: Literal[False] = False) -> NDArray[np.int64]: ...

    @overload
    def to_edge_index(
        self, *, weights: Literal[True]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]: ...

    def to_edge_index(
        self, *, weights: bool = False
    ) -> NDArray[np.int64] | tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return all entries as an int64 array of shape (2, num_entries): nodes, then neighbours.

        That is the ``edge_index`` of PyTorch Geometric: an undirected edge is in it both ways.
        Nodes without edges are not in it, so pass ``num_nodes`` wherever it is read; times and
        types are in ``rows(0, num_nodes)``, in the same order.

        Parameters
        ----------
        weights : bool
            Whether to return ``(edge_index, weights)``, the weights a float32 array of shape
            (num_entries,).

        Raises
        ------
        MemoryBudgetError
            When the graph is too large for that; `rows` and `partition` give parts of it.
        InputError
            When weights are asked for and there are none.

        Examples
        --------
        >>> graph = graphwalk.build_zarr(np.array([[0, 0], [1, 2]]))
        >>> graph.to_edge_index().tolist()
        [[0, 0, 1, 2], [1, 2, 0, 0]]
        """
        rows = rows_for_edge_index(self._arrays)
        return rows.to_edge_index(weights=True) if weights else rows.to_edge_index()
