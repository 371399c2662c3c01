"""Where rows begin, as walks look it up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphwalk.kernels.jit import jit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@jit
def fill_row_starts(offsets: NDArray[np.int64], row_starts: NDArray[Any]) -> bool:
    """Write offsets relative to the first, and return whether they rise."""
    start, before = offsets[0], offsets[0]
    rising = True
    for i in range(len(offsets)):
        rising &= offsets[i] >= before
        before = offsets[i]
        row_starts[i] = before - start
    return rising
