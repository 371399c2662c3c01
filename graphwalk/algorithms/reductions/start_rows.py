"""Nodes that have a row each in a matrix of what their walks visit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.algorithms.walks.start_nodes import checked_nodes
from graphwalk.storage.store.graph import as_graph

if TYPE_CHECKING:
    from numpy.typing import NDArray


def start_rows(parameters: dict[str, Any], name: str) -> NDArray[np.int64] | None:
    """Return the node of each row, None for all nodes; have walks start at each of them once.

    Parameters
    ----------
    parameters : dict
        The parameters of walks; `store` and `start_nodes` are replaced.
    name : str
        What `start_nodes` are called, for messages.
    """
    store = parameters["store"]
    graph = parameters["store"] = as_graph(store)
    if parameters["start_nodes"] is None:
        return None
    rows = checked_nodes(graph, parameters["start_nodes"], name)
    parameters["start_nodes"] = np.unique(rows)
    return rows
