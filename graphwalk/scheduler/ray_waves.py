"""The waves of :mod:`graphwalk.scheduler.waves` on Ray.

The tasks of the Dask graph are run in the driver, on references: a mailbox knows how many walkers
wait and which objects they are in, never themselves. Walkers are advanced by Ray tasks that return
an object for each partition, so that each of them is moved once, to where it is needed. A task of
the graph ends when its Ray task does: Dask so bounds what is under way.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
from dask.task_spec import GraphNode, TaskRef

from graphwalk.kernels.routing import scatter
from graphwalk.scheduler.waves import (
    WORTH_READING,
    advance_group,
    finish_group,
    read_partition,
    share_partition,
    start_group,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from graphwalk.scheduler.advance import Group
    from graphwalk.storage.graph import Graph
    from graphwalk.storage.partition import Partition


class RayMailbox:
    """References to the walkers of a group who wait for each partition, and to what they did."""

    def __init__(self, group: Group, reference: Any) -> None:
        self.group, self.reference = group, reference
        self.inboxes: list[list[Any]] = [[] for _ in range(group.num_partitions)]
        self.counts = np.zeros(group.num_partitions, np.int64)
        self.logs: list[Any] = []

    def run(self, function: Callable[..., Any], *args: Any) -> None:
        """Run a task that returns walkers by partition, and deliver them."""
        import ray

        task = ray.remote(function).options(
            num_returns=self.group.num_partitions + 2,
            name=f"{function.__name__} {self.group.graph.path}",
            scheduling_strategy=where_to_read(self.group.graph),
        )
        counts, log, *pieces = task.remote(self.reference, *args)
        waiting = ray.get(counts)
        self.logs.append(log)
        for number in np.flatnonzero(waiting):
            self.inboxes[number].append(pieces[number])
            self.counts[number] += waiting[number]

    def open(self, number: int) -> list[Any]:
        """Take the references out of an inbox."""
        pieces, self.inboxes[number] = self.inboxes[number], []
        self.counts[number] = 0
        return pieces


class RayPartition:
    """A partition in the object store, read when somebody needs it."""

    def __init__(self, mailbox: RayMailbox, number: int, filtered: bool) -> None:
        self._mailbox, self._number, self._filtered = mailbox, number, filtered
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
            return self._reference


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


def _start(group: Group, _out: Any, _spill: bool, after: list[Any]) -> RayMailbox:
    import ray

    if after:
        ray.wait(after, num_returns=len(after), fetch_local=False)
    mailbox = RayMailbox(group, ray.put(group))
    mailbox.run(start_walkers)
    return mailbox


def _share(
    _group: Group, number: int, filtered: bool, _memory: Any, mailboxes: list[RayMailbox]
) -> RayPartition:
    partition = RayPartition(mailboxes[0], number, filtered)
    walkers = sum(int(mailbox.counts[number]) for mailbox in mailboxes)
    if walkers and partition.worth_reading(walkers):
        partition.get()
    return partition


def _advance(mailbox: RayMailbox, number: int, partition: RayPartition) -> RayMailbox:
    walkers = int(mailbox.counts[number])
    if walkers:
        pieces = mailbox.open(number)
        if partition.worth_reading(walkers):
            mailbox.run(advance_walkers, partition.get(), *pieces)
        else:
            mailbox.run(advance_few_walkers, *pieces)
    return mailbox


def _finish(mailbox: RayMailbox, memory: Any) -> Any:
    import ray

    while mailbox.counts.any():
        for number in range(mailbox.group.num_partitions):
            with memory.lock:
                _advance(mailbox, number, RayPartition(mailbox, number, False))
    finish = ray.remote(join_steps).options(name=f"join_steps {mailbox.group.graph.path}")
    return finish.remote(mailbox.reference, *mailbox.logs)


#: What runs in place of the tasks that threads run.
IN_DRIVER: dict[Any, Callable[..., Any]] = {
    start_group: _start,
    share_partition: _share,
    advance_group: _advance,
    finish_group: _finish,
}


def start_walkers(group: Group) -> tuple[Any, ...]:
    """Return how many walkers start in each partition, no steps, and the walkers."""
    return _by_partition(group, [group.start()], [])


def advance_walkers(group: Group, partition: Partition, *pieces: NDArray[Any]) -> tuple[Any, ...]:
    """Return how many walkers left for each partition, what they all did, and those walkers."""
    log: list[NDArray[Any]] = []
    leavers = list(group.advance(partition, pieces, lambda steps: log.append(steps.copy())))
    return _by_partition(group, leavers, log)


def advance_few_walkers(group: Group, *pieces: NDArray[Any]) -> tuple[Any, ...]:
    """Do as `advance_walkers`, reading single rows."""
    log: list[NDArray[Any]] = []
    leavers = list(group.advance_few(pieces, lambda steps: log.append(steps.copy())))
    return _by_partition(group, leavers, log)


def join_steps(group: Group, *logs: NDArray[Any]) -> NDArray[Any]:
    """Return the walks of a group, of the steps that its walkers have made."""
    walks = group.blank()
    for log in logs:
        scatter(log.copy(), walks.reshape(-1))
    return walks


def _by_partition(
    group: Group, leavers: list[list[NDArray[Any]]], log: Iterable[NDArray[Any]]
) -> tuple[Any, ...]:
    empty = np.empty(0, group.dtype)
    pieces = [
        np.concatenate([empty, *(some[number] for some in leavers)])
        for number in range(group.num_partitions)
    ]
    counts = np.array([len(piece) for piece in pieces], np.int64)
    return counts, np.concatenate([np.empty(0, group.log_dtype), *log]), *pieces
