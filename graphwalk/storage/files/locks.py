"""Folders that a job makes and locks against other jobs."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager
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
    """Make the folder `partial`, and lock it against other jobs while the block runs.

    Unless `keep` is true, the folder is emptied first, and removed if the block raises.
    """
    with disk_errors(partial):
        partial.mkdir(exist_ok=True)
    with held(partial):
        try:
            if not keep:
                with disk_errors(partial):
                    _empty(partial)  # files of a job that was killed
            yield partial
        except BaseException:
            if not keep:
                shutil.rmtree(partial, ignore_errors=True)
            raise


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
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        raise HeldError(f"{folder} is gone: another job has just finished there") from None
    try:
        lock_file(opened, folder, fcntl.LOCK_SH if shared else fcntl.LOCK_EX | fcntl.LOCK_NB)
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


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
