"""Values of nodes that a caller gives: for all of them, or for some by number or label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphwalk.errors import InputError, argument
from graphwalk.storage.store.find_nodes import values_by_node
from graphwalk.util.indexed_values import as_array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from graphwalk.storage.store.graph import Graph

#: From here on numbers may add up to infinity.
_LARGE = 1e280


def node_distribution(
    graph: Graph, name: str, given: Mapping[Any, float] | ArrayLike | None
) -> NDArray[np.float64] | None:
    """Return a distribution over the nodes, which adds up to 1; None where nothing is given.

    Parameters
    ----------
    graph : Graph
        The graph.
    name : str
        Name of the parameter, for messages.
    given : mapping or array_like, optional
        Numbers in proportion: of all nodes in order, or from some nodes (by label, where the graph
        has labels) to theirs; other nodes have 0 then.

    Raises
    ------
    InputError
        When these are not numbers, are negative or not finite, are all zero, or name no node.
    """
    if given is None:
        return None
    if isinstance(given, Mapping | pd.Series):
        names: Any = given.index.to_numpy() if isinstance(given, pd.Series) else list(given)
        numbers: Any = given.to_numpy() if isinstance(given, pd.Series) else list(given.values())
        nodes = graph.index_of(names)
        if len(np.unique(nodes)) < len(names):
            raise InputError(f"{argument(name)} names a node twice; pass one number for each")
        values = np.zeros(graph.num_nodes)
        values[nodes] = _numbers(graph, name, numbers, len(names))
    else:
        ordered = values_by_node(graph._arrays, given, name)
        values = _numbers(graph, name, ordered, graph.num_nodes)
    if not np.isfinite(values).all() or (values < 0).any():
        raise InputError(f"{argument(name)} has numbers that are negative or not finite")
    largest = values.max(initial=0)
    if not largest > 0:
        raise InputError(
            f"{argument(name)} is zero for all nodes; pass a positive number for one or more"
        )
    if largest > _LARGE:  # the sum may be infinite
        values /= largest
    values /= values.sum()
    return values


def _numbers(graph: Graph, name: str, given: Any, count: int) -> NDArray[np.float64]:
    """Return a copy of numbers as float64."""
    found = as_array(given, name)
    if found.shape != (count,):
        raise InputError(
            f"{argument(name)} has shape {found.shape}; pass one number for each of the "
            f"{graph.num_nodes} nodes, or a mapping from nodes to numbers"
        )
    try:
        if found.dtype.kind not in "biufO":  # text and dates would become numbers
            raise TypeError(f"it has {found.dtype} in it")
        return found.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{argument(name)} is no array of numbers: {error}") from error
