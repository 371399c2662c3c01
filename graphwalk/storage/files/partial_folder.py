"""The folder next to a target in which the target is made.

Its name is graphwalk's own and a mark lies in it: a folder without the mark, a file or a link of
that name is not of graphwalk, and is an error. Several threads, processes or machines with a
shared file system may write into it. Where the file system has locks, the folder is not removed
while one of them still does.
"""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from graphwalk.errors import StoreError, StoreExistsError
from graphwalk.storage.files.locks import HeldError, held, lock_file, made_folders
from graphwalk.storage.files.storage_errors import disk_errors
from graphwalk.storage.files.tree import empty_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: What follows the name of a target in that of its partial folder, and of its records at a URL.
SUFFIX = ".graphwalk-partial"

#: The file by which a partial folder is known; all that write into the folder lock it.
_MARK = "graphwalk-partial.lock"

#: Where `publish` puts what it replaces, if both cannot be exchanged in one step.
REPLACED = "replaced"


def partial_path(target: Path) -> Path:
    """Return the folder in which `target` is made."""
    return target.with_name(f"{target.name}{SUFFIX}")


@contextmanager
def partial_folder(target: Path, *, keep: bool = False) -> Iterator[Path]:
    """Make the partial folder of a target, and remove it at the end.

    What an earlier job left there is removed first. With `keep`, neither what an earlier job nor
    what this one leaves when it fails is removed, so that another job can continue with it.

    Raises
    ------
    StoreError
        When the folder cannot be made, or another job is writing the same target.
    StoreExistsError
        When something that graphwalk has not made has its name.
    """
    folder = partial_path(target)
    with made_folders(target.parent), _claimed(folder):
        with disk_errors(folder):
            # What removes the folder needs a descriptor, and there may be few.
            spare = os.open(folder, os.O_RDONLY)
        try:
            with disk_errors(folder):
                _put_back(folder, target)
                if not keep:
                    empty_folder(folder)  # files of a job that was killed
                (folder / _MARK).touch()
            yield folder
        except BaseException:
            os.close(spare)
            if not keep:
                remove(folder)
            raise
        os.close(spare)
        remove(folder)


@contextmanager
def shared_folder(target: Path) -> Iterator[Path]:
    """Make the partial folder of a target, or share it with jobs that write other parts.

    It stays; the job that finds all parts written joins them.

    Raises
    ------
    StoreError
        When the folder cannot be made, or another job has just joined the parts.
    StoreExistsError
        When something that graphwalk has not made has its name.
    """
    folder = partial_path(target)
    with made_folders(target.parent), _claimed(folder, shared=True):
        with disk_errors(folder):
            (folder / _MARK).touch()
        yield folder


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Delay the removal of a partial folder while something is written into it.

    Raises
    ------
    StoreError
        When the folder is not there (any more).
    """
    mark = folder / _MARK
    gone = StoreError(
        f"{folder} is not there: either the job has been cancelled, or this machine does not share "
        "the file system; write to a folder that all machines see"
    )
    with disk_errors(folder):
        try:
            opened = os.open(mark, os.O_RDWR)
        except FileNotFoundError:
            raise gone from None
    try:
        lock_file(opened, folder, fcntl.LOCK_SH)
        if not mark.exists():
            raise gone
        try:
            yield
        except FileNotFoundError:
            if mark.exists():
                raise
            raise gone from None
    finally:
        os.close(opened)


def remove(folder: Path) -> None:
    """Remove a partial folder, once nothing writes into it."""
    mark = folder / _MARK
    with ExitStack() as stack, suppress(OSError):
        with suppress(FileNotFoundError):
            writers = stack.enter_context(mark.open("r+"))
            lock_file(writers.fileno(), folder, fcntl.LOCK_EX)
        # The mark goes last: a folder that is half removed is known as ours by it.
        empty_folder(folder, but=_MARK)
        mark.unlink(missing_ok=True)
        folder.rmdir()


@contextmanager
def _claimed(folder: Path, *, shared: bool = False) -> Iterator[None]:
    """Make a partial folder, or accept the one that an earlier job made, and lock it."""
    foreign = StoreExistsError(
        f"{folder} was not made by graphwalk, which needs this name while it writes; "
        "rename it, or pass another path"
    )
    with disk_errors(folder):
        try:
            folder.mkdir()
        except FileExistsError:
            with suppress(FileNotFoundError):  # another job has just removed it
                if not stat.S_ISDIR(folder.lstat().st_mode):
                    raise foreign from None
    try:
        with held(folder, shared=shared):
            # The folder is looked into under the lock: until then, another job may be making its
            # mark there, or removing it.
            with disk_errors(folder):
                if not _is_ours(folder):
                    raise foreign
            try:
                yield
            finally:
                _remove_empty(folder)
    except HeldError:
        raise  # the folder is that of the other job
    except StoreError:
        _remove_empty(folder)
        raise


def _is_ours(folder: Path) -> bool:
    """Return whether a folder has the mark, or is empty as one that was just made."""
    # The names are read first: what makes the folder makes the mark before anything else.
    empty = not any(folder.iterdir())
    try:
        return stat.S_ISREG((folder / _MARK).lstat().st_mode)
    except FileNotFoundError:
        return empty


def _remove_empty(folder: Path) -> None:
    """Remove a folder if nothing could be written into it."""
    with suppress(OSError):
        folder.rmdir()


def _put_back(folder: Path, target: Path) -> None:
    """Restore what a job was about to replace when it was killed between two renames."""
    with suppress(FileNotFoundError):
        if not target.exists():
            (folder / REPLACED).rename(target)
