"""The walks of :mod:`graphwalk.scheduler.engine.walk_out_of_core` on Ray.

The task of a group runs in the driver, on references: a mailbox knows how many walkers wait and
which objects they are in, and never holds them. Walkers are advanced by Ray tasks that return an
object for each partition, so that everybody is moved once, to where they are needed.
"""

from __future__ import annotations

import threading
import time
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from dask.task_spec import GraphNode, TaskRef

from graphwalk.kernels.walk.routing import scatter
from graphwalk.scheduler.engine.walk_out_of_core import (
    WaveCounter,
    block_done,
    get_block,
    read_partition,
    walk_group,
)
from graphwalk.scheduler.engine.walker_group import SINGLE_ROW_BATCH
from graphwalk.scheduler.engine.walker_records import concatenate_records, in_slices
from graphwalk.util.events import Event, emit
from graphwalk.util.shared_array import NotSharedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.partition_sweep import PartitionHandle, PartitionSweep
    from graphwalk.scheduler.engine.walker_group import WalkerGroup
    from graphwalk.storage.partitions.partition import Partition
    from graphwalk.storage.store.arrays import GraphArrays
    from graphwalk.util.shared_array import SharedRows


#: Where an account says how many steps are returned with it.
_RETURNED = -4


class RayMailbox:
    """References to the walkers of a group who wait for each partition, and to what they did.

    Parameters
    ----------
    group : WalkerGroup
        The walkers.
    reference : ObjectRef
        The group in the object store.
    out : SharedRows, optional
        Where their steps are put, by those tasks that reach it.
    """

    def __init__(self, group: WalkerGroup, reference: Any, out: SharedRows | None = None) -> None:
        self.group, self.reference, self.out = group, reference, out
        self._inboxes: list[list[Any]] = [[] for _ in range(group.num_partitions)]
        self._counts = np.zeros(group.num_partitions, np.int64)
        self.logs: list[Any] = []
        self._turns = WaveCounter()

    def start(self, meanwhile: Callable[[], None]) -> None:
        """Have the walkers start, and do something here meanwhile."""
        started_task = self._submit(start_walkers)
        meanwhile()
        *moving, _, _, started, took = self._deliver(*started_task).tolist()
        staying = self.group.shape[0] - sum(moving)
        emit(Event("start", self.group.job, started / 1e9, took / 1e9, ended=staying))

    def _submit(self, function: Callable[..., Any], *args: Any) -> list[Any]:
        """Run a task that returns an account, steps, and walkers by partition."""
        task = _remote(function).options(
            num_returns=self.group.num_partitions + 2,
            name=f"{function.__name__} {self.group.graph.path}",
            scheduling_strategy=where_to_read(self.group.graph),
        )
        references: list[Any] = task.remote(self.reference, self.out, *args)
        return references

    def _deliver(self, account: Any, log: Any, *pieces: Any) -> NDArray[np.int64]:
        """Deliver what a task returns when it has ended, and return its account."""
        import ray

        told: NDArray[np.int64] = ray.get(account)
        waiting = told[: len(pieces)]
        if self.out is None:
            self.logs.append(log)
        elif told[_RETURNED]:
            put_steps(ray.get(log), self.out)
        for number in np.flatnonzero(waiting):
            self._inboxes[number].append(pieces[number])
            self._counts[number] += waiting[number]
        return told

    def left(self) -> bool:
        """Return whether anybody waits."""
        return bool(self._counts.any())

    def waiting(self, number: int) -> int:
        """Return how many walkers wait for a partition."""
        return int(self._counts[number])

    def share(self, number: int, sweep: PartitionSweep) -> RayPartition:
        """Return a partition, not read yet."""
        return RayPartition(self, number, sweep.resident, self._turns.wave_of(number))

    def advance(self, number: int, partition: PartitionHandle) -> None:
        """Advance the walkers who wait for a partition."""
        self.advance_all({number: partition})

    def advance_all(self, partitions: Mapping[int, PartitionHandle]) -> None:
        """Advance the walkers who wait for each partition, at the same time."""
        begun = [self._begin(number, partition) for number, partition in partitions.items()]
        for event, references in begun:
            *gone, _, steps, started, took = self._deliver(*references).tolist()
            emit(
                event._replace(
                    started=started / 1e9,
                    seconds=took / 1e9,
                    steps=steps,
                    ended=event.walkers - sum(gone),
                )
            )

    def _begin(self, number: int, partition: PartitionHandle) -> tuple[Event, list[Any]]:
        walkers, wave = self.waiting(number), self._turns.take(number)
        pieces, self._inboxes[number] = self._inboxes[number], []
        self._counts[number] = 0
        if partition.worth_reading(walkers):
            kind, references = "advance", self._submit(advance_walkers, partition.get(), *pieces)
        else:
            kind, references = "fetch", self._submit(advance_few_walkers, *pieces)
        return Event(kind, self.group.job, 0.0, 0.0, number, wave, walkers), references


