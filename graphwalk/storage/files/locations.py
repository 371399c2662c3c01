"""Where stores lie: paths and URLs, and how a new store takes its place there."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zarr.storage import FsspecStore, LocalStore

from graphwalk.errors import StoreError, StoreExistsError
from graphwalk.storage.files.errors import disk_errors, remote_errors
from graphwalk.storage.files.remote import new_remote_store, remote_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    import zarr
    from zarr.abc.store import Store


class HeldError(StoreError):
    """Another job is at work there."""


def locate(store: object) -> str:
    """Return a URL as it is, and a path as an absolute one, which holds in other processes too."""
    if not isinstance(store, str | os.PathLike):
        raise StoreError(
            f"a store is named by a path or URL, not by {type(store).__name__}: {store!r}"
        )
    text = os.fspath(store)
    if not isinstance(text, str) or not text.strip():
        raise StoreError(f"a store is named by a path or URL, not by {text!r}")
    text = text.removeprefix("file://")
    return text if is_url(text) else str(Path(text).expanduser().absolute())


def is_url(location: str) -> bool:
    """Return whether `location` names something other than a local path."""
    return "://" in location


def zarr_store(
    location: str, *, read_only: bool, storage_options: Mapping[str, Any] | None = None
) -> Store:
    """Return the Zarr store at `location`."""
    if is_url(location):
        return remote_store(location, read_only=read_only, storage_options=storage_options)
    if storage_options:
        raise StoreError(f"storage_options are for URLs, and {location} is a path; leave them out")
    return LocalStore(location, read_only=read_only)


def location_of(group: zarr.Group) -> str:
    """Return the path or URL of a store that is open."""
    store = group.store
    if isinstance(store, LocalStore):
        return str(store.root)
    if isinstance(store, FsspecStore):
        return str(store.fs.unstrip_protocol(store.path))
    return str(store)


def write_errors(location: str) -> AbstractContextManager[None]:
    """Raise a `StoreError` where what the block writes to the store at `location` is refused."""
    return remote_errors(location, "write") if is_url(location) else disk_errors(location)


@contextmanager
def new_store(
    location: str,
    *,
    overwrite: bool,
    is_ours: Callable[[str], bool],
    storage_options: Mapping[str, Any] | None = None,
) -> Iterator[str]:
    """Yield where to build the store that is to lie at `location`.

    A local store is built beside its place and renamed when the block ends; on a URL, which cannot
    be renamed, it is built in place. Nothing is left behind when the block raises.

    Parameters
    ----------
    location : str
        What `locate` returned.
    overwrite : bool
        Whether a store that is there already may be replaced.
    is_ours : callable
        Tells whether what lies at a location is a graphwalk store, for nothing else is replaced.
    storage_options : mapping, optional
        For fsspec, if `location` is a URL.

    Raises
    ------
    StoreExistsError
        When something is there that is not to be replaced.
    StoreError
        When nothing can be written there.
    """
    if is_url(location):

        def check_free() -> None:
            _check_free(location, overwrite, is_ours)

        with new_remote_store(location, check_free, storage_options) as place:
            yield place
    else:
        with _new_local(location, overwrite, is_ours) as place:
            yield place


def _check_free(location: str, overwrite: bool, is_ours: Callable[[str], bool]) -> None:
    if not overwrite:
        raise StoreExistsError(
            f"{location} exists already; pass overwrite=True to replace it, or another path"
        )
    if not is_ours(location):
        raise StoreExistsError(
            f"{location} exists and is no graphwalk store, so overwrite=True does not replace it; "
            "remove it yourself, or pass another path"
        )


@contextmanager
def _new_local(location: str, overwrite: bool, is_ours: Callable[[str], bool]) -> Iterator[str]:
    target = Path(location)
    if _is_occupied(target):
        _check_free(location, overwrite, is_ours)
    with made_folders(target.parent), claimed(Path(f"{location}.partial")) as partial:
        yield str(partial)
        with disk_errors(target):
            _replace(target, partial)


def _is_occupied(target: Path) -> bool:
    """Return whether something is at `target`; an empty folder counts as nothing."""
    return os.path.lexists(target) and not (target.is_dir() and not any(target.iterdir()))


@contextmanager
def made_folders(folder: Path) -> Iterator[None]:
    """Make `folder` and its parents, and unmake those that were missing if the block raises."""
    with disk_errors(folder):
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        _remove_empty(missing)
        raise


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


@contextmanager
def claimed(partial: Path, *, keep: bool = False) -> Iterator[Path]:
    """Make the folder `partial`, and hold it against other jobs while the block runs.

    It is made anew, and removed if the block raises, unless it is to be kept.
    """
    with disk_errors(partial):
        partial.mkdir(exist_ok=True)
    with held(partial):
        try:
            if not keep:
                with disk_errors(partial):
                    _empty(partial)  # what a job that was killed has left
            yield partial
        except BaseException:
            if not keep:
                shutil.rmtree(partial, ignore_errors=True)
            raise


@contextmanager
def held(folder: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold a folder for one job alone, or, once no job does that, with others that share it.

    On a file system without locks, nothing is held.

    Raises
    ------
    HeldError
        When another job holds it, and it is not to be shared, or there is none any more.
    """
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        raise HeldError(f"{folder} is gone: another job has just finished there") from None
    try:
        _lock(opened, folder, fcntl.LOCK_SH if shared else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(opened)


def _lock(opened: int, folder: Path, kind: int) -> None:
    try:
        fcntl.flock(opened, kind)
    except BlockingIOError:
        raise HeldError(
            f"another job is writing {folder}; wait for it, or pass another path"
        ) from None
    except OSError:
        return


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _replace(target: Path, partial: Path) -> None:
    """Put `partial` where `target` is; two renames are as near to one step as folders allow."""
    old = Path(f"{target}.partial-replaced")
    if not _is_occupied(target):
        partial.rename(target)
        shutil.rmtree(old, ignore_errors=True)  # left by a job that was killed between two renames
        return
    shutil.rmtree(old, ignore_errors=True)
    target.rename(old)
    try:
        partial.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old)
