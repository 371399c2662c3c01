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
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from graphwalk.errors import StoreError, StoreExistsError, argument
from graphwalk.storage.files.errors import disk_errors
from graphwalk.storage.files.locations import is_url
from graphwalk.storage.files.locks import HeldError, claimed, held, made_folders
from graphwalk.storage.files.remote import new_remote_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@contextmanager
def new_store(
    location: str,
    *,
    overwrite: bool,
    is_ours: Callable[[str], bool],
    storage_options: Mapping[str, Any] | None = None,
) -> Iterator[str]:
    """Yield the path or URL at which to build the store of `location`.

    A local store is built in a folder next to its path, which is renamed when the block ends. At a
    URL, which cannot be renamed, it is built in place. If the block raises, all files are removed.

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
    if is_url(location):

        def check_free() -> None:
            _check_free(location, overwrite, is_ours)

        with new_remote_store(location, check_free, storage_options) as place:
            yield place
    else:
        with _new_local(location, overwrite, is_ours) as place:
            yield place


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


_WRITERS = "writers.lock"


@contextmanager
def partial_folder(target: Path, *, keep: bool = False) -> Iterator[Path]:
    """Make the folder ``<target>.partial``, and remove it at the end, also after an error.

    What an earlier job left there is removed first. To `keep` means that both do not happen to what
    a job that fails leaves, so that another one can go on with it.

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
    """Make the folder ``<target>.partial``, or share it with other writers of the same target.

    The folder is kept; the writer that finds all parts written combines them.

    Raises
    ------
    StoreError
        When the folder cannot be made, or another writer has just combined its parts.
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
    """Hold off the removal of a partial folder while something is written into it.

    Raises
    ------
    StoreError
        When the folder is not there (any more).
    """
    lock = folder / _WRITERS
    try:
        with lock.open("r+") as file:
            _flock(file, fcntl.LOCK_SH)
            if not lock.exists():
                raise FileNotFoundError
            yield
    except FileNotFoundError:
        if lock.exists():
            raise
        raise StoreError(
            f"{folder} is not there: either the job was cancelled, or this machine does not "
            "share the file system; write to a folder that all machines see"
        ) from None


def put_in_place(finished: Path, target: Path) -> None:
    """Rename a finished file or folder of a partial folder to `target`, replacing what is there."""
    if not target.is_dir():
        finished.replace(target)
        return
    replaced = finished.with_name(f"{finished.name}.replaced")
    target.rename(replaced)
    try:
        finished.rename(target)
    except BaseException:
        replaced.rename(target)
        raise


def remove(folder: Path) -> None:
    """Remove a partial folder when no process writes into it any more."""
    with suppress(FileNotFoundError), (folder / _WRITERS).open("r+") as writers:
        _flock(writers, fcntl.LOCK_EX)
        (folder / _WRITERS).unlink()
    shutil.rmtree(folder, ignore_errors=True)


def _flock(file: IO[str], kind: int) -> None:
    with suppress(OSError):  # without locks, removal may race with a writer, no more
        fcntl.flock(file, kind)
