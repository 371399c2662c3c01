"""The parameters of walks, checked."""

from __future__ import annotations

import operator
import secrets
import sys
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from graphwalk.errors import InputError
from graphwalk.scheduler.engine.planner import plan_job
from graphwalk.scheduler.engine.probabilities import DEAD_ENDS
from graphwalk.scheduler.engine.rules import WalkRules
from graphwalk.scheduler.executors.resources import find_resources
from graphwalk.storage.store.graph import Graph, open_zarr

if TYPE_CHECKING:
    import os

    from numpy.typing import ArrayLike, NDArray

    from graphwalk.scheduler.engine.plan import WalkPlan
    from graphwalk.scheduler.engine.start_nodes import Walkers


class PlannedWalks(NamedTuple):
    """Walks that were asked for, and how they are to be computed."""

    graph: Graph
    plan: WalkPlan
    walkers: Walkers


def plan_of(
    store: Graph | str | os.PathLike[str],
    start_nodes: ArrayLike | None,
    *,
    num_walks: int,
    walk_length: int,
    p: float,
    q: float,
    gamma: float | None,
    weighted: bool | None,
    restart_prob: float,
    stop_prob: float,
    dead_end: str,
    metapath: Any,
    metapath_of: str | None,
    temporal: bool,
    seed: int | None,
    chunks: Any,
    memory: str | int | None,
    partitions: int | None,
) -> PlannedWalks:
    """Check what `random_walks` was asked for, and plan it."""
    graph = store if isinstance(store, Graph) else open_zarr(store)
    of = _metapath_of(graph, metapath, metapath_of)
    rules = WalkRules(
        num_walks=_whole("num_walks", num_walks, least=1),
        walk_length=_whole("walk_length", walk_length, least=0),
        p=_bias("p", p, most=np.inf),
        q=_bias("q", q),
        gamma=None if gamma is None else _gamma(graph, gamma),
        weighted=_weighted(graph, weighted),
        restart_prob=_probability("restart_prob", restart_prob),
        stop_prob=_probability("stop_prob", stop_prob),
        dead_end=_one_of("dead_end", dead_end, DEAD_ENDS),
        metapath=None if of is None else _metapath(graph, metapath, of),
        metapath_of=of,
        temporal=_temporal(graph, temporal),
        seed=secrets.randbits(64) if seed is None else _whole("seed", seed, most=2**64 - 1),
    )
    if rules.restart_prob + rules.stop_prob > 1:
        raise InputError(
            f"restart_prob={restart_prob!r} and stop_prob={stop_prob!r} are probabilities of one "
            "choice and come to more than 1; lower one of them"
        )
    _check_kind(rules)
    if partitions is not None:
        partitions = _whole("partitions", partitions, least=1)
    nodes = None if start_nodes is None else _start_nodes(graph, start_nodes)
    num_starts = graph.num_nodes if nodes is None else len(nodes)
    num_walks = num_starts * rules.num_walks
    resources = find_resources(memory)
    plan = plan_job(
        graph._arrays, rules, num_walks, chunks, resources, partitions, every_node=nodes is None
    )
    rows = range(plan.shape[0])
    if nodes is None:
        return PlannedWalks(graph, plan, rows)
    # The walks of a node are numbered through, so that its second mention has other ones.
    return PlannedWalks(graph, plan, (nodes, _mentions_before(nodes) * rules.num_walks, rows))


def _check_kind(rules: WalkRules) -> None:
    """Refuse what does not go with walks along a metapath, or forward in time."""
    second = rules.second_order or rules.gamma is not None
    plain = not (second or rules.restart_prob or rules.dead_end != "stop")
    if rules.metapath is not None and not plain:
        raise InputError(
            "metapath= goes with first-order walks that end at dead ends; leave out p, q, gamma, "
            "restart_prob and dead_end"
        )
    if rules.temporal and not (plain and rules.metapath is None):
        raise InputError(
            "temporal=True goes with first-order walks that end where no later edge is; leave out "
            "p, q, gamma, restart_prob, dead_end and metapath"
        )


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


def _gamma(graph: Graph, gamma: float) -> float:
    if graph.directed:
        raise InputError(
            f"gamma={gamma!r} asks for node2vec+, which is defined on undirected graphs, and "
            f"{graph.path} is directed; leave gamma out, or build with directed=False"
        )
    number = _number("gamma", gamma)
    if not np.isfinite(number):
        raise InputError(f"gamma={gamma!r} must be a finite number")
    return number


def _temporal(graph: Graph, temporal: bool) -> bool:
    if not isinstance(temporal, bool | np.bool_):
        raise InputError(f"temporal={temporal!r} must be True or False")
    if temporal and not graph.timed:
        raise InputError(
            f"temporal=True, but the store {graph.path} has no times; build it from edges with "
            "times, and times=True"
        )
    return bool(temporal)


def _metapath_of(graph: Graph, metapath: Any, of: str | None) -> Literal["nodes", "edges"] | None:
    """Return what the types are of that a metapath names, if there is one."""
    if of is not None:
        _one_of("metapath_of", of, ("nodes", "edges"))
    if metapath is None:
        if of is not None:
            raise InputError(f"metapath_of={of!r} needs metapath=; add it, or leave out both")
        return None
    have = {"nodes": graph.type_names is not None, "edges": graph.edge_type_names is not None}
    if of is None and all(have.values()):
        raise InputError(
            f"both nodes and edges of {graph.path} have types; say which metapath= names, by "
            "metapath_of='nodes' or 'edges'"
        )
    if of != "nodes" and have["edges"]:
        return "edges"
    if of != "edges" and have["nodes"]:
        return "nodes"
    remedies = {
        "nodes": "call graphwalk.set_node_types",
        "edges": "build it with edge_types=True",
    }
    what = f"types of {of}" if of else "types of nodes or edges"
    remedy = remedies[of] if of else ", or ".join(remedies.values())
    raise InputError(f"metapath= needs {what}, and {graph.path} has none; {remedy}")


def _metapath(graph: Graph, metapath: Any, of: Literal["nodes", "edges"]) -> tuple[int | str, ...]:
    names: tuple[int | str, ...] | None = graph.type_names
    if of == "edges":
        names = graph.edge_type_names
    assert names is not None
    types = (metapath,) if np.ndim(metapath) == 0 else tuple(metapath)
    # By their text, as the command line has them: all are integers, or all are strings.
    known = {str(name): name for name in names}
    unknown = [name for name in types if str(name) not in known]
    if unknown or not types:
        what = f"names the type {unknown[0]!r}" if unknown else "is empty"
        have = ", ".join(map(repr, names[:10])) or "none"
        raise InputError(f"metapath={metapath!r} {what}; the {of} of {graph.path} are of {have}")
    return tuple(known[str(name)] for name in types)


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


def _bias(name: str, value: Any, most: float = sys.float_info.max) -> float:
    bias = _number(name, value)
    # The reciprocal, which walks use, of the very smallest numbers is infinite.
    if not 0 < bias <= most or 1 / bias == np.inf:
        which = "number" if most == np.inf else "finite number"
        raise InputError(f"{name}={value!r} must be a {which} above 0, at least 1e-307")
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
