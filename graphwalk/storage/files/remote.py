"""Stores at URLs, through fsspec: opening them, and writing new ones."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from zarr.storage import FsspecStore

from graphwalk.errors import StoreError
from graphwalk.storage.files.storage_errors import remote_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


def remote_store(
    url: str, *, read_only: bool, storage_options: Mapping[str, Any] | None
) -> FsspecStore:
    """Return the Zarr store at `url`."""
    with _unusable(url):
        options = None if storage_options is None else dict(storage_options)
        return FsspecStore.from_url(url, read_only=read_only, storage_options=options)


def filesystem_at(url: str, storage_options: Mapping[str, Any] | None) -> tuple[Any, str]:
    """Return the file system of `url`, and the path of `url` in it."""
    with _unusable(url):
        from fsspec.core import url_to_fs

        filesystem, path = url_to_fs(url, **(storage_options or {}))
        return filesystem, str(path)


@contextmanager
def new_remote_store(
    url: str, check_free: Callable[[], None], storage_options: Mapping[str, Any] | None
) -> Iterator[str]:
    """Yield `url` after it was cleared, and clear it again if the block raises.

    Parameters
    ----------
    url : str
        The URL of the store.
    check_free : callable
        Called if something exists at `url`; it raises an error if that may not be replaced.
    storage_options : mapping, optional
        For fsspec.
    """
    filesystem, path = filesystem_at(url, storage_options)
    with remote_errors(url, "write"):
        occupied = _is_occupied(filesystem, path)
    if occupied:
        check_free()
        with remote_errors(url, "write"):
            _clear(filesystem, path)
    try:
        yield url
    except BaseException:
        with suppress(Exception):  # the caller is to see the error of the build
            if _is_occupied(filesystem, path):
                _clear(filesystem, path)
        raise


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
