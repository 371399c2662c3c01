"""A batch of groups of walkers, which share what is read of the graph.

Where partitions stay in memory, each group goes its own way, moved by threads of this process or by
tasks of others. Where partitions are read again and again, all groups of a batch walk in one
process, by threads that read each partition once for all of them: in this process, or in one
process of another machine, which then needs nothing from others until the walks are finished.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import FIRST_EXCEPTION, wait
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from graphwalk.scheduler.engine.place import place_of
from graphwalk.scheduler.engine.step_storage import ListedBlocks, PutSteps
from graphwalk.scheduler.engine.walk_in_memory import keep_graphs_within
from graphwalk.scheduler.engine.walk_out_of_core import ATTEMPTS, walk_group
from graphwalk.util.cancel import check_cancelled
from graphwalk.util.events import Event, emit, listening
from graphwalk.util.executor import LostError
from graphwalk.util.threads import thread_pool

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from concurrent.futures import Future, ThreadPoolExecutor

    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.blocks import BlockRows
    from graphwalk.scheduler.engine.partition_sweep import PartitionSweep
    from graphwalk.scheduler.engine.step_storage import Steps, Visit
    from graphwalk.scheduler.engine.walker_group import WalkerGroup
    from graphwalk.util.executor import Job
    from graphwalk.util.shared_array import SharedRows

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
T = TypeVar("T")

#: Seconds between two reports of a process that walks a batch.
_REPORT_EVERY = 0.25


class BlockUse(Protocol[R_co]):
    """What is done with blocks of walks in the process that makes them."""

    @property
    def visit(self) -> Visit | None:
        """What takes the visited nodes, in place of blocks."""

    def over(
        self,
        make: Callable[[int], NDArray[Any]],
        numbers: Sequence[int],
        run_all: Callable[..., Iterable[Any]],
    ) -> Iterator[Sequence[R_co]]:
        """Yield results that are sent together.

        Parameters
        ----------
        make : callable
            Returns the block of a number.
        numbers : sequence of int
            The blocks.
        run_all : callable
            Calls a function for items, as ``map``; a pool calls it for several at a time.
        """


@dataclass(frozen=True)
class Batch:
    """Groups that share what is read.

    Attributes
    ----------
    groups : tuple of WalkerGroup
        The walkers.
    block_rows : tuple of BlockRows
        Walks of each block that each group fills. Blocks are counted through all groups.
    sweep : PartitionSweep
        The partitions.
    spill : bool
        Whether steps wait in a file, if there is no array for them.
    room : int
        Bytes that are left for graphs that earlier jobs keep in memory.
    """

    groups: tuple[WalkerGroup, ...]
    block_rows: tuple[BlockRows, ...]
    sweep: PartitionSweep
    spill: bool
    room: int


class BatchSteps:
    """The steps of all groups of a batch."""

    def __init__(self, batch: Batch, steps: Sequence[Steps]) -> None:
        self._steps = steps
        self._firsts = [0, *accumulate(map(len, batch.block_rows))]

    def block(self, number: int) -> Any:
        """Return the walks of a block, or a reference of them."""
        group = next(k for k, stop in enumerate(self._firsts[1:]) if number < stop)
        return self._steps[group].block(number - self._firsts[group])


def walk_batch(
    batch: Batch,
    outs: Sequence[Any] | None,
    wanted: Sequence[int],
    after: Sequence[Any] = (),
    job: Job | None = None,
) -> Steps:
    """Walk a batch from beginning to end.

    Parameters
    ----------
    batch : Batch
        The walkers.
    outs : sequence of ndarray or SharedRows, optional
        Where the walks of each group are written.
    wanted : sequence of int
        Blocks that will be asked for.
    after : sequence
        What must be done before: the blocks of a batch before are made of its steps, which are
        freed then.
    job : Job, optional
        Moves walkers by tasks of other processes; without one threads of this process move them.
    """
    keep_graphs_within(batch.room, job)
    if job is not None and outs is None:
        for _ in job.wait(after):
            pass
    if job is None or batch.sweep.resident:
        return walk_groups(batch, outs, job)
    found = list(_remote_references(job, batch, outs, wanted))
    return ListedBlocks(dict(zip(wanted, found, strict=True))) if found else PutSteps()


def walk_groups(
    batch: Batch,
    outs: Sequence[Any] | None,
    job: Job | None = None,
    pool: ThreadPoolExecutor | None = None,
    visit: Visit | None = None,
) -> BatchSteps:
    """Walk all groups, each followed by a thread of its own, of a pool if there is one.

    With `visit`, which takes the visited nodes, no blocks are made.
    """
    outs = outs or [None] * len(batch.groups)
    with (
        thread_pool(len(batch.groups)) if pool is None else nullcontext(pool) as threads,
        _walking(batch, outs, threads, job, visit=visit) as walks,
    ):
        return BatchSteps(batch, _all_of(walks))


@contextmanager
def _walking(
    batch: Batch,
    outs: Sequence[Any],
    pool: ThreadPoolExecutor,
    job: Job | None = None,
    *,
    visit: Visit | None = None,
) -> Iterator[list[Future[Steps]]]:
    """Have all groups walk while the block runs; they end if it is left by an error."""
    try:
        yield [
            pool.submit(walk_group, group, batch.sweep, rows, out, batch.spill, job, visit)
            for group, rows, out in zip(batch.groups, batch.block_rows, outs, strict=True)
        ]
    except BaseException as error:
        batch.sweep.cancel()
        if job is not None:
            job.token.cancel(error)
        raise


def _all_of(walks: Iterable[Future[T]]) -> list[T]:
    """Wait for results; raise an error of any as soon as it is there."""
    for walk in wait(walks, return_when=FIRST_EXCEPTION).done:
        walk.result()
    return [walk.result() for walk in walks]


def remote_blocks(job: Job, batch: Batch, wanted: Sequence[int]) -> Iterator[NDArray[Any]]:
    """Yield blocks of a batch that walks in another process, in order, each made when asked for."""
    return _again_if_lost(lambda: map(job.result, _remote_references(job, batch, None, wanted)))


def _remote_references(
    job: Job, batch: Batch, outs: Sequence[SharedRows] | None, wanted: Sequence[int]
) -> Iterator[Any]:
    """Yield references of blocks; none where the walks have been written into `outs`."""
    for _, block in _again_if_lost(lambda: _stream(job, batch, outs, wanted, None)):
        if block is not None:
            yield block


def remote_results(job: Job, batch: Batch, wanted: Sequence[int], use: BlockUse[R]) -> Iterator[R]:
    """Yield what comes of the use of blocks of a batch that walks in another process."""
    for results, _ in _again_if_lost(lambda: _stream(job, batch, None, wanted, use)):
        yield from results or ()


def _again_if_lost(begin: Callable[[], Iterator[T]]) -> Iterator[T]:
    """Yield what an iterator has; if its process is lost, what another one has from there on."""
    given = 0
    for attempt in range(ATTEMPTS):
        try:
            for one in islice(begin(), given, None):
                given += 1
                yield one
            return
        except LostError as error:  # the same walkers make the same steps again
            if attempt == ATTEMPTS - 1:
                raise (error.__cause__ or error) from error


def _stream(
    job: Job,
    batch: Batch,
    outs: Sequence[SharedRows] | None,
    wanted: Sequence[int],
    use: BlockUse[R] | None,
) -> Iterator[tuple[list[R] | None, Any]]:
    """Yield results of blocks and references of blocks, and emit the events of their process."""
    graph = batch.groups[0].graph
    place = place_of(graph, job)
    how: Any = {"threads": len(batch.groups), "place": place, "name": f"walk {graph.path}"}
    with closing(job.stream(walk_there, batch, outs, wanted, use, **how)) as made:
        for told, block in made:
            if block is not None:
                yield None, block
                continue
            events, results = told
            for event in events:
                emit(event)
            if results:
                yield results, None


def walk_there(
    batch: Batch,
    outs: Sequence[SharedRows] | None,
    wanted: Sequence[int],
    use: BlockUse[R] | None,
) -> Generator[tuple[list[Event], list[R]], None, list[Any]]:
    """Walk a batch in this process; yield events and results of blocks, return blocks.

    There are results where there is a `use` for blocks; and where this process reaches `outs`,
    there are neither.
    """
    arrays: list[Any] = [] if outs is None else [out.mapped() for out in outs]
    reached = outs is not None and all(array is not None for array in arrays)
    places = arrays if reached else [None] * len(batch.groups)
    events: deque[Event] = deque()
    visit = None if use is None else use.visit
    name = batch.groups[0].job
    with (
        listening(lambda event: events.append(event) if event.job == name else None),
        thread_pool(len(batch.groups)) as pool,
        _walking(batch, places, pool, visit=visit) as walks,
    ):
        left = set(walks)
        while left:
            done, left = wait(left, timeout=_REPORT_EVERY, return_when=FIRST_EXCEPTION)
            for walk in done:
                walk.result()
            check_cancelled()
            yield [events.popleft() for _ in range(len(events))], []
        steps = BatchSteps(batch, _all_of(walks))
        for results in () if use is None else use.over(steps.block, wanted, pool.map):
            check_cancelled()
            yield [], list(results)
    blocks = wanted if use is None and not reached else ()
    return [partial(steps.block, number) for number in blocks]


def get_block(steps: Steps, number: int, job: Job | None = None) -> Any:
    """Return a block of a batch, once all of its groups have finished."""
    del job  # what there is of a block, or its reference, has been made
    return steps.block(number)


def block_done(block: Any, job: Job | None = None) -> Any:
    """Say that a block is made, without holding it; what a job has of it is a reference."""
    return None if job is None else block
