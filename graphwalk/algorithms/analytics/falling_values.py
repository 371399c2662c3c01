"""Values of nodes that only fall, pass after pass, until none falls any more.

Distances, labels and bounds are such values. What they fall to in the end does not depend on the
order in which edges are looked at. A pass looks at the rows of active nodes, those whose value fell
in the pass before, and reads only partitions that have any.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.analytics.frontier import SHIFT, clear_flags, count_flags
from graphwalk.scheduler.engine.scan import ScanProgram

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class Frontier:
    """A set of nodes: a flag for each node, and for each block of nodes that has any."""

    def __init__(self, num_nodes: int, nodes: ArrayLike = ()) -> None:
        nodes = np.asarray(nodes, np.int64)
        self.flags = np.zeros(num_nodes, np.uint8)
        self.blocks = np.zeros((num_nodes >> SHIFT) + 1, np.uint8)
        self.flags[nodes] = self.blocks[nodes >> SHIFT] = 1

    @classmethod
    def where(cls, chosen: NDArray[np.bool_]) -> Frontier:
        """Return the set of nodes for which an array is true."""
        frontier = cls(len(chosen))
        frontier.flags[:] = chosen
        starts = np.arange(0, len(chosen), 1 << SHIFT)
        if len(starts):
            frontier.blocks[: len(starts)] = np.maximum.reduceat(frontier.flags, starts)
        return frontier

    def __len__(self) -> int:
        return int(count_flags(self.flags, self.blocks))

    def clear(self) -> None:
        """Take all nodes out."""
        clear_flags(self.flags, self.blocks)

    def add(self, other: Frontier) -> None:
        """Add the nodes of another set."""
        np.maximum(self.flags, other.flags, out=self.flags)
        np.maximum(self.blocks, other.blocks, out=self.blocks)

    def is_in(self, part: Any) -> bool:
        """Return whether a partition has a part of the row of any node in the set."""
        start, stop = part.nodes.start, part.nodes.stop
        near = self.blocks[start >> SHIFT : ((stop - 1) >> SHIFT) + 1].any()
        return bool(near and self.flags[start:stop].view(np.bool_).any())


class Falling:
    """The result of passes: the values, and the nodes whose value fell in the last pass."""

    def __init__(self, values: NDArray[Any]) -> None:
        self.values, self.fallen = values, Frontier(len(values))

    def copy(self) -> Falling:
        """Return a copy that shares nothing."""
        copy = Falling(self.values.copy())
        copy.fallen.add(self.fallen)
        return copy

    def merge(self, other: Falling) -> None:
        """Take over what fell elsewhere."""
        np.minimum(self.values, other.values, out=self.values)
        self.fallen.add(other.fallen)

    def swap(self, active: Frontier) -> Frontier:
        """Return the nodes whose value fell, and begin a new set of them."""
        active.clear()
        active, self.fallen = self.fallen, active
        return active


class FallingPass(ScanProgram):
    """A pass in which values fall.

    Parameters
    ----------
    values : ndarray, shape (nodes,)
        The values at its beginning.
    active : Frontier
        The nodes whose rows are looked at.
    """

    def __init__(self, values: NDArray[Any], active: Frontier) -> None:
        self.values, self.active = values, active

    def new_result(self) -> Falling:
        """Return values none of which has fallen yet."""
        return Falling(self.values.copy())

    @abstractmethod
    def visit(self, result: Falling, rows: Any) -> None:
        """Lower values by the rows of active nodes."""

    def merge(self, result: Falling, other: Falling) -> None:
        """Take over what fell in other partitions."""
        result.merge(other)
