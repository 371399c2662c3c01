"""The walks of :mod:`graphwalk.scheduler.waves` on Ray.

The task of a group runs in the driver, on references: a mailbox knows how many walkers wait and
which objects they are in, and never holds them. Walkers are advanced by Ray tasks that return an
object for each partition, so that everybody is moved once, to where they are needed.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from dask.task_spec import GraphNode, TaskRef

from graphwalk.kernels.routing import scatter
from graphwalk.scheduler.events import Event, emit
from graphwalk.scheduler.waves import (
    WORTH_READING,
    Turns,
    read_partition,
    take_block,
    taken,
    walk_group,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from graphwalk.scheduler.advance import Group
    from graphwalk.scheduler.carousel import Carousel, Shared
    from graphwalk.storage.graph import Graph
    from graphwalk.storage.partition import Partition


class RayMailbox:
    """References to the walkers of a group who wait for each partition, and to what they did."""

    def __init__(self, group: Group, reference: Any) -> None:
        self.group, self.reference = group, reference
        self._inboxes: list[list[Any]] = [[] for _ in range(group.num_partitions)]
        self._counts = np.zeros(group.num_partitions, np.int64)
        self.logs: list[Any] = []
        self._turns = Turns()

    def start(self) -> None:
        """Have the walkers start."""
        self._deliver(*self._submit(start_walkers))

    def _submit(self, function: Callable[..., Any], *args: Any) -> list[Any]:
        """Run a task that returns an account, steps, and walkers by partition."""
        import ray

        task = ray.remote(function).options(
            num_returns=self.group.num_partitions + 2,
            name=f"{function.__name__} {self.group.graph.path}",
            scheduling_strategy=where_to_read(self.group.graph),
        )
        references: list[Any] = task.remote(self.reference, *args)
        return references

    def _deliver(self, account: Any, log: Any, *pieces: Any) -> NDArray[np.int64]:
        """Deliver what a task returns when it has ended, and return its account."""
        import ray

        told: NDArray[np.int64] = ray.get(account)
        waiting = told[: len(pieces)]
        self.logs.append(log)
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

    def share(self, number: int, carousel: Carousel) -> RayPartition:
        """Return a partition, not read yet."""
        return RayPartition(self, number, carousel.resident, self._turns.wave_of(number))

    def advance(self, number: int, partition: Shared) -> None:
        """Advance the walkers who wait for a partition."""
        self.advance_all({number: partition})

    def advance_all(self, partitions: Mapping[int, Shared]) -> None:
        """Advance the walkers who wait for each partition, at the same time."""
        begun = [self._begin(number, partition) for number, partition in partitions.items()]
        for event, references in begun:
            *gone, steps, started, took = self._deliver(*references).tolist()
            emit(
                event._replace(
                    started=started / 1e9,
                    seconds=took / 1e9,
                    steps=steps,
                    ended=event.walkers - sum(gone),
                )
            )

    def _begin(self, number: int, partition: Shared) -> tuple[Event, list[Any]]:
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
        chunks = self._mailbox.group.chunks_of(self._number)
        return self._reference is not None or walkers * WORTH_READING > chunks

    def get(self) -> Any:
        """Return the reference of the partition."""
        import ray

        with self._lock:
            if self._reference is None:
                graph = self._mailbox.group.graph
                read = ray.remote(read_partition).options(
                    name=f"read {graph.path}",
                    scheduling_strategy=where_to_read(graph, otherwise="SPREAD"),
                )
                self._reference = read.remote(self._mailbox.reference, self._number, self._filtered)
                self._tell()
            return self._reference

    def _tell(self) -> None:
        group = self._mailbox.group
        size, place = group.bytes_read(self._number), (self._number, self._wave)
        # How long it takes is not known here, where nobody waits for it.
        emit(Event("read", group.job, time.time(), 0.0, *place, size=size))


def run(task: Any, deps: Any) -> Any:
    """Run a task of the Dask graph here, in the driver."""
    return IN_DRIVER[task.func](*(_resolved(arg, deps) for arg in task.args))


def _resolved(arg: Any, deps: Any) -> Any:
    if isinstance(arg, TaskRef):
        return deps[arg.key]
    return arg(deps) if isinstance(arg, GraphNode) else arg


def where_to_read(graph: Graph, otherwise: str = "DEFAULT") -> Any:
    """Return where the store can be read: a temporary one on this machine alone."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    if not graph.temporary:
        return otherwise
    here = ray.get_runtime_context().get_node_id()
    return NodeAffinitySchedulingStrategy(here, soft=False)


def _walk_group(
    group: Group,
    carousel: Carousel,
    block_rows: Sequence[int],
    _out: Any,
    _spill: bool,
    after: list[Any],
) -> RaySteps:
    import ray

    if after:
        ray.wait(after, num_returns=len(after), fetch_local=False)
    mailbox = RayMailbox(group, ray.put(group))
    mailbox.start()
    carousel.ride(mailbox)
    return RaySteps(mailbox, block_rows)


class RaySteps:
    """References to the blocks of a group, which are made of the steps when it has finished."""

    def __init__(self, mailbox: RayMailbox, block_rows: Sequence[int]) -> None:
        import ray

        join = ray.remote(join_steps).options(
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
    take_block: take_block,
    taken: lambda block: block,  # a reference: who waits for it asks whether it is there
}


def start_walkers(group: Group) -> tuple[Any, ...]:
    """Return an account, no steps, and the walkers who start in each partition."""
    return _by_partition(group, lambda _keep: group.start())


def advance_walkers(group: Group, partition: Partition, *pieces: NDArray[Any]) -> tuple[Any, ...]:
    """Return an account, what all walkers did, and those who left for each partition."""
    return _by_partition(group, lambda keep: group.advance(partition, pieces, keep))


def advance_few_walkers(group: Group, *pieces: NDArray[Any]) -> tuple[Any, ...]:
    """Do as `advance_walkers`, reading single rows."""
    return _by_partition(group, lambda keep: group.advance_few(pieces, keep))


def join_steps(group: Group, block_rows: Sequence[int], *logs: NDArray[Any]) -> Any:
    """Return the blocks of a group, of the steps that its walkers have made."""
    walks = group.blank()
    for log in logs:
        scatter(log.copy(), walks.reshape(-1))
    edges = np.cumsum(block_rows)[:-1]
    return tuple(np.split(walks, edges)) if len(block_rows) > 1 else walks


def _by_partition(
    group: Group,
    move: Callable[[Callable[[NDArray[Any]], None]], Iterable[list[NDArray[Any]]]],
) -> tuple[Any, ...]:
    """Move walkers, who hand their steps to what `move` takes; return an account, steps, walkers.

    The account says how many walkers there are for each partition, how many steps were made, when
    that began, and how long it took, in nanoseconds.
    """
    started = time.time_ns()
    log: list[NDArray[Any]] = []
    leavers = list(move(lambda steps: log.append(steps.copy())))
    empty = np.empty(0, group.dtype)
    pieces = [
        np.concatenate([empty, *(some[number] for some in leavers)])
        for number in range(group.num_partitions)
    ]
    steps = np.concatenate([np.empty(0, group.log_dtype), *log])
    took = time.time_ns() - started
    account = np.array([*map(len, pieces), len(steps), started, took], np.int64)
    return account, steps, *pieces
