"""Walks through a graph in several partitions, on whatever executor.

A group of walkers has a queue for each partition. When a partition's turn comes, the walkers in its
queue are advanced as long as they stay there, and those that leave are put into other queues.
Groups never exchange walkers: many can be under way while they share a partition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from graphwalk.scheduler.engine.local_queues import LocalQueues
from graphwalk.scheduler.engine.remote_queues import RemoteQueues, make_blank
from graphwalk.scheduler.engine.step_storage import (
    InPlaceSteps,
    KeptSteps,
    PutSteps,
    SentSteps,
    SpilledSteps,
    Steps,
    VisitedSteps,
)
from graphwalk.util.events import Event
from graphwalk.util.executor import LostError
from graphwalk.util.malloc import return_large_at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from graphwalk.scheduler.engine.blocks import BlockRows
    from graphwalk.scheduler.engine.partition_sweep import PartitionHandle, PartitionSweep
    from graphwalk.scheduler.engine.step_storage import Visit
    from graphwalk.scheduler.engine.walker_group import WalkerGroup
    from graphwalk.util.executor import Job


#: How often a group sets out, where values are lost on the way.
ATTEMPTS = 5


class Queues(Protocol):
    """Where walkers of a group wait for partitions, and what moves them."""

    def left(self) -> bool:
        """Return whether any walker waits."""

    def waiting(self, number: int) -> int:
        """Return how many walkers wait for a partition."""

    def partition(self, number: int, sweep: PartitionSweep, wave: int) -> PartitionHandle:
        """Return a partition, not read yet."""

    def begin(self, event: Event, rows: Any) -> Callable[[], None]:
        """Begin to move the walkers of an event; return what waits until that has been done."""


class OutOfCoreWalk:
    """A group of walkers on its way through the partitions."""

    def __init__(self, group: WalkerGroup, queues: Queues) -> None:
        self.group, self._queues = group, queues
        self._turns = WaveCounter()

    def start(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Have the walkers start, and do something here meanwhile."""
        finish = self._queues.begin(Event("start", self.group.job, 0.0, 0.0), None)
        meanwhile()
        finish()

    def left(self) -> bool:
        """Return whether any walker waits."""
        return self._queues.left()

    def waiting(self, number: int) -> int:
        """Return how many walkers wait for a partition."""
        return self._queues.waiting(number)

    def share(self, number: int, sweep: PartitionSweep) -> PartitionHandle:
        """Return a partition, not read yet."""
        return self._queues.partition(number, sweep, self._turns.wave_of(number))

    def advance(self, number: int, partition: PartitionHandle) -> None:
        """Advance the walkers that wait for a partition."""
        self._begin(number, partition)()

    def advance_all(self, partitions: Mapping[int, PartitionHandle]) -> None:
        """Advance the walkers that wait for each partition, at the same time where possible."""
        for finish in [self._begin(*one) for one in partitions.items()]:
            finish()

    def _begin(self, number: int, partition: PartitionHandle) -> Callable[[], None]:
        walkers = self.waiting(number)
        rows = partition.get() if partition.worth_reading(walkers) else None
        kind, wave = "fetch" if rows is None else "advance", self._turns.take(number)
        return self._queues.begin(
            Event(kind, self.group.job, 0.0, 0.0, number, wave, walkers), rows
        )


class WaveCounter:
    """Counts the turns that a group has made through the partitions."""

    def __init__(self) -> None:
        self._wave, self._last = 0, -1

    def wave_of(self, number: int) -> int:
        """Return the wave in which a partition's turn comes next."""
        return self._wave + (number <= self._last)

    def take(self, number: int) -> int:
        """Go on to a partition, and return the wave."""
        self._wave, self._last = self.wave_of(number), number
        return self._wave


def walk_group(
    group: WalkerGroup,
    sweep: PartitionSweep,
    block_rows: BlockRows,
    out: Any,
    spill: bool,
    job: Job | None = None,
    visit: Visit | None = None,
) -> Steps:
    """Walk a group of walkers from beginning to end.

    Parameters
    ----------
    group : WalkerGroup
        The walkers.
    sweep : PartitionSweep
        The partitions.
    block_rows : BlockRows
        Walks of each block that the group fills.
    out : ndarray of int32 or int64, or SharedRows, optional
        Where to write their walks.
    spill : bool
        Whether steps wait in a file, if there is no `out`.
    job : Job, optional
        Moves walkers by tasks of other processes; without one this thread moves them.
    visit : callable, optional
        Takes the visited nodes; no walks are made then.
    """
    with sweep.token.active():
        if job is not None:
            return _walk_by_tasks(group, sweep, block_rows, out, job)
        if not sweep.resident:
            return_large_at_once()  # memory is short
        steps: KeptSteps
        if visit is not None:
            steps = VisitedSteps(group, visit)
        elif out is not None:
            group.make_blank(out)
            steps = InPlaceSteps(out, block_rows)
        elif spill:
            steps = SpilledSteps(group, block_rows)
        else:
            steps = InPlaceSteps(group.blank(), block_rows)
        _walk(group, sweep, LocalQueues(group, steps))
        return steps


def _walk_by_tasks(
    group: WalkerGroup,
    sweep: PartitionSweep,
    block_rows: BlockRows,
    out: Any,
    job: Job,
) -> Steps:
    for attempt in range(ATTEMPTS):
        queues = RemoteQueues(group, job, out)
        try:
            _walk(group, sweep, queues, lambda: None if out is None else make_blank(group, out))
            break
        except LostError:  # the same walkers make the same steps again
            if attempt == ATTEMPTS - 1:
                raise
    if out is not None:
        return PutSteps()
    name, threads = group.graph.path, group.sizes.threads
    return SentSteps(job, queues.reference, block_rows, queues.logs, name, threads)


def _walk(
    group: WalkerGroup,
    sweep: PartitionSweep,
    queues: Queues,
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    walk = OutOfCoreWalk(group, queues)
    walk.start(meanwhile)
    sweep.run(walk)
