"""Walks as text, one walk a line: one file a block, joined at the end."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from graphwalk.algorithms.output.labelled_walks import walk_lists
from graphwalk.algorithms.output.sink import PartsSink, open_kept

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from graphwalk.algorithms.output.sink import WalkBlock


class TextSink(PartsSink):
    """One walk a line; gzipped members follow one another, which is a gzip file again."""

    suffix = ".txt"

    def write(self, block: WalkBlock) -> int:
        """Write the file of a block, and return its size."""
        labels = self.load_labels()
        with self.folder.writing(self.part(block.number)) as file:
            for lines in walk_lines(block.walks, labels):
                file.write(self.encode(lines))
            return file.tell()

    def encode(self, lines: bytes) -> bytes:
        """Return lines as they are written."""
        return lines

    def close(self, sizes: Sequence[int], _about: Mapping[str, Any]) -> str:
        """Join the files of all blocks."""
        whole = f"{self.location}{self.suffix}"
        with open_kept(Path(whole)) as file:
            start = 0
            for number, size in enumerate(sizes):
                # Each has its place, so that an interrupted merge can be resumed.
                part = Path(self.location, self.part(number))
                if part.exists():
                    file.seek(start)
                    with part.open("rb") as source:
                        shutil.copyfileobj(source, file, 1 << 20)
                    file.flush()
                    os.fsync(file.fileno())
                    part.unlink()
                start += size
            file.truncate(start)
        return whole


class GzipTextSink(TextSink):
    """Text as above, compressed by the tasks."""

    suffix = ".txt.gz"

    def encode(self, lines: bytes) -> bytes:
        """Return lines, compressed."""
        return gzip.compress(lines, compresslevel=6, mtime=0)


def walk_lines(block: NDArray[np.integer[Any]], labels: pa.Array | None) -> Iterator[bytes]:
    r"""Yield the walks of a block as lines of UTF-8, some walks at a time.

    Nodes are separated by a space, or by a tab when labels are strings, which may hold spaces.
    """
    named = labels is not None and pa.types.is_large_string(labels.type)
    for lists in walk_lists(block, labels):
        text = pa.ListArray.from_arrays(lists.offsets, lists.values.cast(pa.string()))
        yield _joined(pc.binary_join(text, "\t" if named else " "), "\n") + b"\n"


def _joined(strings: pa.StringArray, separator: str) -> bytes:
    whole = pa.ListArray.from_arrays(pa.array([0, len(strings)], pa.int32()), strings)
    return bytes(pc.binary_join(whole, separator)[0].as_buffer())
