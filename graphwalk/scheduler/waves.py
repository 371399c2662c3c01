"""The tasks of a graph in several partitions, through which walkers go.

A group of walkers has a mailbox, with an inbox for each partition. A task opens one inbox, advances
who is in it as long as they stay in that partition, and puts those who leave into other inboxes.
Groups never exchange walkers: so many can be under way while they share a partition in memory.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import weakref
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import dask
import numpy as np

from graphwalk.kernels.routing import scatter
from graphwalk.storage.parallel import num_cores
from graphwalk.storage.partition import Partition, load_partition
from graphwalk.storage.spill import Piece, SpillFile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from graphwalk.scheduler.advance import Group

#: A partition is read when it has this share of as many walkers as chunks, else rows alone are.
WORTH_READING = 4


class Steps(Protocol):
    """What the walkers of a group have done."""

    def keep(self, log: NDArray[Any]) -> None:
        """Take up some steps; the array is overwritten afterwards."""

    def result(self) -> NDArray[Any]:
        """Return the walks, once all steps are there."""


class PlacedSteps:
    """Steps that are put into the result at once."""

    def __init__(self, walks: NDArray[Any]) -> None:
        self._walks = walks

    def keep(self, log: NDArray[Any]) -> None:
        """Put the steps where they belong."""
        scatter(log, self._walks.reshape(-1))

    def result(self) -> NDArray[Any]:
        """Return the walks."""
        return self._walks


class SpilledSteps:
    """Steps that wait in a temporary file, of which the result is made at the end."""

    def __init__(self, group: Group) -> None:
        self._group = group
        folder = tempfile.mkdtemp(
            prefix="graphwalk-walk-", dir=dask.config.get("temporary-directory", None)
        )
        self._remove = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self._file = SpillFile(str(Path(folder) / "steps"))
        self._pieces: list[Piece] = []

    def keep(self, log: NDArray[Any]) -> None:
        """Write the steps down."""
        if len(log):
            self._pieces.append(self._file.append(log))

    def result(self) -> NDArray[Any]:
        """Return the walks, and remove the file."""
        self._file.close()
        walks = self._group.blank()
        for piece in self._pieces:
            scatter(piece.read(), walks.reshape(-1))
        self._remove()
        return walks


class Mailbox:
    """Where the walkers of a group wait, and what they have done so far."""

    def __init__(self, group: Group, steps: Steps) -> None:
        self.group = group
        self.steps = steps
        self.inboxes: list[list[NDArray[Any]]] = [[] for _ in range(group.num_partitions)]

    def deliver(self, pieces: Iterable[NDArray[Any]]) -> None:
        """Put walkers into the inbox of each partition."""
        for inbox, piece in zip(self.inboxes, pieces, strict=True):
            if len(piece):
                inbox.append(piece)

    def waiting(self, partition: int) -> int:
        """Return how many walkers wait for a partition."""
        return sum(map(len, self.inboxes[partition]))

    def open(self, partition: int) -> Iterable[NDArray[Any]]:
        """Take the walkers out of an inbox, one piece after the other, to be let go."""
        pieces, self.inboxes[partition] = self.inboxes[partition], []
        while pieces:
            yield pieces.pop(0)


class Memory:
    """Memory of partitions that were let go, for the next ones: to get it anew takes its time."""

    def __init__(self) -> None:
        self._free: list[NDArray[Any]] = []
        self.lock = threading.Lock()

    def __reduce__(self) -> Any:
        return Memory, ()

    def take(self, items: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return an array of at least so many items."""
        while self._free:
            with suppress(IndexError):  # another thread was faster
                free = self._free.pop()
                if len(free) >= items:
                    return free
        return np.empty(items, dtype)

    def give(self, array: NDArray[Any]) -> None:
        """Take back an array that nobody uses any more."""
        self._free.append(array)


