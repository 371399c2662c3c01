"""Where walkers start, and how the walks of a node are numbered."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


#: Walkers: the rows of the result that they fill, where all nodes are start nodes in order; or
#: start nodes, the number of the first walk from each, and which rows of these to fill.
Walkers: TypeAlias = "range | tuple[NDArray[np.int64], NDArray[np.int64], range]"


def part_of(walkers: Walkers, rows: slice, num_walks: int) -> Walkers:
    """Return the walkers of some rows, with no more start nodes than they need."""
    if isinstance(walkers, range):
        return walkers[rows]
    nodes, first_numbers, present = walkers
    rows = slice(rows.start + present.start, rows.stop + present.start)
    first, stop = rows.start // num_walks, -(-rows.stop // num_walks)
    shifted = range(rows.start - first * num_walks, rows.stop - first * num_walks)
    return nodes[first:stop], first_numbers[first:stop], shifted


def starts_and_numbers(
    walkers: Walkers, num_walks: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the start node of each walker and its number among the walks from there."""
    rows = walkers if isinstance(walkers, range) else walkers[2]
    numbers = np.arange(rows.start, rows.stop, dtype=np.int64)
    places = numbers // num_walks  # several times as fast as `divmod`, which gives both
    numbers -= places * num_walks
    if isinstance(walkers, range):
        return places, numbers
    nodes, first_numbers, _ = walkers
    numbers += first_numbers[places]
    return nodes[places], numbers
