"""Walks as a Zarr array of node ids, one chunk a block, or as a group with edges or coordinates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.algorithms.output.sink import WalkSink, sync
from graphwalk.errors import InputError, argument
from graphwalk.storage.files.folder import folder_at
from graphwalk.storage.files.locations import zarr_store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import zarr

    from graphwalk.algorithms.output.sink import WalkBlock

#: Blosc compresses a buffer of at most 2 GiB, less what its header takes.
_ZARR_BLOCK_BYTES = 2**31 - 2**10

#: Arrays of a group of walks with their edges; walks alone are an array at the root.
WALKS, EDGES = "walks", "edges"

#: Coordinates of a group: the rows of walks and their start nodes, columns of walks and of edges.
WALK, START, POSITION, STEP = "walk", "start", "position", "step"

_METADATA = "zarr.json"


class ZarrSink(WalkSink):
    """Zarr v3 arrays of one chunk a block: node ids and, if wanted, edges and coordinates."""

    def open(self) -> None:
        """Make the metadata, which is written last."""
        from zarr.storage import MemoryStore

        _, width, block_walks, _, dtype, edge_dtype, _ = self.shape
        itemsize = max(dtype.itemsize, 0 if edge_dtype is None else edge_dtype.itemsize)
        if block_walks * width * itemsize > _ZARR_BLOCK_BYTES:
            raise InputError(
                f"blocks of {block_walks} walks are more than the 2 GiB that a Zarr chunk can "
                f"compress; make blocks of fewer walks by {argument('chunks')}, or rechunk them"
            )
        # Chunks come first and what makes them an array last: half of it is no array.
        arrays = self._create(MemoryStore(), {})
        self.metadata = {
            name: array.metadata for name, array in arrays.items() if name not in (POSITION, STEP)
        }

    def write(self, block: WalkBlock) -> int:
        """Write a chunk of each array."""
        import zarr
        from zarr.storage import LocalStore, StorePath

        store, first = self._store(), block.first_walk
        stop = first + len(block.walks)
        columns: dict[str, Any] = {
            EDGES: block.edges,
            START: block.walks[:, 0],
            WALK: np.arange(first, stop),
        }
        for name, metadata in self.metadata.items():
            array: Any = zarr.Array(
                zarr.AsyncArray(metadata, StorePath(store, name), {"write_empty_chunks": True})  # type: ignore[call-overload]
            )
            values = columns.get(name, block.walks)
            array[first:stop] = values
            if isinstance(store, LocalStore) and values.size:
                sync(Path(self.location, name, "c", str(block.number), *["0"] * (array.ndim - 1)))
        return 0

    def close(self, _sizes: Sequence[int], about: Mapping[str, Any]) -> str:
        """Write the metadata, by which the chunks become arrays."""
        from zarr.storage import MemoryStore

        files: dict[str, Any] = {}
        self._create(MemoryStore(files), about)
        for name, data in files.items():
            if name != _METADATA:
                folder_at(self.location, self.storage_options).put(name, data.to_bytes())
        self.commit(_METADATA, files[_METADATA].to_bytes())
        return self.location

    def _store(self) -> Any:
        return zarr_store(self.location, read_only=False, storage_options=self.storage_options)

    def _create(self, store: Any, about: Mapping[str, Any]) -> dict[str, zarr.Array[Any]]:
        """Make the arrays, by their names below the root."""
        import zarr

        walks, width, block, _, dtype, edge_dtype, coordinates = self.shape
        if edge_dtype is None and not coordinates:
            return {"": _array(store, None, (WALK, STEP), (walks, width), block, dtype, about)}
        zarr.create_group(store, attributes=dict(about))
        of = {"coordinates": START} if coordinates else {}
        arrays = {WALKS: _array(store, WALKS, (WALK, POSITION), (walks, width), block, dtype, of)}
        if edge_dtype is not None:
            steps = walks, width - 1
            arrays[EDGES] = _array(store, EDGES, (WALK, STEP), steps, block, edge_dtype, of)
        if not coordinates:
            return arrays
        number = np.dtype(np.int64)
        arrays[WALK] = _array(store, WALK, (WALK,), (walks,), block, number, {})
        arrays[START] = _array(store, START, (WALK,), (walks,), block, dtype, {})
        for name, first in ((POSITION, 0), (STEP, 1)):
            if name == POSITION or edge_dtype is not None:
                arrays[name] = _array(store, name, (name,), (width - first,), width, number, {})
                arrays[name][:] = np.arange(first, width)
        return arrays


def _array(
    store: Any,
    name: str | None,
    dimensions: tuple[str, ...],
    shape: tuple[int, ...],
    rows: int,
    dtype: np.dtype[Any],
    about: Mapping[str, Any],
) -> zarr.Array[Any]:
    """Make an array whose chunks have that many rows."""
    import zarr
    from zarr.codecs import BloscCodec, Crc32cCodec

    # Not even a start node is -1, so a missing chunk cannot pass for walks.
    return zarr.create_array(
        store,
        name=name,
        shape=shape,
        chunks=(max(1, rows), *(max(1, columns) for columns in shape[1:])),
        dtype=dtype,
        fill_value=-1,
        compressors=[
            BloscCodec(cname="lz4", clevel=5, shuffle="shuffle", typesize=dtype.itemsize),
            Crc32cCodec(),
        ],
        dimension_names=dimensions,
        attributes=dict(about),
    )
