"""What files of walks have in common: they are written block by block by independent tasks.

A sink is opened before the first block, pickled into the tasks, and closed after the last one. All
operations can be repeated: a job that is resumed opens its sink again, and a task that was
considered dead may write its block a second time.
"""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from graphwalk.storage.files.folder import folder_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from graphwalk.algorithms.output.label_file import LabelFile


class Shape(NamedTuple):
    """What a sink must know of the walks before the first block.

    They may have edges; and coordinates may be wanted with them, by which xarray knows them.
    """

    walks: int
    width: int
    block_walks: int
    num_blocks: int
    dtype: np.dtype[Any]
    edge_dtype: np.dtype[Any] | None = None
    coordinates: bool = False


class WalkBlock(NamedTuple):
    """A run of walks, and where they belong."""

    number: int
    first_walk: int
    walks: NDArray[np.integer[Any]]
    edges: NDArray[np.integer[Any]] | None = None


class WalkSink:
    """A file, or a folder of files, into which blocks of walks are written in any order.

    It is not a dataclass, since Dask on Ray takes those apart in arguments.
    """

    def __init__(
        self,
        location: str,
        shape: Shape,
        labels: LabelFile | None,
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.location = location
        self.shape = shape
        self.label_file = labels
        self.storage_options = storage_options

    def load_labels(self) -> Any:
        """Return the labels, or None."""
        return self.label_file.load() if self.label_file else None

    def open(self) -> None:
        """Make what all blocks share."""
        raise NotImplementedError

    def write(self, block: WalkBlock) -> int:
        """Write a block so that it is on disk; return the bytes of its file, if it is a part.

        Many tasks call this at once.
        """
        raise NotImplementedError

    def close(self, sizes: Sequence[int], about: Mapping[str, Any]) -> str:  # noqa: ARG002
        """Return the finished file or folder, once all blocks are written.

        Takes what `write` returned, and what to say of the walks where there is room for it.
        """
        return self.location

    def commit(self, name: str, data: bytes) -> None:
        """Write the file that makes a whole of all others, in one step.

        At a URL, raises HeldError if another job has done so.
        """
        folder_at(self.location, self.storage_options).commit(name, data)


def open_kept(path: Path) -> IO[bytes]:
    """Open a file to write, with what it holds, or a new one."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o666), "wb")


def sync(path: Path) -> None:
    """See that a file is on disk."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


class PartsSink(WalkSink):
    """One file a block, in a folder."""

    suffix = ""

    def open(self) -> None:
        """Make the folder."""
        self.folder = folder_at(self.location, self.storage_options)
        self.folder.make()

    def part(self, number: int) -> str:
        """Return the name of the file of a block."""
        digits = max(5, len(str(self.shape.num_blocks - 1)))
        return f"part-{number:0{digits}}{self.suffix}"
