"""The nodes that parameters of analyses name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError, argument
from graphwalk.util.indexed_values import refuse_index

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.store.graph import Graph


def named_nodes(graph: Graph, given: Any, name: str) -> NDArray[np.int64]:
    """Return one node or several that a caller names, by label where there are any.

    Raises
    ------
    InputError
        When there are no such nodes, or it is not clear which these are.
    """
    refuse_index(given, name)
    return np.asarray(graph.index_of(given), np.int64)


def source_nodes(graph: Graph, sources: Any) -> NDArray[np.int64]:
    """Return the nodes from which distances are measured, each once.

    Raises
    ------
    InputError
        When there are none, or no such nodes.
    """
    nodes = np.unique(named_nodes(graph, sources, "sources"))
    if not len(nodes):
        raise InputError(f"{argument('sources')} has no nodes; pass one or more")
    return nodes
