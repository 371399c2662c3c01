"""An estimate of a build's memory and disk, made before its long stages begin."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from graphwalk.errors import StoreError, argument
from graphwalk.storage.build.graph_writer import STORED_TYPES
from graphwalk.storage.files.storage_errors import disk_errors
from graphwalk.storage.store.format import neighbor_dtype, value_bytes
from graphwalk.units import format_size

if TYPE_CHECKING:
    from pathlib import Path

    from graphwalk.storage.build.memory_plan import RunLayout
    from graphwalk.storage.build.runs import BucketPlan


def describe_sizes(plan: BucketPlan, layout: RunLayout, edges: int, temporary: int) -> str:
    """Return what a build is expected to take, in words.

    Parameters
    ----------
    edges : int
        Edges of the input.
    temporary : int
        Bytes of temporary files.
    """
    entry = neighbor_dtype(plan.num_nodes).itemsize + value_bytes(plan.values)
    entry += sum(STORED_TYPES[kind].itemsize for kind in plan.further)
    store = 8 * (plan.num_nodes + 1) + entry * plan.entries  # without labels and compression
    spilled = f", {format_size(temporary)} of temporary files" if temporary else ""
    return (
        f"{edges:,} edges between {plan.num_nodes:,} nodes: at most "
        f"{format_size(store)} for the store{spilled}, about {format_size(layout.memory)} "
        "of memory"
    )


def check_disk(folder: Path, needed: int) -> None:
    """Raise an error if the disk has not enough free space.

    Raises
    ------
    StoreError
        When less than `needed` bytes are free on the disk of `folder`.
    """
    with disk_errors(folder):
        free = shutil.disk_usage(folder).free
    if needed > free:
        raise StoreError(
            f"the temporary files of this build take {format_size(needed)}, and {folder} has "
            f"{format_size(free)} free; free space, build on another disk, or raise "
            f"{argument('memory')}"
        )
