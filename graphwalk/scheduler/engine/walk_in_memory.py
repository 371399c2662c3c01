"""The functions that tasks run: load a partition, walk a block of walkers."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from graphwalk.kernels.rng import seed_key
from graphwalk.kernels.walk.first_order import walk_first_order
from graphwalk.kernels.walk.node2vec import walk_node2vec
from graphwalk.kernels.walk.step_edges import nodes_of
from graphwalk.kernels.walk.steps import Starts
from graphwalk.scheduler.engine.place import place_of
from graphwalk.scheduler.engine.probabilities import (
    attempt_limits_of,
    bias_of,
    ends_of,
    interruption_of,
    row_parts_of,
)
from graphwalk.scheduler.engine.result_dtype import result_dtype
from graphwalk.scheduler.engine.walk_temporal import TEMPORAL_IN_FLIGHT, walk_temporal
from graphwalk.scheduler.engine.walker_starts import (
    FirstSteps,
    Walkers,
    first_steps_of,
    part_of,
    starts_and_numbers,
)
from graphwalk.storage.partitions.metapath import step_kinds_of
from graphwalk.storage.partitions.partition import Partition, load_partition
from graphwalk.storage.partitions.spec import PartitionSpec
from graphwalk.util.cancel import CancelToken, check_cancelled
from graphwalk.util.events import Work
from graphwalk.util.forks import ModuleLock
from graphwalk.util.shared_array import NotSharedError
from graphwalk.util.threads import num_cores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.util.executor import Job
    from graphwalk.util.shared_array import SharedRows
    from graphwalk.walk_spec import WalkSpec


#: Walkers that a kernel advances together: enough to hide a memory access, few enough to stay in
#: the first caches. The walks do not depend on them.
FIRST_ORDER_IN_FLIGHT = 128
NODE2VEC_IN_FLIGHT = 512

#: Steps between two checks whether a job is cancelled, and the least walkers of a kernel's call,
#: which keep it busy.
_SLICE_STEPS, _LEAST_SLICE = 1 << 21, 1 << 12

_resident: WeakKeyDictionary[GraphArrays, _Resident] = WeakKeyDictionary()
_loading = ModuleLock()


class _Resident(NamedTuple):
    """A graph in memory."""

    layout: PartitionSpec
    partition: Partition
    size: int


def resident_partition(
    graph: GraphArrays,
    spec: WalkSpec,
    size: int = 0,
    room: int | None = None,
    job: Job | None = None,
) -> Any:
    """Return the partition of `graph`, loaded once and kept as long as the graph is.

    Parameters
    ----------
    graph : GraphArrays
        The graph.
    spec : WalkSpec
        What decides what is laid out.
    size : int
        Bytes that it takes.
    room : int, optional
        Bytes that the graphs in memory may take together. Others are freed before more is taken.
    job : Job, optional
        Where it is loaded, and what returns its reference; without one it is loaded here.
    """
    if job is not None:
        return job.cached(
            (id(graph), PartitionSpec.of(spec)),
            _load,
            *(graph, PartitionSpec.of(spec)),
            owner=graph,
            size=size,
            room=room,
            place=place_of(graph, job),
            name=f"read {graph.path}",
        )
    with _loading, Work("read", "") as work:
        layout, have = PartitionSpec.of(spec), None
        if before := _resident.get(graph):
            if before.layout == layout:
                return before.partition
            # What is laid out for walks of one kind is of no use to others; both may be too large.
            if before.layout.own or layout.own:
                del _resident[graph]
            else:
                have = before.partition
        before = None
        _make_room(graph, size, room)
        partition = _load(graph, layout, have)
        _resident[graph] = _Resident(layout, partition, size)
        if have is None:
            work.add(size=graph.num_entries * graph.neighbor_dtype.itemsize + 8 * graph.num_nodes)
    return partition


def _load(graph: GraphArrays, layout: PartitionSpec, have: Partition | None = None) -> Partition:
    return load_partition(graph, layout, have=have, threads=num_cores())


def keep_graphs_within(room: int, job: Job | None = None) -> None:
    """Free graphs that earlier jobs keep in memory, until the others fit in `room` bytes."""
    if job is not None:
        job.keep_within(room)
        return
    with _loading:
        _make_room(None, 0, room)


def _make_room(graph: GraphArrays | None, size: int, room: int | None) -> None:
    """Free graphs in memory, those first that were loaded first, until one more fits."""
    others = [other for other in _resident if other is not graph]
    for other in others:
        if room is None or size + sum(_resident[known].size for known in others) <= room:
            return
        others = others[1:]
        del _resident[other]


def walk_block(
    partition: Partition,
    walkers: Walkers,
    spec: WalkSpec,
    out: NDArray[Any] | None = None,
    token: CancelToken | None = None,
) -> NDArray[Any]:
    """Walk one block of walkers from beginning to end.

    Parameters
    ----------
    partition : Partition
        The whole graph.
    walkers : range or StartNodes
        The walkers, see `Walkers`.
    spec : WalkSpec
        What every walker does.
    out : ndarray of int32, int64 or step records, shape (walkers, walk_length + 1), optional
        Where to write the walks; C-contiguous.
    token : CancelToken, optional
        Ends the task where no executor does.

    Returns
    -------
    ndarray of int32, int64 or step records, shape (walkers, walk_length + 1)
        `out`, or a new array.
    """
    starts, numbers = starts_and_numbers(walkers, spec.num_walks)
    steps = first_steps_of(walkers, spec.num_walks)
    shape = len(starts), spec.walk_length + 1
    dtype = result_dtype(partition.neighbors.dtype, int(partition.row_starts[-1]), spec)
    walks = np.empty(shape, dtype) if out is None else out
    ends = ends_of(spec, partition.rows.num_nodes)
    step = max(_LEAST_SLICE, _SLICE_STEPS // max(1, spec.walk_length))
    with nullcontext() if token is None else token.active(), Work("walk", "") as work:
        for first in range(0, shape[0], step):
            check_cancelled()
            some = slice(first, first + step)
            begun = None if steps is None else steps.take(some)
            _walk(partition, starts[some], numbers[some], spec, ends, walks[some], begun)
        work.add(walkers=shape[0], steps=shape[0] * spec.walk_length, ended=shape[0])
    return walks


def walk_block_into(
    partition: Partition, walkers: Walkers, spec: WalkSpec, out: SharedRows, _token: Any = None
) -> NDArray[Any] | None:
    """Walk a block into a shared result; return it where that is out of reach.

    It is walked in pieces that stay in the caches until they have been copied.
    """
    try:
        with out.writer() as write:
            for piece in out.pieces():
                some = part_of(walkers, piece, spec.num_walks)
                write(walk_block(partition, some, spec), piece.start)
    except NotSharedError:
        return walk_block(partition, walkers, spec)
    return None


def _walk(
    partition: Partition,
    starts: NDArray[np.int64],
    numbers: NDArray[np.int64],
    spec: WalkSpec,
    ends: NDArray[np.uint64] | None,
    walks: NDArray[Any],
    first_steps: FirstSteps | None,
) -> None:
    if spec.walk_length == 0:
        walks.fill(-1)
        nodes_of(walks)[:, 0] = starts if first_steps is None else first_steps.sources
        return
    edges = partition.step_edges if spec.return_edges else None
    in_flight = NODE2VEC_IN_FLIGHT if spec.second_order else FIRST_ORDER_IN_FLIGHT
    in_flight = TEMPORAL_IN_FLIGHT if spec.temporal else in_flight
    begin = Starts(starts, numbers, np.uint64(seed_key(np.uint64(spec.seed))), in_flight)
    interruption = interruption_of(spec)
    if spec.temporal:
        walk_temporal(partition, spec, begin, interruption, ends, walks, first_steps)
        return
    table = partition.table(weighted=spec.weighted)
    if spec.second_order:
        assert partition.edge_filter is not None
        walk_node2vec(
            partition.rows,
            table,
            partition.shares,
            partition.edge_filter,
            bias_of(spec),
            attempt_limits_of(spec),
            row_parts_of(spec, partition),
            edges,
            begin,
            interruption,
            ends,
            walks,
        )
    else:
        step_kinds = step_kinds_of(spec.metapath, spec.walk_length)
        how = begin, interruption, ends, walks
        walk_first_order(partition.rows, table, step_kinds, edges, *how)
