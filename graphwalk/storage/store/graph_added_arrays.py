"""The part of `Graph` that keeps arrays of values of nodes and edges, such as features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphwalk.storage.store.added_arrays import AddedArray, add_array
from graphwalk.storage.store.find_nodes import values_by_node
from graphwalk.storage.store.format import EDGE_IDS
from graphwalk.storage.store.graph_rows import GraphRows

if TYPE_CHECKING:
    import dask.array as da
    from numpy.typing import ArrayLike


class GraphAddedArrays(GraphRows):
    """A graph with arrays of values."""

    @property
    def node_array_names(self) -> tuple[str, ...]:
        """Names of the arrays that `set_node_array` has added."""
        return self._added("node")

    @property
    def edge_ids(self) -> da.Array | None:
        """The input's own id of each entry, as a lazy Dask array; None if the build kept none.

        They come from the column that ``edge_ids`` of `build_zarr` names, or from
        ``set_edge_array("edge_ids", ids)``. `transpose`, `subgraph` and `reorder` keep them.
        `update`, whose edges have none, and the forms that ``to_networkx`` and the like return do
        not.

        Examples
        --------
        >>> table = {"source": [0, 0], "target": [2, 1], "id": [70, 80]}
        >>> graph = graphwalk.build_zarr(table, edge_ids="id")
        >>> graph.edge_ids.compute().tolist()
        [80, 70, 80, 70]
        """
        return self.edge_array("edge_ids") if EDGE_IDS in self._arrays.added_arrays else None

    @property
    def edge_array_names(self) -> tuple[str, ...]:
        """Names of the arrays that `set_edge_array` has added."""
        return self._added("edge")

    def set_node_array(self, name: str, values: ArrayLike | da.Array) -> None:
        """Write values of nodes, such as features, into the store; replace those of that name.

        The array is part of the store: it has checksums, and `validate` checks it. Stores that
        `reorder` makes have it, too; those that `transpose`, `subgraph` and `update` make do not,
        but `edge_ids` says which have those.

        Parameters
        ----------
        name : str
            How it is called: letters, digits, ``_``, ``.`` and ``-``.
        values : array_like of int or float, shape (num_nodes,) or (num_nodes, columns)
            The values of each node, in memory, mapped or lazy: some MiB are read at a time. The
            index of a pandas Series says which node each is of, as for `set_node_types`.

        Raises
        ------
        InputError
            When the name, the shape or the type is not one of these.
        StoreError
            When the store cannot be written, or is of format 1.

        Examples
        --------
        >>> graph = graphwalk.build_zarr([("ada", "bob"), ("bob", "eve")])
        >>> graph.set_node_array("age", [36, 41, 29])
        >>> graph.node_array_names
        ('age',)
        """
        values = values_by_node(self._arrays, values, "values")
        self._use(add_array(self._arrays, "node", name, values))

    def set_edge_array(self, name: str, values: ArrayLike | da.Array) -> None:
        """Write values of edges, such as features, into the store; see `set_node_array`.

        Parameters
        ----------
        name : str
            How it is called.
        values : array_like of int or float, shape (num_entries,) or (num_entries, columns)
            The values of each entry, in the order of `to_edge_index`: in an undirected graph, an
            edge is two entries. ``e_id`` of `NeighborDataset` are places in it.

        Raises
        ------
        InputError
            When the name, the shape or the type is not one of these.
        StoreError
            When the store cannot be written, or is of format 1.

        Examples
        --------
        >>> graph = graphwalk.build_zarr([(0, 1), (1, 2)], directed=True)
        >>> graph.set_edge_array("length", [2.5, 1.0])
        >>> graph.edge_array("length").compute()
        array([2.5, 1. ])
        """
        self._use(add_array(self._arrays, "edge", name, values))

    def node_array(self, name: str) -> da.Array:
        """Return values of nodes that `set_node_array` has written, as a lazy Dask array.

        Raises
        ------
        InputError
            When there are none of that name.
        StoreError
            When computed: if a chunk is missing or damaged.

        Examples
        --------
        >>> graph = graphwalk.build_zarr([(0, 1), (1, 2)])
        >>> graph.set_node_array("position", [[0.0, 1.0], [2.0, 1.0], [3.0, 0.0]])
        >>> graph.node_array("position")[1:].compute()
        array([[2., 1.],
               [3., 0.]])
        """
        return AddedArray(self._arrays, "node", name).lazy()

    def edge_array(self, name: str) -> da.Array:
        """Return values of entries that `set_edge_array` has written, as a lazy Dask array.

        Raises
        ------
        InputError
            When there are none of that name.
        StoreError
            When computed: if a chunk is missing or damaged.

        Examples
        --------
        >>> graph = graphwalk.build_zarr([(0, 1), (1, 2)])
        >>> graph.set_edge_array("length", [2.5, 2.5, 1.0, 1.0])
        >>> float(graph.edge_array("length").sum().compute())
        7.0
        """
        return AddedArray(self._arrays, "edge", name).lazy()

    def _added(self, kind: str) -> tuple[str, ...]:
        known = (each.partition(".") for each in self._arrays.added_arrays)
        return tuple(sorted(name for of, _, name in known if of == kind))

    def _use(self, arrays: Any) -> None:
        self._arrays, self._info = arrays, arrays.info
