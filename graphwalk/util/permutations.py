"""Orders of numbers, as permutations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def inverse(order: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return the place that each number from 0 on has in an order of all of them.

    Parameters
    ----------
    order : ndarray of int, shape (n,)
        Each number below n once.
    dtype : dtype
        Type of the places.
    """
    places = np.empty(len(order), dtype)
    places[order] = np.arange(len(order), dtype=dtype)
    return places
