"""Check the files of a store before they are read: what they are, and what their metadata claims.

A store may come from anywhere. Nothing is read from devices, pipes or places outside of the store,
and no memory is taken and no loop is made by a number that a file only claims.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Bytes of the largest document of metadata, most of which are names of types, and what each chunk
#: that is there may add to it in Base64.
_LARGEST_DOCUMENT, _OF_A_CHUNK = 4 << 20, 6

#: Bytes of the largest chunk when it is decoded: far more than graphwalk's own have.
_LARGEST_CHUNK = 64 << 20

#: From this number of chunks on, their files are counted before memory for all is taken.
_MANY_CHUNKS = 1 << 12

#: The chains of codecs, by the names that the Zarr specification has for them: whether they
#: compress.
PROFILES = {
    ("bytes", "blosc", "crc32c"): True,
    ("bytes", "crc32c"): False,
}

#: Types of the arrays of a store.
_TYPES: Mapping[str, tuple[type, ...]] = {
    "offsets": (np.int64,),
    "neighbors": (np.int32, np.int64),
    "weights": (np.float32,),
    "times": (np.float64,),
    "edge_types": (np.uint8,),
    "node_types": (np.uint8,),
    "labels": (np.int64,),
    "label_offsets": (np.int64,),
    "label_bytes": (np.uint8,),
    "touched_nodes": (np.int64,),
}

#: Types of arrays that were added.
ADDED_TYPES = tuple(np.dtype(kind).type for kind in "bhilBHILefd")


def check_document(store: Path, folder: Path) -> None:
    """Raise StoreError if the metadata of a group or array is no plain file within the store.

    Parameters
    ----------
    store : Path
        The folder of the store.
    folder : Path
        That of the group or array; nothing need be there.
    """
    for path in (folder / "zarr.json", folder / "c"):
        with suppress(FileNotFoundError, NotADirectoryError):
            about = path.stat()
            if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(store)):
                raise StoreError(f"{path} is a link out of the store; copy what it leads to")
            if path.name == "zarr.json" and not stat.S_ISREG(about.st_mode):
                raise StoreError(f"{path} is not a file")
            beyond = about.st_size - _LARGEST_DOCUMENT
            if path.name == "zarr.json" and beyond > 0 and beyond > _OF_A_CHUNK * _count(folder):
                raise StoreError(f"{path} has {about.st_size:,} bytes, too many for metadata")


def check_array(
    where: str, name: str, array: Any, codecs: tuple[str, ...], folder: Path | None
) -> None:
    """Raise StoreError if the metadata of an array cannot be that of the format.

    Parameters
    ----------
    where, name : str
        How errors call the array, and its name.
    array : zarr.Array
        The array.
    codecs : tuple of str
        Names of its codecs.
    folder : Path or None
        Its folder, if it lies on this machine.
    """
    if array.dtype not in _TYPES.get(name, ADDED_TYPES):
        raise StoreError(f"{where} is of type {array.dtype}; build it again")
    if codecs not in PROFILES:
        raise StoreError(
            f"{where} has the codecs {', '.join(codecs)}, which are not those of the format; build "
            "it again"
        )
    chunk = array.chunks[0]
    if not 0 < chunk * array.dtype.itemsize <= _LARGEST_CHUNK:
        raise StoreError(f"{where} has chunks of {chunk:,} elements; build it again")
    chunks = -(-array.shape[0] // chunk)
    if folder is not None and chunks >= _MANY_CHUNKS:
        found = _count(folder)
        if found < chunks:
            raise StoreError(
                f"{where} has {found:,} chunks where {chunks:,} are due; build it again"
            )


def _count(folder: Path) -> int:
    """Return the number of files of an array's chunks."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder / "c") as files:
        return sum(1 for _ in files)
    return 0
