"""Copy scattered ranges of an array that is read piece by piece."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphwalk.kernels.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.kernels.build.buckets import Counts


@jit
def gather(
    piece: NDArray[Any], base: int, starts: Counts, stops: Counts, into: Counts, out: NDArray[Any]
) -> None:
    """Copy what `piece` has of each range.

    ``piece[0]`` is element `base` of the whole array. Range i, from element ``starts[i]`` to before
    ``stops[i]``, belongs at ``out[into[i]]`` and after.
    """
    end = base + piece.size
    for i in range(starts.size):
        for at in range(max(starts[i], base), min(stops[i], end)):
            out[into[i] + at - starts[i]] = piece[at - base]
