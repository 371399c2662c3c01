"""PageRank, as NetworkX has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from graphwalk.algorithms.analytics.pagerank import pagerank as find_ranks
from graphwalk.errors import ConvergenceError
from graphwalk.networkx_backend.graphs import by_node, view_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


def pagerank(
    G: Any,  # noqa: N803
    alpha: float = 0.85,
    personalization: Mapping[Any, float] | None = None,
    max_iter: int = 100,
    tol: float = 1e-6,
    nstart: Mapping[Any, float] | None = None,
    weight: Any = "weight",
    dangling: Mapping[Any, float] | None = None,
) -> dict[Any, float]:
    """Return the rank of every node."""
    view = view_of(G)
    size = len(view.nodes)
    if not size:
        return {}
    try:
        if max_iter < 1:
            raise ConvergenceError
        ranks = find_ranks(
            view.store(weight),
            alpha,
            _vector(view, personalization, ZeroDivisionError),
            max_iter,
            tol * size,  # NetworkX's tolerance is one for each node
            _vector(view, nstart, ConvergenceError),
            _vector(view, dangling, ConvergenceError),
        ).compute()
    except ConvergenceError:
        raise nx.PowerIterationFailedConvergence(max_iter) from None
    return by_node(view, ranks)


def _vector(
    view: Any, values: Mapping[Any, float] | None, if_zero: type[Exception]
) -> NDArray[np.float64] | None:
    """Return a value for each node, 0 for those that are not named; others are left out."""
    if values is None:
        return None
    vector = np.zeros(len(view.nodes))
    for node, value in values.items():
        if view.has(node):
            vector[view.number(node)] = value
    if not vector.any():
        raise if_zero
    return vector
