"""Blocks of walks by number, through an executor: no Dask graph of all of them is made."""

from __future__ import annotations

from collections import deque
from contextlib import closing, contextmanager
from functools import partial
from itertools import chain, islice
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from graphwalk.algorithms.walks.dask_tasks import BatchWork, WalkTasks, batches
from graphwalk.scheduler.engine.walk_batch import (
    BatchSteps,
    remote_blocks,
    remote_results,
    walk_groups,
)
from graphwalk.scheduler.engine.walk_in_memory import (
    keep_graphs_within,
    resident_partition,
    walk_block,
)
from graphwalk.util.threads import map_in_order, thread_pool

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from concurrent.futures import Future, ThreadPoolExecutor
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.walk_batch import BlockUse
    from graphwalk.scheduler.engine.walker_starts import Walkers
    from graphwalk.storage.partitions.partition import Partition
    from graphwalk.util.executor import Job
    from graphwalk.walk_spec import WalkSpec

R = TypeVar("R")

#: Results of blocks that are sent together.
_RESULTS = 1 << 8


def walked_blocks(
    job: Job,
    walks: WalkTasks,
    blocks: Sequence[int],
    use: Callable[[NDArray[Any], int], R],
    *,
    ordered: bool,
) -> Generator[tuple[int, R], None, None]:
    """Yield the number of some blocks and ``use(block, number)``, called where the block is made.

    No more blocks are made than one for each worker, and one that is waited for. When the iteration
    is left, tasks are cancelled.
    """
    if len(walks.plan.partitions) == 1:
        yield from _in_memory(job, walks, blocks, use, ordered)
        return
    keep_graphs_within(walks.room, None if job.in_process else job)
    works, at_once = batches(walks, blocks), walks.plan.batches_at_once
    if job.in_process:
        with threads_of(walks) as pool:
            for work in works:
                yield from _here(pool, walks, work, use)
    elif walks.plan.resident:
        with closing(walked_by_tasks(job, works, at_once)) as walked:
            for work, steps in walked:
                yield from _by_tasks(job, walks, work, steps, use, ordered)
    elif use is as_it_is:
        yield from _in_order(job, works, at_once)
    else:
        yield from used_as_made(job, works, partial(_Each, use), at_once)


def threads_of(walks: WalkTasks) -> AbstractContextManager[ThreadPoolExecutor]:
    """Return one pool for all batches: the C library keeps freed memory for each thread."""
    return thread_pool(max(walks.plan.resources.workers, *walks.plan.batch_groups))


def as_it_is(block: NDArray[Any], _number: int) -> NDArray[Any]:
    """Return a block."""
    return block


def _in_memory(
    job: Job,
    walks: WalkTasks,
    blocks: Sequence[int],
    use: Callable[[NDArray[Any], int], R],
    ordered: bool,
) -> Generator[tuple[int, R], None, None]:
    remote = None if job.in_process else job
    graph, spec, size, room = walks.to_load()
    partition = resident_partition(graph, spec, size, room, remote)
    parts = ((number, walks.part(walks.rows(number, number + 1))) for number in blocks)
    items = ((use, number, partition, part, spec) for number, part in parts)
    yield from job.map(_walk_and_use, items, star=True, ordered=ordered, name=_name(use, walks))


def _walk_and_use(
    use: Callable[[NDArray[Any], int], R],
    number: int,
    partition: Partition,
    walkers: Walkers,
    spec: WalkSpec,
) -> tuple[int, R]:
    return number, use(walk_block(partition, walkers, spec), number)


def _here(
    pool: ThreadPoolExecutor,
    walks: WalkTasks,
    work: BatchWork,
    use: Callable[[NDArray[Any], int], R],
) -> Iterator[tuple[int, R]]:
    steps = walk_groups(work.batch, None, None, pool)

    def take_and_use(item: tuple[int, int]) -> tuple[int, R]:
        number, block = item
        return block, use(steps.block(number), block)

    blocks = zip(work.numbers, work.blocks, strict=True)
    return map_in_order(pool, take_and_use, blocks, walks.plan.resources.workers + 1)


