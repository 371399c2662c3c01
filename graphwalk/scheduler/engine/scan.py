"""One pass over the entries of a graph: each partition is read, and visited by a program.

The program's result is an array for each node, such as the sum of the values of its neighbours. All
threads of a process update the same array; visits must therefore be safe in parallel and may come
in any order. Processes each have an array of their own, of the partitions that they were given;
these are merged. A task that is run again returns its array again, so nothing is counted twice.
"""

from __future__ import annotations

import time
from collections import deque
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from graphwalk.storage.partitions.entry_partitions import read_entries
from graphwalk.util.cancel import check_cancelled
from graphwalk.util.events import Event, Work, emit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.scan_plan import ScanPlan
    from graphwalk.storage.partitions.entry_partitions import EntryPartition, PartialRows
    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.util.executor import Job


class ScanProgram(Protocol):
    """What a pass computes. It is sent to other processes and never changed there."""

    def new_result(self) -> NDArray[Any]:
        """Return the result of a pass that has visited nothing."""

    def visit(self, result: NDArray[Any], rows: PartialRows) -> None:
        """Update a result with some entries; several threads do so at the same time."""

    def merge(self, result: NDArray[Any], other: NDArray[Any]) -> None:
        """Update a result with that of other partitions."""


class Scanner:
    """Runs passes of a plan, one after the other.

    Parameters
    ----------
    graph : GraphArrays
        The graph.
    plan : ScanPlan
        How it is read.
    job : Job
        What runs the visits.
    name : str
        Name of the array that is computed, for listeners of events.
    """

    def __init__(self, graph: GraphArrays, plan: ScanPlan, job: Job, name: str = "") -> None:
        self._graph, self._plan, self._job, self._name = graph, plan, job, name
        self._kept: dict[EntryPartition, PartialRows] = {}
        self._passes = 0

    def scan(self, program: ScanProgram, result: NDArray[Any]) -> None:
        """Visit every entry once; add what the program computes to `result`."""
        wave, self._passes = self._passes, self._passes + 1
        # The file cache still holds what the pass before has read last.
        parts = self._plan.partitions[:: 1 if wave % 2 == 0 else -1]
        if self._job.in_process:
            self._scan_here(program, result, parts, wave)
        else:
            self._scan_elsewhere(program, result, parts, wave)

    def _scan_here(
        self,
        program: ScanProgram,
        result: NDArray[Any],
        parts: Sequence[EntryPartition],
        wave: int,
    ) -> None:
        def visit(part: EntryPartition) -> None:
            check_cancelled()
            with Work("scan", self._name, partition=self._numbers[part], wave=wave) as work:
                rows = self._kept.get(part) or read_entries(self._graph, part)
                if self._plan.resident:
                    self._kept[part] = rows
                program.visit(result, rows)
                work.add(steps=len(part.entries), size=rows.neighbors.nbytes)

        for _ in self._job.map(visit, parts, ordered=False):
            pass

    @cached_property
    def _numbers(self) -> dict[EntryPartition, int]:
        return {part: number for number, part in enumerate(self._plan.partitions)}

    def _scan_elsewhere(
        self,
        program: ScanProgram,
        result: NDArray[Any],
        parts: Sequence[EntryPartition],
        wave: int,
    ) -> None:
        job, started = self._job, time.time()
        graph, shared = job.put(self._graph), job.put(program)
        shares = [parts[i :: self._plan.processes] for i in range(self._plan.processes)]
        refs = deque(job.submit(scan_share, graph, shared, share) for share in shares if share)
        while len(refs) > 1:
            refs.append(job.submit(merge_results, shared, refs.popleft(), refs.popleft()))
        for ref in refs:
            program.merge(result, job.result(ref))
        seconds = time.time() - started
        emit(Event("scan", self._name, started, seconds, wave=wave, steps=self._plan.num_entries))


def scan_share(
    graph: GraphArrays, program: ScanProgram, parts: Sequence[EntryPartition]
) -> NDArray[Any]:
    """Return the result of some partitions."""
    result = program.new_result()
    for part in parts:
        check_cancelled()
        program.visit(result, read_entries(graph, part))
    return result


def merge_results(program: ScanProgram, result: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
    """Return what two results are together."""
    merged = result.copy()  # arguments of tasks may be read-only
    program.merge(merged, other)
    return merged
