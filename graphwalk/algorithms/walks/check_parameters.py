"""The parameters of walks, checked against each other and against the graph."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from graphwalk.algorithms.walks.start_edges import checked_edges
from graphwalk.algorithms.walks.start_nodes import checked_nodes, mentions_before
from graphwalk.algorithms.walks.time_parameters import checked_scale, checked_window
from graphwalk.errors import InputError, argument
from graphwalk.scheduler.cluster_plan import plan_on_cluster
from graphwalk.scheduler.engine.planner import plan_job
from graphwalk.scheduler.engine.walker_starts import StartNodes
from graphwalk.scheduler.executors.resources import find_resources
from graphwalk.storage.store.graph import Graph, as_graph
from graphwalk.storage.store.summary import stored_bytes
from graphwalk.storage.store.transposed import refuse_transposed, transposed_arrays
from graphwalk.units import count_of
from graphwalk.util.cluster import CLUSTER
from graphwalk.util.node_set import NodeSet
from graphwalk.util.parameters import check_all, one_of
from graphwalk.walk_spec import PlanOptions, WalkSpec

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from graphwalk.scheduler.engine.walk_plan import WalkPlan
    from graphwalk.scheduler.engine.walker_sizes import WalkerSizes
    from graphwalk.scheduler.engine.walker_starts import Walkers
    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.util.executor import Resources


class PlannedWalks(NamedTuple):
    """Walks that were asked for, and how they are to be computed."""

    graph: Graph
    plan: WalkPlan
    walkers: Walkers


def plan_of(
    store: Graph | str | os.PathLike[str],
    start_nodes: ArrayLike | None,
    sizes: WalkerSizes | None = None,
    kept: Callable[[GraphArrays, Resources], int] | None = None,
    cluster: str | None = None,
    keeps_steps: bool = True,
    **parameters: Any,
) -> PlannedWalks:
    """Check what `random_walks` was asked for, and plan it.

    Parameters
    ----------
    sizes : WalkerSizes, optional
        How many walkers and steps are processed at a time, in place of what is fast.
    kept : callable, optional
        Returns the bytes of the memory that are needed for what is computed of the walks.
    cluster : str, optional
        Machines to plan for, in place of the scheduler in use.
    keeps_steps : bool
        As of `plan_job`.
    **parameters
        The fields of `WalkSpec` and `PlanOptions`.
    """
    graph = walked_graph(store, parameters["direction"], parameters.get("transposed"))
    # Walks that are counted have no edges.
    spec = _walk_spec(graph, check_all(WalkSpec, {"return_edges": False} | parameters))
    options = PlanOptions(**check_all(PlanOptions, {"transposed": None} | parameters))
    steps = checked_edges(graph, spec, start_nodes, parameters.get("start_edges"))
    nodes = None if start_nodes is None else checked_nodes(graph, start_nodes, "start_nodes")
    if steps is not None:
        nodes = steps.entries  # walks that begin with an edge are numbered by it
    num_starts = graph.num_nodes if nodes is None else len(nodes)
    _check_result(num_starts, spec)

    def plan_with(resources: Resources) -> WalkPlan:
        return plan_job(
            graph._arrays,
            spec,
            num_starts * spec.num_walks,
            options.chunks,
            resources,
            options.partitions,
            every_node=nodes is None,
            sizes=sizes,
            reserved=0 if kept is None else kept(graph._arrays, resources),
            keeps_steps=keeps_steps,
        )

    machines = CLUSTER.check(cluster)
    if machines is None:
        plan = plan_with(find_resources(options.memory))
    else:
        plan = plan_on_cluster(plan_with, machines, options.memory, stored_bytes(graph.path))
    rows = range(plan.shape[0])
    if nodes is None:
        return PlannedWalks(graph, plan, rows)
    # The walks of a node are numbered through, so that its second mention has other ones.
    numbers = mentions_before(nodes) * spec.num_walks
    return PlannedWalks(graph, plan, StartNodes(nodes, numbers, rows, steps))


def walked_graph(
    store: Graph | str | os.PathLike[str],
    direction: str = "out",
    transposed: Graph | str | os.PathLike[str] | None = None,
) -> Graph:
    """Return the graph whose rows have the edges of a direction: the one given, or another of it.

    Raises
    ------
    InputError
        When there is none where one is needed, or it is not of this graph.
    """
    graph = as_graph(store)
    if one_of("out", "in", "both").check("direction", direction) == "out":
        refuse_transposed(graph, transposed)
        return graph
    what = argument("direction", direction)
    other = transposed_arrays(graph, transposed, what, both_ways=direction == "both")
    return graph if other is None else Graph(other)


def _walk_spec(graph: Graph, values: dict[str, Any]) -> WalkSpec:
    """Decide what None stands for on this graph, and refuse what does not go together."""
    of = values["metapath_of"] = _metapath_of(graph, values["metapath"], values["metapath_of"])
    if of is not None:
        values["metapath"] = _metapath(graph, values["metapath"], of)
    if values["until"] is not None:
        values["until"] = NodeSet(checked_nodes(graph, values["until"], "until"))
    if values["time_window"] is not None:
        values["time_window"] = checked_window(graph, values["time_window"])
    kinds = "near-exponential", "far-exponential"
    values["time_scale"] = checked_scale(graph, values["time_scale"], values["time_bias"], kinds)
    if values["weighted"] is None:
        values["weighted"] = graph.weighted
    if values["seed"] is None:
        values["seed"] = secrets.randbits(64)
    spec = WalkSpec(**values)
    _check_graph(graph, spec)
    _check_together(spec)
    return spec


def _check_result(num_starts: int, spec: WalkSpec) -> None:
    """Refuse more walks than an array of int64 can have."""
    walks = num_starts * spec.num_walks
    if walks * (spec.walk_length + 1) * 8 >= 2**63:
        raise InputError(
            f"{argument('num_walks', spec.num_walks)} from each of {num_starts} start nodes makes "
            f"{walks} walks of {spec.walk_length + 1} nodes, more than an array can have; lower "
            f"it, or {_names('walk_length')}"
        )


def _check_graph(graph: Graph, spec: WalkSpec) -> None:
    """Refuse walks that need what the graph does not have."""
    if spec.weighted and not graph.weighted:
        raise InputError(
            f"{argument('weighted', True)}, but the store {graph.path} has no weights; build it "
            f"from edges with weights, or pass {argument('weighted', False)}"
        )
    if spec.weighted:
        refuse_weightless(graph, argument("weighted", False))
    if spec.temporal and not graph.timed:
        raise InputError(
            f"{argument('temporal', True)}, but the store {graph.path} has no times; build it from "
            f"edges with times, and {argument('times', True)}"
        )
    if spec.gamma is not None and graph.directed:
        raise InputError(
            f"{argument('gamma', spec.gamma)} asks for node2vec+, which is defined on undirected "
            f"graphs, and {graph.path} is directed: biases depend on the edge between two nodes, "
            f"whichever way a walk came; leave {_names('gamma')} out for node2vec, or "
            f"build the graph of the same edges without {argument('directed', True)}"
        )


def refuse_weightless(graph: Graph, remedy: str) -> None:
    """Raise InputError if all edges of a node weigh 0; `remedy` is what leaves out weights."""
    nodes = graph._arrays.info.weightless_rows
    if nodes:
        have = "has edges all of which weigh" if nodes == 1 else "have edges all of which weigh"
        raise InputError(
            f"{count_of(nodes, 'node')} of {graph.path} {have} 0, so that a walk by weight could "
            f"not leave; pass {remedy} for walks that leave out weights, or build the store of a "
            "graph without such edges"
        )


def _check_together(spec: WalkSpec) -> None:
    """Refuse parameters that exclude each other."""
    if spec.restart_prob + spec.stop_prob > 1:
        raise InputError(
            f"{argument('restart_prob', spec.restart_prob)} and "
            f"{argument('stop_prob', spec.stop_prob)} are probabilities of one choice and come to "
            "more than 1; lower one of them"
        )
    second = spec.second_order or spec.gamma is not None
    plain = not (second or spec.dead_end != "stop")
    if spec.metapath is not None and not plain:
        raise InputError(
            f"{argument('metapath')} goes with first-order walks that end at dead ends; leave out "
            f"{_names('p', 'q', 'gamma')} and {_names('dead_end')}"
        )
    of_time = {name: getattr(spec, name) for name in ("backward", "time_bias", "time_window")}
    given = next((name for name, value in of_time.items() if value), None)
    if given is not None and not spec.temporal:
        raise InputError(
            f"{argument(given, of_time[given])} is for walks in the order of time; add "
            f"{argument('temporal', True)}, or leave it out"
        )
    if spec.weighted and spec.time_bias in ("near", "far"):
        raise InputError(
            f"{argument('time_bias', spec.time_bias)} prefers edges by their rank in time, for "
            f"which weights say nothing; pass {argument('weighted', False)}, or "
            f"{argument('time_bias', spec.time_bias + '-exponential')}, which goes with weights"
        )
    if spec.temporal and (not plain or spec.restart_prob or spec.metapath is not None):
        raise InputError(
            f"{argument('temporal', True)} goes with first-order walks that end where no later "
            f"edge is; leave out {_names('p', 'q', 'gamma', 'restart_prob', 'dead_end')} and "
            f"{_names('metapath')}"
        )


def _names(*names: str) -> str:
    return ", ".join(argument(name).removesuffix("=") for name in names)


def _metapath_of(graph: Graph, metapath: Any, of: str | None) -> Literal["nodes", "edges"] | None:
    """Return what the types are of that a metapath names, if there is one."""
    if metapath is None:
        if of is not None:
            raise InputError(
                f"{argument('metapath_of', of)} needs {argument('metapath')}; add it, or leave out "
                "both"
            )
        return None
    have = {"nodes": graph.type_names is not None, "edges": graph.edge_type_names is not None}
    if of is None and all(have.values()):
        raise InputError(
            f"both nodes and edges of {graph.path} have types; say which {argument('metapath')} "
            f"names, by {argument('metapath_of', 'nodes')} or {argument('metapath_of', 'edges')}"
        )
    if of != "nodes" and have["edges"]:
        return "edges"
    if of != "edges" and have["nodes"]:
        return "nodes"
    remedies = {
        "nodes": "graphwalk.set_node_types gives types to nodes",
        "edges": f"build it with {argument('edge_types', True)}",
    }
    what = f"types of {of}" if of else "types of nodes or edges"
    remedy = remedies[of] if of else ", or ".join(remedies.values())
    raise InputError(f"{argument('metapath')} needs {what}, and {graph.path} has none; {remedy}")


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
        raise InputError(
            f"{argument('metapath', metapath)} {what}; the {of} of {graph.path} are of {have}"
        )
    return tuple(known[str(name)] for name in types)
