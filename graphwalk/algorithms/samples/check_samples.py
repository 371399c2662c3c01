"""The parameters of neighbour samples, checked against each other and against the graph."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from graphwalk.algorithms.samples.sample_hops import SampleRules, Seeds
from graphwalk.algorithms.walks.start_nodes import checked_nodes, mentions_before
from graphwalk.errors import InputError, argument
from graphwalk.storage.edges.dates import as_times
from graphwalk.storage.store.graph import Graph, as_graph
from graphwalk.storage.store.transposed import refuse_transposed, transposed_arrays
from graphwalk.util.parameters import FLAG, one_of, whole

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from graphwalk.storage.store.graph_arrays import GraphArrays


class AskedSamples(NamedTuple):
    """Samples that were asked for: the graph, whose rows are read, how to sample, and where."""

    graph: Graph
    arrays: GraphArrays
    rules: SampleRules
    seeds: Seeds


def sampling_of(
    store: Graph | str | os.PathLike[str],
    seeds: ArrayLike | None,
    fanouts: Sequence[int],
    replace: bool,
    weighted: bool | None,
    times: ArrayLike | None,
    disjoint: bool,
    direction: str,
    transposed: Graph | str | os.PathLike[str] | None,
    seed: int | None,
) -> AskedSamples:
    """Check what `sample_neighbors` was asked for."""
    graph = as_graph(store)
    arrays = graph._arrays
    if one_of("in", "out").check("direction", direction) == "in":
        arrays = transposed_arrays(graph, transposed, "sampling in-neighbours") or arrays
    else:
        refuse_transposed(graph, transposed)
    nodes = np.arange(graph.num_nodes) if seeds is None else checked_nodes(graph, seeds, "seeds")
    disjoint = FLAG.check("disjoint", disjoint) or times is not None
    mentions = mentions_before(nodes)
    if not disjoint and mentions.any():
        again = int(nodes[np.argmax(mentions > 0)])
        raise InputError(
            f"{argument('seeds')} has node {again} twice; pass each node once, or "
            f"{argument('disjoint', True)}"
        )
    rules = SampleRules(
        _checked_fanouts(fanouts),
        FLAG.check("replace", replace),
        _values(graph, weighted, temporal=times is not None),
        disjoint,
        secrets.randbits(64) if seed is None else whole(0, 2**64 - 1).check("seed", seed),
    )
    groups = np.arange(len(nodes)) if disjoint else np.zeros(len(nodes), np.int64)
    if len(nodes) * graph.num_nodes >= 2**63:
        raise InputError(f"{argument('seeds')} has too many nodes; pass fewer at a time")
    return AskedSamples(
        graph,
        arrays,
        rules,
        Seeds(nodes, mentions, _checked_times(graph, times, len(nodes)), groups),
    )


def _checked_fanouts(fanouts: Any) -> tuple[int, ...]:
    kind = whole(-1, 2**63 - 1)
    try:
        checked = tuple(int(kind.check("fanouts", fanout)) for fanout in fanouts)
    except TypeError:
        checked = ()
    if not checked:
        raise InputError(
            f"{argument('fanouts', fanouts)} must be a sequence of numbers of neighbours, one for "
            "each hop, such as [15, 10]"
        )
    return checked


def _values(
    graph: Graph, weighted: bool | None, *, temporal: bool
) -> Literal["weights", "times"] | None:
    if temporal and not graph.timed:
        raise InputError(
            f"{argument('times')} needs edges that have times, and those of {graph.path} have "
            f"none; build it from edges with times, and {argument('times', True)}"
        )
    if weighted is not None and FLAG.check("weighted", weighted) and not graph.weighted:
        raise InputError(
            f"{argument('weighted', True)}, but the store {graph.path} has no weights; build it "
            f"from edges with weights, or pass {argument('weighted', False)}"
        )
    if temporal and graph.weighted and weighted is not False:
        raise InputError(
            f"{argument('times')} samples among earlier edges with the same probability, and the "
            f"edges of {graph.path} have weights; pass {argument('weighted', False)}"
        )
    if temporal:
        return "times"
    return "weights" if graph.weighted and weighted is not False else None


def _checked_times(graph: Graph, times: Any, seeds: int) -> NDArray[np.float64]:
    """Return the time of each seed in the unit of the graph; nothing if there are no times."""
    if times is None:
        return np.empty(0)
    given = np.asarray(times)
    if given.dtype.kind == "M":
        if graph.time_unit is None:
            raise InputError(
                f"{argument('times')} are dates, and those of {graph.path} are numbers; pass "
                "numbers"
            )
        whole_units = given.astype(f"M8[{graph.time_unit}]")
        # What is before a part of a unit is before the next whole one.
        given = as_times(whole_units + (whole_units < given))
    if given.dtype.kind not in "iuf" or given.shape not in ((), (seeds,)) or np.isnan(given).any():
        raise InputError(
            f"{argument('times')} has {given.dtype} of shape {given.shape}; pass a number for each "
            f"of the {seeds} seeds"
        )
    return np.broadcast_to(given, (seeds,)).astype(np.float64)
