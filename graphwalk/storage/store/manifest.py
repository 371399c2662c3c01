"""The manifest of an array: the checksum of each chunk, which binds it to its place and build.

A chunk ends with a checksum of its own bytes, which says nothing of where they belong. The manifest
lists these checksums in the order of the chunks; it lies in the array's attributes, and its digest
in those of the group. So a chunk of another place, array or build is as wrong as a damaged one.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
from zarr.storage import WrapperStore

from graphwalk.errors import StoreError
from graphwalk.storage.store.blosc_frame import HEADER, read_head
from graphwalk.storage.store.chunk_bytes import CHECKSUM, ChunkError, check_place
from graphwalk.storage.store.format import ATTRIBUTE, CHECKSUMS

if TYPE_CHECKING:
    import zarr
    from numpy.typing import NDArray
    from zarr.abc.store import ByteRequest, Store
    from zarr.core.buffer import Buffer, BufferPrototype

    from graphwalk.storage.store.format import Manifest


class RecordingStore(WrapperStore["Store"]):
    """A store in which an array is written, and which remembers the checksum of each chunk."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._checksums: dict[str, bytes] = {}

    async def set(self, key: str, value: Buffer) -> None:
        """Write a file."""
        await super().set(key, value)
        self._checksums[key] = value[-CHECKSUM:].to_bytes()

    def manifest(self, array: zarr.Array[Any]) -> bytes:
        """Return the checksums of an array, all chunks of which are written."""
        keys = [f"{array.path}/c/{chunk}" for chunk in range(_num_chunks(array))]
        return b"".join(self._checksums[key] for key in keys)


class VerifyingStore(WrapperStore["Store"]):
    """A store of which an array is read through Zarr.

    Its chunks must be those of the manifest, and may not claim to be larger than they are, since
    Zarr takes the memory for what is claimed.

    Parameters
    ----------
    store : Store
        The store.
    path : str
        The array's path in it.
    due : ndarray of uint32, or None
        The manifest; None in stores of format 1.
    decoded : int or None
        Bytes of a decoded chunk, if chunks are compressed.
    """

    def __init__(
        self, store: Store, path: str, due: NDArray[np.uint32] | None, decoded: int | None
    ) -> None:
        super().__init__(store)
        self._path, self._chunks = path, f"{path}/c/"
        self._due, self._decoded = due, decoded

    def with_read_only(self, read_only: bool = False) -> VerifyingStore:
        """Return such a store that can be read only, or also written."""
        store = self._store.with_read_only(read_only)
        return VerifyingStore(store, self._path, self._due, self._decoded)

    async def get(
        self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """Return a file; None if there is none, which raises ChunkError where it is a chunk."""
        found = await super().get(key, prototype, byte_range)
        if not key.startswith(self._chunks):
            return found
        if found is not None and self._decoded is not None:
            self._check_size(found[:HEADER].to_bytes())
        if self._due is not None:
            if found is None:
                raise ChunkError("is missing")
            # Zarr compares this checksum with the other bytes.
            stored = int.from_bytes(found[-CHECKSUM:].to_bytes(), "little")
            check_place(stored, self._due, int(key.removeprefix(self._chunks)))
        return found

    def _check_size(self, header: bytes) -> None:
        head = read_head(np.frombuffer(header, np.uint8)) if len(header) == HEADER else None
        if head is None or head.decoded != self._decoded:
            claimed = "nothing" if head is None else f"{head.decoded:,} bytes"
            raise ChunkError(f"is damaged (it holds {claimed}, where {self._decoded:,} are due)")


def write_manifest(array: zarr.Array[Any]) -> None:
    """Write the manifest of an array that `create_array` has made, when its chunks are written."""
    store: Any = array.store
    checksums = b64encode(store.manifest(array)).decode()
    array.update_attributes({ATTRIBUTE: {CHECKSUMS: checksums}})


def checksums_of(array: zarr.Array[Any]) -> bytes:
    """Return what an array's attributes say its manifest is; nothing where they say none."""
    with suppress(TypeError, KeyError, ValueError):  # attributes are what the file says
        about: Any = array.attrs[ATTRIBUTE]
        return b64decode(about[CHECKSUMS], validate=True)
    return b""


def manifest_entry(checksums: bytes) -> dict[str, str]:
    """Return what the group's attributes say of an array with these checksums."""
    return {CHECKSUMS: sha256(checksums).hexdigest()}


def read_manifest(
    where: str, name: str, array: zarr.Array[Any], manifest: Manifest | None
) -> NDArray[np.uint32] | None:
    """Return the checksum of each chunk of an array; None in stores of format 1.

    Parameters
    ----------
    where, name : str
        How errors call the array, and its name.
    array : zarr.Array
        The array.
    manifest : mapping or None
        What the group's attributes say of each array.

    Raises
    ------
    StoreError
        When the array does not have the manifest that the group's attributes name.
    """
    if manifest is None:
        return None
    checksums = checksums_of(array)
    digest = manifest_entry(checksums)[CHECKSUMS]
    if len(checksums) != CHECKSUM * _num_chunks(array) or digest != manifest[name][CHECKSUMS]:
        raise StoreError(
            f"{where} is of another build: the checksums of its chunks are not those of the "
            "store's attributes; build it again"
        )
    return np.frombuffer(checksums, "<u4")


def _num_chunks(array: zarr.Array[Any]) -> int:
    return -(-array.shape[0] // array.chunks[0])
