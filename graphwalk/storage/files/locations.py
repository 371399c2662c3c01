"""Locations of stores: paths and URLs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zarr.storage import FsspecStore, LocalStore

from graphwalk.errors import InputError, StoreError
from graphwalk.storage.files.remote import remote_store
from graphwalk.storage.files.storage_errors import disk_errors, remote_errors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from zarr.abc.store import Store


def locate(store: object) -> str:
    """Return a URL unchanged, and a path as an absolute path, which other processes can use too."""
    if not isinstance(store, str | os.PathLike):
        raise StoreError(
            f"a store is named by a path or URL, not by {type(store).__name__}: {store!r}"
        )
    text = os.fspath(store)
    if not isinstance(text, str) or not text.strip() or "\0" in text:
        raise StoreError(f"a store is named by a path or URL, not by {text!r}")
    text = text.removeprefix("file://")
    return text if is_url(text) else str(expand_user(text).absolute())


def locate_new(store: object, graph: str) -> str:
    """Return where a store is to be made of the graph at a location, which is another one."""
    location = locate(store)
    is_link = not is_url(location) and os.path.realpath(location) == os.path.realpath(graph)
    if location == graph or is_link:
        raise InputError(f"{location} is the store of the graph itself; pass another path")
    return location


def expand_user(path: str) -> Path:
    """Return a path in which ``~`` and ``~user`` are replaced by the folders that they name."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise StoreError(
            f"{path}: there is no such user, or no home folder ({error}); pass the path in full, "
            "or ./~name for a file of that name"
        ) from None


def is_url(location: str) -> bool:
    """Return whether `location` is a URL and not a local path."""
    return "://" in location


def zarr_store(
    location: str, *, read_only: bool, storage_options: Mapping[str, Any] | None = None
) -> Store:
    """Return the Zarr store at `location`."""
    if is_url(location):
        return remote_store(location, read_only=read_only, storage_options=storage_options)
    if storage_options:
        raise StoreError(f"storage_options are for URLs, and {location} is a path; remove them")
    return LocalStore(location, read_only=read_only)


def location_of(store: Store) -> str:
    """Return the path or URL of a Zarr store."""
    if isinstance(store, LocalStore):
        return str(store.root)
    if isinstance(store, FsspecStore):
        return str(store.fs.unstrip_protocol(store.path))
    return str(store)


def write_errors(location: str) -> AbstractContextManager[None]:
    """Raise a `StoreError` if a write of the block to the store at `location` is refused."""
    return remote_errors(location, "write") if is_url(location) else disk_errors(location)
