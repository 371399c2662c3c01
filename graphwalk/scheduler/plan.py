"""What a job of random walks will do, decided before anything runs and without reading arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dask.array.core import normalize_chunks

from graphwalk.errors import InputError
from graphwalk.storage.partition import partition_bytes
from graphwalk.units import parse_size

if TYPE_CHECKING:
    import numpy as np

    from graphwalk.storage.graph import Graph

#: Blocks are small enough for many to share the cores evenly and large enough to be worth a task.
BLOCKS_WANTED = 64
SMALLEST_BLOCK = 1 << 20
LARGEST_BLOCK = 1 << 27


@dataclass(frozen=True)
class WalkRules:
    """What every walker does. Checked by `random_walks`, which documents each of them."""

    num_walks: int
    walk_length: int
    p: float
    q: float
    weighted: bool
    restart_prob: float
    dead_end: str
    seed: int

    @property
    def second_order(self) -> bool:
        """Whether a step depends on the previous node too."""
        return self.p != 1.0 or self.q != 1.0


@dataclass(frozen=True)
class WalkPlan:
    """Which tasks a job consists of, and what they hold.

    Attributes
    ----------
    rules : WalkRules
        What every walker does.
    dtype : dtype
        Type of the result.
    block_rows : tuple of int
        Walkers of each block of the result; each block is one task.
    partition_bytes : int
        Bytes of the graph in memory, once a process on threads and once a machine on Ray.
    """

    rules: WalkRules
    dtype: np.dtype[Any]
    block_rows: tuple[int, ...]
    partition_bytes: int

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the result: walkers, nodes of a walk."""
        return sum(self.block_rows), self.rules.walk_length + 1

    @property
    def result_bytes(self) -> int:
        """Bytes of the result."""
        return self.shape[0] * self.shape[1] * self.dtype.itemsize


def plan_walks(graph: Graph, rules: WalkRules, num_starts: int, chunks: Any) -> WalkPlan:
    """Return the plan of walking `graph` from so many start nodes.

    Parameters
    ----------
    chunks : "auto", int, str or tuple
        Rows of a block (an int), its size (text such as ``"64 MiB"``), or what Dask takes as the
        chunks of an array of the result's shape.

    Raises
    ------
    InputError
        When `chunks` is none of these or splits walks.
    """
    shape = (num_starts * rules.num_walks, rules.walk_length + 1)
    return WalkPlan(
        rules=rules,
        dtype=graph.neighbor_dtype,
        block_rows=_block_rows(shape, graph.neighbor_dtype, chunks),
        partition_bytes=partition_bytes(
            graph, weighted=rules.weighted, second_order=rules.second_order
        ),
    )


def _block_rows(shape: tuple[int, int], dtype: np.dtype[Any], chunks: Any) -> tuple[int, ...]:
    rows, row_bytes = shape[0], shape[1] * dtype.itemsize
    if isinstance(chunks, str) and chunks == "auto":
        block = min(max(rows * row_bytes // BLOCKS_WANTED, SMALLEST_BLOCK), LARGEST_BLOCK)
        chunks = max(1, block // row_bytes)
    elif isinstance(chunks, str):
        chunks = max(1, parse_size(chunks, "chunks") // row_bytes)
    elif isinstance(chunks, bool):
        raise InputError(f"chunks={chunks!r} must be 'auto' or the number of walks of a block")
    wanted = (chunks, -1) if isinstance(chunks, int) else chunks
    try:
        by_rows, by_steps = normalize_chunks(wanted, shape, dtype=dtype)
    except (ValueError, TypeError, ArithmeticError) as error:
        raise InputError(
            f"chunks={chunks!r} does not fit walks of shape {shape}: {error}; pass 'auto' or the "
            "number of walks of a block"
        ) from error
    if len(by_steps) > 1:
        raise InputError(f"chunks={chunks!r} splits walks; pass the number of walks of a block")
    if any(n < 1 for n in by_rows) and rows > 0:
        raise InputError(f"chunks={chunks!r} makes empty blocks; pass a positive number of walks")
    return tuple(int(n) for n in by_rows)
