"""The edges that temporal walks begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError, argument
from graphwalk.scheduler.engine.walker_starts import FirstSteps
from graphwalk.util.indexed_values import refuse_index

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.store.graph import Graph
    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.walk_spec import WalkSpec


def checked_edges(graph: Graph, spec: WalkSpec, start_nodes: Any, given: Any) -> FirstSteps | None:
    """Return the first steps of walks that begin with the edges `given`; None if it is None.

    Their ends and times are read from the store.

    Raises
    ------
    InputError
        When these are no edges of the graph, or walks cannot begin with them.
    """
    if given is None:
        return None
    name = argument("start_edges")
    if not spec.temporal:
        raise InputError(
            f"{name} are the first edges of walks in the order of time; add "
            f"{argument('temporal', True)}, or pass {argument('start_nodes')}"
        )
    if start_nodes is not None:
        raise InputError(
            f"walks start either at {argument('start_nodes')} or with {name}; leave out one of them"
        )
    refuse_index(given, "start_edges")
    edges = np.atleast_1d(np.asarray(given))
    if edges.ndim != 1 or (edges.dtype.kind not in "iu" and edges.size):
        raise InputError(
            f"{name} has {edges.dtype} of shape {edges.shape}; pass one dimension of integers, as "
            "graphwalk.draw_start_edges returns them"
        )
    outside = np.flatnonzero((edges < 0) | (edges >= graph.num_entries))
    if outside.size:
        raise InputError(
            f"start_edges[{outside[0]}] is {edges[outside[0]]}, but {graph.path} has the edges 0 … "
            f"{graph.num_entries - 1}; pass those that exist"
        )
    steps = _read(graph._arrays, edges.astype(np.int64))
    if spec.time_window is not None:
        first, last = spec.time_window
        early = np.flatnonzero((steps.times < first) | (steps.times > last))
        if early.size:
            raise InputError(
                f"start_edges[{early[0]}] has the time {steps.times[early[0]]:g}, which is not in "
                f"{argument('time_window', *spec.time_window)}; draw edges of this window"
            )
    if spec.backward:
        steps.times = -steps.times
    return steps


def _read(graph: GraphArrays, edges: NDArray[np.int64]) -> FirstSteps:
    """Read the ends and times of edges; each chunk is read once."""
    entries, places = np.unique(edges, return_inverse=True)
    with graph.unchanged():
        after, _ = graph.find_offsets(entries + 1)
        _, targets, times = graph.read_some(entries, entries + 1, "times")
    assert times is not None
    found = FirstSteps(entries, after - 1, targets.astype(np.int64), times)
    return found.take(places)
