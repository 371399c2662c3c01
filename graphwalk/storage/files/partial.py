"""Files that appear whole or not at all: written in a folder beside the target, then renamed.

Writers may be threads or processes, on one machine or several with a shared file system. Where it
has locks, the folder is not removed below a writer, who would create it anew.
"""

from __future__ import annotations

import fcntl
import shutil
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

from graphwalk.errors import StoreError
from graphwalk.storage.files.errors import disk_errors
from graphwalk.storage.files.locks import HeldError, claimed, held, made_folders

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_WRITERS = "writers.lock"


@contextmanager
def partial_folder(target: Path, *, keep: bool = False) -> Iterator[Path]:
    """Make the folder ``<target>.partial``, and remove it at the end, come what may.

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
    """Make the folder ``<target>.partial``, or use it with others who write parts of the same.

    It stays, for the one who finds all parts written to make one whole of them.

    Raises
    ------
    StoreError
        When the folder cannot be made, or somebody has just made a whole of it.
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
            _lock(file, fcntl.LOCK_SH)
            if not lock.exists():
                raise FileNotFoundError
            yield
    except FileNotFoundError:
        if lock.exists():
            raise
        raise StoreError(
            f"{folder} is not there: either the job has been given up, or this machine does not "
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
    """Remove a partial folder, once nobody writes into it."""
    with suppress(FileNotFoundError), (folder / _WRITERS).open("r+") as writers:
        _lock(writers, fcntl.LOCK_EX)
        (folder / _WRITERS).unlink()
    shutil.rmtree(folder, ignore_errors=True)


def _lock(file: IO[str], kind: int) -> None:
    with suppress(OSError):  # without locks, removal may race with a writer, no more
        fcntl.flock(file, kind)
