"""What the entries of a row weigh together where steps prefer times exponentially.

The probability of an entry at time t is in proportion to exp(-t / scale) where near times are
preferred, or exp(t / scale) where far ones are, as in continuous-time dynamic network embeddings
[1]_. The entries that a step may take are the end of a row that is sorted by time, so the mass of
each end is kept: with it, a binary search draws an entry. No difference is taken of sums, and each
is relative to its own largest term, so that neither overflows nor loses digits, however long the
times of a row are apart. Their logarithms are kept, so that a search takes no powers.

References
----------
.. [1] G. H. Nguyen, J. B. Lee, R. A. Rossi, N. K. Ahmed, E. Koh, S. Kim, "Continuous-time dynamic
   network embeddings", WWW 2018 companion, https://doi.org/10.1145/3184558.3191526
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import jit, part_of_kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: From here on, exp(-x) is taken for 0: it would be less than the smallest number of 64 bits.
_LARGEST = 745.0

_LOG2_E, _SQRT_HALF = 1.4426950408889634, 0.7071067811865476
#: The logarithm of 2 in two parts, of which the first has few digits: multiples of it are exact.
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
#: Those of the series of exp(x) and of artanh(x) / x in x², from the last one.
_OF_EXP = tuple(1.0 / math.factorial(k) for k in range(13, -1, -1))
_OF_ARTANH = tuple(1.0 / k for k in range(23, 0, -2))


@part_of_kernel
def decay(x: float) -> float:
    """Return exp(-x) of a number that is not negative, and 0 for what is not a number.

    Only operations that are rounded alike on all machines are used here and in `logarithm`: the
    functions of C libraries differ in the last digit, and with it walks would.
    """
    if not x < _LARGEST:
        return 0.0
    halvings = math.floor(x * _LOG2_E + 0.5)
    rest = (halvings * _LN2_HIGH - x) + halvings * _LN2_LOW
    value = 0.0
    for coefficient in _OF_EXP:
        value = value * rest + coefficient
    return math.ldexp(value, -int(halvings))


@part_of_kernel
def logarithm(x: float) -> float:
    """Return the natural logarithm of a number above 0."""
    part, doublings = math.frexp(x)
    if part < _SQRT_HALF:
        part, doublings = 2.0 * part, doublings - 1
    ratio = (part - 1.0) / (part + 1.0)
    value = 0.0
    for coefficient in _OF_ARTANH:
        value = value * (ratio * ratio) + coefficient
    return doublings * _LN2_HIGH + (doublings * _LN2_LOW + 2.0 * ratio * value)


@jit
def fill_time_masses(
    row_starts: NDArray[Any],
    times: NDArray[np.float64],
    weights: NDArray[np.float32],
    rate: float,
    masses: NDArray[np.float64],
) -> None:
    """Fill the logarithm of the mass of each entry and all later ones of its row.

    Parameters
    ----------
    row_starts : ndarray of int, shape (rows + 1,)
        Where each row begins within the other arrays.
    times : ndarray of float64, shape (entries,)
        Ascending in each row; minus infinity for entries that no step takes.
    weights : ndarray of float32, shape (entries,) or (0,)
        By which masses are multiplied; empty if all are 1.
    rate : float
        1 / scale: above 0 near times are preferred, and masses are relative to the exponential of
        the entry itself; below 0 far ones, and they are relative to that of the row's last one; 0
        if weights alone count.
    masses : ndarray of float64, shape (entries,)
        Filled.
    """
    for row in range(len(row_starts) - 1):
        first, last = np.int64(row_starts[row]), np.int64(row_starts[row + 1])
        mass, later = 0.0, np.inf
        for i in range(last - 1, first - 1, -1):
            weight = np.float64(weights[i]) if weights.size else 1.0
            if rate > 0:
                mass = weight + mass * decay((later - times[i]) * rate)
                later = times[i]
            else:
                mass += weight * decay((times[i] - times[last - 1]) * rate)
            masses[i] = logarithm(mass) if mass > 0.0 else -np.inf