class RayPartition:
    """A partition in the object store, read when somebody needs it."""

    def __init__(self, mailbox: RayMailbox, number: int, filtered: bool, wave: int) -> None:
        self._mailbox, self._number, self._filtered = mailbox, number, filtered
        self._wave = wave
        self._lock = threading.Lock()
        self._reference: Any = None

    def worth_reading(self, walkers: int) -> bool:
        """Return whether so many walkers are better served by the whole than by single rows."""
        group = self._mailbox.group
        return self._reference is not None or group.worth_reading(self._number, walkers)

    def get(self) -> Any:
        """Return the reference of the partition."""
        with self._lock:
            if self._reference is None:
                graph = self._mailbox.group.graph
                read = _remote(read_partition).options(
                    name=f"read {graph.path}",
                    scheduling_strategy=where_to_read(graph, otherwise="SPREAD"),
                )
                self._reference = read.remote(self._mailbox.reference, self._number, self._filtered)
                self._tell()
            return self._reference

    def prepare(self) -> None:
        """Have it read."""
        self.get()

    def close(self) -> None:
        """Let go of the reference."""
        self._reference = None

    def _tell(self) -> None:
        group = self._mailbox.group
        size, place = group.bytes_read(self._number), (self._number, self._wave)
        # How long it takes is not known here, where nobody waits for it.
        emit(Event("read", group.job, time.time(), 0.0, *place, size=size))


@cache
def _remote(function: Callable[..., Any]) -> Any:
    """Return a function for Ray, made once: each that is made is sent to all workers anew."""
    import ray

    return ray.remote(function)


def run(task: Any, deps: Any) -> Any:
    """Run a task of the Dask graph here, in the driver."""
    return IN_DRIVER[task.func](*(_resolved(arg, deps) for arg in task.args))


def _resolved(arg: Any, deps: Any) -> Any:
    if isinstance(arg, TaskRef):
        return deps[arg.key]
    return arg(deps) if isinstance(arg, GraphNode) else arg


