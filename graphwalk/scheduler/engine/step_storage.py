"""Steps that walkers of a group have made, until they are blocks of walks."""

from __future__ import annotations

import threading
from array import array
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import dask
import numpy as np

from graphwalk.kernels.walk.routing import scatter
from graphwalk.scheduler.engine.walker_records import Sorter
from graphwalk.storage.files.spill import AnonymousSpillFile
from graphwalk.util.threads import run_by

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.blocks import BlockRows
    from graphwalk.scheduler.engine.walker_group import WalkerGroup
    from graphwalk.util.executor import Job, Ref

    #: Takes nodes, each as often as walks visit it; several threads call it at the same time.
    Visit: TypeAlias = Callable[[NDArray[Any]], None]

#: Bytes of a section of small blocks, and how many of these sections are in memory at most.
SECTION, _SECTIONS = 1 << 18, 2


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
    block_rows : BlockRows
        Walks of each block of the group.
    """

    def __init__(self, walks: NDArray[Any], block_rows: BlockRows) -> None:
        self._walks, self._block_rows = walks, block_rows

    def keep(self, log: NDArray[Any]) -> None:
        """Put the steps where they belong."""
        scatter(log, self._walks)

    def block(self, number: int) -> NDArray[Any]:
        """Return the walks of a block."""
        return self._walks[self._block_rows.rows(number, number + 1)]


class SpilledSteps:
    """Steps that wait in a temporary file, sorted by block.

    Small blocks wait together, in sections: else a part of a log would be a step or two.
    """

    def __init__(self, group: WalkerGroup, block_rows: BlockRows) -> None:
        self._group, self._block_rows = group, block_rows
        block = max(block_rows, default=0) * group.shape[1] * group.result_dtype.itemsize
        self._count = max(1, SECTION // max(1, block))
        self._sections = block_rows.joined(self._count)
        self._sorter = Sorter(self._sections.starts() * group.shape[1])
        self._made: dict[int, NDArray[Any]] = {}
        self._making = threading.Lock()
        self._file = AnonymousSpillFile(dask.config.get("temporary-directory", None))
        # Where the parts of each section begin, how long they are, and their checksums: of numbers,
        # not objects, for there is one for each section whenever a log is full.
        self._parts = [array("q") for _ in self._sections]

    def __reduce__(self) -> Any:
        walks = np.concatenate([self._make(number) for number in range(len(self._sections))])
        return InPlaceSteps, (walks, self._block_rows)

    def keep(self, log: NDArray[Any]) -> None:
        """Write the steps down."""
        by_section = self._sorter.sort(log, log["position"].astype(np.int64))
        for parts, steps in zip(self._parts, by_section, strict=True):
            if len(steps):
                start, checksum = self._file.append(steps)
                parts.extend((start, len(steps), checksum))

    def block(self, number: int) -> NDArray[Any]:
        """Return the walks of a block, made of its steps."""
        section = number // self._count
        if self._count == 1:
            return self._make(section)
        rows, start = self._block_rows.rows(number, number + 1), self._sections.start(section)
        with self._making:
            if section not in self._made:
                if len(self._made) == _SECTIONS:
                    del self._made[min(self._made)]  # mostly, blocks are asked for in order
                self._made[section] = self._make(section)
            return self._made[section][rows.start - start : rows.stop - start]

    def _make(self, number: int) -> NDArray[Any]:
        """Return the walks of a section."""
        rows = self._sections.rows(number, number + 1)
        walks = self._group.blank(rows.start, rows.stop)
        before = rows.start * self._group.shape[1]
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


class VisitedSteps(PutSteps):
    """Steps of which only the visited nodes are wanted, at once.

    Parameters
    ----------
    group : WalkerGroup
        The walkers, whose start nodes are visited first.
    visit : callable
        Takes the nodes; the array is overwritten afterwards.
    """

    def __init__(self, group: WalkerGroup, visit: Visit) -> None:
        self._visit = visit
        for nodes in group.first_nodes():
            visit(nodes)

    def keep(self, log: NDArray[Any]) -> None:
        """Report the nodes."""
        self._visit(log["node"])


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
        block_rows: BlockRows,
        logs: Sequence[Ref],
        name: str,
        threads: int,
    ) -> None:
        how: Any = {"pieces": len(block_rows), "threads": threads, "name": f"join {name}"}
        self._blocks = job.submit(join_steps, group, block_rows, *logs, **how)

    def block(self, number: int) -> Ref:
        """Return the reference of a block."""
        found: Ref = self._blocks[number]
        return found


def _put(log: NDArray[Any], walks: NDArray[Any]) -> None:
    scatter(log.copy(), walks)


def join_steps(
    group: WalkerGroup, block_rows: BlockRows, *logs: NDArray[Any]
) -> list[NDArray[Any]]:
    """Return the blocks of a group, of the steps that its walkers have made."""
    walks = group.blank()
    run_by(group.sizes.threads)(partial(_put, log, walks) for log in logs)
    return np.split(walks, block_rows.starts()[1:-1])
