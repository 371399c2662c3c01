"""An estimate of a build's memory and disk, made before its long stages begin."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphwalk.errors import StoreError
from graphwalk.storage.store.format import neighbor_dtype, value_bytes
from graphwalk.units import format_size

if TYPE_CHECKING:
    from pathlib import Path

    from graphwalk.storage.build.memory_plan import RunLayout
    from graphwalk.storage.build.runs import BucketPlan


@dataclass(frozen=True)
class Estimate:
    """The estimated size, memory and disk of a build.

    Attributes
    ----------
    num_nodes, edges, entries : int
        Nodes, edges of the input, and entries before parallel ones are merged.
    store : int
        Most bytes of the store, without labels and compression.
    temporary : int
        Bytes of temporary files.
    memory : int
        Bytes of memory, in addition to the process and to input that is in memory.
    """

    num_nodes: int
    edges: int
    entries: int
    store: int
    temporary: int
    memory: int

    def __str__(self) -> str:
        spilled = f", {format_size(self.temporary)} of temporary files" if self.temporary else ""
        return (
            f"{self.edges:,} edges between {self.num_nodes:,} nodes: at most "
            f"{format_size(self.store)} for the store{spilled}, about {format_size(self.memory)} "
            "of memory"
        )


def estimate(plan: BucketPlan, layout: RunLayout, edges: int) -> Estimate:
    """Return the estimate of a build."""
    entry = neighbor_dtype(plan.num_nodes).itemsize + value_bytes(plan.values)
    return Estimate(
        num_nodes=plan.num_nodes,
        edges=edges,
        entries=plan.entries,
        store=8 * (plan.num_nodes + 1) + entry * plan.entries,
        temporary=plan.entry_bytes * plan.entries if layout.on_disk else 0,
        memory=layout.memory,
    )


def check_disk(folder: Path, needed: int) -> None:
    """Raise an error if the disk has not enough free space.

    Raises
    ------
    StoreError
        When less than `needed` bytes are free on the disk of `folder`.
    """
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise StoreError(
            f"the temporary files of this build take {format_size(needed)}, and {folder} has "
            f"{format_size(free)} free; free space, build on another disk, or raise memory="
        )
