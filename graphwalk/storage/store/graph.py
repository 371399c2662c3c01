"""A graph in a store: opened at once, read only when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.storage.files.locations import locate
from graphwalk.storage.store.derived_graphs import DerivedGraphs
from graphwalk.storage.store.find_nodes import find_labels
from graphwalk.storage.store.graph_arrays import GraphArrays
from graphwalk.storage.store.graph_html import graph_html
from graphwalk.storage.store.graph_properties import describe
from graphwalk.storage.store.group import open_group
from graphwalk.storage.store.summary import Summary, stored_bytes, summarize
from graphwalk.storage.store.upper_layers import upper_layers
from graphwalk.util.indexed_values import as_array
from graphwalk.util.progress_bar import Progress

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from graphwalk.storage.store.node_labels import NodeLabels
    from graphwalk.storage.store.validation_result import Validation


def open_zarr(
    store: str | os.PathLike[str], *, storage_options: Mapping[str, Any] | None = None
) -> Graph:
    """Open a graph that `build_zarr` has written; only its attributes are read.

    Parameters
    ----------
    store : str or path
        Path or URL of the store.
    storage_options : mapping, optional
        Credentials, ``endpoint_url`` and the like, for fsspec, if `store` is a URL. They are
        pickled with the graph.

    Raises
    ------
    StoreNotFoundError
        When there is nothing there.
    StoreError
        When what is there cannot be read as a graph: no Zarr group, no graphwalk store, one whose
        build did not finish, or one that a newer graphwalk wrote.

    Examples
    --------
    >>> _ = graphwalk.build_zarr(np.array([[0, 0, 1], [1, 2, 2]]), "triangle.zarr")
    >>> graphwalk.open_zarr("triangle.zarr")
    <graphwalk.Graph '...triangle.zarr': 3 nodes, 3 edges, undirected>
    """
    location = locate(store)
    _, info = open_group(location, storage_options)
    return Graph(GraphArrays(location, info, storage_options))


def as_graph(store: Graph | str | os.PathLike[str]) -> Graph:
    """Return a graph, or open the one at a path or URL."""
    return store if isinstance(store, Graph) else open_zarr(store)


class Graph(DerivedGraphs):
    """A graph in a store, made by `build_zarr` or `open_zarr`.

    Nothing but the store's attributes is kept in memory: every method reads what it needs. A graph
    pickles as its path (and storage options), so the process that unpickles it must be able to read
    that path.

    Nodes are the integers 0 … num_nodes - 1. Where the edges named them otherwise, `labels` has
    those names and `index_of` finds the node of a name.

    Examples
    --------
    >>> edges = np.array(["Ada", "Ada", "Grace"]), np.array(["Grace", "Alan", "Alan"])
    >>> graph = graphwalk.build_zarr(edges)
    >>> graph.num_nodes, graph.num_edges, graph.directed
    (3, 3, False)
    >>> graph.labels.tolist()
    ['Ada', 'Alan', 'Grace']
    >>> graph.names(graph.neighbors("Ada")).tolist()
    ['Alan', 'Grace']
    """

    #: By which NetworkX finds the functions of `graphwalk.networkx_backend`.
    __networkx_backend__ = "graphwalk"

    def is_directed(self) -> bool:
        """Return `directed`, as graphs of NetworkX have it.

        Examples
        --------
        >>> graphwalk.build_zarr([(0, 1)], directed=True).is_directed()
        True
        """
        return self.directed

    def is_multigraph(self) -> bool:
        """Return False, as graphs of NetworkX have it: parallel edges have no keys.

        Examples
        --------
        >>> graphwalk.build_zarr([(0, 1), (0, 1)], duplicates="keep").is_multigraph()
        False
        """
        return False

    def summary(self) -> Summary:
        """Return a short description of the graph, which prints as a table.

        Only the sizes of the store's files are read.

        Examples
        --------
        >>> graph = graphwalk.build_zarr(np.array([[0, 0, 1], [1, 2, 2]]))
        >>> print(graph.summary())
        nodes    3, of which 0 isolated
        edges    3, of which 0 self-loops
        input    0 merged, 0 self-loops dropped
        degrees  0%: 2, 25%: 2, 50%: 2, 75%: 2, 99%: 2, 100%: 2
        size     ... stored, 56 B when read (...%)
        """
        return summarize(self._info, stored_bytes(self.path))

    @property
    def labels(self) -> NodeLabels | None:
        """Labels of all nodes, a sequence of int or str by node; None without any."""
        labels = self._arrays.labels
        if labels is None:
            return None
        from graphwalk.storage.store.node_labels import NodeLabels

        return NodeLabels(labels)

    def names(self, nodes: ArrayLike) -> Any:
        """Return the names of nodes: their labels, or their numbers if the graph has no labels.

        Parameters
        ----------
        nodes : int or array_like of int
            Nodes in an array of any shape, such as whole walks; -1, which follows the end of a
            walk, has no name.

        Returns
        -------
        int, str or None, or ndarray of object with these
            The name of each node, in the shape of `nodes`; None for each -1.

        Raises
        ------
        InputError
            When there is no such node.

        Examples
        --------
        >>> graph = graphwalk.build_zarr([("Ada", "Grace"), ("Ada", "Alan")])
        >>> graph.names([[2, 0], [1, -1]]).tolist()
        [['Grace', 'Ada'], ['Alan', None]]
        >>> graph.names(0)
        'Ada'
        """
        from graphwalk.storage.store.node_labels import names_of

        return names_of(self._arrays.labels, self.num_nodes, nodes)

    @property
    def node_types(self) -> NDArray[Any] | None:
        """Types of all nodes, shape (num_nodes,); None if `set_node_types` has given them none."""
        if self.type_names is None:
            return None
        return np.array(self.type_names)[self._arrays.read_node_types(0, self.num_nodes)]

    def validate(self, progress: bool | None = None) -> Validation:
        """Read the whole store, and check that it holds what the format says.

        It checks that every chunk has its checksum; that offsets rise from 0 to the number of
        entries; that neighbours exist and ascend; that weights are finite, not negative and not all
        zero in a row; that times are finite; that times or types of parallel edges ascend; that
        both ends of an undirected edge list it; that labels ascend and are UTF-8; and that the
        counts in the attributes are right. The scheduler in use checks rows, a few chunks at a
        time: for each worker that takes about 25 MiB of memory, whatever the size of the graph.

        Parameters
        ----------
        progress : bool, optional
            Whether to show progress on stderr; by default on a terminal and in a notebook.

        Returns
        -------
        Validation
            Whether all is well (`ok`), and what is not (`problems`). Damage raises no error here;
            `raise_if_damaged` raises one.

        Raises
        ------
        StoreError
            When another graph is at the path now, or none.

        Examples
        --------
        >>> graph = graphwalk.build_zarr(np.array([[0, 0, 1], [1, 2, 2]]))
        >>> found = graph.validate()
        >>> found.ok, found.problems
        (True, ())
        """
        found = upper_layers.validate(self._arrays, Progress(progress))
        self._arrays.check_identity()
        return found

    def index_of(self, labels: Any) -> int | NDArray[np.int64]:
        """Return the node of one label, or the nodes of several as an int64 array.

        Raises
        ------
        InputError
            When there is no node of that label.

        Examples
        --------
        >>> edges = np.array(["Ada", "Ada"]), np.array(["Grace", "Alan"])
        >>> graph = graphwalk.build_zarr(edges)
        >>> graph.index_of("Grace")
        2
        >>> graph.index_of(["Alan", "Ada"]).tolist()
        [1, 0]
        """
        single = isinstance(labels, str) or as_array(labels, "labels").ndim == 0
        found = find_labels(self._arrays, [labels] if single else labels)
        return int(found[0]) if single else found

    def __reduce__(self) -> tuple[type[Graph], tuple[GraphArrays]]:
        return Graph, (self._arrays,)

    def __repr__(self) -> str:
        return (
            f"<graphwalk.Graph {self.path!r}: {self.num_nodes:,} nodes, "
            f"{self.num_edges:,} edges, {describe(self)}>"
        )

    def _repr_html_(self) -> str:
        return graph_html(self._arrays, summarize(self._info, None))
