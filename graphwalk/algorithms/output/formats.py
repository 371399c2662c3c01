"""Files of walks, written block by block by tasks that know nothing of each other.

A sink is opened before the first block, pickled into the tasks, and closed after the last one. All
that it does can be done again: a job that is resumed opens it anew, and a task that was taken for
dead may write its block a second time.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from graphwalk.algorithms.output.labelled_walks import walk_lines, walk_lists
from graphwalk.errors import InputError
from graphwalk.storage.files.folder import folder_at
from graphwalk.storage.files.locations import zarr_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import zarr
    from numpy.typing import NDArray

    from graphwalk.algorithms.output.labelled_walks import LabelFile

#: Under which name finished walks say what they are, where their format has room for it.
FINISHED = "graphwalk"

#: The file that says so in a folder of Parquet files. Readers pass over names that begin so; those
#: who do not read no rows from it.
_ABOUT = "_graphwalk.parquet"

#: Blosc compresses a buffer of at most 2 GiB, less what its header takes.
_ZARR_BLOCK_BYTES = 2**31 - 2**10


class Shape(NamedTuple):
    """What a sink must know of the walks before the first block."""

    walks: int
    width: int
    block_walks: int
    num_blocks: int
    dtype: np.dtype[Any]


class WalkBlock(NamedTuple):
    """A run of walks, and where they belong."""

    number: int
    first_walk: int
    walks: NDArray[np.integer[Any]]


class WalkSink(Protocol):
    """A file, or a folder of files, that takes blocks of walks in any order."""

    def open(self) -> None:
        """Make what all blocks share."""

    def write(self, block: WalkBlock) -> int:
        """Write a block so that it is on disk; return the bytes of its file, if it is a part.

        Many tasks call this at once.
        """

    def close(self, sizes: Sequence[int], about: Mapping[str, Any]) -> str:
        """Return the finished file or folder, once all blocks are written.

        Takes what `write` returned, and what to say of the walks where there is room for it.
        """


class _Sink:
    """A plain class: Dask on Ray takes dataclasses in the arguments of a task apart."""

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
        return self.label_file.load() if self.label_file else None

    def close(self, _sizes: Sequence[int], _about: Mapping[str, Any]) -> str:
        return self.location


class _ZarrSink(_Sink):
    """A Zarr v3 array of node ids, one chunk a block."""

    def open(self) -> None:
        from zarr.storage import MemoryStore

        _, width, block_walks, _, dtype = self.shape
        if block_walks * width * dtype.itemsize > _ZARR_BLOCK_BYTES:
            raise InputError(
                f"blocks of {block_walks} walks are more than the 2 GiB that a Zarr chunk can "
                "compress; rechunk the walks, or give random_walks smaller `chunks`"
            )
        # Chunks come first and what makes them an array last: half of it is no array.
        self.metadata = self._create(MemoryStore(), {}).metadata

    def write(self, block: WalkBlock) -> int:
        import zarr
        from zarr.storage import LocalStore, StorePath

        store = self._store()
        array: Any = zarr.Array(
            zarr.AsyncArray(self.metadata, StorePath(store), {"write_empty_chunks": True})  # type: ignore[call-overload]
        )
        array[block.first_walk : block.first_walk + len(block.walks)] = block.walks
        if isinstance(store, LocalStore) and len(block.walks):
            _sync(Path(self.location, self.metadata.encode_chunk_key((block.number, 0))))
        return 0

    def close(self, _sizes: Sequence[int], about: Mapping[str, Any]) -> str:
        self._create(self._store(), about)
        return self.location

    def _store(self) -> Any:
        return zarr_store(self.location, read_only=False, storage_options=self.storage_options)

    def _create(self, store: Any, about: Mapping[str, Any]) -> zarr.Array[Any]:
        import zarr
        from zarr.codecs import BloscCodec, Crc32cCodec

        walks, width, block_walks, _, dtype = self.shape
        # Not even a start node is -1, so that a chunk that got lost cannot pass for walks.
        return zarr.create_array(
            store,
            shape=(walks, width),
            chunks=(max(1, block_walks), width),
            dtype=dtype,
            fill_value=-1,
            compressors=[
                BloscCodec(cname="lz4", clevel=5, shuffle="shuffle", typesize=dtype.itemsize),
                Crc32cCodec(),
            ],
            dimension_names=("walk", "step"),
            attributes=dict(about),
        )


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
        with _kept(Path(self.location)) as file:
            np.lib.format.write_array_header_1_0(file, header)
            self.header_bytes = file.tell()
            file.truncate(self.header_bytes + walks * width * dtype.itemsize)

    def write(self, block: WalkBlock) -> int:
        _, width, _, _, dtype = self.shape
        with Path(self.location).open("r+b") as file:
            file.seek(self.header_bytes + block.first_walk * width * dtype.itemsize)
            file.write(np.ascontiguousarray(block.walks, dtype).data)
            file.flush()
            os.fsync(file.fileno())
        return 0


class _PartsSink(_Sink):
    """One file a block, in a folder."""

    suffix = ""

    def open(self) -> None:
        self.folder = folder_at(self.location, self.storage_options)
        self.folder.make()

    def part(self, number: int) -> str:
        digits = max(5, len(str(self.shape.num_blocks - 1)))
        return f"part-{number:0{digits}}{self.suffix}"


class _ParquetSink(_PartsSink):
    """A folder of Parquet files with one column, ``walk``: lists of ids or labels."""

    suffix = ".parquet"

    def write(self, block: WalkBlock) -> int:
        import pyarrow as pa

        labels = self.load_labels()
        schema = self._schema(labels)
        with self._writing(self.part(block.number), schema) as writer:
            for lists in walk_lists(block.walks, labels):
                writer.write_table(pa.table({"walk": lists.cast(schema.field("walk").type)}))
        return 0

    def close(self, _sizes: Sequence[int], about: Mapping[str, Any]) -> str:
        schema = self._schema(self.load_labels())
        with self._writing(_ABOUT, schema) as writer:
            writer.add_key_value_metadata(
                {name: json.dumps(value) for name, value in about.items()}
            )
        return self.location

    def _schema(self, labels: Any) -> Any:
        import pyarrow as pa

        kind = pa.from_numpy_dtype(self.shape.dtype) if labels is None else labels.type
        return pa.schema([("walk", pa.list_(kind))])

    @contextmanager
    def _writing(self, name: str, schema: Any) -> Iterator[Any]:
        import pyarrow.parquet as pq

        # Without the Arrow schema, strings read as plain strings, with 32-bit offsets.
        with (
            self.folder.writing(name) as file,
            pq.ParquetWriter(file, schema, compression="zstd", store_schema=False) as writer,
        ):
            yield writer


class _TextSink(_PartsSink):
    """One walk a line; gzipped members follow one another, which is a gzip file again."""

    suffix = ".txt"

    def write(self, block: WalkBlock) -> int:
        labels = self.load_labels()
        with self.folder.writing(self.part(block.number)) as file:
            for lines in walk_lines(block.walks, labels):
                file.write(self.encode(lines))
            return file.tell()

    def encode(self, lines: bytes) -> bytes:
        return lines

    def close(self, sizes: Sequence[int], _about: Mapping[str, Any]) -> str:
        whole = f"{self.location}{self.suffix}"
        with _kept(Path(whole)) as file:
            start = 0
            for number, size in enumerate(sizes):
                # Each has its place, so that one who is interrupted here can go on as well.
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


class _GzipTextSink(_TextSink):
    """Text as above, compressed by the tasks."""

    suffix = ".txt.gz"

    def encode(self, lines: bytes) -> bytes:
        return gzip.compress(lines, compresslevel=6, mtime=0)


SINKS: dict[str, Callable[..., WalkSink]] = {
    ".zarr": _ZarrSink,
    ".parquet": _ParquetSink,
    ".npy": _NpySink,
    ".txt": _TextSink,
    ".txt.gz": _GzipTextSink,
}

#: Formats of node ids alone; in the others labels take their place.
ID_FORMATS = frozenset({".zarr", ".npy"})

#: Formats whose blocks are objects of their own.
_REMOTE = (".zarr", ".parquet")


def _kept(path: Path) -> IO[bytes]:
    """Open a file to write, with what it holds, or a new one."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o666), "wb")


