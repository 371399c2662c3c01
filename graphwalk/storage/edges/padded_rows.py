"""Rows of neighbours in one array, padded with −1 to the length of the longest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError
from graphwalk.storage.edges.protocol import RowBatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

#: Rows that are looked at to see whether an array is padded.
_LOOKED_AT = 1 << 12


@dataclass(frozen=True, eq=False)
class PaddedRows:
    """A :class:`~graphwalk.storage.edges.protocol.RowSource` over a padded array."""

    name: str
    array: Any
    directed: None = None
    weighted: bool = False

    @property
    def num_nodes(self) -> int:
        """Number of rows."""
        return int(self.array.shape[0])

    def rows(self, size: int) -> Iterator[Callable[[], RowBatch]]:
        """Return calls for runs of rows."""
        step = max(1, size // self.array.shape[1])
        for first in range(0, self.num_nodes, step):
            yield partial(self._load, first, min(first + step, self.num_nodes))

    def _load(self, first: int, last: int) -> RowBatch:
        part = np.asarray(self.array[first:last])
        there = part != -1
        gaps = there[:, 1:] & ~there[:, :-1]
        if gaps.any():
            row = first + int(np.argmax(gaps.any(axis=1)))
            raise InputError(
                f"{self.name}, row {row}: a neighbour stands after −1, which ends a row; pass rows "
                "as a list of arrays"
            )
        return RowBatch(there.sum(axis=1, dtype=np.int64), part[there], None, first)


def is_padded(array: Any) -> bool:
    """Return whether an array has rows of neighbours, some of which end in −1.

    Five columns or more can't be edges; of three or four, the third might be a weight of −1.
    """
    if len(array.shape) != 2 or array.dtype.kind != "i" or array.shape[1] < 3 or 2 in array.shape:
        return False
    for first in range(0, array.shape[0], _LOOKED_AT):
        part: NDArray[Any] = np.asarray(array[first : first + _LOOKED_AT])
        if (part[:, : 2 if array.shape[1] < 5 else None] == -1).any():
            return True
    return False


def open_padded(array: Any) -> PaddedRows:
    """Open an array that :func:`is_padded`."""
    return PaddedRows(f"padded array of shape {tuple(array.shape)}", array)
