"""Steps that walkers of a group have made, until they are blocks of walks."""

from __future__ import annotations

from array import array
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Protocol

import dask
import numpy as np

from graphwalk.kernels.walk.routing import scatter
from graphwalk.scheduler.engine.walker_records import Sorter
from graphwalk.storage.files.spill import AnonymousSpillFile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.walker_group import WalkerGroup
    from graphwalk.util.executor import Job, Ref


class Steps(Protocol):
    """The steps of a group whose walks are finished, or of walkers under way in this process."""

    def block(self, number: int) -> Any:
        """Return the walks of a block, or a reference of them, once all steps are there."""


class KeptSteps(Steps, Protocol):
    """Steps of walkers under way in this process."""

    def keep(self, log: NDArray[Any]) -> None:
        """Take some steps; the array is overwritten afterwards."""


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
        scatter(log, self._walks)

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
            scatter(log, walks)
        return walks


class PutSteps:
    """Steps of another process that are where they belong."""

    def block(self, _number: int) -> bool:
        """Say that a block is there."""
        return True


class ListedBlocks:
    """References to blocks, by number."""

    def __init__(self, blocks: Mapping[int, Ref]) -> None:
        self._blocks = blocks

    def block(self, number: int) -> Ref:
        """Return the reference of a block."""
        return self._blocks[number]


class SentSteps:
    """References to the blocks of a group, which a task makes of the steps of all tasks."""

    def __init__(
        self,
        job: Job,
        group: Ref,
        block_rows: Sequence[int],
        logs: Sequence[Ref],
        name: str,
    ) -> None:
        rows = tuple(block_rows)
        self._blocks = job.submit(
            join_steps, group, rows, *logs, pieces=len(rows), name=f"join {name}"
        )

    def block(self, number: int) -> Ref:
        """Return the reference of a block."""
        found: Ref = self._blocks[number]
        return found


def join_steps(
    group: WalkerGroup, block_rows: Sequence[int], *logs: NDArray[Any]
) -> list[NDArray[Any]]:
    """Return the blocks of a group, of the steps that its walkers have made."""
    walks = group.blank()
    for log in logs:
        scatter(log.copy(), walks)
    return np.split(walks, np.cumsum(block_rows)[:-1])