def _sync(path: Path) -> None:
    """See that a file is on disk."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def walk_suffix(location: str, *, remote: bool = False) -> str:
    """Return the suffix that says how to write walks to `location`, in lower case.

    Raises
    ------
    InputError
        When it is none of :data:`SINKS`, or cannot be written at a URL, if that is `remote`.
    """
    name = location.rpartition("/")[2]
    for suffix in SINKS:
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            break
    else:
        known = ", ".join(SINKS)
        raise InputError(
            f"{location}: how to write walks shows from the suffix, which must be of {known}"
        )
    if remote and suffix not in _REMOTE:
        raise InputError(
            f"{location}: one file cannot be written at a URL by many tasks; choose "
            f"{' or '.join(_REMOTE)}, or write to a path"
        )
    return suffix


def holds_walks(
    location: str, suffix: str, storage_options: Mapping[str, Any] | None = None
) -> bool:
    """Return whether what lies at `location` is of the kind that a sink makes for its suffix.

    Replacing asks this, lest a wrong path costs somebody a graph or a folder of other files.
    """
    if suffix == ".zarr":
        return _open_array(location, storage_options) is not None
    if suffix == ".parquet" and not Path(location).is_file():
        names = folder_at(location, storage_options).names()
        return all(name == _ABOUT or fnmatch(name, "part-*.parquet") for name in names)
    return Path(location).is_file()


def read_about(location: str, suffix: str, storage_options: Mapping[str, Any] | None = None) -> Any:
    """Return what finished walks say of themselves; None if they do not, or there are none."""
    if suffix == ".zarr":
        array = _open_array(location, storage_options)
        return None if array is None else array.attrs.get(FINISHED)
    if suffix == ".parquet":
        return _read_metadata(folder_at(location, storage_options).read(_ABOUT))
    return None


def _read_metadata(file: bytes | None) -> Any:
    import pyarrow.parquet as pq

    if file is None:
        return None
    about = (pq.read_metadata(io.BytesIO(file)).metadata or {}).get(FINISHED.encode())
    return None if about is None else json.loads(about)


def _open_array(location: str, storage_options: Mapping[str, Any] | None) -> Any:
    import zarr

    try:
        store = zarr_store(location, read_only=True, storage_options=storage_options)
        return zarr.open_array(store, mode="r")
    except Exception:
        return None
