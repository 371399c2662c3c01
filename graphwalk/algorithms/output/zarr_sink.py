"""Walks as a Zarr array of node ids, one chunk a block."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphwalk.algorithms.output.sink import WalkSink, sync
from graphwalk.errors import InputError, argument
from graphwalk.storage.files.locations import zarr_store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import zarr

    from graphwalk.algorithms.output.sink import WalkBlock

#: Blosc compresses a buffer of at most 2 GiB, less what its header takes.
_ZARR_BLOCK_BYTES = 2**31 - 2**10


class ZarrSink(WalkSink):
    """A Zarr v3 array of node ids, one chunk a block."""

    def open(self) -> None:
        """Make the metadata, which is written last."""
        from zarr.storage import MemoryStore

        _, width, block_walks, _, dtype = self.shape
        if block_walks * width * dtype.itemsize > _ZARR_BLOCK_BYTES:
            raise InputError(
                f"blocks of {block_walks} walks are more than the 2 GiB that a Zarr chunk can "
                f"compress; make blocks of fewer walks by {argument('chunks')}, or rechunk them"
            )
        # Chunks come first and what makes them an array last: half of it is no array.
        self.metadata = self._create(MemoryStore(), {}).metadata

    def write(self, block: WalkBlock) -> int:
        """Write a chunk."""
        import zarr
        from zarr.storage import LocalStore, StorePath

        store = self._store()
        array: Any = zarr.Array(
            zarr.AsyncArray(self.metadata, StorePath(store), {"write_empty_chunks": True})  # type: ignore[call-overload]
        )
        array[block.first_walk : block.first_walk + len(block.walks)] = block.walks
        if isinstance(store, LocalStore) and len(block.walks):
            sync(Path(self.location, "c", str(block.number), "0"))
        return 0

    def close(self, _sizes: Sequence[int], about: Mapping[str, Any]) -> str:
        """Write the metadata, by which the chunks become an array."""
        from zarr.storage import MemoryStore

        files: dict[str, Any] = {}
        self._create(MemoryStore(files), about)
        self.commit("zarr.json", files["zarr.json"].to_bytes())
        return self.location

    def _store(self) -> Any:
        return zarr_store(self.location, read_only=False, storage_options=self.storage_options)

    def _create(self, store: Any, about: Mapping[str, Any]) -> zarr.Array[Any]:
        import zarr
        from zarr.codecs import BloscCodec, Crc32cCodec

        walks, width, block_walks, _, dtype = self.shape
        # Not even a start node is -1, so a missing chunk cannot pass for walks.
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
