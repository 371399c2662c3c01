"""The nodes from which distances are measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError, argument
from graphwalk.util.indexed_values import refuse_index

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.store.graph import Graph


def source_nodes(graph: Graph, sources: Any) -> NDArray[np.int64]:
    """Return the nodes that a caller names as one or several sources, by label where there are any.

    Raises
    ------
    InputError
        When there are none, or no such nodes.
    """
    refuse_index(sources, "sources")
    nodes = np.unique(np.atleast_1d(graph.index_of(sources)))
    if not len(nodes):
        raise InputError(f"{argument('sources')} has no nodes; pass one or more")
    return nodes
