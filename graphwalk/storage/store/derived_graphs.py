"""Stores that are made of a graph: the part of `Graph` that writes others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

from graphwalk.storage.store.graph_exports import GraphExports
from graphwalk.storage.store.upper_layers import upper_layers

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from graphwalk.storage.store.format import Duplicates


class DerivedGraphs(GraphExports):
    """A graph of which others are made."""

    def transpose(
        self,
        store: str | os.PathLike[str] | None = None,
        *,
        both_ways: bool = False,
        overwrite: bool = False,
        compressed: bool = True,
        storage_options: Mapping[str, Any] | None = None,
        memory: str | int | None = None,
        progress: bool | None = None,
    ) -> Self:
        """Write the graph whose edges lead the other way into a store of its own, and open it.

        Its rows are the in-neighbours of each node. Nodes, their labels and types, and the weights,
        times, types and ids of edges are the same. Analyses of a directed graph that need
        in-neighbours, and walks with ``direction="in"``, take it as `transposed`; it is bound to
        this graph by `digest`.

        Parameters
        ----------
        store : str or path, optional
            Path or URL of the store to make; by default a temporary one.
        both_ways : bool
            Whether edges lead both ways: the new graph is undirected, and has an edge for each
            edge of this one, also where two lead from node to node in opposite directions. Walks
            with ``direction="both"`` take it as `transposed`.
        overwrite, compressed, storage_options, memory, progress
            As `build_zarr` takes them; also what does not fit in memory waits as it does there.

        Raises
        ------
        InputError
            When the graph is undirected, and so its own transpose.
        StoreExistsError
            When there is something at `store` that is not to be replaced.
        StoreError
            When the store cannot be written.
        MemoryBudgetError
            When it cannot be built within `memory`.

        Examples
        --------
        >>> graph = graphwalk.build_zarr([(0, 1), (0, 2), (1, 2)], directed=True)
        >>> graph.transpose().neighbors(2).tolist()
        [0, 1]
        >>> graph.transpose(both_ways=True).neighbors(1).tolist()
        [0, 2]
        """
        return self._made_by(upper_layers.transpose, locals())

    def subgraph(
        self,
        nodes: ArrayLike,
        store: str | os.PathLike[str] | None = None,
        *,
        overwrite: bool = False,
        compressed: bool = True,
        storage_options: Mapping[str, Any] | None = None,
        memory: str | int | None = None,
        progress: bool | None = None,
    ) -> Self:
        """Write some nodes and all edges among them into a store of its own, and open it.

        The nodes are numbered in the order that they have in this graph, each once. Their labels
        and types, and the weights, times or types of the edges are the same.

        Parameters
        ----------
        nodes : array_like of int or str
            Nodes by number, or by label where labels are strings.
        store : str or path, optional
            Path or URL of the store to make; by default a temporary one.
        overwrite, compressed, storage_options, memory, progress
            As `build_zarr` takes them.

        Raises
        ------
        InputError
            When a node does not exist, or there are no nodes.
        StoreExistsError
            When there is something at `store` that is not to be replaced.
        StoreError
            When the store cannot be written.
        MemoryBudgetError
            When it cannot be built within `memory`.

        Examples
        --------
        >>> graph = graphwalk.build_zarr([("ada", "bob"), ("bob", "eve"), ("eve", "kim")])
        >>> part = graph.subgraph(["eve", "bob", "ada"])
        >>> part.labels.tolist(), part.num_edges
        (['ada', 'bob', 'eve'], 2)
        """
        return self._made_by(upper_layers.subgraph, locals())

    def update(
        self,
        store: str | os.PathLike[str] | None = None,
        *,
        add: Any = None,
        remove: Any = None,
        duplicates: Duplicates = "merge",
        self_loops: Literal["keep", "drop"] = "keep",
        missing: Literal["error", "ignore"] = "error",
        columns: Sequence[str | int] | None = None,
        weights: str | int | None = None,
        sep: str | None = None,
        header: bool | None = None,
        allow_pickle: bool = False,
        overwrite: bool = False,
        compressed: bool = True,
        storage_options: Mapping[str, Any] | None = None,
        memory: str | int | None = None,
        progress: bool | None = None,
    ) -> Self:
        """Write the graph without some edges and with others into a store of its own, and open it.

        This graph stays as it is: a graph that changes is a row of stores, each of which knows the
        one before it by `updated_from`. All of it is read and written once, and nothing is sorted
        but the edges that change, which takes a fraction of the time of `build_zarr`.

        Nodes keep their numbers. Nodes that are new have the numbers after them, in ascending order
        of their labels; where nodes have no labels, they are those up to the highest number.
        A node that loses all its edges stays.

        Parameters
        ----------
        store : str or path, optional
            Path or URL of the store to make; by default a temporary one.
        add, remove : edges in any form, optional
            Lists of edges as `build_zarr` takes them, with labels where nodes have labels. Edges to
            be added have weights, times or types if those of the graph have. In an undirected graph
            an edge is listed once, either way. Edges are removed before others are added, so that
            one that is in both gets another weight.

            `remove` takes all edges from a source to a target; where edges have times or types, and
            `remove` has a column of them, only those of that time or type. Weights in it are not
            looked at.
        duplicates : {"merge", "keep", "error"}
            What becomes of edges to be added that are there already, or listed twice, as in
            `build_zarr`. Merging adds weights up, as they are stored: in float32. Edges that are
            not added stay as they are; where several parallel ones were kept, none is merged into
            them.
        self_loops : {"keep", "drop"}
            What becomes of edges to be added from a node to itself.
        missing : {"error", "ignore"}
            What becomes of edges to be removed that are not there: an error, as for ``drop`` of
            pandas and ``remove_edge`` of NetworkX, or nothing, as for its ``remove_edges_from``.
        weights : str or int, optional
            Where edges have weights in addition to times or types, the column of `add` that has
            them.
        columns, sep, header, allow_pickle, overwrite, compressed, storage_options, memory, progress
            As `build_zarr` takes them. The edges that change are read as a build reads them. Memory
            has to hold what is known of the nodes that they touch, and the longest row.

        Returns
        -------
        Graph
            The new graph. Its `touched_nodes` are the ends of the edges that were added or removed.
            Types and arrays of nodes follow unless there are new nodes, arrays and ids of edges do
            not; a warning says what is left out.

        Raises
        ------
        InputError
            When edges or parameters cannot be used, or an edge to be removed is not there.
        StoreExistsError
            When there is something at `store` that is not to be replaced.
        StoreError
            When the store cannot be written.
        MemoryBudgetError
            When it cannot be made within `memory`.

        Examples
        --------
        >>> monday = graphwalk.build_zarr([("ada", "bob"), ("bob", "eve"), ("eve", "kim")])
        >>> tuesday = monday.update(add=[("ada", "cat")], remove=[("bob", "ada")])
        >>> tuesday.labels.tolist(), tuesday.num_edges
        (['ada', 'bob', 'eve', 'kim', 'cat'], 3)
        >>> tuesday.names(tuesday.touched_nodes).tolist()
        ['ada', 'bob', 'cat']

        Vectors of nodes follow the graph: walks start at the nodes that were touched.

        >>> walks = graphwalk.random_walks(monday, seed=1)
        >>> old = graphwalk.embed(walks, "monday.parquet", dimensions=8)
        >>> walks = graphwalk.random_walks(tuesday, tuesday.touched_nodes, seed=2)
        >>> new = graphwalk.embed(walks, "tuesday.parquet", dimensions=8, init=old)
        """
        return self._made_by(upper_layers.update, locals())

    def reorder(
        self,
        order: Literal["clusters", "bfs", "degree"],
        store: str | os.PathLike[str] | None = None,
        *,
        overwrite: bool = False,
        compressed: bool = True,
        storage_options: Mapping[str, Any] | None = None,
        memory: str | int | None = None,
        progress: bool | None = None,
    ) -> Self:
        """Write the graph with its nodes in another order into a store of its own, and open it.

        Walks out of core take less time where neighbours are close in this order, since walkers
        stay in a partition for more steps. Labels, types of nodes, values of edges and all added
        arrays follow. Nodes without labels get their numbers in this graph as labels, so that
        `index_of` finds them, and output that names nodes by labels has the numbers of this graph.
        The new graph is another one: the same seed gives other walks.

        Parameters
        ----------
        order : {"clusters", "bfs", "degree"}
            ``"clusters"``: each community and each of the communities within it are together, as a
            first repetition of `communities` finds them. ``"bfs"``: nodes are in the order of a
            breadth-first search from the smallest node of each connected component; those of a
            distance are in the order of their parents. ``"degree"``: nodes with the most edges come
            first. Directions of edges are ignored. Weights are used for ``"clusters"``.
        store : str or path, optional
            Path or URL of the store to make; by default a temporary one.
        overwrite, compressed, storage_options, memory, progress
            As `build_zarr` takes them. Memory has to hold some numbers for each node. A directed
            graph is first written as an undirected one, into a temporary store, unless nodes are
            ordered by degree.

        Returns
        -------
        Graph
            The new graph. Its `reordered_from` is the digest of this one.

        Raises
        ------
        InputError
            When `order` is none of these.
        StoreExistsError
            When there is something at `store` that is not to be replaced.
        StoreError
            When the store cannot be written.
        MemoryBudgetError
            When it cannot be made within `memory`.

        Examples
        --------
        >>> edges = [("a", "x"), ("b", "y"), ("a", "y"), ("c", "x"), ("c", "a")]
        >>> graph = graphwalk.build_zarr(edges)
        >>> graph.reorder("degree").labels.tolist()
        ['a', 'c', 'x', 'y', 'b']
        >>> graphwalk.build_zarr([(0, 3), (1, 3), (2, 3)]).reorder("bfs").labels.tolist()
        [0, 3, 1, 2]
        """
        return self._made_by(upper_layers.reorder, locals())

    def _made_by(self, function: Callable[..., Self], arguments: dict[str, Any]) -> Self:
        """Return what a function makes of this graph, given the arguments of a method."""
        del arguments["self"]
        return function(self._arrays, **arguments)

    @property
    def touched_nodes(self) -> NDArray[np.int64] | None:
        """Nodes whose edges `update` has changed, ascending; None if it did not make the store.

        Examples
        --------
        >>> graph = graphwalk.build_zarr([(0, 1), (1, 2)])
        >>> graph.update(add=[(2, 3)]).touched_nodes.tolist()
        [2, 3]
        """
        return self._arrays.read_touched_nodes()
