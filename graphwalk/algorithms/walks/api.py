"""The public functions of random walks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, ParamSpec, Protocol, overload

from graphwalk.algorithms.walks.check_parameters import plan_of
from graphwalk.algorithms.walks.dask_array import WalkArray
from graphwalk.algorithms.walks.recorded_edges import nodes_and_edges
from graphwalk.util.parameters import parameters_from

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from datetime import timedelta

    import numpy as np
    from numpy.typing import ArrayLike

    from graphwalk.scheduler.cluster_plan import ClusterPlan
    from graphwalk.scheduler.engine.walk_plan import WalkPlan
    from graphwalk.storage.store.graph import Graph

P = ParamSpec("P")


def random_walks(
    store: Graph | str | os.PathLike[str],
    start_nodes: ArrayLike | None = None,
    *,
    start_edges: ArrayLike | None = None,
    num_walks: int = 10,
    walk_length: int = 80,
    p: float = 1.0,
    q: float = 1.0,
    gamma: float | None = None,
    weighted: bool | None = None,
    restart_prob: float = 0.0,
    stop_prob: float = 0.0,
    dead_end: Literal["stop", "restart", "stay"] = "stop",
    direction: Literal["out", "in", "both"] = "out",
    until: ArrayLike | None = None,
    metapath: Sequence[int | str] | None = None,
    metapath_of: Literal["nodes", "edges"] | None = None,
    temporal: bool = False,
    backward: bool = False,
    time_bias: Literal["near", "far", "near-exponential", "far-exponential"] | None = None,
    time_scale: float | timedelta | np.timedelta64 | None = None,
    time_window: tuple[Any, Any] | None = None,
    return_edges: bool = False,
    seed: int | None = None,
    transposed: Graph | str | os.PathLike[str] | None = None,
    chunks: Any = "auto",
    memory: str | int | None = None,
    partitions: int | None = None,
) -> Any:
    """Return random walks on a graph, as a lazy Dask array.

    Before the array is computed, only the store's attributes and the offsets at the bounds of
    partitions are read. The scheduler that `graphwalk.scheduler.use` chose computes the array;
    without a choice, threads do.

    A graph that does not fit in `memory` is walked in partitions; `plan_walks` shows how.

    A walk is a pure function of the seed, its start node and its number among the walks from that
    node. It does not depend on the other start nodes, `num_walks`, `chunks`, `memory`, the
    scheduler or the number of workers, so any of the walks can be computed again alone.

    Parameters
    ----------
    store : Graph, str or path
        The graph, or the path or URL of its store.
    start_nodes : array_like of int or str, shape (num_starts,), optional
        Where walks start; all nodes, in order, when None. Integers are the numbers of nodes,
        0 … num_nodes - 1, whatever the labels, and strings are labels; ``graph.index_of`` finds
        the nodes of labels that are integers. A node that is listed twice starts twice as many
        different walks.
    start_edges : array_like of int, shape (num_starts,), optional
        Edges that temporal walks begin with, in place of `start_nodes`, as [4] has it: where they
        are among the entries of the store, as `draw_start_edges` returns them. The first step of
        a walk follows its edge, whatever `stop_prob` is, and the next an edge that is later. With a
        `direction` other than ``"out"`` these are entries of `transposed`. A walk is a function of
        its edge in place of its start node. Ends and times of the edges are read at once.
    num_walks : int
        Walks from each start node.
    walk_length : int
        Steps of a walk; a walk visits ``walk_length + 1`` nodes, the start node among them.
    p, q : float
        Return and in-out parameter of node2vec [1]: relative to its weight, an edge back to the
        previous node counts 1/p, one to a neighbour of the previous node 1, any other 1/q. With
        both 1 a step depends on the current node alone. ``p=math.inf`` walks without backtracking:
        never straight back, so that a node with one neighbour is a dead end.
    gamma : float, optional
        With a number, walks are those of node2vec+ [2], whose biases depend on weights: an edge is
        weak at one of its nodes if it weighs less than the mean of the edges there plus `gamma`
        times their standard deviation. If the edge between a proposed and the previous node is
        weak at the proposed node, the proposal counts between 1/q and 1, in proportion to the
        weight of that edge. If the edge to the proposed node is weak at the current node too, or
        there is no edge to the previous node, it counts the smaller of 1/q and 1. The graph must be
        undirected. If all weights are equal, or `q` is 1, the walks are those of node2vec. The
        usual value is 0.
    weighted : bool, optional
        Whether steps follow edges in proportion to their weights. None: if the store has weights.
    restart_prob : float
        Probability, at each step, of a return to the start node instead, in [0, 1).
    stop_prob : float
        Probability, at each step, that the walk ends before it, in [0, 1): lengths are geometric,
        up to `walk_length`. The sum of `restart_prob` and `stop_prob` is at most 1.
    dead_end : {"stop", "restart", "stay"}
        What a walk does at a node without neighbours: it ends and is padded with -1, returns to
        its start node, or repeats the node.
    direction : {"out", "in", "both"}
        Which edges steps of a directed graph follow: those that lead out of a node, against their
        direction those that lead into it, or any of both, in proportion to their weights if these
        count. The walks are those on `transposed`, of the same seed. An undirected graph has no
        directions, and the same walks with each of these.
    until : array_like of int or str, optional
        Nodes at which walks end, such as targets, as `start_nodes`: a walk that reaches one of them
        is padded with -1 behind it. A walk that starts at one has no step. `hitting_times` counts
        the steps to them.
    metapath : sequence of int or str, optional
        Types of nodes, see `set_node_types`: the first step goes to a neighbour of the first
        type, the next to one of the second, and after the last comes the first again [3]. Or types
        of edges, of a graph built with ``edge_types=True``: the first step follows an edge of the
        first type, and so on. Weights count among those that a step may take. A node without such a
        neighbour or edge is a dead end. With `restart_prob`, a walk that has returned to its start
        node begins the metapath again. A metapath cannot be combined with `p`, `q`, `gamma`, or a
        `dead_end` other than ``"stop"``.
    metapath_of : {"nodes", "edges"}, optional
        Whose types `metapath` names. None: those that the graph has; required if both nodes and
        edges have types.
    temporal : bool
        Whether each step takes an edge that is later than the one before it, any of them with the
        same probability unless edges have weights or `time_bias` is given; the first step takes any
        edge of the start node, and a walk ends where no edge is later [4]. The graph must be built
        with ``times=True``. This cannot be combined with `p`, `q`, `gamma`, `restart_prob`,
        `metapath`, or a `dead_end` other than ``"stop"``.
    backward : bool
        Whether each step of a temporal walk takes an edge that is earlier than the one before it,
        instead of a later one.
    time_bias : {"near", "far", "near-exponential", "far-exponential"}, optional
        Whether a step of a temporal walk prefers, among the edges that it may take, those near in
        time to the edge before or those far from it. By rank, the linear distribution of [4]: with
        these in the order in which a walk could take them, the probability of the last of `n` to
        that of the first is 1 to `n` (``"near"``) or `n` to 1 (``"far"``), and falls or rises by
        equal steps between them. Or exponentially, as [4] has it, too: the probability of an edge
        at time `t` is in proportion to ``exp(-|t - now| / time_scale)`` (``"near-exponential"``) or
        ``exp(|t - now| / time_scale)`` (``"far-exponential"``), with `now` the time of the edge
        before; at the first step any time, since only differences count. None: all have the same
        probability. Weights of edges are factors of that, and do not go with ranks.
    time_scale : float or timedelta, optional
        Of an exponential `time_bias`: by how much the times of two edges differ if one is
        e = 2.718 times as likely as the other: a number in the unit of the graph's times, or a
        timedelta where these are dates. None: 1, as in [4].
    time_window : (time, time), optional
        The first and the last time of edges that a temporal walk takes, both included: numbers, or
        dates where the times of the graph are dates. None in place of one is no bound.
    return_edges : bool
        Whether to return the edges of the steps too, which tell parallel edges apart; the walks are
        the same. `write_walks` writes both, and `Graph.edge_values` finds weights, times and types.
    seed : int, optional
        From 0 to 2**64 - 1. None: a seed is drawn when the array is made, so that the array has the
        same walks each time that it is computed.
    transposed : Graph, str or path, optional
        The store that has the in-edges of a directed graph, which `direction` needs unless it is
        ``"out"``: ``graph.transpose(path)`` for ``"in"``, and ``graph.transpose(path,
        both_ways=True)`` for ``"both"``.
    chunks : "auto", int, str or tuple
        Walks of a block: their number, or their size as text such as ``"64 MiB"``.
    memory : str or int, optional
        Bytes, or text such as ``"4 GiB"``, for the graph, the walkers and their steps: on threads
        in this process, in addition to the interpreter and the array that ``compute()`` returns;
        on Ray in the object store of each machine. None: 70 % of what is free.
    partitions : int, optional
        About how many partitions the graph is cut into, even if they are larger than `memory`.
        None: as few as fit in `memory`.

    Returns
    -------
    walks : dask.array.Array of int32 or int64, shape (num_starts * num_walks, walk_length + 1)
        Row ``i * num_walks + k`` is walk ``k`` from ``start_nodes[i]``, or that begins with
        ``start_edges[i]``: nodes in the order of the visit, and -1 after the end of a walk. The
        type is that of the store's neighbours. Its ``plan`` says how it will be computed; parts of
        it are plain Dask arrays, which have none.
    edges : dask.array.Array of int32 or int64, shape (num_starts * num_walks, walk_length)
        Only with ``return_edges=True``: where the edge of step ``j``, from ``walks[:, j]`` to
        ``walks[:, j + 1]``, is among the entries of the store, as `Graph.read_neighbors` counts
        them; -1 where a walk followed no edge: after its end, at a restart, and where it stayed at
        a dead end. Both are plain Dask arrays; ``dask.compute(walks, edges)`` walks once for both.
        Walks along in-edges count the entries of `transposed`, whose `edge_values` finds what they
        have, also their `edge_ids` in the input.

    Raises
    ------
    InputError
        When a parameter is out of its range or a start node does not exist.
    MemoryBudgetError
        When the walks cannot be computed within `memory`.
    StoreError
        When `store` is not a graph that can be read.

    References
    ----------
    [1] A. Grover, J. Leskovec, "node2vec: scalable feature learning for networks", KDD 2016,
    https://doi.org/10.1145/2939672.2939754

    [2] R. Liu, M. Hirn, A. Krishnan, "Accurately modeling biased random walks on weighted networks
    using node2vec+", Bioinformatics 39(1), 2023, https://doi.org/10.1093/bioinformatics/btad047

    [3] Y. Dong, N. V. Chawla, A. Swami, "metapath2vec: scalable representation learning for
    heterogeneous networks", KDD 2017, https://doi.org/10.1145/3097983.3098036

    [4] G. H. Nguyen, J. B. Lee, R. A. Rossi, N. K. Ahmed, E. Koh, S. Kim, "Continuous-time dynamic
    network embeddings", WWW 2018 companion, https://doi.org/10.1145/3184558.3191526

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2), (2, 3)], directed=True)
    >>> walks = graphwalk.random_walks(graph, [0, 2], num_walks=1, walk_length=4, seed=1)
    >>> walks.shape
    (2, 5)
    >>> walks.compute()
    array([[ 0,  1,  2,  3, -1],
           [ 2,  3, -1, -1, -1]], dtype=int32)

    With the edges of the steps, here one of two with times 5 and 7 that lead from 0 to 1:

    >>> import dask
    >>> timed = graphwalk.build_zarr(([0, 0, 1], [1, 1, 2], [5, 7, 6]), directed=True, times=True)
    >>> walks, edges = graphwalk.random_walks(
    ...     timed, [0], num_walks=2, walk_length=3, temporal=True, return_edges=True, seed=1
    ... )
    >>> nodes, edges = dask.compute(walks, edges)
    >>> nodes
    array([[ 0,  1,  2, -1],
           [ 0,  1, -1, -1]], dtype=int32)
    >>> timed.edge_values(edges)
    array([[ 5.,  6., nan],
           [ 7., nan, nan]])
    """
    # They are the parameters, by name: nothing else has a value yet.
    graph, plan, walkers = plan_of(**locals())
    walks = WalkArray(plan, graph, walkers, partitions)
    return nodes_and_edges(walks) if return_edges else walks


class _PlanWalks(Protocol[P]):
    """What type checkers know of `plan_walks`."""

    @overload
    def __call__(self, *args: Any, cluster: str, **parameters: Any) -> ClusterPlan: ...

    @overload
    def __call__(self, *args: P.args, **parameters: P.kwargs) -> WalkPlan: ...


def planning(model: Callable[P, Any]) -> Callable[[Callable[..., Any]], _PlanWalks[P]]:
    """Give a function the parameters of another, in addition to its own."""
    return parameters_from(model)


@planning(random_walks)
def plan_walks(*, cluster: str | None = None, **parameters: Any) -> WalkPlan:
    """Return how `random_walks` would compute walks: partitions, memory, bytes to read.

    It takes the same parameters, and `cluster`. Nothing is computed, and only the offsets where the
    graph is cut are read. The plan prints as a table, as ``graphwalk plan`` does.

    Parameters
    ----------
    cluster : str, optional
        Machines and cores of a cluster to plan for, whether it is there or not, such as
        ``"64x16"``; ``"64x16x64GiB@25Gb/s"`` has the memory and the network of each machine, which
        are otherwise 4 GiB a core and 10 Gb/s. The plan is a `ClusterPlan` then: it says how long
        walks are expected to take that workers write, what machines send to each other, and how
        many machines are worth having. That is a model, with speeds that were measured on one
        kind of machine and for graphs without locality; "Graphs larger than memory" says how far
        off it is. None: the plan is for the scheduler in use.

    Raises
    ------
    InputError
        When a parameter is out of its range or a start node does not exist.
    MemoryBudgetError
        When the walks cannot be computed within `memory`.
    StoreError
        When `store` is not a graph that can be read.

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2), (2, 0)])
    >>> plan = graphwalk.plan_walks(graph, num_walks=2, walk_length=4, seed=1)
    >>> plan.shape, len(plan.partitions)
    ((6, 5), 1)

    On a cluster, such a small graph is walked by one machine as fast as by four:

    >>> plan = graphwalk.plan_walks(graph, num_walks=2, walk_length=4, cluster="4x16x64GiB")
    >>> plan.resources.workers, plan.worth_having.cluster.machines
    (64, 1)
    """
    return plan_of(**parameters, cluster=cluster).plan
