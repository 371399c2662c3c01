"""Arrays of a store, read in ranges and checked."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import StoreError
from graphwalk.storage.format import FILL_VALUES

if TYPE_CHECKING:
    from collections.abc import Iterator

    import zarr
    from numpy.typing import NDArray


class ArrayReader:
    """Reads ranges of one array of a store, and raises rather than return what was not written.

    Parameters
    ----------
    group : zarr.Group
        The store.
    location : str
        The store's path or URL, for messages.
    name : str
        The array's name.
    length : int
        How many elements the store's attributes say that it has.
    """

    def __init__(self, group: zarr.Group, location: str, name: str, length: int) -> None:
        self._where = f"array {name!r} of {location}"
        self._fill = FILL_VALUES[name]
        try:
            array: Any = group[name]
            self._chunk: int = array.chunks[0]
        except (KeyError, ValueError, OSError, AttributeError) as error:
            raise StoreError(f"{self._where} is missing or damaged; build it anew") from error
        if array.shape != (length,):
            raise StoreError(
                f"{self._where} has shape {array.shape} where ({length},) is due; build it anew"
            )
        self._array = array

    @property
    def chunk(self) -> int:
        """Elements in a chunk."""
        return self._chunk

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Return elements `start` to `stop`."""
        try:
            values = self._array[start:stop]
        except Exception as error:  # decoders and remote file systems raise all sorts
            raise StoreError(self._explain(start, stop, error)) from error
        self._check_present(values, start)
        return np.asarray(values)

    def _check_present(self, values: NDArray[Any], start: int) -> None:
        """Raise when a chunk was not there: all of it is fill value then, the first element too."""
        firsts = np.arange(-(start % self._chunk), len(values), self._chunk).clip(0)
        seen = values[firsts] if len(values) else values
        missing = np.isnan(seen) if self._fill != self._fill else seen == self._fill
        if missing.any():
            chunk = (start + int(firsts[missing][0])) // self._chunk
            raise StoreError(f"{self._where}: {self._describe(chunk)} is missing; build it anew")

    def _explain(self, start: int, stop: int, error: Exception) -> str:
        for chunk in range(start // self._chunk, -(-stop // self._chunk)):
            try:
                self._array[chunk * self._chunk : (chunk + 1) * self._chunk]
            except Exception as damage:
                what = self._describe(chunk)
                return f"{self._where}: {what} is damaged ({damage}); build it anew"
        return f"{self._where}: elements {start} to {stop} could not be read: {error}"

    def _describe(self, chunk: int) -> str:
        stop = min((chunk + 1) * self._chunk, self._array.shape[0])
        return f"chunk {chunk} (elements {chunk * self._chunk} to {stop})"


def split_ranges(
    starts: NDArray[np.int64], stops: NDArray[np.int64], chunk: int
) -> Iterator[slice]:
    """Yield runs of ascending ranges that are to be read as one.

    Those less than a chunk apart are, as long as they lie within the same 16 chunks.
    """
    apart = (starts[1:] - stops[:-1] > chunk) | (np.diff(starts // (16 * chunk)) > 0)
    edges = [0, *(np.flatnonzero(apart) + 1).tolist(), len(starts)]
    for first, last in itertools.pairwise(edges):
        if first < last:
            yield slice(first, last)
