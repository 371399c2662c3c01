"""Splitting of buckets that are too large to be sorted in memory, by their keys.

A node with too many neighbours makes such a bucket, so a row may be split too.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import MemoryBudgetError, argument
from graphwalk.storage.build.runs import DiskRun, MemoryRun, collect_bucket, length_of
from graphwalk.util.consecutive_groups import consecutive_groups

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from graphwalk.storage.build.bucket_rows import BucketTask

_BINS = 1 << 12


def fitting(task: BucketTask, entries: int, largest: int, folder: Path) -> Iterator[BucketTask]:
    """Yield `task`, or several equivalent tasks with at most `largest` entries each.

    Raises
    ------
    MemoryBudgetError
        When a single edge is listed more often than fits in memory.
    """
    if entries <= largest:
        yield task
        return
    if task.high - task.low == 1:
        mask = (1 << task.spec.bits) - 1
        raise MemoryBudgetError(
            f"the edge from node {task.first + (task.low >> task.spec.bits)} to node "
            f"{task.low & mask} is listed {entries} times, more than {argument('memory')} has room "
            "for; raise it"
        )
    step = -(-(task.high - task.low) // _BINS)
    counts = np.zeros(_BINS, np.int64)
    for keys, _ in _pieces(task, largest):
        counts += np.bincount((keys - task.low) // step, minlength=_BINS)
    bounds = _cut(counts, largest)
    part_of_bin = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    runs = []
    for number, (keys, weights) in enumerate(_pieces(task, largest)):
        parts = part_of_bin[(keys - task.low) // step]
        path = folder / f"split-{task.first}-{task.low}-{task.high}-{number}"
        runs.append(DiskRun(_by_part(keys, weights, parts, len(bounds) - 1), path))
    for part, (start, stop) in enumerate(pairwise(bounds)):
        narrower = task._replace(
            shares=[run.share(part) for run in runs],
            low=min(task.high, task.low + start * step),
            high=min(task.high, task.low + stop * step),
        )
        yield from fitting(narrower, int(counts[start:stop].sum()), largest, folder)


def _pieces(task: BucketTask, largest: int) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Yield the task's entries in order, a fraction of `largest` at a time.

    Small shares are joined: each piece is written to a file of its own, cut into all parts.
    """
    size = max(1, largest // 4)
    for shares in consecutive_groups(task.shares, lambda share: length_of(share.keys), size):
        keys, weights = collect_bucket(shares, task.spec.record_dtype)
        for start in range(0, len(keys), size):
            yield keys[start : start + size], weights[start : start + size]


def _cut(counts: NDArray[np.int64], largest: int) -> list[int]:
    """Return bounds of parts of the bins; parts of several bins have at most `largest` entries."""
    bounds = [0]
    room = largest
    for bin_, count in enumerate(counts.tolist()):
        if count > room and bin_ > bounds[-1]:
            bounds.append(bin_)
            room = largest
        room -= count
    return [*bounds, len(counts)]


def _by_part(
    keys: NDArray[np.int64], weights: NDArray[Any], parts: NDArray[Any], number: int
) -> MemoryRun:
    order = np.argsort(parts, kind="stable")
    sizes = np.bincount(parts, minlength=number)
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return MemoryRun(keys[order], weights[order] if len(weights) else weights, starts)
