"""Personalised PageRank as the share of walks that end at each node.

A walk that ends before each step with probability 1 - alpha ends at a node with the probability
that is the node's rank. The share of n walks differs from it by more than e at any node with a
probability of at most ``2 exp(-n e**2 / 2)``: it is a difference of two values of an empirical
distribution function, of which none is further than e / 2 from its own [1]_. Walks are cut off
where a tenth of the error is the probability that one is still under way, and e is nine tenths of
it.

References
----------
.. [1] P. Massart, "The tight constant in the Dvoretzky-Kiefer-Wolfowitz inequality", The Annals of
   Probability 18(3), 1990, https://doi.org/10.1214/aop/1176990746
"""

from __future__ import annotations

from math import ceil, log
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from graphwalk.algorithms.analytics.sources import named_nodes
from graphwalk.algorithms.reductions.count_walk_pairs import pair_matrix
from graphwalk.algorithms.walks.check_parameters import refuse_weightless
from graphwalk.errors import InputError, argument
from graphwalk.util.parameters import COUNT, number, one_of
from graphwalk.walk_spec import WalkSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.algorithms.analytics.node_array import NodeArray
    from graphwalk.algorithms.reductions.pair_counts import PairCounts
    from graphwalk.storage.store.graph import Graph

#: Part of the error that is left to walks that are cut off.
_CUT_OFF = 0.1

# Of smaller numbers, squares are 0.
_BELOW_ONE = number("a number above 0, at least 1e-100, and below 1", lambda x: 1e-100 <= x < 1)


def walks_for(alpha: float, eps: float, delta: float) -> tuple[int, int]:
    """Return how many walks from each source are enough for an error, and of how many steps."""
    length = max(1, ceil(log(_CUT_OFF * eps) / log(alpha)))
    return ceil(2 * log(2 / delta) / ((1 - _CUT_OFF) * eps) ** 2), length


def ranks_by_walks(
    graph: Graph,
    sources: Any,
    alpha: float,
    weight: str | None,
    memory: str | int | None,
    partitions: int | None,
    top_k: int | None,
    eps: float,
    delta: float,
    seed: int | None,
) -> NodeArray:
    """Return ranks for some sources or all nodes; see `personalized_pagerank`."""
    bounds = {"alpha": alpha, "eps": eps, "delta": delta}
    alpha, eps, delta = (_BELOW_ONE.check(name, value) for name, value in bounds.items())
    if weight is not None:
        one_of("weight").check("weight", weight)
        refuse_weightless(graph, argument("weight", None))
    most = None if top_k is None else COUNT.check("top_k", top_k)
    num_walks, length = walks_for(alpha, eps, delta)
    if 1 - alpha == 1 or max(length >> 32, num_walks >> 63):
        raise InputError(
            f"{argument('alpha', alpha)} and {argument('eps', eps)} ask for {num_walks:,} walks of "
            f"up to {length:,} steps from each source; pass less extreme ones"
        )
    rows = None if sources is None else np.atleast_1d(named_nodes(graph, sources, "sources"))
    options = {each: field.default for each, field in WalkSpec.__dataclass_fields__.items()}
    return pair_matrix(
        "personalized PageRank",
        Endpoints(),
        rows,
        most,
        **options
        | {
            "store": graph,
            "start_nodes": None if rows is None else np.unique(rows),
            "num_walks": num_walks,
            "walk_length": length,
            "stop_prob": 1 - alpha,
            "dead_end": "restart",
            "weighted": None if weight else False,
            "seed": seed,
            "memory": memory,
            "partitions": partitions,
        },
    )


class Endpoints:
    """Pairs of the start node and the last node of a walk."""

    own_rows: ClassVar[bool] = True
    dtype: ClassVar[np.dtype[Any]] = np.dtype(np.float64)
    column: ClassVar[str] = "rank"

    def most_pairs(self, walk_length: int) -> int:
        """Return how many pairs a walk has."""
        del walk_length
        return 1

    def keys(self, walks: NDArray[Any], num_nodes: int) -> NDArray[np.int64]:
        """Return the keys of the pairs of some walks."""
        last = np.count_nonzero(walks >= 0, axis=1) - 1
        starts = walks[:, 0].astype(np.int64)
        keys: NDArray[np.int64] = starts * num_nodes + walks[np.arange(len(walks)), last]
        return keys

    def values(self, pairs: PairCounts, num_nodes: int, num_walks: int) -> NDArray[Any]:
        """Return the share of the walks of each start node."""
        del num_nodes
        return pairs.counts / num_walks
