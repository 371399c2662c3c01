"""Samples of the entries of one row by weight."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphwalk.kernels.jit import Bool, Int, part_of_kernel
from graphwalk.kernels.rng import STEP, mix
from graphwalk.kernels.search import lower_bound

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Failed draws after which an entry is drawn from those that remain, by a pass over the row.
_ATTEMPTS = 64
#: By which the upper 53 bits of a number become a fraction.
_UNIT = 2.0**-53
_ELEVEN = np.uint64(11)


@part_of_kernel
def sample_by_weight(
    weights: NDArray[np.float32],
    start: Int,
    degree: Int,
    sums: NDArray[np.float64],
    positive: Int,
    key: np.uint64,
    fanout: Int,
    replace: Bool,
    picked: NDArray[np.int64],
    at: Int,
) -> Int:
    """Put a sample by weight of ``0 … degree - 1`` at a place; return its size.

    `sums` are filled by `add_up_weights`, which returns `positive`.
    """
    if fanout < 0 or (positive <= fanout and not replace):
        number = np.int64(0)
        for j in range(degree):
            if weights[start + j] > 0:
                picked[at + number] = j
                number += 1
        return number
    if positive == 0:
        return np.int64(0)
    for j in range(fanout):
        for _ in range(_ATTEMPTS):
            key += STEP
            place = _draw(sums, degree, mix(key))
            if replace:
                picked[at + j] = place
                break
            if _insert(picked, at, j, place):
                break
        else:
            key += STEP
            place = _draw_remaining(weights, start, degree, picked, at, j, mix(key))
            _insert(picked, at, j, place)
    return np.int64(fanout)


@part_of_kernel
def _draw(sums: NDArray[np.float64], degree: Int, draw: np.uint64) -> Int:
    """Return the place whose share of the sums a draw is in; never one that adds nothing."""
    target = np.float64(draw >> _ELEVEN) * _UNIT * sums[degree - 1]
    low, high = np.int64(0), np.int64(degree - 1)
    while low < high:
        middle = (low + high) >> 1
        if sums[middle] <= target:
            low = middle + 1
        else:
            high = middle
    # Where rounding has brought the target up to the sum, this is the last that adds anything.
    while low > 0 and sums[low] == sums[low - 1]:
        low -= 1
    return low


@part_of_kernel
def _draw_remaining(
    weights: NDArray[np.float32],
    start: Int,
    degree: Int,
    picked: NDArray[np.int64],
    at: Int,
    taken: Int,
    draw: np.uint64,
) -> Int:
    """Return a place by weight, of those that are not among the `taken` ones."""
    total, target, last = 0.0, 0.0, np.int64(-1)
    for again in range(2):
        if again:
            target = np.float64(draw >> _ELEVEN) * _UNIT * total
        total, passed = 0.0, np.int64(0)
        for j in range(degree):
            if passed < taken and picked[at + passed] == j:
                passed += 1
            elif weights[start + j] > 0:
                total += np.float64(weights[start + j])
                last = np.int64(j)
                if again and total > target:
                    return last
    return last


@part_of_kernel
def add_up_weights(
    weights: NDArray[np.float32], start: Int, degree: Int, sums: NDArray[np.float64]
) -> Int:
    """Fill the sums of a row's weights up to each; return how many are above zero."""
    total, positive = 0.0, np.int64(0)
    for j in range(degree):
        total += np.float64(weights[start + j])
        sums[j] = total
        if weights[start + j] > 0:
            positive += 1
    return positive


@part_of_kernel
def _insert(picked: NDArray[np.int64], at: Int, taken: Int, place: Int) -> Bool:
    """Insert a place among `taken` ascending ones; return whether it was not there yet."""
    i = lower_bound(picked, at, at + taken, place)
    if i < at + taken and picked[i] == place:
        return False
    for j in range(at + taken, i, -1):
        picked[j] = picked[j - 1]
    picked[i] = place
    return True
