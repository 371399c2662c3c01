"""Stores at URLs, through fsspec: opening them, and writing new ones."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from zarr.storage import FsspecStore

from graphwalk.errors import StoreError, StoreExistsError
from graphwalk.storage.files.locks import HeldError
from graphwalk.storage.files.storage_errors import remote_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from zarr.core.buffer import Buffer

#: The object by which a job claims a URL while it writes there.
_CLAIM = "graphwalk-partial.lock"


def remote_store(
    url: str, *, read_only: bool, storage_options: Mapping[str, Any] | None
) -> FsspecStore:
    """Return the Zarr store at `url`."""
    with _unusable(url):
        options = _options(storage_options)
        return FsspecStore.from_url(url, read_only=read_only, storage_options=options)


def filesystem_at(url: str, storage_options: Mapping[str, Any] | None) -> tuple[Any, str]:
    """Return the file system of `url`, and the path of `url` in it."""
    with _unusable(url):
        from fsspec.core import url_to_fs

        filesystem, path = url_to_fs(url, **(storage_options or {}))
        return filesystem, str(path)


class ClaimedStore(FsspecStore):
    """The Zarr store at a URL that one job has claimed.

    Writing and deleting raise StoreExistsError once another job has claimed the URL, whose objects
    are left alone.
    """

    confirm: Callable[[], None]

    async def set(self, key: str, value: Buffer, *args: Any) -> None:
        """Write an object."""
        await asyncio.to_thread(self.confirm)
        await super().set(key, value, *args)

    async def delete(self, key: str) -> None:
        """Delete an object."""
        await asyncio.to_thread(self.confirm)
        await super().delete(key)


@contextmanager
def new_remote_store(
    url: str, check: Callable[[str], None], storage_options: Mapping[str, Any] | None
) -> Iterator[ClaimedStore]:
    """Clear a URL and claim it for one job; clear it again if the block raises.

    The block gets the store to write.

    Parameters
    ----------
    url : str
        The URL of the store.
    check : callable
        Called with `url` if something is there; it raises an error if that may not be replaced.
    storage_options : mapping, optional
        For fsspec.
    """
    filesystem, path = filesystem_at(url, storage_options)
    claim, token = f"{path.rstrip('/')}/{_CLAIM}", uuid.uuid4().hex.encode()
    with remote_errors(url, "write"):
        occupied = _is_occupied(filesystem, path)
    if occupied:
        check(url)
        with remote_errors(url, "write"):
            _clear(filesystem, path)
    with remote_errors(url, "write"):
        put_new(filesystem, claim, token, url)

    def confirm() -> None:
        with remote_errors(url, "read"):
            try:
                found = filesystem.cat_file(claim)
            except FileNotFoundError:
                found = None
        if found != token:
            raise replaced_meanwhile(url)

    try:
        with _unusable(url):
            store = ClaimedStore.from_url(url, storage_options=_options(storage_options))
        assert isinstance(store, ClaimedStore)
        store.confirm = confirm
        yield store
        with remote_errors(url, "write"):
            filesystem.rm_file(claim)
    except BaseException:
        with suppress(Exception):  # the caller is to see the error of the build
            confirm()
            _clear(filesystem, path)
        raise


def replaced_meanwhile(url: str) -> StoreExistsError:
    """Return the error of a job whose objects another job has replaced."""
    return StoreExistsError(
        f"{url} was replaced by another job while this one wrote to it; write to different URLs, "
        "or one after the other"
    )


def put_new(filesystem: Any, path: str, data: bytes, location: str) -> None:
    """Write an object that must not exist yet.

    It is one step in stores with conditional writes, such as S3; in others, the object is looked
    for first.

    Raises
    ------
    HeldError
        When it exists. It names `location`.
    """
    try:
        filesystem.pipe_file(path, data, mode="create")
    except Exception as error:
        if not isinstance(error, FileExistsError) and "PreconditionFailed" not in str(error):
            raise
        raise HeldError(
            f"another job is writing {location}; wait for it, or pass another URL"
        ) from error


def _options(storage_options: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if storage_options is None else dict(storage_options)


@contextmanager
def _unusable(url: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        remedy = "; pip install s3fs" if url.startswith(("s3:", "s3a:")) else ""
        raise StoreError(f"cannot open {url}: {error}{remedy}") from error
    except (ValueError, TypeError) as error:
        raise StoreError(f"cannot open {url}: {error}") from error


def _is_occupied(filesystem: Any, path: str) -> bool:
    # The store is written through another instance, so the cache of this one is stale.
    filesystem.invalidate_cache()
    return bool(filesystem.exists(path) and filesystem.find(path))


def _clear(filesystem: Any, path: str) -> None:
    """Remove a store, its attributes first, so that no half of it can be opened."""
    with suppress(FileNotFoundError):
        filesystem.rm_file(f"{path.rstrip('/')}/zarr.json")
    filesystem.invalidate_cache()
    if filesystem.exists(path):
        filesystem.rm(path, recursive=True)
