"""The bytes of a chunk's file: read, verified, decoded."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import google_crc32c
from numcodecs import Blosc

from graphwalk.errors import StoreError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Bytes of the checksum, which ends a chunk's file.
CHECKSUM = 4


class ChunkError(StoreError):
    """A chunk's file that cannot be used; says in what way."""


_BLOSC = Blosc()


def version_of(about: os.stat_result) -> tuple[int, ...]:
    """Return what changes when a file does."""
    return about.st_ino, about.st_mtime_ns, about.st_dev, about.st_size


def read_fully(file: int, out: NDArray[np.uint8], offset: int) -> None:
    """Fill `out` with the bytes of a file from `offset` on."""
    done = 0
    while done < len(out):
        count = os.preadv(file, [out[done:].data], offset + done)
        if count == 0:
            raise ChunkError("is damaged (its file ends too early)")
        done += count


def decode(data: NDArray[np.uint8], out: NDArray[Any]) -> None:
    """Decode a Blosc buffer into all of `out`."""
    try:
        _BLOSC.decode(data, out)
    except (RuntimeError, ValueError) as error:
        raise ChunkError(f"is damaged ({error})") from error


def verify(stored: NDArray[np.uint8], due: NDArray[np.uint32] | None, chunk: int) -> None:
    """Compare bytes with the checksum at their end, and that with the manifest."""
    compare(google_crc32c.value(stored[:-CHECKSUM]), stored[-CHECKSUM:], due, chunk)


def compare(
    found: int, checksum: NDArray[np.uint8], due: NDArray[np.uint32] | None, chunk: int
) -> None:
    """Raise `ChunkError` unless a checksum is the one that was stored, and that of this chunk."""
    if found != int.from_bytes(checksum.tobytes(), "little"):
        raise ChunkError("is damaged (its checksum differs)")
    if due is not None:
        check_place(found, due, chunk)


def check_place(checksum: int, due: NDArray[np.uint32], chunk: int) -> None:
    """Raise `ChunkError` unless a checksum is that of the chunk in the manifest."""
    if checksum != due[chunk]:
        raise ChunkError("is of another place or another build (its checksum is right for itself)")
