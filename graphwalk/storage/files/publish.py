"""How a finished store, folder or file takes its place: whole, or not at all.

It is made in a folder next to its place, and then renamed. Several threads, processes or machines
with a shared file system may write parts of the same result. Where the file system has locks, the
folder is not removed while one of them still writes into it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphwalk.errors import StoreError, StoreExistsError, argument
from graphwalk.storage.files.locations import is_url
from graphwalk.storage.files.locks import HeldError, claimed, held, lock_file, made_folders
from graphwalk.storage.files.remote import new_remote_store
from graphwalk.storage.files.storage_errors import disk_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager


def new_store(
    location: str,
    *,
    overwrite: bool,
    is_ours: Callable[[str], bool],
    storage_options: Mapping[str, Any] | None = None,
) -> AbstractContextManager[str]:
    """Return a block that gets the path or URL at which to build the store of `location`.

    A local store is built next to its place and renamed when the block ends; on a URL, which cannot
    be renamed, it is built in place. Nothing is left behind when the block raises.

    Parameters
    ----------
    location : str
        What `locate` returned.
    overwrite : bool
        Whether an existing store may be replaced.
    is_ours : callable
        Returns whether a location holds a graphwalk store; nothing else is replaced.
    storage_options : mapping, optional
        For fsspec, if `location` is a URL.

    Raises
    ------
    StoreExistsError
        When something is there that is not to be replaced.
    StoreError
        When nothing can be written there.
    """
    check_free = partial(_check_free, location, overwrite, is_ours)
    if is_url(location):
        return new_remote_store(location, check_free, storage_options)
    return _new_local(location, check_free)


def _check_free(location: str, overwrite: bool, is_ours: Callable[[str], bool]) -> None:
    replacing = argument("overwrite", True)
    if not overwrite:
        raise StoreExistsError(
            f"{location} exists already; pass {replacing} to replace it, or another path"
        )
    if not is_ours(location):
        raise StoreExistsError(
            f"{location} exists and is no graphwalk store, so {replacing} does not replace it; "
            "remove it yourself, or pass another path"
        )


@contextmanager
def _new_local(location: str, check_free: Callable[[], None]) -> Iterator[str]:
    target = Path(location)
    if _is_occupied(target):
        check_free()
    with made_folders(target.parent), claimed(Path(f"{location}.partial")) as folder:
        yield str(folder)
        with disk_errors(target):
            old = Path(f"{target}.partial-replaced")
            put_in_place(folder, target, old)
            with suppress(FileNotFoundError):
                shutil.rmtree(old)  # or what a job left that was killed between two renames


def _is_occupied(target: Path) -> bool:
    """Return whether something is at `target`; an empty folder counts as nothing."""
    return os.path.lexists(target) and not (target.is_dir() and not any(target.iterdir()))


_WRITERS = "writers.lock"


@contextmanager
def partial_folder(target: Path, *, keep: bool = False) -> Iterator[Path]:
    """Make the folder ``<target>.partial``, and remove it at the end.

    What an earlier job left there is removed first. With `keep`, neither what an earlier job nor
    what this one leaves when it fails is removed, so that another job can go on with it.

    Raises
    ------
    StoreError
        When the folder cannot be made, or another job is writing the same target.
    """
    with made_folders(target.parent), claimed(partial_path(target), keep=keep) as folder:
        try:
            (folder / _WRITERS).touch()
            yield folder
        except BaseException:
            if not keep:
                remove(folder)
            raise
        remove(folder)


@contextmanager
def shared_folder(target: Path) -> Iterator[Path]:
    """Make the folder ``<target>.partial``, or share it with jobs that write other parts.

    It stays; the job that finds all parts written joins them.

    Raises
    ------
    StoreError
        When the folder cannot be made, or another job has just joined the parts.
    """
    folder = partial_path(target)
    with made_folders(target.parent):
        with disk_errors(folder):
            folder.mkdir(exist_ok=True)
        with held(folder, shared=True):
            if not folder.exists():
                raise HeldError(f"{target}: another job has just finished there")
            (folder / _WRITERS).touch()
            yield folder


def partial_path(target: Path) -> Path:
    """Return the folder in which `target` is made."""
    return target.with_name(f"{target.name}.partial")


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Delay the removal of a partial folder while something is written into it.

    Raises
    ------
    StoreError
        When the folder is not there (any more).
    """
    lock = folder / _WRITERS
    try:
        with lock.open("r+") as file:
            lock_file(file.fileno(), folder, fcntl.LOCK_SH)
            if not lock.exists():
                raise FileNotFoundError
            yield
    except FileNotFoundError:
        if lock.exists():
            raise
        raise StoreError(
            f"{folder} is not there: either the job has been cancelled, or this machine does not "
            "share the file system; write to a folder that all machines see"
        ) from None


def put_in_place(finished: Path, target: Path, old: Path | None = None) -> None:
    """Rename a finished file or folder to `target`, and a folder that is there to `old`.

    `old` is next to `finished` by default, in a partial folder. Two renames are as near to one step
    as folders allow.
    """
    if not target.is_dir():
        finished.rename(target)
        return
    old = old or finished.with_name(f"{finished.name}.replaced")
    shutil.rmtree(old, ignore_errors=True)
    target.rename(old)
    try:
        finished.rename(target)
    except BaseException:
        old.rename(target)
        raise


def remove(folder: Path) -> None:
    """Remove a partial folder, once nothing writes into it."""
    with suppress(FileNotFoundError), (folder / _WRITERS).open("r+") as writers:
        lock_file(writers.fileno(), folder, fcntl.LOCK_EX)
        (folder / _WRITERS).unlink()
    shutil.rmtree(folder, ignore_errors=True)