def where_to_read(graph: GraphArrays, otherwise: str = "DEFAULT") -> Any:
    """Return where the store can be read: a temporary one on this machine alone."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    if not graph.temporary:
        return otherwise
    here = ray.get_runtime_context().get_node_id()
    return NodeAffinitySchedulingStrategy(here, soft=False)


def _walk_group(
    group: WalkerGroup,
    sweep: PartitionSweep,
    block_rows: Sequence[int],
    out: SharedRows | None,
    _spill: bool,
    after: list[Any],
) -> RaySteps | PutSteps:
    import ray

    if after and out is None:
        ray.wait(after, num_returns=len(after), fetch_local=False)
    mailbox = RayMailbox(group, ray.put(group), out)
    mailbox.start(meanwhile=lambda: None if out is None else make_blank(group, out))
    sweep.run(mailbox)
    return RaySteps(mailbox, block_rows) if out is None else PutSteps()


class PutSteps:
    """Steps that are where they belong."""

    def block(self, _number: int) -> bool:
        """Say that a block is there."""
        return True


class RaySteps:
    """References to the blocks of a group, which are made of the steps when it has finished."""

    def __init__(self, mailbox: RayMailbox, block_rows: Sequence[int]) -> None:
        join = _remote(join_steps).options(
            num_returns=len(block_rows), name=f"join_steps {mailbox.group.graph.path}"
        )
        blocks = join.remote(mailbox.reference, tuple(block_rows), *mailbox.logs)
        self._blocks = blocks if isinstance(blocks, list) else [blocks]

    def block(self, number: int) -> Any:
        """Return the reference of a block."""
        return self._blocks[number]


#: What runs in the driver in place of the tasks that threads run.
IN_DRIVER: dict[Any, Callable[..., Any]] = {
    walk_group: _walk_group,
    get_block: get_block,
    block_done: lambda block: block,  # a reference: who waits for it asks whether it is there
}


def start_walkers(group: WalkerGroup, _out: SharedRows | None) -> tuple[Any, ...]:
    """Return an account, no steps, and the walkers who start in each partition."""
    return _by_partition(group, None, lambda _keep: group.start())


def advance_walkers(
    group: WalkerGroup, out: SharedRows | None, partition: Partition, *pieces: NDArray[Any]
) -> tuple[Any, ...]:
    """Advance walkers in a partition.

    Returns an account, the steps that all walkers made unless they could be put into `out`, and
    those who left for each partition.
    """
    arriving = in_slices(pieces, group.slice)
    return _by_partition(group, out, lambda keep: group.advance(partition, arriving, keep))


def advance_few_walkers(
    group: WalkerGroup, out: SharedRows | None, *pieces: NDArray[Any]
) -> tuple[Any, ...]:
    """Do as `advance_walkers`, reading single rows."""
    return _by_partition(
        group, out, lambda keep: group.advance_few(in_slices(pieces, SINGLE_ROW_BATCH), keep)
    )


def make_blank(group: WalkerGroup, out: SharedRows) -> None:
    """Fill the rows of a group, in which walkers have not made a step."""
    with out.writer() as write:
        for piece in out.pieces():
            write(group.blank(piece.start, piece.stop), piece.start)


def put_steps(log: NDArray[Any], out: SharedRows) -> None:
    """Put steps where they belong."""
    walks = out.mapped()
    if walks is None:
        raise NotSharedError("what was written before is out of reach now")
    scatter(log.copy(), walks.reshape(-1))


def join_steps(group: WalkerGroup, block_rows: Sequence[int], *logs: NDArray[Any]) -> Any:
    """Return the blocks of a group, of the steps that its walkers have made."""
    walks = group.blank()
    for log in logs:
        scatter(log.copy(), walks.reshape(-1))
    edges = np.cumsum(block_rows)[:-1]
    return tuple(np.split(walks, edges)) if len(block_rows) > 1 else walks


def _by_partition(
    group: WalkerGroup,
    out: SharedRows | None,
    move: Callable[[Callable[[NDArray[Any]], None]], Iterable[NDArray[Any]]],
) -> tuple[Any, ...]:
    """Move walkers, who hand their steps to what `move` takes; return an account, steps, walkers.

    The account says how many walkers there are for each partition, how many steps are returned, how
    many were made, when that began, and how long it took, in nanoseconds.
    """
    started, made = time.time_ns(), 0
    walks = None if out is None else out.mapped()
    flat = None if walks is None else walks.reshape(-1)
    log: list[NDArray[Any]] = [np.empty(0, group.log_dtype)]

    def keep(steps: NDArray[Any]) -> None:
        nonlocal made
        made += len(steps)
        if flat is None:
            log.append(steps.copy())
        else:
            scatter(steps, flat)

    leavers = [group.sort(some) for some in move(keep)]
    empty = np.empty(0, group.dtype)
    pieces = [
        concatenate_records([empty, *(some[number] for some in leavers)])
        for number in range(group.num_partitions)
    ]
    steps = concatenate_records(log)
    took = time.time_ns() - started
    account = np.array([*map(len, pieces), len(steps), made, started, took], np.int64)
    return account, steps, *pieces