def walked_by_tasks(
    job: Job, works: Iterator[BatchWork], at_once: int
) -> Generator[tuple[BatchWork, BatchSteps], None, None]:
    """Yield batches and the steps that tasks make of them, for as many batches at a time."""
    running: deque[tuple[BatchWork, Future[BatchSteps]]] = deque()
    with _threads(job, at_once) as pool:
        while True:
            for work in islice(works, at_once - len(running)):
                running.append((work, pool.submit(walk_groups, work.batch, None, job)))
            if not running:
                return
            work, steps = running.popleft()
            yield work, steps.result()


def _by_tasks(
    job: Job,
    walks: WalkTasks,
    work: BatchWork,
    steps: BatchSteps,
    use: Callable[[NDArray[Any], int], R],
    ordered: bool,
) -> Generator[tuple[int, R], None, None]:
    blocks = zip(work.numbers, work.blocks, strict=True)
    if use is as_it_is:
        for number, block in blocks:
            yield block, job.result(steps.block(number))
    else:
        made = ((use, block, steps.block(number)) for number, block in blocks)
        yield from job.map(_use, made, star=True, ordered=ordered, name=_name(use, walks))


def _in_order(
    job: Job, works: Iterator[BatchWork], at_once: int
) -> Generator[tuple[int, Any], None, None]:
    """Yield the blocks of batches that walk in other processes, some of them at a time."""

    def begin(work: BatchWork) -> Iterator[tuple[int, Any]]:
        blocks = zip(work.blocks, remote_blocks(job, work.batch, work.numbers), strict=True)
        return chain([next(blocks)], blocks)

    running: deque[Future[Iterator[tuple[int, Any]]]] = deque()
    with _threads(job, at_once) as pool:
        for work in works:
            running.append(pool.submit(begin, work))
            if len(running) == at_once:
                yield from running.popleft().result()
        while running:
            yield from running.popleft().result()


def used_as_made(
    job: Job,
    works: Iterator[BatchWork],
    use_of: Callable[[Sequence[int]], BlockUse[R]],
    at_once: int,
) -> Generator[R, None, None]:
    """Yield what comes of the blocks of such batches, as they are used.

    `use_of` is given the numbers that the blocks of a batch have in the whole array.
    """
    made: SimpleQueue[R | None] = SimpleQueue()

    def follow(work: BatchWork) -> None:
        try:
            for one in remote_results(job, work.batch, work.numbers, use_of(work.blocks)):
                made.put(one)
        finally:
            made.put(None)

    with _threads(job, at_once) as pool:
        following = [pool.submit(follow, work) for work in works]
        for _ in following:
            while (one := made.get()) is not None:
                yield one
            for walk in following:
                if walk.done():
                    walk.result()


@contextmanager
def _threads(job: Job, count: int) -> Iterator[ThreadPoolExecutor]:
    """Have threads that follow streams of a job; these end if the block is left by an error."""
    with thread_pool(count) as pool:
        try:
            yield pool
        except BaseException:
            job.token.cancel()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _name(use: Any, walks: WalkTasks) -> str:
    """Return what reports call the tasks: those that use a block in another way write it."""
    return f"{'walk' if use is as_it_is else 'write'} {walks.graph.path}"


class _Each(NamedTuple):
    """The use of each block by itself; results are numbered as in the whole array."""

    use: Callable[[NDArray[Any], int], Any]
    blocks: Sequence[int]

    @property
    def visit(self) -> None:
        """Blocks are used, and not nodes as they are visited."""

    def over(
        self,
        make: Callable[[int], NDArray[Any]],
        numbers: Sequence[int],
        run_all: Callable[..., Iterable[tuple[int, Any]]],
    ) -> Iterator[list[tuple[int, Any]]]:
        """Yield numbers of blocks and results; see `BlockUse`."""

        def used(number: int, block: int) -> tuple[int, Any]:
            return block, self.use(make(number), block)

        for first in range(0, len(numbers), _RESULTS):
            some = slice(first, first + _RESULTS)
            yield list(run_all(used, numbers[some], self.blocks[some]))


def _use(use: Callable[[NDArray[Any], int], R], number: int, block: NDArray[Any]) -> tuple[int, R]:
    return number, use(block, number)
