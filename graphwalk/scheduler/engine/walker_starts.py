"""Where walkers start, how their walks are numbered, and the edges that walks begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from graphwalk.kernels.walk.step_edges import nodes_of
from graphwalk.util.node_set import marked

if TYPE_CHECKING:
    from numpy.typing import NDArray


class FirstSteps(NamedTuple):
    """Edges that walks begin with, one for each start or for each walker.

    Attributes
    ----------
    entries, sources, targets : ndarray of int64, shape (edges,)
        Where each edge lies in the store, and the nodes from which and to which it leads.
    times : ndarray of float64, shape (edges,)
        Its time, negative for walks that go backward.
    """

    entries: NDArray[np.int64]
    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    times: NDArray[np.float64]

    def take(self, places: Any) -> FirstSteps:
        """Return some of them."""
        return FirstSteps(*(column[places] for column in self))

    def put(self, walks: NDArray[Any], ends: NDArray[np.uint64] | None) -> None:
        """Write the start nodes of as many walks and, if they do not end there, the first steps."""
        nodes_of(walks)[:, 0] = self.sources
        if walks.shape[1] == 1:
            return
        moving = slice(None) if ends is None else ~marked(ends, self.sources)
        nodes_of(walks)[moving, 1] = self.targets[moving]
        if walks.dtype.names is not None:
            walks["edge"][moving, 1] = self.entries[moving]

    def going_on(self, width: int, ends: NDArray[np.uint64] | None) -> NDArray[np.bool_]:
        """Return which of the walks, of up to `width` nodes, have more than the first step."""
        if ends is None or width == 2:
            return np.full(len(self.entries), width > 2)
        return ~(marked(ends, self.sources) | marked(ends, self.targets))


class StartNodes(NamedTuple):
    """Start nodes, or the edges that walks begin with, and the walks from each.

    Attributes
    ----------
    nodes : ndarray of int64, shape (starts,)
        Start nodes; of walks that begin with an edge, where it lies in the store. The random
        numbers of a walk depend on this, and on its number among the walks from there.
    first_numbers : ndarray of int64, shape (starts,)
        The number of the first walk from each.
    rows : range
        Which walks, `num_walks` from each start.
    first_steps : FirstSteps, optional
        The edges that walks begin with, one for each start.
    """

    nodes: NDArray[np.int64]
    first_numbers: NDArray[np.int64]
    rows: range
    first_steps: FirstSteps | None = None


#: Walkers: the rows of the result that they fill, where all nodes are start nodes in order; or
#: start nodes, and which rows of these to fill.
Walkers: TypeAlias = range | StartNodes


def part_of(walkers: Walkers, rows: slice, num_walks: int) -> Walkers:
    """Return the walkers of some rows, with no more start nodes than they need."""
    if isinstance(walkers, range):
        return walkers[rows]
    nodes, first_numbers, present, first_steps = walkers
    rows = slice(rows.start + present.start, rows.stop + present.start)
    first, stop = rows.start // num_walks, -(-rows.stop // num_walks)
    shifted = range(rows.start - first * num_walks, rows.stop - first * num_walks)
    part = slice(first, stop)
    steps = None if first_steps is None else first_steps.take(part)
    return StartNodes(nodes[part], first_numbers[part], shifted, steps)


def starts_and_numbers(
    walkers: Walkers, num_walks: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the start node of each walker and its number among the walks from there."""
    rows = walkers if isinstance(walkers, range) else walkers.rows
    numbers = np.arange(rows.start, rows.stop, dtype=np.int64)
    places = numbers // num_walks  # several times as fast as `divmod`, which gives both
    numbers -= places * num_walks
    if isinstance(walkers, range):
        return places, numbers
    numbers += walkers.first_numbers[places]
    return walkers.nodes[places], numbers


def first_steps_of(walkers: Walkers, num_walks: int) -> FirstSteps | None:
    """Return the edge that the walk of each walker begins with; None if walks begin at nodes."""
    if isinstance(walkers, range) or walkers.first_steps is None:
        return None
    rows = walkers.rows
    return walkers.first_steps.take(np.arange(rows.start, rows.stop) // num_walks)
