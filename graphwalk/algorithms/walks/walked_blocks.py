"""Blocks of walks by number, through an executor: no Dask graph of all of them is made."""

from __future__ import annotations

from concurrent.futures import FIRST_EXCEPTION, wait
from typing import TYPE_CHECKING, Any, TypeVar

from graphwalk.algorithms.walks.dask_tasks import GroupWork, WalkTasks, batches
from graphwalk.scheduler.engine.walk_in_memory import resident_partition, walk_block
from graphwalk.scheduler.engine.walk_out_of_core import walk_group
from graphwalk.util.threads import map_in_order, thread_pool

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from concurrent.futures import ThreadPoolExecutor

    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.finished_steps import Steps
    from graphwalk.scheduler.engine.walker_starts import Walkers
    from graphwalk.storage.partitions.partition import Partition
    from graphwalk.util.executor import Executor, Job
    from graphwalk.walk_spec import WalkSpec

R = TypeVar("R")


def walked_blocks(
    executor: Executor,
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
    with executor.job("walks") as job:
        if len(walks.plan.partitions) == 1:
            yield from _in_memory(job, walks, blocks, use, ordered)
            return
        # One pool for all batches: the C library keeps freed memory for each thread.
        with thread_pool(max(walks.plan.resources.workers, *walks.plan.batch_groups)) as pool:
            for works in batches(walks, set(blocks)):
                yield from _out_of_core(job, pool, walks, works, use, ordered)


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


def _out_of_core(
    job: Job,
    pool: ThreadPoolExecutor,
    walks: WalkTasks,
    works: list[GroupWork],
    use: Callable[[NDArray[Any], int], R],
    ordered: bool,
) -> Generator[tuple[int, R], None, None]:
    steps = _walk_groups(job, pool, works, spill=walks.plan.spill)
    items: Any = (
        (use, number, found, number - work.blocks[0])
        for found, work in zip(steps, works, strict=True)
        for number in work.blocks
    )
    if use is as_it_is and not job.in_process:
        for _, number, found, place in items:
            yield number, job.result(found.block(place))
    elif job.in_process:
        ahead = walks.plan.resources.workers + 1
        yield from map_in_order(pool, _take_and_use, items, ahead)
    else:
        made = ((use, number, found.block(place)) for use, number, found, place in items)
        yield from job.map(_use, made, star=True, ordered=ordered, name=_name(use, walks))


def _name(use: Any, walks: WalkTasks) -> str:
    """Return what reports call the tasks: those that use a block in another way write it."""
    return f"{'walk' if use is as_it_is else 'write'} {walks.graph.path}"


def _walk_groups(
    job: Job, pool: ThreadPoolExecutor, works: list[GroupWork], *, spill: bool
) -> list[Steps]:
    """Walk the groups of a batch, each followed by a thread of its own."""
    remote = None if job.in_process else job
    walking = [
        pool.submit(walk_group, *work[:2], work.block_rows, None, spill, (), remote)
        for work in works
    ]
    try:
        for walk in wait(walking, return_when=FIRST_EXCEPTION).done:
            walk.result()
        return [walk.result() for walk in walking]
    except BaseException:
        job.token.cancel()
        works[0].sweep.cancel()
        raise


def _take_and_use(
    item: tuple[Callable[[NDArray[Any], int], R], int, Steps, int],
) -> tuple[int, R]:
    use, number, steps, place = item
    return number, use(steps.block(place), number)


def _use(use: Callable[[NDArray[Any], int], R], number: int, block: NDArray[Any]) -> tuple[int, R]:
    return number, use(block, number)
