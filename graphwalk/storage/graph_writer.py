"""A graph's rows, written bucket by bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphwalk.storage.format import neighbor_dtype
from graphwalk.storage.writer import ArrayWriter

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    import zarr

    from graphwalk.storage.rows import Rows


class GraphWriter:
    """Writes rows as they come, and adds up what is said of them.

    Attributes
    ----------
    num_entries, num_loops : int
        Entries written, and how many of them are self-loops.
    asymmetry : int
        Sum over all `Rows.asymmetry`.
    """

    def __init__(
        self,
        group: zarr.Group,
        num_nodes: int,
        capacity: int,
        weighted: bool,
        pool: ThreadPoolExecutor,
    ) -> None:
        dtype = neighbor_dtype(num_nodes)
        self._offsets = ArrayWriter(group, "offsets", np.int64, num_nodes, num_nodes + 1, pool)
        self._neighbors = ArrayWriter(group, "neighbors", dtype, num_nodes, capacity, pool)
        self._weights = (
            ArrayWriter(group, "weights", np.float32, num_nodes, capacity, pool)
            if weighted
            else None
        )
        self.num_entries = 0
        self.num_loops = 0
        self.asymmetry = 0
        self._offsets.append(np.zeros(1, np.int64))

    def append(self, rows: Rows) -> None:
        """Write the next rows."""
        self._offsets.append(rows.ends + self.num_entries)
        self._neighbors.append(rows.neighbors)
        if self._weights is not None and rows.weights is not None:
            self._weights.append(rows.weights)
        self.num_entries += len(rows.neighbors)
        self.num_loops += rows.loops
        self.asymmetry += rows.asymmetry

    def finish(self) -> None:
        """Write what is left, and wait until all is written."""
        for writer in self._writers():
            writer.finish()

    def abandon(self) -> None:
        """Wait for what is being written, if the build has failed."""
        for writer in self._writers():
            writer.abandon()

    def _writers(self) -> list[ArrayWriter]:
        writers = [self._offsets, self._neighbors]
        return writers if self._weights is None else [*writers, self._weights]
