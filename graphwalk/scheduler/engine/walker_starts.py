"""Where walkers start, how their walks are numbered, and the edges that walks begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from dask.base import normalize_token

from graphwalk.kernels.walk.step_edges import nodes_of
from graphwalk.util.node_set import marked

if TYPE_CHECKING:
    from numpy.typing import NDArray


class FirstSteps:
    """Edges that walks begin with, one for each start or for each walker.

    It is no tuple and no dataclass, since Dask on Ray takes those apart in arguments.

    Parameters
    ----------
    entries, sources, targets : ndarray of int64, shape (edges,)
        Where each edge lies in the store, and the nodes from which and to which it leads.
    times : ndarray of float64, shape (edges,)
        Its time, negative for walks that go backward.
    """

    def __init__(
        self,
        entries: NDArray[np.int64],
        sources: NDArray[np.int64],
        targets: NDArray[np.int64],
        times: NDArray[np.float64],
    ) -> None:
        self.entries, self.sources, self.targets, self.times = entries, sources, targets, times

    def __dask_tokenize__(self) -> Any:
        return normalize_token((self.entries, self.times))

    def take(self, places: Any) -> FirstSteps:
        """Return some of them."""
        columns = self.entries, self.sources, self.targets, self.times
        return FirstSteps(*(column[places] for column in columns))

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


class StartNodes:
    """Start nodes, or the edges that walks begin with, and the walks from each.

    Parameters
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

    def __init__(
        self,
        nodes: NDArray[np.int64],
        first_numbers: NDArray[np.int64],
        rows: range,
        first_steps: FirstSteps | None = None,
    ) -> None:
        self.nodes, self.first_numbers, self.rows = nodes, first_numbers, rows
        self.first_steps = first_steps

    def __dask_tokenize__(self) -> Any:
        # Dask takes what this returns as text, which omits most of an array.
        return normalize_token((self.nodes, self.first_numbers, self.rows, self.first_steps))

    def of_rows(self, rows: range) -> StartNodes:
        """Return others of the walks from these."""
        return StartNodes(self.nodes, self.first_numbers, rows, self.first_steps)


#: Walkers: the rows of the result that they fill, where all nodes are start nodes in order; or
#: start nodes, and which rows of these to fill.
Walkers: TypeAlias = range | StartNodes


def part_of(walkers: Walkers, rows: slice, num_walks: int) -> Walkers:
    """Return the walkers of some rows, with no more start nodes than they need."""
    if isinstance(walkers, range):
        return walkers[rows]
    rows = slice(rows.start + walkers.rows.start, rows.stop + walkers.rows.start)
    first, stop = rows.start // num_walks, -(-rows.stop // num_walks)
    shifted = range(rows.start - first * num_walks, rows.stop - first * num_walks)
    part, steps = slice(first, stop), walkers.first_steps
    steps = None if steps is None else steps.take(part)
    return StartNodes(walkers.nodes[part], walkers.first_numbers[part], shifted, steps)


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
