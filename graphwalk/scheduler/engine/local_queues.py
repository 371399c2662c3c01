"""Queues of a group of walkers in the memory of this process, and the partitions read there."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from graphwalk.scheduler.engine.advance_walkers import advance_walkers
from graphwalk.scheduler.engine.read_partition import read_partition
from graphwalk.scheduler.engine.walker_queues import WalkerQueues
from graphwalk.storage.partitions.read_rows import RowMemory, SharedReading
from graphwalk.storage.partitions.spec import PartitionSpec
from graphwalk.util.events import Event, Work
from graphwalk.util.shared_work import SharedWork

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.partition_sweep import PartitionSweep
    from graphwalk.scheduler.engine.step_storage import KeptSteps
    from graphwalk.scheduler.engine.walker_group import WalkerGroup
    from graphwalk.storage.partitions.partition import Partition


class LocalQueues:
    """A queue for each partition, and the group's steps, in this process.

    Walkers go from a kernel's output into the queues at once, and steps to their place.
    """

    def __init__(self, group: WalkerGroup, steps: KeptSteps) -> None:
        self._group, self._steps = group, steps
        self._queues = WalkerQueues(group.dtype, group.shape[0], group.sorter)

    def left(self) -> bool:
        """Return whether any walker waits."""
        return self._queues.left()

    def waiting(self, number: int) -> int:
        """Return how many walkers wait for a partition."""
        return self._queues.waiting(number)

    def partition(self, number: int, sweep: PartitionSweep, wave: int) -> LazyPartition:
        """Return a partition, not read yet."""
        return LazyPartition(self._group, number, sweep, wave)

    def begin(self, event: Event, rows: Partition | None) -> Callable[[], None]:
        """Move the walkers of an event; there is nothing left to finish."""
        group = self._group
        most = group.most_at_once(rows)
        arriving = self._queues.take(event.partition, most) if event.walkers else ()
        place = {"partition": event.partition, "wave": event.wave}
        with Work(event.kind, event.job, **place) as work:
            work.add(walkers=event.walkers)

            def keep(log: NDArray[Any]) -> None:
                self._steps.keep(log)
                work.add(steps=len(log))

            remaining = event.walkers or group.shape[0]
            for leavers in advance_walkers(group, event.kind, rows, arriving, keep):
                self._queues.put(leavers, group.places(leavers))
                remaining -= len(leavers)
            work.add(ended=remaining)
        return lambda: None


class LazyPartition:
    """A partition that is read when it is first needed, once, for all groups that share it."""

    def __init__(self, group: WalkerGroup, number: int, sweep: PartitionSweep, wave: int) -> None:
        self._group, self._number, self._sweep = group, number, sweep
        self._wave = wave
        self._lock = threading.Lock()
        self._reading = SharedWork()
        self._partition: Partition | None = None
        self._buffer: RowMemory | None = None
        self._closed = False

    def close(self) -> None:
        """Free it, and lend its memory to the next: readers may still hold this object."""
        with self._lock:
            self._partition, self._closed = None, True
            if self._buffer is not None:
                self._sweep.release_buffer(self._buffer)
                self._buffer = None

    def worth_reading(self, walkers: int) -> bool:
        """Return whether the whole partition serves these walkers better than single rows."""
        return self._partition is not None or self._group.worth_reading(self._number, walkers)

    def get(self) -> Partition:
        """Return the partition; a thread that would wait while it is read helps to read it."""
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
                self._reading.end()  # also after an error, so that helping threads stop waiting
        return self._partition

    def _read_rows(self) -> Partition:
        group = self._group
        if self._sweep.resident:
            return read_partition(group, self._number, True)
        if self._buffer is None:
            self._buffer = self._sweep.acquire_buffer() or group.row_memory()
        rows, entries = len(group.nodes_of(self._number)), group.entries_of(self._number)
        arrays = self._buffer.arrays(group.graph, PartitionSpec.of(group.spec), rows, len(entries))
        shared = SharedReading(arrays, entries, self._reading.run)
        return read_partition(group, self._number, False, shared)
