"""Passes that several algorithms share: each partition is read once, and visited by all of them.

Each algorithm runs in a thread of its own, which waits in its calls of `scan`. When all that still
run wait there, the thread of the job makes one pass for all of them.
"""

from __future__ import annotations

import threading
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.scheduler.engine.scan import ScanProgram, read_rows
from graphwalk.storage.partitions.entry_partitions import PartialRows
from graphwalk.storage.partitions.neighborhoods import Neighborhoods
from graphwalk.util.cancel import CancelledError
from graphwalk.util.conditions import Condition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from graphwalk.scheduler.engine.scan import Scanner
    from graphwalk.scheduler.engine.scan_plan import ScanPartition, ScanPlan
    from graphwalk.storage.store.graph_arrays import GraphArrays


#: How programs read that need no whole rows.
_PLAIN = (ScanProgram.read, False)


def run_together(
    scanner: Scanner, tasks: Sequence[Callable[[Scanner], Any]], plans: Sequence[ScanPlan]
) -> list[Any]:
    """Return what algorithms compute by passes that they share.

    Parameters
    ----------
    scanner : Scanner
        Runs the passes.
    tasks : sequence of callable
        The algorithms: each is called with a scanner.
    plans : sequence of ScanPlan
        What each of them may hold.
    """
    meeting = _Meeting(len(tasks))
    threads = [
        threading.Thread(
            target=copy_context().run,
            args=(meeting.attend, number, task, SharedScanner(scanner, meeting, plan)),
            name="graphwalk-analysis",
        )
        for number, (task, plan) in enumerate(zip(tasks, plans, strict=True))
    ]
    for thread in threads:
        thread.start()
    try:
        while requests := meeting.wait():
            _serve(scanner, requests)
            meeting.answer()
    except BaseException as error:
        meeting.end(error)
        raise
    finally:
        for thread in threads:
            thread.join()
    return [meeting.values[number] for number in range(len(tasks))]


@dataclass(eq=False)
class _Request:
    """What an algorithm waits for: a pass of a program, or values of a function of items."""

    program: ScanProgram | None
    result: Any
    active: Callable[[Any], bool] | None = None
    function: Callable[[Any], Any] | None = None
    items: Sequence[Any] = ()


class SharedScanner:
    """A `Scanner` as an algorithm sees it that shares its passes."""

    def __init__(self, scanner: Scanner, meeting: _Meeting, plan: ScanPlan) -> None:
        self._scanner, self._meeting, self.plan = scanner, meeting, plan

    @property
    def backwards(self) -> bool:
        """Whether the next pass goes from the last partition to the first."""
        return self._scanner.backwards

    def scan(
        self,
        program: ScanProgram,
        result: Any,
        advance: Callable[[int], object] | None = None,
        active: Callable[[Any], bool] | None = None,
    ) -> None:
        """Wait for a pass that also runs this program; see `Scanner.scan`."""
        self._meeting.ask(_Request(program, result, active))
        if advance is not None:
            advance(self.plan.num_entries)

    def map(self, function: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
        """Yield ``function(item)`` for all items, in order, computed by the workers."""
        request = _Request(None, [], function=function, items=items)
        self._meeting.ask(request)
        return iter(request.result)


@dataclass(eq=False)
class _Meeting:
    """Where algorithms wait for a pass, and the thread of the job for them."""

    running: int
    values: dict[int, Any] = field(default_factory=dict)
    _requests: list[_Request] = field(default_factory=list)
    _passes: int = 0
    _error: BaseException | None = None
    _changed: Condition = field(default_factory=Condition)

    def attend(self, number: int, task: Callable[[Any], Any], scanner: SharedScanner) -> None:
        """Run an algorithm in its thread; keep what it returns, or what it raises."""
        try:
            self.values[number] = task(scanner)
        except BaseException as error:  # the thread of the job raises it
            self.end(error)
        with self._changed:
            self.running -= 1
            self._changed.notify_all()

    def ask(self, request: _Request) -> None:
        """Wait until a request is answered."""
        with self._changed:
            passes = self._passes
            self._requests.append(request)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._passes > passes or self._error is not None)
            if self._error is not None:
                raise CancelledError

    def wait(self) -> list[_Request]:
        """Wait until all algorithms that still run have asked; return their requests."""
        with self._changed:
            self._changed.wait_for(
                lambda: len(self._requests) == self.running or self._error is not None
            )
            if self._error is not None:
                raise self._error
            return list(self._requests)

    def answer(self) -> None:
        """Let all algorithms continue."""
        with self._changed:
            self._requests.clear()
            self._passes += 1
            self._changed.notify_all()

    def end(self, error: BaseException) -> None:
        """Have all algorithms end, by the first error."""
        with self._changed:
            self._error = self._error or error
            self._changed.notify_all()


