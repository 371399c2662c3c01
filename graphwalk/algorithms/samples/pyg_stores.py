"""A graph as the stores that PyTorch Geometric's own loaders sample from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphwalk.storage.store.graph import Graph, as_graph
from graphwalk.storage.store.transposed import transposed_arrays
from graphwalk.util.optional_imports import import_optional

if TYPE_CHECKING:
    import os


def pyg_stores(
    store: Graph | str | os.PathLike[str],
    *,
    transposed: Graph | str | os.PathLike[str] | None = None,
) -> tuple[Any, Any]:
    """Return the graph as a ``FeatureStore`` and a ``GraphStore`` of PyTorch Geometric.

    Its ``NeighborLoader`` takes both in place of a ``Data`` object, and samples in-neighbours by
    its own compiled sampler. Neither features nor edges have to fit in memory: rows of features
    are read from the chunks of the store that have any of them; neighbours are decoded once, into
    a temporary file of 8 bytes an entry that is mapped into memory and disappears with the
    process. Where rows begin, 8 bytes a node, is in memory.

    The loader needs pyg-lib or torch-sparse. `NeighborDataset` needs neither, and samples by
    weight and by time too, which the loader does not do from such stores.

    Parameters
    ----------
    store : Graph, str or path
        The graph, or where its store is.
    transposed : Graph, str or path, optional
        What `Graph.transpose` makes of a directed graph, in which in-neighbours are found.

    Returns
    -------
    features : torch_geometric.data.FeatureStore
        The arrays of `Graph.set_node_array`, by name, of the group None; those of
        `Graph.set_edge_array` of the group ``"edge"``, which the loader does not ask for:
        ``features["edge", name, batch.e_id]`` has the rows of a batch. Edges are entries of the
        store, or of `transposed` where that is given.
    edges : torch_geometric.data.GraphStore
        The in-neighbours of each node, as compressed sparse columns.

    Raises
    ------
    InputError
        When PyTorch Geometric is not installed, or `transposed` is missing.
    StoreError
        When a store cannot be read, or the temporary file cannot be written.

    Examples
    --------
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2)])
    >>> graph.set_node_array("x", [[1.0], [2.0], [3.0]])
    >>> features, edges = graphwalk.pyg_stores(graph)  # doctest: +SKIP
    >>> features[None, "x", [2, 0]]  # doctest: +SKIP
    tensor([[3.],
            [1.]], dtype=torch.float64)
    """
    import_optional("torch_geometric.data", "pyg_stores() needs")
    from graphwalk.algorithms.samples.stored_tensors import StoredEdges, StoredFeatures

    graph = as_graph(store)
    entries = transposed_arrays(graph, transposed, "sampling in-neighbours") or graph._arrays
    return StoredFeatures(graph._arrays, entries), StoredEdges(entries)
