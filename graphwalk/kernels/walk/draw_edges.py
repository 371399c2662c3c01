"""What edges are drawn by: random numbers of a seed, and masses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphwalk.kernels.jit import Int, jit, multiply_high
from graphwalk.kernels.rng import STEP, mix, seed_key
from graphwalk.kernels.rows.time_masses import decay

if TYPE_CHECKING:
    from numpy.typing import NDArray


@jit
def draw_numbers(seed: Int, purpose: Int, below: Int, out: NDArray[np.uint64]) -> None:
    """Fill `out` with numbers from 0 to ``below - 1``, all with the same probability.

    Parameters
    ----------
    seed : int
        The seed.
    purpose : int
        What the numbers are for; others of the same seed have another one.
    below : int
        As many numbers are possible; 0 stands for 2**64.
    out : ndarray of uint64
        The numbers. Each depends on its place in the array, but not on the array's length.
    """
    key = mix(seed_key(seed) ^ mix(np.uint64(purpose)))
    for i in range(out.size):
        number = mix(key + np.uint64(i + 1) * STEP)
        out[i] = multiply_high(number, np.uint64(below)) if below else number


@jit
def fill_masses(
    times: NDArray[np.float64], top: float, scale: float, masses: NDArray[np.float64]
) -> None:
    """Fill ``exp((time - top) / scale)`` of each time, none of which is above `top`."""
    for i in range(times.size):
        masses[i] = decay((top - times[i]) / scale)
