"""What both walk kernels share: how a walk ends, restarts and goes on at a dead end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.compiling import Int, jit
from graphwalk.kernels.rng import RESTART, mix

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: What a walker does at a node without neighbours.
STOP, GO_TO_START, STAY = 0, 1, 2


@jit
def restarts(draw: np.uint64, threshold: np.uint64) -> bool | np.bool:
    """Return whether the step whose first draw has this counter goes back to the start."""
    return mix(draw + RESTART) < threshold


@jit
def hop(
    walks: NDArray[Any], at: Int, end: Int, length: Int, restart: bool | np.bool, dead_end: Int
) -> Int:
    """Write a step that follows no edge into the flat `walks`.

    Parameters
    ----------
    walks : ndarray of int
        The result block, flat.
    at, end : int
        Where the walk's current and its last node lie in `walks`.
    length : int
        Steps of a walk.
    restart : bool
        Whether the walk was told to restart, else it is at a dead end.
    dead_end : int
        STOP, GO_TO_START or STAY.

    Returns
    -------
    int
        The node that the walker is at now; -1 when its walk is over.
    """
    if restart or dead_end == GO_TO_START:
        node = np.int64(walks[end - length])
    elif dead_end == STAY:
        node = np.int64(walks[at])
    else:
        for i in range(at + 1, end + 1):
            walks[i] = -1
        return np.int64(-1)
    walks[at + 1] = node
    return node
