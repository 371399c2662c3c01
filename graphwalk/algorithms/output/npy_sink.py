"""Walks as one ``.npy`` array of node ids."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from graphwalk.algorithms.output.sink import WalkSink, open_kept

if TYPE_CHECKING:
    from graphwalk.algorithms.output.sink import WalkBlock


class NpySink(WalkSink):
    """One ``.npy`` array of node ids.

    Blocks are written, not assigned to a memory map: a full disk is an error then and no bus
    error, and on a network file system neighbouring blocks do not share pages.
    """

    def open(self) -> None:
        """Write the header, and make the file as large as it will be."""
        walks, width, _, _, dtype, *_ = self.shape
        header = {
            "descr": np.lib.format.dtype_to_descr(dtype),
            "fortran_order": False,
            "shape": (walks, width),
        }
        with open_kept(Path(self.location)) as file:
            np.lib.format.write_array_header_1_0(file, header)
            self.header_bytes = file.tell()
            file.truncate(self.header_bytes + walks * width * dtype.itemsize)

    def write(self, block: WalkBlock) -> int:
        """Write rows where they belong."""
        _, width, _, _, dtype, *_ = self.shape
        with Path(self.location).open("r+b") as file:
            file.seek(self.header_bytes + block.first_walk * width * dtype.itemsize)
            file.write(np.ascontiguousarray(block.walks, dtype).data)
            file.flush()
            os.fsync(file.fileno())
        return 0
