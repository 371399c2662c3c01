"""Files of walks, written block by block by tasks that know nothing of each other.

A sink is opened before the first block, pickled into the tasks, and closed after the last one. It
works within a partial folder, where everything it makes lies.
"""

from __future__ import annotations

import gzip
import shutil
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from graphwalk.errors import InputError
from graphwalk.storage.walk_text import walk_lines, walk_lists

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from graphwalk.storage.walk_text import LabelFile

#: Blosc compresses a buffer of at most 2 GiB, less what its header takes.
_ZARR_BLOCK_BYTES = 2**31 - 2**10


class Shape(NamedTuple):
    """What a sink must know of the walks before the first block."""

    walks: int
    width: int
    block_walks: int
    num_blocks: int
    dtype: np.dtype[Any]


class Block(NamedTuple):
    """A run of walks, and where they belong."""

    number: int
    first_walk: int
    walks: NDArray[np.integer[Any]]


class WalkSink(Protocol):
    """A file, or a folder of files, that takes blocks of walks in any order."""

    def open(self) -> None:
        """Make what all blocks share."""

    def write(self, block: Block) -> None:
        """Write a block, or write it again. Many tasks call this at once."""

    def close(self) -> Path:
        """Return the finished file or folder, once all blocks are written."""


class _Sink:
    """A plain class: Dask on Ray takes dataclasses in the arguments of a task apart."""

    def __init__(self, folder: Path, shape: Shape, labels: LabelFile | None) -> None:
        self.result = folder / "walks"
        self.shape = shape
        self.label_file = labels

    def load_labels(self) -> Any:
        return self.label_file.load() if self.label_file else None

    def close(self) -> Path:
        return self.result


class _ZarrSink(_Sink):
    """A Zarr v3 array of node ids, one chunk a block."""

    def open(self) -> None:
        import zarr
        from zarr.codecs import BloscCodec, Crc32cCodec

        walks, width, block_walks, _, dtype = self.shape
        if block_walks * width * dtype.itemsize > _ZARR_BLOCK_BYTES:
            raise InputError(
                f"blocks of {block_walks} walks are more than the 2 GiB that a Zarr chunk can "
                "compress; rechunk the walks, or give random_walks smaller `chunks`"
            )
        # Not even a start node is -1, so that a chunk that got lost cannot pass for walks.
        zarr.create_array(
            self.result,
            shape=(walks, width),
            chunks=(max(1, block_walks), width),
            dtype=dtype,
            fill_value=-1,
            compressors=[
                BloscCodec(cname="lz4", shuffle="shuffle", typesize=dtype.itemsize),
                Crc32cCodec(),
            ],
            dimension_names=("walk", "step"),
            config={"write_empty_chunks": True},
        )

    def write(self, block: Block) -> None:
        import zarr

        array = zarr.open_array(self.result, mode="r+")
        array = array.with_config({"write_empty_chunks": True})
        array[block.first_walk : block.first_walk + len(block.walks)] = block.walks


class _NpySink(_Sink):
    """One ``.npy`` array of node ids.

    Blocks are written, not assigned to a memory map: a full disk is an error then and no bus
    error, and on a network file system neighbouring blocks do not share pages.
    """

    def open(self) -> None:
        walks, width, _, _, dtype = self.shape
        header = {
            "descr": np.lib.format.dtype_to_descr(dtype),
            "fortran_order": False,
            "shape": (walks, width),
        }
        with self.result.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            self.header_bytes = file.tell()
            file.truncate(self.header_bytes + walks * width * dtype.itemsize)

    def write(self, block: Block) -> None:
        _, width, _, _, dtype = self.shape
        with self.result.open("r+b") as file:
            file.seek(self.header_bytes + block.first_walk * width * dtype.itemsize)
            file.write(np.ascontiguousarray(block.walks, dtype).data)


class _PartsSink(_Sink):
    """One file a block, in a folder."""

    suffix = ""

    def open(self) -> None:
        self.result.mkdir()

    def part(self, number: int) -> Path:
        digits = max(5, len(str(self.shape.num_blocks - 1)))
        return self.result / f"part-{number:0{digits}}{self.suffix}"


class _ParquetSink(_PartsSink):
    """A folder of Parquet files with one column, ``walk``: lists of ids or labels."""

    suffix = ".parquet"

    def write(self, block: Block) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        labels = self.load_labels()
        kind = pa.from_numpy_dtype(self.shape.dtype) if labels is None else labels.type
        schema = pa.schema([("walk", pa.list_(kind))])
        # Without the Arrow schema, strings read as plain strings, with 32-bit offsets.
        with pq.ParquetWriter(
            self.part(block.number), schema, compression="zstd", store_schema=False
        ) as writer:
            for lists in walk_lists(block.walks, labels):
                writer.write_table(pa.table({"walk": lists.cast(schema.field("walk").type)}))


class _TextSink(_PartsSink):
    """One walk a line; gzipped members follow one another, which is a gzip file again."""

    suffix = ".txt"

    def write(self, block: Block) -> None:
        labels = self.load_labels()
        with self.part(block.number).open("wb") as file:
            for lines in walk_lines(block.walks, labels):
                file.write(self.encode(lines))

    def encode(self, lines: bytes) -> bytes:
        return lines

    def close(self) -> Path:
        parts = [self.part(number) for number in range(self.shape.num_blocks)]
        whole = self.result.with_suffix(self.suffix)
        with whole.open("wb") as file:
            for part in parts:
                with part.open("rb") as source:
                    shutil.copyfileobj(source, file, 1 << 20)
                part.unlink()
        return whole


class _GzipTextSink(_TextSink):
    """Text as above, compressed by the tasks."""

    suffix = ".txt.gz"

    def encode(self, lines: bytes) -> bytes:
        return gzip.compress(lines, compresslevel=6, mtime=0)


SINKS: dict[str, Callable[[Path, Shape, LabelFile | None], WalkSink]] = {
    ".zarr": _ZarrSink,
    ".parquet": _ParquetSink,
    ".npy": _NpySink,
    ".txt": _TextSink,
    ".txt.gz": _GzipTextSink,
}


def walk_suffix(path: Path) -> str:
    """Return the suffix that says how to write walks to `path`, in lower case.

    Raises
    ------
    InputError
        When it is none of :data:`SINKS`.
    """
    for suffix in SINKS:
        if path.name.lower().endswith(suffix) and len(path.name) > len(suffix):
            return suffix
    known = ", ".join(SINKS)
    raise InputError(f"{path}: how to write walks shows from the suffix, which must be of {known}")


def holds_walks(path: Path) -> bool:
    """Return whether what lies at `path` is of the kind that a sink makes for its suffix.

    Replacing asks this, lest a wrong path costs somebody a graph or a folder of other files.
    """
    suffix = walk_suffix(path)
    if suffix == ".zarr":
        return _is_zarr_array(path)
    if suffix == ".parquet" and path.is_dir():
        return all(part.match("part-*.parquet") for part in path.iterdir())
    return path.is_file()


def _is_zarr_array(path: Path) -> bool:
    import zarr

    try:
        zarr.open_array(path, mode="r")
    except Exception:
        return False
    return True
