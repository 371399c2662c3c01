"""The Zarr group of a store: made and completed by a build, and opened."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import zarr
from zarr.codecs import BloscCodec, Crc32cCodec
from zarr.errors import ContainsArrayError
from zarr.storage import LocalStore

from graphwalk.errors import StoreError, StoreNotFoundError, function
from graphwalk.storage.files.locations import is_url, location_of, write_errors, zarr_store
from graphwalk.storage.files.partial_folder import partial_path
from graphwalk.storage.files.remote import replaced_meanwhile
from graphwalk.storage.files.storage_errors import describe_refusal, is_refusal
from graphwalk.storage.store.attributes import OPTIONAL, read_info, seal_of
from graphwalk.storage.store.check_array import check_document
from graphwalk.storage.store.format import (
    ATTRIBUTE,
    BLOSC_BLOCK,
    CHECKSUMS,
    DIMENSIONS,
    FORMAT,
    MANIFEST_FORMAT,
    GraphInfo,
    fill_value,
)
from graphwalk.storage.store.manifest import RecordingStore, checksums_of, manifest_entry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import DTypeLike
    from zarr.abc.store import Store

#: File systems tell times of a second or two, and less with most.
_NEW_SECONDS = 3


def create_group(store: Store, *, compressed: bool = True) -> zarr.Group:
    """Make the group of a new store, which is marked as incomplete.

    Parameters
    ----------
    store : zarr.abc.store.Store
        Where to make it.
    compressed : bool
        Whether the arrays that will be added are compressed.
    """
    # Until the store is complete its attributes also say whether arrays are compressed.
    attributes = {ATTRIBUTE: {"format": FORMAT, "complete": False, "compressed": compressed}}
    with write_errors(location_of(store)):
        return zarr.create_group(store, zarr_format=3, attributes=attributes)


def create_array(
    group: zarr.Group, name: str, dtype: DTypeLike, length: int, chunk: int
) -> zarr.Array[Any]:
    """Add the array `name` to a store, compressed or not as `create_group` was told.

    The checksum is computed over what is stored. Chunks are written even where they are nothing but
    fill value, so that one that is not there is missing.
    """
    dtype = np.dtype(dtype)
    about: Any = group.attrs[ATTRIBUTE]
    codecs: list[BloscCodec | Crc32cCodec] = [Crc32cCodec()]
    if about.get("compressed", True):  # types of nodes are added when the store is complete
        codecs.insert(
            0,
            BloscCodec(
                typesize=dtype.itemsize,
                cname="lz4",
                clevel=5,
                shuffle="shuffle",
                blocksize=BLOSC_BLOCK // dtype.itemsize,  # of one byte of each element
            ),
        )
    location = location_of(group.store)
    with write_errors(location):
        try:
            return zarr.create_array(
                RecordingStore(group.store),
                name=f"{group.path}/{name}",
                shape=(length,),
                chunks=(chunk,),
                dtype=dtype,
                fill_value=fill_value(name) or 0,
                filters=None,
                compressors=codecs,
                config={"write_empty_chunks": True},
                dimension_names=[DIMENSIONS.get(name, name)],
                zarr_format=3,
            )
        except ContainsArrayError as error:
            raise replaced_meanwhile(location) from error


def complete(group: zarr.Group, info: GraphInfo) -> GraphInfo:
    """Write the attributes, the mark of completeness among them: the last step of a build.

    Returns what they say, which are also the manifests of arrays that `info` has none of.
    """
    location = location_of(group.store)
    if info.format >= MANIFEST_FORMAT:
        known = info.manifest or {}
        manifest = {}
        for name in [*info.array_names, *info.added_arrays]:
            about = dict(known.get(name, {}))
            if CHECKSUMS not in about:
                about |= manifest_entry(checksums_of(stored_array(group, name)))
            manifest[name] = about
        info = replace(info, manifest=manifest)
    attributes = asdict(info)
    for name in OPTIONAL:
        if attributes[name] is None or attributes[name] is False:
            del attributes[name]
    attributes["complete"] = True
    if info.format >= MANIFEST_FORMAT:
        attributes["seal"] = seal_of(attributes)
    with write_errors(location):
        group.update_attributes({ATTRIBUTE: attributes})
    return info


def stored_array(group: zarr.Group, name: str) -> Any:
    """Open an array; raises StoreError where its metadata is no plain file within the store."""
    if isinstance(group.store, LocalStore):
        folder = Path(group.store.root, group.path, name)
        check_document(folder.parent, folder)
    return group[name]


def open_group(
    location: str, storage_options: Mapping[str, Any] | None = None
) -> tuple[zarr.Group, GraphInfo]:
    """Open the store at `location` and read its attributes.

    Raises
    ------
    StoreNotFoundError
        When there is nothing at `location`.
    StoreError
        When what is there is no Zarr group, no store of graphwalk, incomplete, or too new.
    """
    group = _open_zarr_group(location, storage_options)
    attributes = group.attrs.asdict().get(ATTRIBUTE)
    if not isinstance(attributes, dict):
        raise StoreError(
            f"{location} is a Zarr group but no graphwalk store: "
            f"it has no attribute {ATTRIBUTE!r}; make one with {function('build_zarr')}"
        )
    return group, read_info(location, attributes)


def read_identity(
    location: str, storage_options: Mapping[str, Any] | None = None
) -> tuple[str | None, str | None]:
    """Return `GraphInfo.identity` of what lies at `location` now; raises as `open_group` does."""
    if not is_url(location):
        with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
            # Much faster than opening it; this happens with every partition that is loaded.
            attributes = json.loads(_read_file(Path(location, "zarr.json")))["attributes"]
            about = attributes[ATTRIBUTE]
            if about["complete"] is True:
                return about.get("digest"), about.get("label_digest")
    return open_group(location, storage_options)[1].identity


def attributes_mark(location: str) -> tuple[int, ...] | None:
    """Return what tells the file of a store's attributes from others without reading it.

    None at a URL, and while the file is so new that times might not tell another one from it.
    """
    if is_url(location):
        return None
    # It is opened, since network file systems keep what they know of files that are not.
    with suppress(OSError):
        file = os.open(f"{location}/zarr.json", os.O_RDONLY | os.O_NONBLOCK)
        try:
            of = os.fstat(file)
        finally:
            os.close(file)
        if time.time() - of.st_mtime > _NEW_SECONDS:
            return of.st_dev, of.st_ino, of.st_size, of.st_mtime_ns, of.st_ctime_ns
    return None


def _read_file(path: Path) -> bytes:
    # Without waiting, if a pipe has taken its place.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        return file.read()


def is_graphwalk_store(location: str, storage_options: Mapping[str, Any] | None = None) -> bool:
    """Return whether a store, complete or not, and of whatever version, lies at `location`."""
    try:
        return ATTRIBUTE in _open_zarr_group(location, storage_options).attrs
    except StoreError:
        return False


def _open_zarr_group(location: str, storage_options: Mapping[str, Any] | None) -> zarr.Group:
    store = zarr_store(location, read_only=True, storage_options=storage_options)
    if not is_url(location):
        check_document(Path(location), Path(location))
    try:
        return zarr.open_group(store, mode="r", zarr_format=3, use_consolidated=False)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _nothing_to_open(location) from error
    except Exception as error:
        if is_refusal(error):
            raise StoreError(describe_refusal(location, "read", error)) from error
        if isinstance(error, ContainsArrayError):
            raise StoreError(
                f"{location} is a Zarr array, such as a result of walks, but no Zarr group; make a "
                f"store with {function('build_zarr')}"
            ) from error
        if isinstance(error, ValueError | TypeError | KeyError | AttributeError | RecursionError):
            raise StoreError(f"{location} is no Zarr group: {error}") from error
        raise


def _nothing_to_open(location: str) -> StoreError:
    if is_url(location):
        return StoreNotFoundError(
            f"there is no graphwalk store at {location}; check the URL and its bucket, "
            "and storage_options"
        )
    path = Path(location)
    if not path.exists():
        partial = partial_path(path)
        hint = f"; a build left {partial} unfinished, run it again" if partial.exists() else ""
        return StoreNotFoundError(f"there is nothing at {location}{hint}")
    kind = "folder" if path.is_dir() else "file"
    return StoreError(
        f"{location} is a {kind} but no Zarr group (it has no zarr.json); "
        f"make a store with {function('build_zarr')}"
    )
