"""Node ids in a temporary file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphwalk.storage.build.check_batch import is_text
from graphwalk.util.arrow_strings import string_buffers, strings_of

if TYPE_CHECKING:
    from graphwalk.storage.edges.protocol import Ids
    from graphwalk.storage.files.spill import SpillFile


class SpilledIds:
    """Some ids, integers or strings, that were written to a file."""

    def __init__(self, ids: Ids, file: SpillFile) -> None:
        arrays = string_buffers(ids) if is_text(ids) else (np.ascontiguousarray(ids),)
        self._pieces = [file.append(array) for array in arrays]
        self._length = len(ids)
        self.nbytes = sum(array.nbytes for array in arrays)

    def __len__(self) -> int:
        return self._length

    def load(self) -> Ids:
        """Read the ids."""
        arrays = [piece.read() for piece in self._pieces]
        return arrays[0] if len(arrays) == 1 else strings_of(*arrays)
