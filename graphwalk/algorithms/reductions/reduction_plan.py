"""The plan of what is computed of walks as they are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphwalk.scheduler.executors.resources import current_executor
from graphwalk.units import format_size
from graphwalk.util.html_table import Tabular

if TYPE_CHECKING:
    from graphwalk.scheduler.engine.walk_plan import WalkPlan
    from graphwalk.util.executor import Resources


@dataclass(frozen=True)
class ReductionPlan(Tabular):
    """How walks are computed, and what is kept of them.

    Attributes
    ----------
    name : str
        What is computed.
    walks : WalkPlan
        The plan of the walks, whose blocks are dropped when they have been used.
    state : int
        Bytes of what is kept, in the memory that the walks leave.
    """

    name: str
    walks: WalkPlan
    state: int

    @property
    def peak_memory(self) -> int:
        """Expected peak memory in bytes, as that of the walks, with what is kept."""
        return self.walks.peak_memory + self.state

    def table(self) -> list[tuple[str, str]]:
        """Return what ``print(plan)`` shows: pairs of a name and a value, both text."""
        memory = self.walks.resources.memory + self.state
        rows = [row for row in self.walks.table() if row[0] not in ("result", "peak memory")]
        return [
            ("algorithm", self.name),
            *rows,
            ("kept of walks", format_size(self.state)),
            ("peak memory", f"{format_size(self.peak_memory)} of {format_size(memory)}"),
        ]


def state_bytes(size: int, resources: Resources) -> int:
    """Return what results of `size` bytes take, in the memory that `resources` tells of.

    Threads share one. Tasks in other processes each have one, and another while it is sent.
    """
    if current_executor().in_process:
        return size
    return 2 * size * resources.machine_workers
