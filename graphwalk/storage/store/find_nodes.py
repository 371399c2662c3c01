"""Nodes that a caller names by number or by label."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError
from graphwalk.util.indexed_values import as_array, by_node

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from graphwalk.storage.store.graph_arrays import GraphArrays


def values_by_node(arrays: GraphArrays, values: Any, name: str) -> Any:
    """Return values in the order of nodes, by their index if they have one; see `by_node`."""
    return by_node(values, name, arrays.num_nodes, partial(find_labels, arrays))


def find_nodes(arrays: GraphArrays, nodes: Any) -> NDArray[np.int64]:
    """Return the numbers of nodes that are given by number, or by label where labels are strings.

    Raises
    ------
    InputError
        When there is no such node, or nodes are neither numbers nor labels.
    """
    ids = nodes_array(nodes)
    if not is_text(ids) or arrays.info.labels != "string":
        return check_nodes(nodes, arrays.info.num_nodes)
    return find_labels(arrays, ids.ravel()).reshape(ids.shape)


def nodes_array(nodes: Any, name: str = "nodes") -> NDArray[Any]:
    """Return nodes as an array, in which numbers among labels have not become text."""
    array = as_array(nodes, name)
    mixable = array.dtype.kind == "U" and isinstance(nodes, list | tuple)
    return np.asarray(nodes, object) if mixable else array


def is_text(values: NDArray[Any]) -> bool:
    """Return whether these are strings, at least one."""
    if values.dtype.kind not in "UOT" or not values.size:
        return False
    return values.dtype.kind != "O" or all(isinstance(item, str) for item in values.flat)


def find_labels(arrays: GraphArrays, labels: Any) -> NDArray[np.int64]:
    """Return the nodes of labels; raises InputError where there is none."""
    known = arrays.labels
    if known is None:
        return check_nodes(labels, arrays.info.num_nodes)
    found = known.whole.find(labels)
    if (found < 0).any():
        missing = np.asarray(labels, object)[int(np.flatnonzero(found < 0)[0])]
        missing = str(missing) if isinstance(missing, str) else missing  # not NumPy's own
        raise InputError(f"no node of {arrays.path} has the label {missing!r}")
    return found


def check_nodes(nodes: ArrayLike, num_nodes: int) -> NDArray[Any]:
    """Return node ids as int64, of as many dimensions as they have, if these nodes exist."""
    ids = np.asarray(nodes)
    if ids.size == 0:
        return ids.astype(np.int64)
    if ids.dtype.kind not in "iu" or ids.ndim > 1:
        what = f"{ids.dtype} of shape {ids.shape}" if ids.ndim else repr(nodes)
        raise InputError(f"nodes are integers or a one-dimensional array of them, not {what}")
    bad = (ids < 0) | (ids >= num_nodes)
    if bad.any():
        raise InputError(f"there is no node {ids[bad][0]}: nodes are 0 to {num_nodes - 1}")
    return ids.astype(np.int64)
