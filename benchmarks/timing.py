"""Timing of alternating cases, so that changes of the machine's speed affect all cases."""

from __future__ import annotations

from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

#: Bytes of a small page.
_PAGE = 1 << 12


def in_turns(
    rounds: int, clock: Callable[[], float] = perf_counter, **cases: Callable[[], object]
) -> dict[str, float]:
    """Return the median time of each case in seconds, after one run that is not counted.

    The clock is that of the wall; `time.thread_time` counts what this thread computes, which other
    work on the machine changes less.
    """
    times: dict[str, list[float]] = {name: [] for name in cases}
    for turn in range(rounds + 1):
        for name, case in cases.items():
            wake_memory()
            start = clock()
            case()
            if turn:
                times[name].append(clock() - start)
    return {name: median(values) for name, values in times.items()}


def wake_memory(size: int = 3 << 30) -> None:
    """Allocate, use and free memory, so that the next measurement need not wait for memory.

    Virtual machines return memory that has been free for some seconds to their host, and get it
    back at half a GB a second, slower than walks are written.
    """
    memory = np.empty(size, np.uint8)
    memory[::_PAGE] = 1


def cpu_of_all() -> float:
    """Return the CPU seconds of this process and of those that it has started."""
    return process_time() + cpu_of_others()


def cpu_of_others() -> float:
    """Return the CPU seconds of the processes that this one has started."""
    import psutil  # other packages are measured where it is not installed

    total = 0.0
    for process in psutil.Process().children(recursive=True):
        times = process.cpu_times()
        total += times.user + times.system
    return total
