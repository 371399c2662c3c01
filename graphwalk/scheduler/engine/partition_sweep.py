"""Partitions taken in turn, for several groups of walkers who share what is read of the graph."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from graphwalk.util.cancel import CancelToken

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class PartitionHandle(Protocol):
    """A partition that is read when it is first asked for."""

    def worth_reading(self, walkers: int) -> bool:
        """Return whether so many walkers are better served by the whole than by single rows."""

    def get(self) -> Any:
        """Return it."""

    def prepare(self) -> None:
        """Read it, unless it is closed."""

    def close(self) -> None:
        """Let go of it, when nobody will ask for it any more."""


class SweepClient(Protocol):
    """A group of walkers, who wait for partitions."""

    def left(self) -> bool:
        """Return whether anybody waits."""

    def waiting(self, number: int) -> int:
        """Return how many wait for a partition."""

    def share(self, number: int, sweep: PartitionSweep) -> PartitionHandle:
        """Return a partition, not read yet, that all clients can use."""

    def advance(self, number: int, partition: PartitionHandle) -> None:
        """Advance those who wait for a partition."""

    def advance_all(self, partitions: Mapping[int, PartitionHandle]) -> None:
        """Advance those who wait for each of these partitions by now."""


class PartitionSweep:
    """Turns through the partitions as long as there are walkers who wait for any.

    One turn is a wave. Groups get on where it is, stay together, and get off when all their walks
    are finished. Partitions that do not stay in memory are there one at a time, or two when the
    next is read ahead; one that nobody waits for is not read.

    Parameters
    ----------
    num_partitions : int
        Number of partitions.
    resident : bool
        Whether partitions stay; groups then go round at their own pace.
    ahead : bool
        Whether the next partition is read while one is walked.
    at_once : bool
        Whether a group is advanced in all partitions, which stay, at the same time.
    """

    def __init__(
        self, num_partitions: int, *, resident: bool, ahead: bool, at_once: bool = False
    ) -> None:
        self.num_partitions, self.resident, self.ahead = num_partitions, resident, ahead
        self.at_once = at_once
        self._turn = threading.Condition()
        self._places: dict[SweepClient, int] = {}
        self._shared: dict[int, PartitionHandle] = {}
        self._free_buffers: list[Any] = []
        self._num_joined = 0
        self.token = CancelToken()
        self._reader: ThreadPoolExecutor | None = None

    def __reduce__(self) -> Any:
        return _sweep, (self.num_partitions, self.resident, self.ahead, self.at_once)

    def run(self, client: SweepClient) -> None:
        """Advance a group until all its walks are finished.

        Raises
        ------
        CancelledError
            When the sweep has been cancelled.
        """
        with self._registered(client):
            while self.at_once and self._wanted(client):
                wanted = filter(client.waiting, range(self.num_partitions))
                client.advance_all({number: self._partition(client, number) for number in wanted})
            while self._wanted(client):
                place = self._places[client]
                number = place % self.num_partitions
                if client.waiting(number):
                    client.advance(number, self._partition(client, place))
                self._go_on(client, place + 1)

    def cancel(self) -> None:
        """Have all groups leave, at the next slice of walkers, and let no others on."""
        self.token.cancel()

    def _wanted(self, client: SweepClient) -> bool:
        self.token.check()
        return client.left()

    def acquire_buffer(self) -> Any:
        """Return memory that was passed on, or None."""
        return self._free_buffers.pop() if self._free_buffers else None

    def release_buffer(self, memory: Any) -> None:
        """Keep memory of a partition for the next, unless there is none: it is slow to get anew."""
        if self._places:
            self._free_buffers.append(memory)

    @contextmanager
    def _registered(self, client: SweepClient) -> Iterator[None]:
        with self._turn:
            now = min(self._places.values(), default=0)
            # Those who share nothing are better apart: they would wait for the same partition.
            self._places[client] = self._num_joined if self.resident else now
            self._num_joined += 1
        try:
            yield
        finally:
            with self._turn:
                del self._places[client]
                if not self._places:
                    while self._shared:  # also what is to be read ahead, and must not be any more
                        self._shared.popitem()[1].close()
                    self._free_buffers.clear()
                    self._stop_reading()
                self._turn.notify_all()

    def _go_on(self, client: SweepClient, place: int) -> None:
        with self._turn:
            self._places[client] = place
            if self.resident:
                return
            self._turn.notify_all()
            slack = 1 if self.ahead else 0
            self._turn.wait_for(lambda: place <= min(self._places.values()) + slack)
            last = min(self._places.values())
            for old in [old for old in self._shared if old < last]:
                self._shared.pop(old).close()
            if self.ahead:
                self._read_ahead(client, last + 1)

    def _partition(self, client: SweepClient, place: int) -> PartitionHandle:
        key = place % self.num_partitions if self.resident else place
        with self._turn:
            if key not in self._shared:
                self._shared[key] = client.share(place % self.num_partitions, self)
            return self._shared[key]

    def _read_ahead(self, client: SweepClient, place: int) -> None:
        """Have a partition read if it will be needed, by a thread of its own."""
        number = place % self.num_partitions
        walkers = sum(other.waiting(number) for other in self._places)
        if place in self._shared or not walkers:
            return
        partition = client.share(number, self)
        if not partition.worth_reading(walkers):
            return
        self._shared[place] = partition
        if self._reader is None:
            self._reader = ThreadPoolExecutor(1, thread_name_prefix="graphwalk-read")
        # What goes wrong is raised to those who ask for the partition, who try again.
        self._reader.submit(partition.prepare)

    def _stop_reading(self) -> None:
        if self._reader is not None:
            self._reader.shutdown(wait=False)
            self._reader = None


def _sweep(num_partitions: int, resident: bool, ahead: bool, at_once: bool) -> PartitionSweep:
    return PartitionSweep(num_partitions, resident=resident, ahead=ahead, at_once=at_once)
