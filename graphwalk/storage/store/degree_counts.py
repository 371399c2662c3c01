"""How many nodes of a graph have which degree."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The quantiles of the degrees that a store's attributes hold.
QUANTILES = 0.0, 0.25, 0.5, 0.75, 0.99, 1.0

#: Degrees below this are counted in an array, others one by one.
_SMALL = 1 << 12


class DegreeCounter:
    """Counts how many nodes have which degree."""

    def __init__(self) -> None:
        self._small = np.zeros(_SMALL, np.int64)
        self._large: Counter[int] = Counter()

    def add(self, degrees: NDArray[np.int64]) -> None:
        """Count some nodes."""
        large = degrees >= _SMALL
        if large.any():
            self._large.update(degrees[large].tolist())
            degrees = degrees[~large]
        self._small += np.bincount(degrees, minlength=_SMALL)

    @property
    def isolated(self) -> int:
        """Nodes without neighbours."""
        return int(self._small[0])

    def counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the degrees that there are, ascending, and how many nodes have each."""
        small, large = np.flatnonzero(self._small), sorted(self._large)
        degrees = np.concatenate([small, np.array(large, np.int64)])
        numbers = [self._small[small], np.array([self._large[d] for d in large], np.int64)]
        return degrees, np.concatenate(numbers)

    def quantiles(self) -> list[int]:
        """Return the least degrees that at least a share of the nodes have at most."""
        degrees, counts = self.counts()
        ends = np.cumsum(counts)
        return [int(d) for d in degrees[np.searchsorted(ends, np.array(QUANTILES) * ends[-1])]]
