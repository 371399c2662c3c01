"""Walks as text, one walk a line: one file a block, joined at the end."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pyarrow as pa

from graphwalk.algorithms.output.labelled_walks import SLICE_NODES, walk_lists
from graphwalk.algorithms.output.sink import PartsSink, open_kept
from graphwalk.kernels.output.join_lines import join_names, join_numbers, join_rows, number_bytes
from graphwalk.util.scratch import scratch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from graphwalk.algorithms.output.sink import WalkBlock
    from graphwalk.storage.store.label_table import LabelTable

Lines: TypeAlias = "memoryview[int]"


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

    def encode(self, lines: Lines) -> Lines | bytes:
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
            if not start:  # nothing at all is not a compressed file
                file.seek(0)
                start = file.write(self.encode(memoryview(b"")))
            file.truncate(start)
        return whole


class GzipTextSink(TextSink):
    """Text as above, compressed by the tasks."""

    suffix = ".txt.gz"

    def encode(self, lines: Lines) -> bytes:
        """Return lines, compressed."""
        return gzip.compress(lines, compresslevel=6, mtime=0)


class ZstdTextSink(TextSink):
    """Text as above, compressed by the tasks; frames that follow one another are one file."""

    suffix = ".txt.zst"

    def encode(self, lines: Lines) -> bytes:
        """Return lines, compressed."""
        compressed: bytes = pa.compress(lines, codec="zstd", asbytes=True)
        return compressed


def walk_lines(block: NDArray[np.integer[Any]], labels: LabelTable | None) -> Iterator[Lines]:
    r"""Yield the walks of a block as lines of UTF-8, some at a time, which are overwritten then.

    Nodes are separated by a space, or by a tab when labels are strings, which may hold spaces.
    """
    if labels is not None:
        for lists in walk_lists(block, labels):
            yield lines_of(lists.values, lists.offsets.to_numpy())
        return
    step = max(1, SLICE_NODES // block.shape[1])
    for start in range(0, len(block), step):
        some = block[start : start + step]
        out = scratch("lines", number_bytes(some.dtype) * some.size + len(some))
        yield out[: join_rows(some, ord(" "), out)].data


def lines_of(values: pa.Array, offsets: NDArray[np.int32]) -> Lines:
    """Return lists of numbers or names as lines; ``offsets[0]`` is 0."""
    if pa.types.is_integer(values.type):
        numbers = values.to_numpy()
        out = np.empty(number_bytes(numbers.dtype) * len(numbers) + len(offsets), np.uint8)
        return out[: join_numbers(numbers, offsets, ord(" "), out)].data
    _, starts, names = values.buffers()
    ends = np.frombuffer(starts, np.int64)[values.offset : values.offset + len(values) + 1]
    text = np.frombuffer(names or b"", np.uint8)
    out = np.empty(int(ends[-1] - ends[0]) + len(values) + len(offsets), np.uint8)
    return out[: join_names(text, ends, offsets, ord("\t"), out)].data
