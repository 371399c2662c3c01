"""Which stored entry each step follows, for walks that record it.

Steps are drawn from a table whose items are entries of a row, see
:mod:`graphwalk.kernels.rows.alias_tables`. Where edges are not recorded, kernels get None instead
of `StepEdges`, and nothing of this is compiled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from graphwalk.kernels.jit import Int, part_of_kernel, prefetch
from graphwalk.kernels.rng import mix

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Distance from the draw of a node to that of one of several parallel entries that lead to it.
PARALLEL = np.uint64(0xAF251AF3B0F025B5)


class StepEdges(NamedTuple):
    """What tells where entries lie in the store.

    Attributes
    ----------
    positions : ndarray of uint32 or int64, shape (entries,) or (0,)
        Where each entry lies in the store; empty if they lie there one after the other.
    first : int
        Where the first entry lies then.
    """

    positions: NDArray[Any]
    first: int


def edge_dtype(entries: int) -> np.dtype[Any]:
    """Return the type of positions among a number of stored entries, and of -1."""
    return np.dtype(np.int32 if entries < 2**31 else np.int64)


def step_dtype(node: np.dtype[Any], edge: np.dtype[Any] | None = None) -> np.dtype[Any]:
    """Return the type of an item of a walk: a node, or a record with the edge that led to it."""
    return node if edge is None else np.dtype([("node", node), ("edge", edge)], align=True)


def step_types(step: np.dtype[Any]) -> tuple[np.dtype[Any], np.dtype[Any] | None]:
    """Return the types of nodes and of edges, of which `step_dtype` made one."""
    return (step, None) if step.names is None else (step["node"], step["edge"])


def nodes_of(walks: NDArray[Any]) -> NDArray[Any]:
    """Return the nodes of walks, as a view, whether edges are recorded or not."""
    nodes: NDArray[Any] = walks if walks.dtype.names is None else walks["node"]
    return nodes


@overload(nodes_of)  # type: ignore[untyped-decorator]
def _nodes_of(walks: Any) -> Any:
    if isinstance(walks.dtype, types.Record):

        def field(walks: Any) -> Any:
            return walks["node"]

        return field

    def all_of_it(walks: Any) -> Any:
        return walks

    return all_of_it


@part_of_kernel
def position_of(edges: StepEdges, entry: Int) -> Int:
    """Return where an entry lies in the store."""
    if len(edges.positions) > 0:
        return np.int64(edges.positions[np.uint64(entry)])
    return np.int64(entry) + edges.first


@part_of_kernel
def prefetch_edge(edges: StepEdges, entry: Int) -> None:
    """Ask for what `position_of` will need."""
    if len(edges.positions) > 0:
        prefetch(edges.positions, entry)


@part_of_kernel
def parallel_draw(draw: np.uint64) -> np.uint64:
    """Return the random number that chooses among parallel entries, from that of the node."""
    return mix(draw + PARALLEL)
