"""Walks as a Zarr array of node ids, one chunk a block, or as a group with the edges of steps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphwalk.algorithms.output.sink import WalkSink, sync
from graphwalk.errors import InputError, argument
from graphwalk.storage.files.folder import folder_at
from graphwalk.storage.files.locations import zarr_store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import zarr

    from graphwalk.algorithms.output.sink import WalkBlock

#: Blosc compresses a buffer of at most 2 GiB, less what its header takes.
_ZARR_BLOCK_BYTES = 2**31 - 2**10

#: Arrays of a group of walks with their edges; walks alone are an array at the root.
WALKS, EDGES = "walks", "edges"

_METADATA = "zarr.json"


class ZarrSink(WalkSink):
    """Zarr v3 arrays of one chunk a block: node ids and, if they are recorded, edges."""

    def open(self) -> None:
        """Make the metadata, which is written last."""
        from zarr.storage import MemoryStore

        _, width, block_walks, _, dtype, edge_dtype = self.shape
        itemsize = max(dtype.itemsize, 0 if edge_dtype is None else edge_dtype.itemsize)
        if block_walks * width * itemsize > _ZARR_BLOCK_BYTES:
            raise InputError(
                f"blocks of {block_walks} walks are more than the 2 GiB that a Zarr chunk can "
                f"compress; make blocks of fewer walks by {argument('chunks')}, or rechunk them"
            )
        # Chunks come first and what makes them an array last: half of it is no array.
        arrays = self._create(MemoryStore(), {})
        self.metadata = {name: array.metadata for name, array in arrays.items()}

    def write(self, block: WalkBlock) -> int:
        """Write a chunk of each array."""
        import zarr
        from zarr.storage import LocalStore, StorePath

        store = self._store()
        for name, metadata in self.metadata.items():
            array: Any = zarr.Array(
                zarr.AsyncArray(metadata, StorePath(store, name), {"write_empty_chunks": True})  # type: ignore[call-overload]
            )
            values: Any = block.edges if name == EDGES else block.walks
            array[block.first_walk : block.first_walk + len(values)] = values
            if isinstance(store, LocalStore) and values.size:
                sync(Path(self.location, name, "c", str(block.number), "0"))
        return 0

    def close(self, _sizes: Sequence[int], about: Mapping[str, Any]) -> str:
        """Write the metadata, by which the chunks become arrays."""
        from zarr.storage import MemoryStore

        files: dict[str, Any] = {}
        self._create(MemoryStore(files), about)
        for name, data in files.items():
            if name.endswith(f"/{_METADATA}"):
                folder_at(self.location, self.storage_options).put(name, data.to_bytes())
        self.commit(_METADATA, files[_METADATA].to_bytes())
        return self.location

    def _store(self) -> Any:
        return zarr_store(self.location, read_only=False, storage_options=self.storage_options)

    def _create(self, store: Any, about: Mapping[str, Any]) -> dict[str, zarr.Array[Any]]:
        """Make the arrays, by their names below the root."""
        import zarr

        _, width, _, _, dtype, edge_dtype = self.shape
        if edge_dtype is None:
            return {"": self._array(store, None, width, dtype, ("walk", "step"), about)}
        zarr.create_group(store, attributes=dict(about))
        return {
            WALKS: self._array(store, WALKS, width, dtype, ("walk", "node"), {}),
            EDGES: self._array(store, EDGES, width - 1, edge_dtype, ("walk", "step"), {}),
        }

    def _array(
        self,
        store: Any,
        name: str | None,
        width: int,
        dtype: np.dtype[Any],
        dimensions: tuple[str, str],
        about: Mapping[str, Any],
    ) -> zarr.Array[Any]:
        import zarr
        from zarr.codecs import BloscCodec, Crc32cCodec

        # Not even a start node is -1, so a missing chunk cannot pass for walks.
        return zarr.create_array(
            store,
            name=name,
            shape=(self.shape.walks, width),
            chunks=(max(1, self.shape.block_walks), max(1, width)),
            dtype=dtype,
            fill_value=-1,
            compressors=[
                BloscCodec(cname="lz4", clevel=5, shuffle="shuffle", typesize=dtype.itemsize),
                Crc32cCodec(),
            ],
            dimension_names=dimensions,
            attributes=dict(about),
        )
