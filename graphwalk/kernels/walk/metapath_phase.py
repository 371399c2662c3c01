"""Where in its metapath a walk is, which begins again at each restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphwalk.kernels.jit import Int, part_of_kernel
from graphwalk.kernels.rng import STEP
from graphwalk.kernels.walk.steps import GO_TO_START, draw_interruption

if TYPE_CHECKING:
    from graphwalk.kernels.walk.steps import Interruption


@part_of_kernel
def last_restart(interruption: Interruption, counter: np.uint64, steps: Int) -> Int:
    """Return after which of the steps that it made a walk began its metapath again, or else 0.

    The draws of earlier steps are made again, so that walkers carry no further number between
    partitions; on average that takes the reciprocal of the probability of a restart.

    Parameters
    ----------
    interruption : Interruption
        When a walk restarts; it does not at dead ends.
    counter : uint64
        That of the latest step's first draw.
    steps : int
        How many steps the walk has made.
    """
    if interruption.restart > np.uint64(0):
        while steps > 0 and draw_interruption(interruption, counter) != GO_TO_START:
            counter -= STEP
            steps -= 1
        return steps
    return np.int64(0)
