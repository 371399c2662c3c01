"""Steps of which only one job succeeds: locks of folders, and moves to names that are free."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from graphwalk.errors import StoreError
from graphwalk.storage.files.storage_errors import disk_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class HeldError(StoreError):
    """Another job has locked the folder."""


@contextmanager
def made_folders(folder: Path) -> Iterator[None]:
    """Make `folder` and its parents; if the block raises, remove those that were missing."""
    with disk_errors(folder):
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
    made = None
    try:
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            made = folder.stat()
        yield
    except BaseException:
        # Zarr makes a folder again that another program has moved away while it writes.
        if made and not _is_there(folder, made):
            missing.insert(0, folder)
        for path in missing:
            with suppress(OSError):  # something is in it, or it is gone
                path.rmdir()
        raise


def _is_there(folder: Path, known: os.stat_result) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(folder.stat(), known)
    return False


@contextmanager
def held(folder: Path, *, shared: bool = False) -> Iterator[None]:
    """Lock a folder for one job, or wait for a lock that is shared with other jobs.

    On a file system without locks, nothing is locked.

    Raises
    ------
    HeldError
        When another job has locked the folder and the lock is not shared, or when the folder does
        not exist any more.
    """
    gone = HeldError(f"{folder} is gone: another job has just finished there")
    with disk_errors(folder):
        try:
            opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except FileNotFoundError:
            raise gone from None
    try:
        lock_file(opened, folder, fcntl.LOCK_SH if shared else fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The job that held the lock may have removed the folder, and another made it again.
        if not folder.exists() or not os.path.samestat(os.fstat(opened), folder.stat()):
            raise gone
        yield
    finally:
        os.close(opened)


def lock_file(opened: int, folder: Path, kind: int) -> None:
    """Lock an open file or folder; on a file system without locks, do nothing.

    Raises
    ------
    HeldError
        When another job has locked what is in `folder`, and `kind` does not wait for it.
    """
    try:
        fcntl.flock(opened, kind)
    except BlockingIOError:
        raise HeldError(
            f"another job is writing {folder}; wait for it, or pass another path"
        ) from None
    except OSError:
        return


def move_new(finished: Path, target: Path) -> None:
    """Move a file to a path at which nothing is, in a step that fails if something is there."""
    try:
        os.link(finished, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without links: the name is reserved by an empty file
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        finished.replace(target)
    else:
        finished.unlink()
