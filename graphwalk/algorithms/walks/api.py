"""Random walks: check what is asked for, plan it, and return the lazy result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from graphwalk.algorithms.walks.dask_array import WalkArray
from graphwalk.algorithms.walks.parameters import plan_of

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    import dask.array as da
    from numpy.typing import ArrayLike

    from graphwalk.scheduler.engine.plan import WalkPlan
    from graphwalk.storage.store.graph import Graph


def random_walks(
    store: Graph | str | os.PathLike[str],
    start_nodes: ArrayLike | None = None,
    *,
    num_walks: int = 10,
    walk_length: int = 80,
    p: float = 1.0,
    q: float = 1.0,
    gamma: float | None = None,
    weighted: bool | None = None,
    restart_prob: float = 0.0,
    stop_prob: float = 0.0,
    dead_end: Literal["stop", "restart", "stay"] = "stop",
    metapath: Sequence[int | str] | None = None,
    metapath_of: Literal["nodes", "edges"] | None = None,
    temporal: bool = False,
    seed: int | None = None,
    chunks: Any = "auto",
    memory: str | int | None = None,
    partitions: int | None = None,
) -> da.Array:
    """Return random walks on a graph, as a lazy Dask array.

    Nothing but the store's attributes, and offsets where the graph is cut, is read until the array
    is computed, on the scheduler that `graphwalk.scheduler.use` chose, or on threads.

    A graph that does not fit in `memory` is walked in partitions; `plan_walks` tells how.

    A walk is a pure function of the seed, its start node and its number among the walks from that
    node. It does not depend on the other start nodes, `num_walks`, `chunks`, `memory`, the
    scheduler or the number of workers, so any of the walks can be computed again alone.

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
        Return and in-out parameter of node2vec [1]: relative to its weight, an edge back to the
        previous node counts 1/p, one to a neighbour of the previous node 1, any other 1/q. With
        both 1 a step depends on the current node alone. ``p=math.inf`` walks without backtracking:
        never straight back, so that a node with one neighbour is a dead end for who came from it.
    gamma : float, optional
        A number makes it node2vec+ [2], in which biases know of weights: an edge is loose, seen
        from a node, if it weighs less than the mean of the edges there plus `gamma` times their
        standard deviation. A proposal tied to the previous node by an edge that is loose, seen
        from the proposal, counts between 1/q and 1, in proportion to that edge's weight; if the
        edge that leads to it is loose too, seen from the current node, or there is no edge to the
        previous node, the smaller of 1/q and 1. On undirected graphs; where all weights are alike,
        or `q` is 1, it is node2vec. 0 is usual.
    weighted : bool, optional
        Whether steps follow edges in proportion to their weights; None: if the store has any.
    restart_prob : float
        Probability, at each step, of going back to the start node instead, in [0, 1).
    stop_prob : float
        Probability, at each step, that the walk ends before it, in [0, 1); then lengths are
        geometric, up to `walk_length`. Together with `restart_prob` at most 1.
    dead_end : {"stop", "restart", "stay"}
        At a node with no neighbour to go to the walk ends and is padded with -1, or goes back to
        its start node, or repeats the node.
    metapath : sequence of int or str, optional
        Types of nodes, see `set_node_types`: the first step goes to a neighbour of the first
        type, the next to one of the second, and after the last comes the first again [3]. Or types
        of edges, of a graph built with ``edge_types=True``: the first step follows an edge of the
        first type, and so on. A node without such a neighbour or edge is a dead end. Not with `p`,
        `q`, `gamma`, `restart_prob` or another `dead_end` than to stop.
    metapath_of : {"nodes", "edges"}, optional
        Whose types `metapath` names. None: those that the graph has; where both nodes and edges
        have types, it must be said.
    temporal : bool
        Whether each step takes an edge that is later than the one before it, any of them with the
        same probability; the first step takes any edge of the start node, and a walk ends where no
        edge is later [4]. For graphs built with ``times=True``; not with `p`, `q`, `gamma`,
        `restart_prob`, `metapath` or another `dead_end` than to stop.
    seed : int, optional
        From 0 to 2**64 - 1. None draws one, once: the array computes to the same walks each time.
    chunks : "auto", int, str or tuple
        Walks of a block: their number, or their size as text such as ``"64 MiB"``.
    memory : str or int, optional
        Bytes, or text such as ``"4 GiB"``, that the graph, the walkers and what they have done may
        take: on threads in this process, beside the interpreter and the array that ``compute()``
        returns; on Ray in the object store of each machine. None: 70 % of what is free.
    partitions : int, optional
        About how many partitions to cut the graph into, be they larger than `memory` or not. None:
        no more than `memory` asks for.

    Returns
    -------
    dask.array.Array of int32 or int64, shape (num_starts * num_walks, walk_length + 1)
        Row ``i * num_walks + k`` is walk ``k`` from ``start_nodes[i]``: nodes in the order of the
        visit, and -1 after the end of a walk. The type is that of the store's neighbours.

    Raises
    ------
    InputError
        When a parameter is out of its range or a start node does not exist.
    MemoryBudgetError
        When the walks cannot be computed within `memory`.
    StoreError
        When `store` is no graph that can be read.

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
    """
    graph, plan, walkers = plan_of(
        store,
        start_nodes,
        num_walks=num_walks,
        walk_length=walk_length,
        p=p,
        q=q,
        gamma=gamma,
        weighted=weighted,
        restart_prob=restart_prob,
        stop_prob=stop_prob,
        dead_end=dead_end,
        metapath=metapath,
        metapath_of=metapath_of,
        temporal=temporal,
        seed=seed,
        chunks=chunks,
        memory=memory,
        partitions=partitions,
    )
    return WalkArray(plan, graph, walkers)


def plan_walks(
    store: Graph | str | os.PathLike[str],
    start_nodes: ArrayLike | None = None,
    *,
    num_walks: int = 10,
    walk_length: int = 80,
    p: float = 1.0,
    q: float = 1.0,
    gamma: float | None = None,
    weighted: bool | None = None,
    restart_prob: float = 0.0,
    stop_prob: float = 0.0,
    dead_end: Literal["stop", "restart", "stay"] = "stop",
    metapath: Sequence[int | str] | None = None,
    metapath_of: Literal["nodes", "edges"] | None = None,
    temporal: bool = False,
    seed: int | None = None,
    chunks: Any = "auto",
    memory: str | int | None = None,
    partitions: int | None = None,
) -> WalkPlan:
    """Return how `random_walks` would compute walks: partitions, memory, bytes to read.

    It takes the same parameters. Nothing is computed, and of the graph no more is read than the
    offsets where it is cut. The plan prints as a table.

    Raises
    ------
    InputError
        When a parameter is out of its range or a start node does not exist.
    MemoryBudgetError
        When the walks cannot be computed within `memory`.
    StoreError
        When `store` is no graph that can be read.
    """
    return plan_of(
        store,
        start_nodes,
        num_walks=num_walks,
        walk_length=walk_length,
        p=p,
        q=q,
        gamma=gamma,
        weighted=weighted,
        restart_prob=restart_prob,
        stop_prob=stop_prob,
        dead_end=dead_end,
        metapath=metapath,
        metapath_of=metapath_of,
        temporal=temporal,
        seed=seed,
        chunks=chunks,
        memory=memory,
        partitions=partitions,
    ).plan
