"""Values of nodes that a caller gives: for all of them, or for some by number or label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphwalk.errors import InputError, argument

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from graphwalk.storage.store.graph import Graph


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
    values = np.zeros(graph.num_nodes)
    if isinstance(given, Mapping):
        values[graph.index_of(list(given))] = np.asarray(list(given.values()), np.float64)
    elif isinstance(given, pd.Series):
        values[graph.index_of(given.index.to_numpy())] = given.to_numpy(np.float64)
    else:
        try:
            values = np.array(given, np.float64)
        except (TypeError, ValueError) as error:
            raise InputError(f"{argument(name)} is no array of numbers: {error}") from error
        if values.shape != (graph.num_nodes,):
            raise InputError(
                f"{argument(name)} has shape {values.shape}; pass one number for each of the "
                f"{graph.num_nodes} nodes, or a mapping from nodes to numbers"
            )
    if not np.isfinite(values).all() or (values < 0).any():
        raise InputError(f"{argument(name)} has numbers that are negative or not finite")
    total = values.sum()
    if not total > 0:
        raise InputError(
            f"{argument(name)} is zero for all nodes; pass a positive number for one or more"
        )
    values /= total
    return values
