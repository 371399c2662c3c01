"""Random walks: check what is asked for, plan it, and return the lazy result."""

from __future__ import annotations

import operator
import secrets
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from graphwalk.errors import InputError
from graphwalk.scheduler.dask_graph import WalkArray
from graphwalk.scheduler.plan import WalkRules, plan_walks
from graphwalk.scheduler.tasks import DEAD_ENDS
from graphwalk.storage.graph import Graph, open_zarr

if TYPE_CHECKING:
    import os

    import dask.array as da
    from numpy.typing import ArrayLike, NDArray


def random_walks(
    store: Graph | str | os.PathLike[str],
    start_nodes: ArrayLike | None = None,
    *,
    num_walks: int = 10,
    walk_length: int = 80,
    p: float = 1.0,
    q: float = 1.0,
    weighted: bool | None = None,
    restart_prob: float = 0.0,
    dead_end: Literal["stop", "restart", "stay"] = "stop",
    seed: int | None = None,
    chunks: Any = "auto",
) -> da.Array:
    """Return random walks on a graph, as a lazy Dask array.

    Nothing but the store's attributes is read until the array is computed, on the scheduler that
    :func:`graphwalk.scheduler.use` chose, or on threads.

    A walk is a pure function of the seed, its start node and its number among the walks from that
    node. It does not depend on the other start nodes, `num_walks`, `chunks`, the scheduler or the
    number of workers, so any of the walks can be computed again alone.

    Parameters
    ----------
    store : Graph, str or path
        The graph, or where its store is.
    start_nodes : array_like of int, shape (num_starts,), optional
        Where walks start; all nodes, in order, when None. Nodes are 0 … num_nodes - 1;
        ``graph.index_of`` finds those of labels. A node that is listed twice starts twice as many
        different walks.
    num_walks : int
        Walks from each start node.
    walk_length : int
        Steps of a walk; a walk visits ``walk_length + 1`` nodes, the start node among them.
    p, q : float
        Return and in-out parameter of node2vec [1]_: relative to its weight, an edge back to the
        previous node counts 1/p, one to a neighbour of the previous node 1, any other 1/q. With
        both 1 a step depends on the current node alone.
    weighted : bool, optional
        Whether steps follow edges in proportion to their weights; None: if the store has any.
    restart_prob : float
        Probability, at each step, of going back to the start node instead, in [0, 1).
    dead_end : {"stop", "restart", "stay"}
        At a node without neighbours the walk ends and is padded with -1, or goes back to its start
        node, or repeats the node.
    seed : int, optional
        From 0 to 2**64 - 1. None draws one, once: the array computes to the same walks each time.
    chunks : "auto", int, str or tuple
        Walks of a block: their number, or their size as text such as ``"64 MiB"``.

    Returns
    -------
    dask.array.Array of int32 or int64, shape (num_starts * num_walks, walk_length + 1)
        Row ``i * num_walks + k`` is walk ``k`` from ``start_nodes[i]``: nodes in the order of the
        visit, and -1 after the end of a walk. The type is that of the store's neighbours.

    Raises
    ------
    InputError
        When a parameter is out of its range or a start node does not exist.
    StoreError
        When `store` is no graph that can be read.

    References
    ----------
    .. [1] A. Grover, J. Leskovec, "node2vec: scalable feature learning for networks", KDD 2016,
       https://doi.org/10.1145/2939672.2939754
    """
    graph = store if isinstance(store, Graph) else open_zarr(store)
    rules = WalkRules(
        num_walks=_whole("num_walks", num_walks, least=1),
        walk_length=_whole("walk_length", walk_length, least=0),
        p=_bias("p", p),
        q=_bias("q", q),
        weighted=_weighted(graph, weighted),
        restart_prob=_probability("restart_prob", restart_prob),
        dead_end=_one_of("dead_end", dead_end, DEAD_ENDS),
        seed=secrets.randbits(64) if seed is None else _whole("seed", seed, most=2**64 - 1),
    )
    nodes = None if start_nodes is None else _start_nodes(graph, start_nodes)
    num_starts = graph.num_nodes if nodes is None else len(nodes)
    plan = plan_walks(graph, rules, num_starts, chunks)
    rows = range(plan.shape[0])
    if nodes is None:
        return WalkArray(plan, graph, rows)
    # The walks of a node are numbered through, so that its second mention has other ones.
    first_numbers = _mentions_before(nodes) * rules.num_walks
    return WalkArray(plan, graph, (nodes, first_numbers, rows))


def _mentions_before(nodes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each item how often its node stands before it."""
    if bool(np.all(nodes[:-1] < nodes[1:])):
        return np.zeros(len(nodes), np.int64)
    order = np.argsort(nodes, kind="stable")
    ordered = nodes[order]
    group_start = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sizes = np.diff(np.r_[group_start, len(nodes)])
    before = np.empty(len(nodes), np.int64)
    before[order] = np.arange(len(nodes)) - np.repeat(group_start, sizes)
    return before


def _start_nodes(graph: Graph, start_nodes: ArrayLike) -> NDArray[np.int64]:
    nodes = np.atleast_1d(np.asarray(start_nodes))
    if nodes.ndim != 1:
        raise InputError(f"start_nodes has shape {nodes.shape}; pass one dimension of node ids")
    if nodes.size == 0:
        return np.empty(0, np.int64)
    if nodes.dtype.kind not in "iu":
        raise InputError(
            f"start_nodes are {nodes.dtype}, not integers; pass node ids 0 … "
            f"{graph.num_nodes - 1}, such as graph.index_of(labels)"
        )
    outside = np.flatnonzero((nodes < 0) | (nodes >= graph.num_nodes))
    if outside.size:
        at = outside[0]
        raise InputError(
            f"start_nodes[{at}] is {nodes[at]}, but the graph has the nodes 0 … "
            f"{graph.num_nodes - 1}; pass ids of nodes that exist"
        )
    return nodes.astype(np.int64)


def _weighted(graph: Graph, weighted: bool | None) -> bool:
    if weighted is None:
        return graph.weighted
    if not isinstance(weighted, bool | np.bool_):
        raise InputError(f"weighted={weighted!r} must be True, False or None")
    if weighted and not graph.weighted:
        raise InputError(
            f"weighted=True, but the store {graph.path} has no weights; build it from edges with "
            "weights or pass weighted=False"
        )
    return bool(weighted)


def _whole(name: str, value: Any, *, least: int = 0, most: int | None = None) -> int:
    try:
        whole = operator.index(value)
    except TypeError:
        raise InputError(f"{name}={value!r} must be an integer") from None
    if isinstance(value, bool | np.bool_) or whole < least or (most is not None and whole > most):
        bounds = f"at least {least}" if most is None else f"from {least} to {most}"
        raise InputError(f"{name}={value!r} must be an integer, {bounds}")
    return whole


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InputError(f"{name}={value!r} must be a number") from None


def _bias(name: str, value: Any) -> float:
    bias = _number(name, value)
    # The reciprocal, which walks use, of the very smallest numbers is infinite.
    if not 0 < bias < np.inf or 1 / bias == np.inf:
        raise InputError(f"{name}={value!r} must be a finite number above 0, at least 1e-307")
    return bias


def _probability(name: str, value: Any) -> float:
    probability = _number(name, value)
    if not 0 <= probability < 1:
        raise InputError(f"{name}={value!r} must be a probability, at least 0 and below 1")
    return probability


def _one_of(name: str, value: Any, allowed: Any) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise InputError(f"{name}={value!r} must be one of {', '.join(map(repr, allowed))}")
    return value
