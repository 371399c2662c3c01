"""A simulation of tasks that one process submits, one at a time, to workers of other machines."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from graphwalk.scheduler.engine.partitioned_planner import TASKS_OF_MACHINE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Workers of a machine, and waves of a job.
CORES, WAVES = 16, 5
#: Threads of a task that moves walkers, and bytes of those that it sends to each partition: in a
#: tenth of a second, each thread makes about a million steps of 8 bytes.
THREADS, PIECE = CORES // TASKS_OF_MACHINE, 250_000
#: Ratios of the ideal to the makespan that are wanted, by workers.
AIMS = {64: 0.8, 256: 0.7}


def partitions(workers: int) -> int:
    """Return how many partitions a graph has that stays in the memory of the machines."""
    return max(2, workers // CORES)


def groups(workers: int) -> int:
    """Return how many groups of walkers keep the workers busy, with the threads of their tasks."""
    return max(2, workers // THREADS // partitions(workers))


def shares(workers: int) -> int:
    """Return how many tasks a pass has, and batches of walks that read again: one a machine."""
    return max(1, workers // CORES)


def _passes(workers: int) -> list[tuple[int, float]]:
    """Return the tasks of passes: visits, whose results are merged at once until there are two."""
    waves, left = [(shares(workers), 1.0)], shares(workers)
    while left > 2:
        waves.append((left // 2, 0.0))
        left -= left // 2
    return waves * WAVES


#: How many groups of tasks there are, and for each of their waves the tasks and their length, in
#: parts of that of the longest.
JOBS: dict[str, Callable[[int], tuple[int, list[tuple[int, float]]]]] = {
    "walks": lambda workers: (1, [(WAVES * workers, 1.0)]),
    "walks between partitions": lambda workers: (
        groups(workers),
        [(partitions(workers), 1.0)] * WAVES,
    ),
    "walks that read again": lambda workers: (shares(workers), [(1, 1.0)] * WAVES),
    "PageRank": lambda workers: (1, _passes(workers)),
}


def simulate(
    number: int,
    waves: Sequence[tuple[int, float]],
    workers: int,
    seconds: float,
    submitting: float,
) -> float:
    """Return how long tasks take.

    Parameters
    ----------
    number : int
        Groups of tasks.
    waves : sequence of (int, float)
        Tasks of a group, which begin when all of the wave before have ended, and what part of
        `seconds` they take.
    workers : int
        Tasks that run at a time.
    seconds, submitting : float
        What a task takes, and what the process that submits it needs for each.
    """
    free, driver, last = [0.0] * workers, 0.0, [0.0] * number
    ready = [(0.0, group, 0, 0) for group in range(number)]
    while ready:
        at, group, wave, done = heapq.heappop(ready)
        driver = max(driver, at) + submitting
        tasks, part = waves[wave]
        end = max(driver, heapq.heappop(free)) + part * seconds
        heapq.heappush(free, end)
        last[group] = max(last[group], end)
        if done + 1 < tasks:
            heapq.heappush(ready, (driver, group, wave, done + 1))
        elif wave + 1 < len(waves):
            heapq.heappush(ready, (last[group], group, wave + 1, 0))
    return max(last)


def makespan(job: str, workers: int, seconds: float, submitting: float = 0.0) -> float:
    """Return how long a job takes; without time for submitting, that is the ideal."""
    return simulate(*JOBS[job](workers), workers, seconds, submitting)


def submitting_time(job: str, workers: int, seconds: float, took: float) -> float:
    """Return what submitting a task takes if a job took as long as that."""
    return _bisect(lambda cost: makespan(job, workers, seconds, cost) >= took, 1.0)


def shortest_task(job: str, workers: int, submitting: float, ratio: float) -> float:
    """Return the seconds of the shortest tasks whose ideal makespan is a share of the real one."""
    return _bisect(
        lambda seconds: (
            makespan(job, workers, seconds) >= ratio * makespan(job, workers, seconds, submitting)
        ),
        100.0,
    )


def _bisect(holds: Callable[[float], bool], most: float) -> float:
    """Return the least value for which something holds that holds for all larger ones."""
    low, high = 0.0, most
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
