"""Queues of a group of walkers that are moved by tasks of other processes.

The process that submits knows how many walkers wait for each partition and which values hold them,
and never holds them itself. A task returns the walkers as one piece for each partition, so that
each is moved once, to where it is needed next.
"""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.walk.routing import scatter
from graphwalk.scheduler.engine.advance_walkers import advance_walkers
from graphwalk.scheduler.engine.place import place_of
from graphwalk.scheduler.engine.read_partition import read_partition
from graphwalk.scheduler.engine.walker_records import concatenate_records, in_slices
from graphwalk.util.events import Event, emit
from graphwalk.util.shared_array import NotSharedError
from graphwalk.util.threads import run_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.partition_sweep import PartitionSweep
    from graphwalk.scheduler.engine.walker_group import WalkerGroup
    from graphwalk.storage.partitions.partition import Partition
    from graphwalk.util.executor import Job, Ref
    from graphwalk.util.shared_array import SharedRows


class RemoteQueues:
    """References to the walkers of a group that wait for each partition, and to their steps.

    Parameters
    ----------
    group : WalkerGroup
        The walkers.
    job : Job
        Runs the tasks.
    out : SharedRows, optional
        Where steps are put, by those tasks that reach it.
    """

    def __init__(self, group: WalkerGroup, job: Job, out: SharedRows | None) -> None:
        self.group, self.job, self.out = group, job, out
        self.reference = job.put(group)
        self.logs: list[Ref] = []
        self._queues: list[list[Ref]] = [[] for _ in range(group.num_partitions)]
        self._counts = np.zeros(group.num_partitions, np.int64)

    def left(self) -> bool:
        """Return whether any walker waits."""
        return bool(self._counts.any())

    def waiting(self, number: int) -> int:
        """Return how many walkers wait for a partition."""
        return int(self._counts[number])

    def partition(self, number: int, _sweep: PartitionSweep, wave: int) -> RemotePartition:
        """Return a partition, not read yet."""
        return RemotePartition(self, number, wave)

    def begin(self, event: Event, rows: Ref | None) -> Callable[[], None]:
        """Have the walkers of an event moved; return what waits for that, and takes the results."""
        pieces: list[Ref] = []
        if event.walkers:
            pieces, self._queues[event.partition] = self._queues[event.partition], []
            self._counts[event.partition] = 0
        moved = self.submit(
            move_walkers,
            *(self.out, event.kind, rows, *pieces),
            pieces=self.group.num_partitions + 2,
            threads=self.group.sizes.threads,
            name=event.kind,
        )
        return partial(self._finish, event._replace(walkers=event.walkers), moved)

    def submit(self, function: Callable[..., Any], *args: Any, name: str, **how: Any) -> Any:
        """Run a task of the group where the store can be read."""
        graph = self.group.graph
        place = place_of(graph, self.job, how.pop("place", "any"))
        name = f"{name} {graph.path}"
        return self.job.submit(function, self.reference, *args, place=place, name=name, **how)

    def _finish(self, event: Event, moved: list[Ref]) -> None:
        account, log, *pieces = moved
        told: NDArray[np.int64] = self.job.result(account)
        *waiting, returned, steps, started, took = told.tolist()
        if self.out is None:
            self.logs.append(log)
        elif returned:
            put_steps(self.job.result(log), self.out)
        for number in np.flatnonzero(waiting):
            self._queues[number].append(pieces[number])
            self._counts[number] += waiting[number]
        came = event.walkers or self.group.shape[0]
        emit(
            event._replace(
                started=started / 1e9, seconds=took / 1e9, steps=steps, ended=came - sum(waiting)
            )
        )


class RemotePartition:
    """A partition that a task reads when it is first needed, and that stays where it was read."""

    def __init__(self, queues: RemoteQueues, number: int, wave: int) -> None:
        self._queues, self._number, self._wave = queues, number, wave
        self._lock = threading.Lock()
        self._reference: Ref | None = None

    def worth_reading(self, walkers: int) -> bool:
        """Return whether the whole partition serves these walkers better than single rows."""
        group = self._queues.group
        return self._reference is not None or group.worth_reading(self._number, walkers)

    def get(self) -> Ref:
        """Return the reference of the partition."""
        with self._lock:
            if self._reference is None:
                self._reference = self._queues.submit(
                    read_partition, self._number, True, name="read", place="spread", kept=True
                )
                self._tell()
            return self._reference

    def prepare(self) -> None:
        """Have it read."""
        self.get()

    def close(self) -> None:
        """Drop the reference, and so free the partition when the tasks that need it have ended."""
        self._reference = None

    def _tell(self) -> None:
        group = self._queues.group
        size, place = group.bytes_read(self._number), (self._number, self._wave)
        # How long it takes is not known here: the process that submits does not wait for it.
        emit(Event("read", group.job, time.time(), 0.0, *place, size=size))


def move_walkers(
    group: WalkerGroup,
    out: SharedRows | None,
    kind: str,
    rows: Partition | None,
    *pieces: NDArray[Any],
) -> tuple[Any, ...]:
    """Move walkers; return an account, steps, and the walkers for each partition.

    The steps are all that were made, or none where they could be put into `out`. The account says
    how many walkers there are for each partition, how many steps are returned, how many were made,
    when that began, and how long it took, in nanoseconds.
    """
    started = time.time_ns()
    walks = None if out is None else out.mapped()
    made: list[int] = []
    log: list[NDArray[Any]] = [np.empty(0, group.log_dtype)]
    leavers: list[list[NDArray[Any]]] = []

    def keep(steps: NDArray[Any]) -> None:
        made.append(len(steps))
        if walks is None:
            log.append(steps.copy())
        else:
            scatter(steps, walks)

    def move(*arriving: NDArray[Any]) -> None:
        leavers.extend(map(group.sort, advance_walkers(group, kind, rows, arriving, keep)))

    if kind == "start":
        move()
    else:
        slices = in_slices(pieces, group.most_at_once(rows))
        run_by(group.sizes.threads)(partial(move, some) for some in slices)
    empty = np.empty(0, group.dtype)
    leaving = [
        concatenate_records([empty, *(some[number] for some in leavers)])
        for number in range(group.num_partitions)
    ]
    steps = concatenate_records(log)
    took = time.time_ns() - started
    account = np.array([*map(len, leaving), len(steps), sum(made), started, took], np.int64)
    return account, steps, *leaving


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
    scatter(log.copy(), walks)
