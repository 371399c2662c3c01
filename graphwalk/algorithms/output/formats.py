"""Formats of walks by suffix, and what finished walks are recognised by."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from graphwalk.algorithms.output.npy_sink import NpySink
from graphwalk.algorithms.output.parquet_sink import ABOUT, ParquetSink
from graphwalk.algorithms.output.text_sink import GzipTextSink, TextSink, ZstdTextSink
from graphwalk.algorithms.output.zarr_sink import WALKS, ZarrSink
from graphwalk.errors import InputError, argument
from graphwalk.storage.files.folder import folder_at
from graphwalk.storage.files.locations import zarr_store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from graphwalk.algorithms.output.sink import WalkSink

#: The key of what is stored with finished walks about them, where their format has room for it.
FINISHED = "graphwalk"

SINKS: dict[str, Callable[..., WalkSink]] = {
    ".zarr": ZarrSink,
    ".parquet": ParquetSink,
    ".npy": NpySink,
    ".txt": TextSink,
    ".txt.gz": GzipTextSink,
    ".txt.zst": ZstdTextSink,
}

#: Formats of node ids alone; in the others labels take their place.
ID_FORMATS = frozenset({".zarr", ".npy"})

#: Formats whose blocks are objects of their own, and which say what walks they hold.
RECORDING = (".zarr", ".parquet")


def walk_suffix(location: str, *, remote: bool = False) -> str:
    """Return the suffix that says how to write walks to `location`, in lower case.

    Raises
    ------
    InputError
        When there is no such format, or none that can be written at a URL where `remote`.
    """
    name = location.rpartition("/")[2]
    for suffix in SINKS:
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            break
    else:
        known = ", ".join(SINKS)
        raise InputError(
            f"{location}: the suffix chooses the format of walks, and must be one of {known}"
        )
    if remote and suffix not in RECORDING:
        raise InputError(
            f"{location}: one file cannot be written at a URL by many tasks; choose "
            f"{' or '.join(RECORDING)}, or write to a path"
        )
    return suffix


def check_holds_edges(location: str, suffix: str) -> None:
    """Raise InputError where the edges of walks cannot be written to files of that suffix."""
    if suffix not in RECORDING:
        raise InputError(
            f"{location}: files of {suffix} hold nodes alone; write to {' or '.join(RECORDING)}, "
            f"or leave out {argument('edges', True)}"
        )


def holds_walks(
    location: str, suffix: str, storage_options: Mapping[str, Any] | None = None
) -> bool:
    """Return whether the folder at `location` is one that a sink has made: it says so itself.

    Replacing depends on it, so that a wrong path does not destroy a graph or other files.
    """
    try:
        return isinstance(read_about(location, suffix, storage_options), dict)
    except Exception:  # whatever a foreign file of this name makes its reader raise
        return False


def read_about(location: str, suffix: str, storage_options: Mapping[str, Any] | None = None) -> Any:
    """Return what is stored with finished walks about them; None if there is nothing."""
    if suffix == ".zarr":
        return _zarr_attributes(location, storage_options).get(FINISHED)
    if suffix == ".parquet":
        return _read_metadata(folder_at(location, storage_options).read(ABOUT))
    return None


def _read_metadata(file: bytes | None) -> Any:
    import pyarrow.parquet as pq

    if file is None:
        return None
    about = (pq.read_metadata(io.BytesIO(file)).metadata or {}).get(FINISHED.encode())
    return None if about is None else json.loads(about)


def _zarr_attributes(location: str, storage_options: Mapping[str, Any] | None) -> dict[str, Any]:
    import zarr

    try:
        store = zarr_store(location, read_only=True, storage_options=storage_options)
        found: Any = zarr.open(store, mode="r")
        # The store of a graph is a group too.
        alone = isinstance(found, zarr.Array)
        return dict(found.attrs) if alone or WALKS in found else {}
    except Exception:
        return {}
