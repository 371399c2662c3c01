"""One pass over the entries of a graph: each partition is read, and visited by a program.

The program's result is often an array for each node, such as the sum of the values of its
neighbours. All threads of a process update the same result; visits must therefore be safe in
parallel and may come in any order. In other processes there is a task for each machine, whose
threads share a result, of a share of the partitions; results are merged there, two at a time, and
the last two here. Partitions that stay in memory are always in the same share, and stay where they
were read. A task that is run again returns its result again, so nothing is counted twice.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import nullcontext
from functools import cached_property, partial
from itertools import compress
from typing import TYPE_CHECKING, Any, Protocol

from graphwalk.scheduler.engine.place import place_of
from graphwalk.scheduler.engine.scan_plan import plan_scan
from graphwalk.storage.partitions.entry_partitions import read_entries
from graphwalk.util.cancel import check_cancelled
from graphwalk.util.events import Event, Work, emit
from graphwalk.util.read_only import all_read_only
from graphwalk.util.threads import run_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from graphwalk.scheduler.engine.scan_plan import RowReader, ScanCost, ScanPartition, ScanPlan
    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.util.executor import Job, Place, Ref


class ScanProgram(Protocol):
    """What a pass computes. It is sent to other processes and never changed there."""

    @property
    def here(self) -> bool:
        """Return whether it reads another store that only this machine has."""
        return False

    def new_result(self) -> Any:
        """Return the result of a pass that has visited nothing."""

    def read(self, graph: GraphArrays, part: Any) -> Any:
        """Return what `visit` gets of a partition: by default, the rows of its entries."""
        return read_entries(graph, part)

    def visit(self, result: Any, rows: Any) -> None:
        """Update a result with a partition; several threads do so at the same time."""

    def merge(self, result: Any, other: Any) -> None:
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
    alone : bool
        Whether the thread that scans visits all partitions itself, since several threads of this
        process do so at the same time.
    kept : dict, optional
        Where rows that stay in this process are kept, for later jobs that have the same plan.
    """

    def __init__(
        self,
        graph: GraphArrays,
        plan: ScanPlan,
        job: Job,
        name: str = "",
        *,
        alone: bool = False,
        kept: dict[ScanPartition, Any] | None = None,
    ) -> None:
        self._graph, self._plan, self._job, self._name = graph, plan, job, name
        self._alone, self._reading = alone, threading.Lock()
        # Rows of a partition; elsewhere the reference of those of a share, by its first partition.
        self._kept: dict[ScanPartition, Any] = {} if kept is None else kept
        self._passes = 0

    @property
    def plan(self) -> ScanPlan:
        """How the graph is read."""
        return self._plan

    def of(self, graph: GraphArrays, cost: ScanCost, reader: RowReader) -> Scanner:
        """Return what scans a smaller graph in the same job, in as many partitions.

        Partitions of this graph that stay in memory are freed; a later pass reads them again.
        """
        self._kept.clear()
        here, own = self._job.in_process, self._plan
        parts = len(own.partitions)
        plan = plan_scan(graph, cost, own.resources, parts, in_process=here, reader=reader)
        return Scanner(graph, plan, self._job, self._name)

    @property
    def backwards(self) -> bool:
        """Whether the next pass goes from the last partition to the first."""
        # The file cache still holds what the pass before has read last.
        return self._passes % 2 == 1

    def scan(
        self,
        program: ScanProgram,
        result: Any,
        advance: Callable[[int], object] | None = None,
        active: Callable[[Any], bool] | None = None,
    ) -> None:
        """Visit every entry once; add what the program computes to `result`.

        Parameters
        ----------
        program : ScanProgram
            What is computed.
        result : object
            What the pass updates.
        advance : callable, optional
            This thread calls it with the number of entries that were visited since its last call.
        active : callable, optional
            Returns whether a partition has anything to visit; others are neither read nor visited.
        """
        parts = self._plan.partitions[:: -1 if self.backwards else 1]
        wave, self._passes = self._passes, self._passes + 1
        if active is not None:
            parts = tuple(filter(active, parts))
        scan = self._scan_here if self._job.in_process else self._scan_elsewhere
        for entries in scan(program, result, parts, wave):
            if advance is not None:
                advance(entries)

    def map(self, function: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
        """Yield ``function(item)`` for all items, in order, computed by the workers."""
        return self._job.map(function, items, place=place_of(self._graph, self._job), name="map")

    def _scan_here(
        self, program: ScanProgram, result: Any, parts: Sequence[ScanPartition], wave: int
    ) -> Iterator[int]:
        width, sent = self._graph.neighbor_dtype.itemsize, all_read_only(program)

        def visit(part: ScanPartition) -> int:
            check_cancelled()
            entries = len(part.entries)
            with Work("scan", self._name, partition=self._numbers[part], wave=wave) as work:
                sent.visit(result, self._rows(sent, part))
                work.add(steps=entries, size=entries * width)
            return entries

        if self._alone or len(parts) == 1:  # a pass of one task does not wait for another thread
            with self._job.token.active():
                return iter([visit(part) for part in parts])
        return self._job.map(visit, parts, ordered=False)

    def _rows(self, program: ScanProgram, part: ScanPartition) -> Any:
        if not self._plan.resident:
            return read_rows(program, self._graph, part)
        if part not in self._kept:
            with self._reading if self._alone else nullcontext():
                if part not in self._kept:  # another thread may have read it meanwhile
                    self._kept[part] = read_rows(program, self._graph, part)
        return self._kept[part]

    @cached_property
    def _numbers(self) -> dict[ScanPartition, int]:
        return {part: number for number, part in enumerate(self._plan.partitions)}

    @cached_property
    def _reference(self) -> Ref:
        return self._job.put(self._graph)

    def _scan_elsewhere(
        self, program: ScanProgram, result: Any, parts: Sequence[ScanPartition], wave: int
    ) -> Iterator[int]:
        if not parts:
            return
        job, started = self._job, time.time()
        where: Place = "here" if program.here else place_of(self._graph, job)
        # What one task alone needs is sent with it.
        shared: Any = job.put(program) if self._plan.shares > 1 else program
        scan = self._scan_kept if self._plan.resident else self._scan_read
        shares = scan(shared, parts, where)
        refs = deque(shares)
        while len(refs) > 2:
            refs.append(
                job.submit(merge_results, shared, refs.popleft(), refs.popleft(), name="merge")
            )
        for ref in job.wait(list(shares)):
            entries = sum(len(part.entries) for part in shares[ref])
            emit(
                Event("scan", self._name, started, time.time() - started, wave=wave, steps=entries)
            )
            yield entries
        while refs:
            program.merge(result, job.result(refs.popleft()))

    def _scan_read(
        self, program: Ref, parts: Sequence[ScanPartition], place: Place
    ) -> dict[Ref, Sequence[ScanPartition]]:
        """Have shares of partitions read and visited; return what of them each task visits."""
        number, threads = min(self._plan.shares, len(parts)), self._plan.threads
        submit = partial(self._job.submit, scan_share, self._reference, program)
        how: Any = {"threads": threads, "place": place, "name": "scan"}
        return {
            submit(share, threads, **how): share
            for share in (parts[i::number] for i in range(number))
        }

    def _scan_kept(
        self, program: Ref, parts: Sequence[ScanPartition], place: Place
    ) -> dict[Ref, Sequence[ScanPartition]]:
        """Have partitions visited where they stay; return which of them each task visits."""
        number, active, tasks = self._plan.shares, set(parts), dict[Any, Any]()
        threads = self._plan.threads
        self._job.keep_within(self._plan.resources.memory - self._plan.peak_memory)
        for share in (self._plan.partitions[i::number] for i in range(number)):
            wanted = [part in active for part in share]
            if not any(wanted):
                continue
            if share[0] not in self._kept:
                read = read_share, self._reference, program, share, threads
                how: Any = {"place": "spread" if place == "any" else place, "kept": True}
                self._kept[share[0]] = self._job.submit(*read, threads=threads, name="read", **how)
            visit = visit_share, program, wanted, self._kept[share[0]], threads
            task = self._job.submit(*visit, threads=threads, place=place, name="scan")
            tasks[task] = tuple(compress(share, wanted))
        return tasks


def read_rows(program: ScanProgram, graph: GraphArrays, part: Any) -> Any:
    """Return what a program reads of a partition, which no visit changes."""
    return all_read_only(program.read(graph, part))


def read_share(
    graph: GraphArrays, program: ScanProgram, parts: Sequence[ScanPartition], threads: int
) -> list[Any]:
    """Return the rows of partitions."""
    found: list[Any] = [None] * len(parts)

    def read(number: int) -> None:
        check_cancelled()
        found[number] = read_rows(program, graph, parts[number])

    run_by(threads)(partial(read, number) for number in range(len(parts)))
    return found


def scan_share(
    graph: GraphArrays, program: ScanProgram, parts: Sequence[ScanPartition], threads: int
) -> Any:
    """Return the result of some partitions, of which each thread has one in memory at a time."""
    return _visit_all(program, partial(read_rows, program, graph), parts, threads)


def visit_share(
    program: ScanProgram, wanted: Sequence[bool], rows: Sequence[Any], threads: int
) -> Any:
    """Return the result of those partitions of a share that are wanted."""
    return _visit_all(program, lambda part: part, compress(rows, wanted), threads)


def _visit_all(
    program: ScanProgram, read: Callable[[Any], Any], parts: Iterable[Any], threads: int
) -> Any:
    result, sent = program.new_result(), all_read_only(program)

    def visit(part: Any) -> None:
        check_cancelled()
        sent.visit(result, read(part))

    run_by(threads)(partial(visit, part) for part in parts)
    return result


def merge_results(program: ScanProgram, result: Any, other: Any) -> Any:
    """Return what two results are together."""
    merged = result.copy()  # arguments of tasks may be read-only
    program.merge(merged, other)
    return merged
