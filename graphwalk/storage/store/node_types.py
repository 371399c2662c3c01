"""Types of nodes: added to a store, and read for walks along a metapath."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from graphwalk.errors import InputError, argument
from graphwalk.storage.store.array_writer import ArrayWriter
from graphwalk.storage.store.find_nodes import find_labels
from graphwalk.storage.store.format import GraphInfo, NodeTypes
from graphwalk.storage.store.graph import Graph
from graphwalk.storage.store.put_array import current_info, put_array
from graphwalk.util.indexed_values import by_node
from graphwalk.util.threads import thread_pool

if TYPE_CHECKING:
    import zarr
    from numpy.typing import ArrayLike, NDArray

#: Codes of types are bytes, and the largest stands for what is missing.
MOST_TYPES = 255


_NAME = "node_types"


def set_node_types(graph: Graph, types: ArrayLike) -> Graph:
    """Write the type of every node into the store of a graph, for walks along a metapath.

    Types that are there already are replaced, once the new ones are written (at a URL: before);
    walks that are being computed from them meanwhile fail, or read the old or the new ones.

    Parameters
    ----------
    graph : Graph
        The graph; its store is changed.
    types : array_like of int or str, shape (num_nodes,)
        The type of each node, 0 … num_nodes - 1; at most 255 different ones. The index of a pandas
        Series or an xarray DataArray, unless it is 0, 1, 2 …, says which node each type is of, by
        label where the graph has labels, otherwise by number, and names each node once.

    Returns
    -------
    Graph
        The graph with its types.

    Raises
    ------
    InputError
        When there is not one type for each node, types are neither integers nor strings, or an
        index does not name each node once.
    StoreError
        When the store cannot be written.

    Examples
    --------
    >>> graph = graphwalk.build_zarr(np.array([[0, 1, 2], [3, 3, 3]]))
    >>> graph = graphwalk.set_node_types(graph, ["author", "author", "author", "paper"])
    >>> graph.type_names
    ('author', 'paper')
    >>> walks = graphwalk.random_walks(graph, [0], walk_length=4, metapath=["paper", "author"])
    >>> walks.compute()[0, 1::2].tolist()
    [3, 3]
    """
    arrays = graph._arrays
    given = np.asarray(
        by_node(types, "types", graph.num_nodes, lambda index: find_labels(arrays, index))
    )
    if given.shape != (graph.num_nodes,):
        raise InputError(
            f"{argument('types')} has shape {given.shape}, but {graph.path} has "
            f"{graph.num_nodes} nodes; pass "
            f"the type of each, shape ({graph.num_nodes},)"
        )
    if given.dtype == object and all(isinstance(item, str) for item in given):
        given = given.astype(str)
    if given.dtype.kind not in "iuUT":
        raise InputError(f"types are {given.dtype}; pass integers or strings")
    names, codes = np.unique(given, return_inverse=True)
    if len(names) > MOST_TYPES:
        raise InputError(f"there are {len(names)} types; at most {MOST_TYPES} can be told apart")
    return _write(graph, names.tolist(), codes.astype(np.uint8))


def _write(graph: Graph, names: list[Any], codes: NDArray[np.uint8]) -> Graph:
    arrays = graph._arrays
    types = NodeTypes(tuple(names), f"{crc32(codes.tobytes()):08x}")
    info = current_info(arrays)
    rows = info.manifest and {name: of for name, of in info.manifest.items() if name != _NAME}
    untyped: GraphInfo = replace(info, node_types=None, manifest=rows)

    def write(group: zarr.Group) -> None:
        with (
            thread_pool(1) as pool,
            ArrayWriter(group, _NAME, np.uint8, len(codes), pool, ahead=1) as array,
        ):
            array.append(codes)

    return Graph(put_array(arrays, _NAME, write, untyped, replace(untyped, node_types=types)))
