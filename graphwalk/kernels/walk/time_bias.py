"""Which of the edges that it may take a step of a temporal walk follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphwalk.kernels.jit import Int, multiply_high, part_of_kernel
from graphwalk.kernels.rows.time_masses import logarithm

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Which entries are likelier: those near in time or far from it by their rank, or by masses.
NEAR, FAR, EXPONENTIAL = 0, 1, 2

_ONE, _S11, _TWO_53 = np.uint64(1), np.uint64(11), 2.0**-53


class TimeBias(NamedTuple):
    """Which entries are likelier; kernels take None where none is.

    Attributes
    ----------
    kind : int
        `NEAR`, `FAR` or `EXPONENTIAL`.
    rate : float
        Of an exponential bias to near entries, in a unit of time; 0 of one to far entries.
    """

    kind: int
    rate: float


@part_of_kernel
def draw_by_time(
    times: NDArray[np.float64],
    masses: NDArray[np.float64],
    bias: TimeBias | None,
    draw: np.uint64,
    low: Int,
    stop: Int,
) -> Int:
    """Draw one of the entries from `low` to before `stop`, which are the end of a row.

    Parameters
    ----------
    times : ndarray of float64
        Ascending in the row.
    masses, bias
        As of :func:`graphwalk.kernels.walk.partitioned_temporal.advance_temporal`.
    draw : uint64
        64 random bits.

    Returns
    -------
    int
        The entry; anything if there is none.
    """
    if bias is None:
        return low + np.int64(multiply_high(draw, np.uint64(stop - low)))
    if bias.kind == EXPONENTIAL:
        return _exponential(times, masses, bias.rate, draw, low, stop)
    rank = _linear_rank(draw, stop - low)
    return stop - 1 - rank if bias.kind == NEAR else low + rank


@part_of_kernel
def _linear_rank(draw: np.uint64, count: Int) -> Int:
    """Draw one of the numbers from 0 to count - 1, each in proportion to it plus 1."""
    drawn = np.int64(multiply_high(draw, np.uint64(count * (count + 1) // 2)))
    rank = np.int64((np.sqrt(8.0 * drawn + 1.0) - 1.0) / 2.0)
    # The root is rounded.
    while rank * (rank + 1) // 2 > drawn:
        rank -= 1
    while (rank + 1) * (rank + 2) // 2 <= drawn:
        rank += 1
    return rank


@part_of_kernel
def _exponential(
    times: NDArray[np.float64],
    masses: NDArray[np.float64],
    rate: float,
    draw: np.uint64,
    low: Int,
    stop: Int,
) -> Int:
    """Draw an entry by the mass of each and those after it, whose share of all falls from 1."""
    span = stop - low
    if span <= 1:
        return low
    first = times[low]
    least = logarithm(np.float64((draw >> _S11) + _ONE) * _TWO_53) + masses[low]
    while span > 1:
        half = span >> 1
        place = low + half
        low = place if masses[place] - (times[place] - first) * rate > least else low
        span -= half
    return low
