"""Blocks of walks that are added to something where they are made, and dropped."""

from __future__ import annotations

from contextlib import closing
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

from graphwalk.algorithms.walks.dask_tasks import batches
from graphwalk.algorithms.walks.walk_progress import walk_progress
from graphwalk.algorithms.walks.walked_blocks import (
    threads_of,
    used_as_made,
    walked_blocks,
    walked_by_tasks,
)
from graphwalk.scheduler.engine.walk_batch import walk_groups
from graphwalk.scheduler.engine.walk_in_memory import (
    keep_graphs_within,
    resident_partition,
    walk_block,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from graphwalk.algorithms.walks.dask_tasks import WalkTasks
    from graphwalk.scheduler.engine.step_storage import Visit
    from graphwalk.scheduler.engine.walker_starts import Walkers
    from graphwalk.storage.partitions.partition import Partition
    from graphwalk.util.executor import Job
    from graphwalk.walk_spec import WalkSpec

#: Tasks for each worker of another process. Each returns a part of the result.
_TASKS_PER_WORKER = 2

#: Blocks that are added before a process looks whether its job is cancelled.
_BLOCKS = 1 << 8


class Reduction(Protocol):
    """What blocks of walks are added to, in any order. It pickles as an empty one."""

    @property
    def visit(self) -> Visit | None:
        """What adds visited nodes, if it does not matter which walks visit them.

        No walks are made then, unless the whole graph is in memory.
        """

    def add(self, walks: NDArray[Any]) -> None:
        """Add a block; several threads do so at the same time."""

    def part(self) -> Any:
        """Return what has been added, to be sent to another process."""

    def merge(self, part: Any) -> None:
        """Add what another one returned as its part."""


def reduce_walks(job: Job, walks: WalkTasks, reduction: Reduction) -> None:
    """Add all blocks to a reduction.

    No block is made before there is a worker for it. A task that is run again returns its part
    again, so that nothing is added twice.
    """
    blocks = range(len(walks.plan.block_rows))
    with walk_progress(walks, blocks) as advance:
        if not job.in_process:
            for number, part in _parts(job, walks, reduction):
                reduction.merge(part)
                advance(number)
            return

        if len(walks.plan.partitions) > 1 and reduction.visit is not None:
            _visit_all(job, walks, blocks, reduction.visit)
            return

        def add(block: NDArray[Any], _number: int) -> None:
            reduction.add(block)

        with closing(walked_blocks(job, walks, blocks, add, ordered=False)) as found:
            for number, _ in found:
                job.token.check()
                advance(walks.plan.block_rows[number])


def _visit_all(job: Job, walks: WalkTasks, blocks: range, visit: Visit) -> None:
    """Have threads of this process walk, and add what walkers visit."""
    keep_graphs_within(walks.room)
    with threads_of(walks) as pool:
        for work in batches(walks, blocks):
            job.token.check()
            walk_groups(work.batch, None, None, pool, visit)


def _parts(job: Job, walks: WalkTasks, empty: Reduction) -> Iterator[tuple[int, Any]]:
    """Yield parts that other processes make, and of how many walks they are."""
    plan, name = walks.plan, f"reduce {walks.graph.path}"
    blocks = len(plan.block_rows)
    if len(plan.partitions) == 1:
        partition = _loaded(job, walks)
        tasks = min(blocks, _TASKS_PER_WORKER * plan.resources.workers)
        cuts = [blocks * task // tasks for task in range(tasks + 1)] if tasks else []
        shares = (
            [walks.part(walks.rows(block, block + 1)) for block in range(first, stop)]
            for first, stop in pairwise(cuts)
        )
        items = ((empty, partition, share, plan.spec) for share in shares)
        yield from job.map(_walk_and_add, items, star=True, ordered=False, name=name)
        return
    keep_graphs_within(walks.room, job)
    works = batches(walks, range(blocks))
    if not plan.resident:
        use = _All(empty)
        yield from used_as_made(job, works, lambda _: use, plan.batches_at_once)
        return
    with closing(walked_by_tasks(job, works, plan.batches_at_once)) as walked:
        for work, steps in walked:
            made = ((empty, steps.block(number)) for number in work.numbers)
            yield from job.map(_add, made, star=True, ordered=False, name=name)


def _loaded(job: Job, walks: WalkTasks) -> Any:
    graph, spec, size, room = walks.to_load()
    return resident_partition(graph, spec, size, room, job)


def _walk_and_add(
    reduction: Reduction, partition: Partition, share: Sequence[Walkers], spec: WalkSpec
) -> tuple[int, Any]:
    number = 0
    for walkers in share:
        walks = walk_block(partition, walkers, spec)
        reduction.add(walks)
        number += len(walks)
    return number, reduction.part()


def _add(reduction: Reduction, walks: NDArray[Any]) -> tuple[int, Any]:
    reduction.add(walks)
    return len(walks), reduction.part()


class _All:
    """The use of all blocks of a process for one part; a `BlockUse`."""

    def __init__(self, reduction: Reduction) -> None:
        self._reduction, self.visit = reduction, reduction.visit

    def __reduce__(self) -> Any:
        return _All, (self._reduction,)

    def over(
        self,
        make: Callable[[int], NDArray[Any]],
        numbers: Sequence[int],
        run_all: Callable[..., Iterable[None]],
    ) -> Iterator[list[tuple[int, Any]]]:
        """Yield nothing until all blocks are added, and then their part."""
        for first in range(0, 0 if self.visit else len(numbers), _BLOCKS):
            for _ in run_all(
                lambda number: self._reduction.add(make(number)), numbers[first : first + _BLOCKS]
            ):
                pass
            yield []
        yield [(len(numbers), self._reduction.part())]
