"""Walks through a graph in several partitions, on threads.

A group of walkers has a mailbox, with an inbox for each partition. When a partition's turn comes,
those in its inbox are advanced as long as they stay there, and those who leave are put into other
inboxes. Groups never exchange walkers: many can be under way while they share a partition.
"""

from __future__ import annotations

import threading
from array import array
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Protocol

import dask
import numpy as np

from graphwalk.kernels.walk.routing import scatter
from graphwalk.scheduler.engine.walker_group import SINGLE_ROW_BATCH
from graphwalk.scheduler.engine.walker_queues import Inboxes
from graphwalk.scheduler.engine.walker_records import Sorter
from graphwalk.storage.files.spill import AnonymousSpillFile
from graphwalk.storage.partitions.partition import Partition, load_partition
from graphwalk.storage.partitions.read import RowMemory, SharedReading
from graphwalk.storage.partitions.spec import PartitionSpec
from graphwalk.util.events import Work
from graphwalk.util.malloc import return_large_at_once
from graphwalk.util.shared_work import SharedWork
from graphwalk.util.threads import num_cores

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.partition_sweep import PartitionHandle, PartitionSweep
    from graphwalk.scheduler.engine.walker_group import WalkerGroup


class Steps(Protocol):
    """What the walkers of a group have done."""

    def keep(self, log: NDArray[Any]) -> None:
        """Take up some steps; the array is overwritten afterwards."""

    def block(self, number: int) -> NDArray[Any]:
        """Return the walks of a block, once all steps are there."""


class InPlaceSteps:
    """Steps that are put into the result at once.

    Parameters
    ----------
    walks : ndarray of int32 or int64, shape (walks, nodes)
        The group's part of the result.
    block_rows : sequence of int
        Walks of each block of the group.
    """

    def __init__(self, walks: NDArray[Any], block_rows: Sequence[int]) -> None:
        self._walks = walks
        self._edges = [0, *accumulate(block_rows)]

    def keep(self, log: NDArray[Any]) -> None:
        """Put the steps where they belong."""
        scatter(log, self._walks.reshape(-1))

    def block(self, number: int) -> NDArray[Any]:
        """Return the walks of a block."""
        return self._walks[self._edges[number] : self._edges[number + 1]]


class SpilledSteps:
    """Steps that wait in a temporary file, sorted by block."""

    def __init__(self, group: WalkerGroup, block_rows: Sequence[int]) -> None:
        self._group, self._block_rows = group, block_rows
        self._edges = [0, *accumulate(block_rows)]
        self._sorter = Sorter(np.array(self._edges, np.int64) * group.shape[1])
        self._file = AnonymousSpillFile(dask.config.get("temporary-directory", None))
        # Where the parts of each block begin, how long they are, and their checksums: of numbers,
        # not objects, for there is one for each block whenever a log is full.
        self._parts = [array("q") for _ in block_rows]

    def __reduce__(self) -> Any:
        walks = np.concatenate([self.block(number) for number in range(len(self._block_rows))])
        return InPlaceSteps, (walks, self._block_rows)

    def keep(self, log: NDArray[Any]) -> None:
        """Write the steps down."""
        by_block = self._sorter.sort(log, log["position"].astype(np.int64))
        for parts, steps in zip(self._parts, by_block, strict=True):
            if len(steps):
                start, checksum = self._file.append(steps)
                parts.extend((start, len(steps), checksum))

    def block(self, number: int) -> NDArray[Any]:
        """Return the walks of a block, made of its steps."""
        first, stop = self._edges[number : number + 2]
        walks = self._group.blank(first, stop)
        before = first * self._group.shape[1]
        for start, length, checksum in zip(*[iter(self._parts[number])] * 3, strict=True):
            log = np.empty(length, self._group.log_dtype)
            self._file.read_into(log, start, checksum)
            log["position"] -= before
            scatter(log, walks.reshape(-1))
        return walks


class OutOfCoreWalk:
    """Where the walkers of a group wait, and what they have done so far."""

    def __init__(self, group: WalkerGroup, steps: Steps) -> None:
        self.group = group
        self.steps = steps
        self._inboxes = Inboxes(group.dtype, group.shape[0], group.sorter)
        self._turns = WaveCounter()

    def start(self) -> None:
        """Have the walkers start."""
        with Work("start", self.group.job) as work:
            staying = self.group.shape[0]
            for some in self.group.start():
                self.deliver(some)
                staying -= len(some)
            work.add(ended=staying)

    def deliver(self, walkers: NDArray[Any]) -> None:
        """Put walkers into the inboxes of the partitions whose rows they need."""
        self._inboxes.put(walkers, self.group.places(walkers))

    def left(self) -> bool:
        """Return whether anybody waits."""
        return self._inboxes.left()

    def waiting(self, number: int) -> int:
        """Return how many walkers wait for a partition."""
        return self._inboxes.waiting(number)

    def share(self, number: int, sweep: PartitionSweep) -> LazyPartition:
        """Return a partition, not read yet."""
        return LazyPartition(self.group, number, sweep, self._turns.wave_of(number))

    def advance(self, number: int, partition: PartitionHandle) -> None:
        """Advance the walkers who wait for a partition."""
        walkers = self.waiting(number)
        rows = partition.get() if partition.worth_reading(walkers) else None
        arriving = self._inboxes.take(
            number, SINGLE_ROW_BATCH if rows is None else self.group.slice
        )
        kind = "fetch" if rows is None else "advance"
        place = {"partition": number, "wave": self._turns.take(number)}
        with Work(kind, self.group.job, **place) as work:
            work.add(walkers=walkers)
            gone = 0
            for some in self._leavers(rows, arriving, work):
                self.deliver(some)
                gone += len(some)
            work.add(ended=walkers - gone)

    def advance_all(self, partitions: Mapping[int, PartitionHandle]) -> None:
        """Advance the walkers who wait for each partition, one after the other."""
        for number, partition in partitions.items():
            self.advance(number, partition)

    def _leavers(
        self, rows: Partition | None, arriving: Iterable[NDArray[Any]], work: Work
    ) -> Iterator[NDArray[Any]]:
        def keep(log: NDArray[Any]) -> None:
            self.steps.keep(log)
            work.add(steps=len(log))

        if rows is None:
            return self.group.advance_few(arriving, keep)
        return self.group.advance(rows, arriving, keep)


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


