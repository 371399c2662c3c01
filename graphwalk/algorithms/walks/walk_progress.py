"""Progress of walks whose blocks are made by number."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from graphwalk.scheduler.executors.progress import wave_progress
from graphwalk.util.progress_bar import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from graphwalk.algorithms.walks.dask_tasks import WalkTasks


@contextmanager
def walk_progress(
    walks: WalkTasks, blocks: Sequence[int], show: bool | None = None
) -> Iterator[Callable[[int], object]]:
    """Show how far some blocks are; the block calls a function with the walks that are done.

    Walks through several partitions are counted by what they tell of themselves.
    """
    plan = walks.plan
    rows, length = plan.block_rows, plan.spec.walk_length
    walkers = sum(rows[block] for block in blocks)
    if len(plan.partitions) > 1:
        with wave_progress(walks.name, walkers, length, plan.waves, show):
            yield lambda _: None
        return
    with Progress(show).stage("Walking", walkers * length, "steps") as advance:
        yield lambda walks: advance(walks * length)
