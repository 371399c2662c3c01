"""Partitions taken in turn, by several groups of walkers that share what is read of the graph."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from graphwalk.util.cancel import CancelToken
from graphwalk.util.conditions import Condition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class PartitionHandle(Protocol):
    """A partition that is read when it is first asked for."""

    def worth_reading(self, walkers: int) -> bool:
        """Return whether it is faster to read the whole for these walkers than single rows."""

    def get(self) -> Any:
        """Return it."""

    def prepare(self) -> None:
        """Read it, unless it is closed."""

    def close(self) -> None:
        """Free it: it will not be asked for again."""


class SweepClient(Protocol):
    """A group of walkers that wait for partitions."""

    def left(self) -> bool:
        """Return whether any walker waits."""

    def waiting(self, number: int) -> int:
        """Return how many walkers wait for a partition."""

    def share(self, number: int, sweep: PartitionSweep) -> PartitionHandle:
        """Return a partition, not read yet, that all clients can use."""

    def advance(self, number: int, partition: PartitionHandle) -> None:
        """Advance the walkers that wait for a partition."""

    def advance_all(self, partitions: Mapping[int, PartitionHandle]) -> None:
        """Advance the walkers that wait for each of these partitions by now."""


class PartitionSweep:
    """Visits the partitions in turn as long as walkers wait for any.

    A pass over all partitions is a wave. A group joins at the partition that is visited, stays
    together with the others, and leaves when all its walks are finished. Of partitions that do not
    stay in memory there is one at a time, or two when the next is read ahead; a partition for which
    no walker waits is not read.

    Parameters
    ----------
    num_partitions : int
        Number of partitions.
    resident : bool
        Whether partitions stay in memory; each group then visits them at its own pace.
    ahead : bool
        Whether the next partition is read while walkers advance in one.
    at_once : bool
        Whether a group advances in all partitions at the same time, which then stay in memory.
    """

    def __init__(
        self, num_partitions: int, *, resident: bool, ahead: bool, at_once: bool = False
    ) -> None:
        self.num_partitions, self.resident, self.ahead = num_partitions, resident, ahead
        self.at_once = at_once
        self._turn = Condition()
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
        """Have all groups leave at the next slice of walkers, and admit no others."""
        self.token.cancel()

    def _wanted(self, client: SweepClient) -> bool:
        self.token.check()
        return client.left()

    def acquire_buffer(self) -> Any:
        """Return memory of a partition that was freed, or None."""
        return self._free_buffers.pop() if self._free_buffers else None

    def release_buffer(self, memory: Any) -> None:
        """Keep memory for the next partition, if there will be one: new memory is slow."""
        if self._places:
            self._free_buffers.append(memory)

    @contextmanager
    def _registered(self, client: SweepClient) -> Iterator[None]:
        with self._turn:
            now = min(self._places.values(), default=0)
            # Groups that share nothing begin apart, since they would wait for the same partition.
            self._places[client] = self._num_joined if self.resident else now
            self._num_joined += 1
        try:
            yield
        finally:
            with self._turn:
                del self._places[client]
                if not self._places:
                    while self._shared:  # also what was to be read ahead, and is not any more
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
        # An error is raised where the partition is asked for, and reading is tried again there.
        self._reader.submit(partition.prepare)

    def _stop_reading(self) -> None:
        if self._reader is not None:
            self._reader.shutdown(wait=False)
            self._reader = None


def _sweep(num_partitions: int, resident: bool, ahead: bool, at_once: bool) -> PartitionSweep:
    return PartitionSweep(num_partitions, resident=resident, ahead=ahead, at_once=at_once)