class LazyPartition:
    """A partition that is read when somebody needs it, once, for all groups that share it."""

    def __init__(self, group: WalkerGroup, number: int, sweep: PartitionSweep, wave: int) -> None:
        self._group, self._number, self._sweep = group, number, sweep
        self._wave = wave
        self._lock = threading.Lock()
        self._reading = SharedWork()
        self._partition: Partition | None = None
        self._buffer: RowMemory | None = None
        self._closed = False

    def close(self) -> None:
        """Let go of it, and pass its memory on: whoever has read it may still know of it."""
        with self._lock:
            self._partition, self._closed = None, True
            if self._buffer is not None:
                self._sweep.release_buffer(self._buffer)
                self._buffer = None

    def worth_reading(self, walkers: int) -> bool:
        """Return whether so many walkers are better served by the whole than by single rows."""
        return self._partition is not None or self._group.worth_reading(self._number, walkers)

    def get(self) -> Partition:
        """Return the partition; who would wait while it is read helps to."""
        if not self._lock.acquire(blocking=False):
            self._reading.help()
            self._lock.acquire()
        try:
            return self._read()
        finally:
            self._lock.release()

    def prepare(self) -> None:
        """Read the partition, unless its turn is over by now."""
        with self._lock:
            if not self._closed:
                self._read()

    def _read(self) -> Partition:
        if self._partition is None:
            place = {"partition": self._number, "wave": self._wave}
            try:
                with Work("read", self._group.job, **place) as work:
                    self._partition = self._read_rows()
                    work.add(size=self._group.bytes_read(self._number))
            finally:
                self._reading.end()  # also of an error, lest who helps waits for more
        return self._partition

    def _read_rows(self) -> Partition:
        group = self._group
        if self._sweep.resident:
            return read_partition(group, self._number, True)
        if self._buffer is None:
            self._buffer = self._sweep.acquire_buffer() or group.row_memory()
        rows, entries = len(group.nodes_of(self._number)), group.entries_of(self._number)
        arrays = self._buffer.arrays(group.graph, PartitionSpec.of(group.rules), rows, len(entries))
        shared = SharedReading(arrays, entries, self._reading.run)
        return read_partition(group, self._number, False, shared)


def read_partition(
    group: WalkerGroup,
    number: int,
    resident: bool,
    shared: SharedReading | None = None,
) -> Partition:
    """Read a partition for the walks of `group`; with all that makes walks fast if it stays."""
    return load_partition(
        group.graph,
        PartitionSpec.of(group.rules),
        nodes=group.nodes_of(number),
        shared=shared,
        filtered=resident,
        threads=num_cores() if resident else 1,
    )


def walk_group(
    group: WalkerGroup,
    sweep: PartitionSweep,
    block_rows: Sequence[int],
    out: NDArray[Any] | None,
    spill: bool,
    _after: Any = None,
) -> Steps:
    """Walk a group of walkers from beginning to end.

    Parameters
    ----------
    group : WalkerGroup
        The walkers.
    sweep : PartitionSweep
        The partitions.
    block_rows : sequence of int
        Walks of each block that the group fills.
    out : ndarray of int32 or int64, optional
        Where to write their walks.
    spill : bool
        Whether steps wait in a file, if there is no `out`.
    _after : object
        What must be done before: the blocks of the batch before are made of its steps, which then
        can be let go.
    """
    if not sweep.resident:
        return_large_at_once()  # memory is short
    steps: Steps
    if out is not None:
        group.make_blank(out)
        steps = InPlaceSteps(out, block_rows)
    elif spill:
        steps = SpilledSteps(group, block_rows)
    else:
        steps = InPlaceSteps(group.blank(), block_rows)
    mailbox = OutOfCoreWalk(group, steps)
    mailbox.start()
    sweep.run(mailbox)
    return steps


def get_block(steps: Steps, number: int, _together: Any = None) -> NDArray[Any]:
    """Return a block of a group's walks, once those who went together have all finished."""
    return steps.block(number)


def block_done(_block: Any) -> None:
    """Say that a block is made, without holding on to it."""
