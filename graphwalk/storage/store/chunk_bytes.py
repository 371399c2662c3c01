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


def verify(stored: NDArray[np.uint8]) -> None:
    """Compare bytes with the checksum at their end."""
    compare(google_crc32c.value(stored[:-CHECKSUM]), stored[-CHECKSUM:])


def compare(found: int, checksum: NDArray[np.uint8]) -> None:
    """Raise `ChunkError` unless a checksum is the one that was stored."""
    if found != int.from_bytes(checksum.tobytes(), "little"):
        raise ChunkError("is damaged (its checksum differs)")