class LazyPartition:
    """A partition that is read when somebody needs it, once, for all groups that share it."""

    def __init__(self, group: Group, number: int, filtered: bool, memory: Memory) -> None:
        self._group, self._number, self._filtered = group, number, filtered
        self._memory = memory
        self._lent: NDArray[Any] | None = None
        self._lock = threading.Lock()
        self._partition: Partition | None = None

    def __reduce__(self) -> Any:
        return LazyPartition, (self._group, self._number, self._filtered, self._memory)

    def __del__(self) -> None:
        if self._lent is not None:
            self._memory.give(self._lent)

    def worth_reading(self, walkers: int) -> bool:
        """Return whether so many walkers are better served by the whole than by single rows."""
        with self._lock:
            return self._partition is not None or walkers * WORTH_READING > self._group.chunks_of(
                self._number
            )

    def get(self) -> Partition:
        """Return the partition."""
        with self._lock:
            if self._partition is None:
                self._lent = self._memory.take(
                    self._group.largest_partition, self._group.graph.neighbor_dtype
                )
                self._partition = read_partition(
                    self._group, self._number, self._filtered, self._lent
                )
            return self._partition


def read_partition(
    group: Group, number: int, filtered: bool, into: NDArray[Any] | None = None
) -> Partition:
    """Read a partition for the walks of `group`."""
    return load_partition(
        group.graph,
        weighted=group.rules.weighted,
        second_order=group.rules.second_order,
        nodes=range(int(group.bounds[number]), int(group.bounds[number + 1])),
        into=into,
        filtered=filtered,
        threads=num_cores() if filtered else 1,
    )


def start_group(group: Group, out: NDArray[Any] | None, spill: bool, _after: Any = None) -> Mailbox:
    """Put the walkers of a group at their start nodes.

    Parameters
    ----------
    group : Group
        The walkers.
    out : ndarray of int32 or int64, optional
        Where to write their walks.
    spill : bool
        Whether steps wait in a file, if there is no `out`.
    _after : object
        What must be done before.
    """
    if out is not None:
        group.make_blank(out)
    steps = (
        SpilledSteps(group)
        if spill and out is None
        else PlacedSteps(group.blank() if out is None else out)
    )
    mailbox = Mailbox(group, steps)
    mailbox.deliver(group.start())
    return mailbox


def share_partition(
    group: Group, number: int, filtered: bool, memory: Memory, mailboxes: list[Mailbox]
) -> LazyPartition:
    """Return a partition for several groups; read already if it is sure to be needed."""
    partition = LazyPartition(group, number, filtered, memory)
    walkers = sum(mailbox.waiting(number) for mailbox in mailboxes)
    if walkers and partition.worth_reading(walkers):
        partition.get()
    return partition


def advance_group(mailbox: Mailbox, number: int, partition: LazyPartition) -> Mailbox:
    """Advance the walkers of a group who wait for a partition."""
    walkers = mailbox.waiting(number)
    if walkers:
        group, arriving = mailbox.group, mailbox.open(number)
        if partition.worth_reading(walkers):
            leavers = group.advance(partition.get(), arriving, mailbox.steps.keep)
        else:
            leavers = group.advance_few(arriving, mailbox.steps.keep)
        for some in leavers:
            mailbox.deliver(some)
    return mailbox


def finish_group(mailbox: Mailbox, memory: Memory) -> NDArray[Any]:
    """Return the walks of a group, after the few walkers left have been walked to their end."""
    finish_walkers(mailbox, memory)
    return mailbox.steps.result()


def finish_walkers(mailbox: Mailbox, memory: Memory) -> None:
    """Advance walkers until none is left."""
    group = mailbox.group
    numbers = range(group.num_partitions)
    while any(map(mailbox.waiting, numbers)):
        for number in numbers:
            # One group at a time: each would have a partition of its own.
            with memory.lock:
                advance_group(mailbox, number, LazyPartition(group, number, False, memory))


def take_rows(walks: NDArray[Any], start: int, stop: int) -> NDArray[Any]:
    """Return a block of a group's walks."""
    return walks[start:stop]
