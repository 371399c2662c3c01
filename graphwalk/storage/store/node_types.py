"""Types of nodes: added to a store, and read for walks along a metapath."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary
from zlib import crc32

import numpy as np
import zarr

from graphwalk.errors import InputError, StoreError
from graphwalk.storage.files.locations import write_errors, zarr_store
from graphwalk.storage.store.array_writer import array_writer
from graphwalk.storage.store.format import GraphInfo, NodeTypes, complete
from graphwalk.storage.store.graph import Graph
from graphwalk.util.threads import thread_pool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

#: Codes of types are bytes, and the largest stands for what is missing.
MOST_TYPES = 255

#: Nodes whose types are turned into kinds at a time.
_AT_A_TIME = 1 << 16

_NAME = "node_types"

#: What `kinds_of` found last, as long as the graph is used: each partition that is read asks.
_kinds: WeakKeyDictionary[Graph, tuple[Any, NDArray[np.uint8]]] = WeakKeyDictionary()
_making = threading.Lock()


def set_node_types(graph: Graph, types: ArrayLike) -> Graph:
    """Write the type of every node into the store of a graph, for walks along a metapath.

    Types that are there already are replaced; walks that are being computed from them meanwhile
    fail, or see the old or the new ones.

    Parameters
    ----------
    graph : Graph
        The graph; its store is changed.
    types : array_like of int or str, shape (num_nodes,)
        The type of each node, 0 … num_nodes - 1; at most 255 different ones. ``graph.index_of``
        finds the nodes of labels.

    Returns
    -------
    Graph
        The graph with its types.

    Raises
    ------
    InputError
        When there is not one type for each node, or types are neither integers nor strings.
    StoreError
        When the store cannot be written.
    """
    given = np.asarray(types)
    if given.shape != (graph.num_nodes,):
        raise InputError(
            f"types has shape {given.shape}, but {graph.path} has {graph.num_nodes} nodes; pass "
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
    location, options = graph.path, graph._storage_options
    with write_errors(location):
        store = zarr_store(location, read_only=False, storage_options=options)
        group = zarr.open_group(store, mode="r+", zarr_format=3, use_consolidated=False)
        if _NAME in group:
            complete(group, replace(graph._info, node_types=None))
            del group[_NAME]
        with (
            thread_pool(1) as pool,
            array_writer(group, _NAME, np.uint8, graph.num_nodes, pool, ahead=1) as array,
        ):
            array.append(codes)
        info: GraphInfo = replace(
            graph._info, node_types=NodeTypes(tuple(names), f"{crc32(codes.tobytes()):08x}")
        )
        complete(group, info)
    return Graph(location, info, temporary=graph.temporary, storage_options=options, owner=graph)


def kinds_of_types(names: Sequence[Any], metapath: tuple[Any, ...]) -> NDArray[np.uint8]:
    """Return the kind of each type, by its code, that a metapath tells apart; 255 if there is none.

    The kinds are the types that it names, in the order in which it first does; all others are one
    kind more, the last.
    """
    wanted = list(dict.fromkeys(metapath))
    kinds = np.full(256, 255, np.uint8)
    for code, name in enumerate(names):
        kinds[code] = wanted.index(name) if name in wanted else len(wanted)
    return kinds


def kinds_of(graph: Graph, metapath: tuple[Any, ...]) -> NDArray[np.uint8]:
    """Return the kind of each node, see `kinds_of_types`."""
    with _making:  # partitions are read side by side, and would make it each
        known = _kinds.get(graph)
        if known is not None and known[0] == metapath:
            return known[1]
        names = graph.type_names or ()
        kinds = graph.read_node_types(0, graph.num_nodes)
        if len(kinds) and int(kinds.max()) >= len(names):
            raise StoreError(
                f"{graph.path}: array {_NAME!r} is damaged: it has the type {int(kinds.max())}, "
                f"and there are {len(names)}; set the types again"
            )
        kind_of_type = kinds_of_types(names, metapath)
        for start in range(0, len(kinds), _AT_A_TIME):  # in place: a byte a node, not two
            some = kinds[start : start + _AT_A_TIME]
            some[:] = kind_of_type[some]
        _kinds[graph] = metapath, kinds
        return kinds


def path_of(metapath: tuple[Any, ...] | None, walk_length: int) -> NDArray[np.int64] | None:
    """Return what `kernels.rows.group_by_kind.row_of` needs to know of a metapath, if any."""
    if metapath is None:
        return None
    wanted = list(dict.fromkeys(metapath))
    steps = [wanted.index(metapath[step % len(metapath)]) for step in range(walk_length)]
    return np.array([len(wanted) + 1, *steps, 0], np.int64)
