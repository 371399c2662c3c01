"""How many walkers and steps are processed at a time where walkers wait for partitions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WalkerSizes:
    """Sizes that decide how fast walks are and what memory they take, but not which they are.

    Attributes
    ----------
    batch : int
        Walkers of a kernel's call: few enough to stay in a core's cache on their way.
    log : int
        Steps that a kernel writes down before they are put in their place.
    single_row_batch : int
        Walkers for which single rows are read at a time, so that even hubs' rows fit in memory.
    smallest_group : int
        The smallest number of walkers of a group.
    threads : int
        Threads of a task that moves walkers, or joins their steps, in another process.
    """

    batch: int = 1 << 15
    log: int = 1 << 16
    single_row_batch: int = 1 << 10
    smallest_group: int = 1 << 12
    threads: int = 1


OUT_OF_CORE = WalkerSizes()

#: Where the graph is in memory. Fewer calls make walks a tenth faster; out of core the memory that
#: this takes is better used for partitions.
RESIDENT = WalkerSizes(batch=1 << 16, log=1 << 17)