def _serve(scanner: Scanner, requests: list[_Request]) -> None:
    """Answer requests: passes by one pass, and functions one after the other."""
    for request in requests:
        if request.function is not None:
            request.result.extend(scanner.map(request.function, request.items))
    scans = [request for request in requests if request.function is None]
    if scans:
        # Programs that read more come first, so that the others find their rows there.
        scans.sort(
            key=lambda request: (_how(request.program) == _PLAIN, not _how(request.program)[1])
        )
        parts = scanner.plan.partitions
        wanted = [
            None if each.active is None else frozenset(filter(each.active, parts)) for each in scans
        ]
        together = _Together([each.program for each in scans], wanted)
        scanner.scan(together, _Results(each.result for each in scans), active=together.wants)


class _Results(list[Any]):
    """A result for each program."""

    def copy(self) -> _Results:
        """Return a copy that shares nothing."""
        return _Results(result.copy() for result in self)


class _Together(ScanProgram):
    """Several programs, of which each visits the partitions that it wants."""

    def __init__(
        self,
        programs: Sequence[Any],
        wanted: Sequence[frozenset[ScanPartition] | None],
    ) -> None:
        self._programs, self._wanted = tuple(programs), wanted

    @property
    def here(self) -> bool:
        """Return whether any program reads another store that only this machine has."""
        return any(program.here for program in self._programs)

    def wants(self, part: Any) -> bool:
        """Return whether any program visits a partition."""
        return any(wanted is None or part in wanted for wanted in self._wanted)

    def new_result(self) -> _Results:
        """Return a result for each program."""
        return _Results(program.new_result() for program in self._programs)

    def read(self, graph: GraphArrays, part: Any) -> _Rows:
        """Return what reads a partition when a program visits it."""
        return _Rows(graph, part)

    def visit(self, result: _Results, rows: _Rows) -> None:
        """Have the programs visit a partition."""
        for program, wanted, own in zip(self._programs, self._wanted, result, strict=True):
            if wanted is None or rows.part in wanted:
                program.visit(own, rows.of(program))

    def merge(self, result: _Results, other: _Results) -> None:
        """Merge the results of each program."""
        for program, own, found in zip(self._programs, result, other, strict=True):
            program.merge(own, found)


def _how(program: Any) -> tuple[Any, bool]:
    """Return the function by which a program reads partitions, and whether of two stores."""
    return type(program).read, getattr(program, "transposed", None) is not None


class _Rows:
    """A partition, which is read once for all programs that read rows as they are."""

    def __init__(self, graph: GraphArrays, part: Any) -> None:
        self._graph, self.part = graph, part
        self._read: dict[tuple[Any, bool], Any] = {}

    def of(self, program: Any) -> Any:
        """Return what a program visits."""
        how = _how(program)
        if how in self._read:
            return self._read[how]
        if how == _PLAIN and self._read:
            return PartialRows(*next(iter(self._read.values()))[:3])
        both = self._read.get((how[0], True))
        if both is not None:
            nothing = np.zeros_like(both.row_starts), both.neighbors[:0]
            return both._replace(in_row_starts=nothing[0], in_neighbors=nothing[1])
        rows = read_rows(program, self._graph, self.part)
        if how == _PLAIN or isinstance(rows, Neighborhoods):
            self._read[how] = rows
        return rows
