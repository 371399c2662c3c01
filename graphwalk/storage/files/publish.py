"""How a finished file or folder takes its place: whole or not at all, and not in place of others.

It is made in the partial folder of its target (`partial_folder`), and put in place by one rename.
What appears at the target while it is made is not replaced unless the user asked for that; then
the old file or folder can be read until the new one takes its place.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from graphwalk.errors import StoreExistsError, argument
from graphwalk.storage.files.locations import is_url, zarr_store
from graphwalk.storage.files.locks import move_new
from graphwalk.storage.files.partial_folder import REPLACED, partial_folder, partial_path
from graphwalk.storage.files.remote import filesystem_at, new_remote_store
from graphwalk.storage.files.storage_errors import disk_errors, remote_errors
from graphwalk.storage.files.temporary import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from zarr.abc.store import Store

#: Arguments of Linux's renameat2.
_WORKING_DIRECTORY, _EXCHANGE = -100, 2

#: How it says that the system or the file system cannot exchange.
_CANNOT_EXCHANGE = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP)


class Replaceable(NamedTuple):
    """What `overwrite` lets a writer replace.

    Attributes
    ----------
    overwrite : bool
        Whether the user asked for it; nothing is replaced otherwise.
    lacks : str
        What to say of something that is not replaced, such as ``"is no graphwalk store"``.
    is_ours : callable
        Returns whether the folder at a path or URL is one that such a writer makes.
    files : bool
        Whether files are replaced.
    """

    overwrite: bool
    lacks: str
    is_ours: Callable[[str], bool]
    files: bool = False

    def check(self, location: str, *, is_file: bool = False) -> None:
        """Raise StoreExistsError unless what is at a path or URL may be replaced."""
        replacing = argument("overwrite", True)
        if not self.overwrite:
            raise StoreExistsError(
                f"{location} exists already; pass {replacing} to replace it, or another path"
            )
        if not (self.files if is_file else self.is_ours(location)):
            raise StoreExistsError(
                f"{location} exists and {self.lacks}, so {replacing} does not replace it; "
                "remove it yourself, or pass another path"
            )


class Target:
    """A path at which a finished file or folder is to appear.

    Parameters
    ----------
    location : str
        Absolute path. If it is a link, what it leads to is replaced, and not the link.
    replaceable : Replaceable
        What may be replaced there.

    Raises
    ------
    StoreExistsError
        When it is a link to nothing, or to a file with another suffix.
    """

    def __init__(self, location: str, replaceable: Replaceable) -> None:
        with disk_errors(location):
            self.path = _end_of_links(Path(location))
        self._replaceable = replaceable

    @property
    def partial(self) -> Path:
        """The folder in which it is made."""
        return partial_path(self.path)

    def check_free(self) -> None:
        """Raise StoreExistsError if something is there that may not be replaced.

        An empty folder counts as nothing.
        """
        with disk_errors(self.path):
            if self.path.is_dir():
                if any(self.path.iterdir()):
                    self._replaceable.check(str(self.path))
            elif os.path.lexists(self.path):
                self._replaceable.check(str(self.path), is_file=self.path.is_file())

    def publish(self, finished: Path) -> None:
        """Move a finished file or folder from the partial folder to its place.

        Raises
        ------
        StoreExistsError
            When something has appeared there that may not be replaced.
        StoreError
            When the system refuses to move it.
        """
        with disk_errors(self.path):
            self.check_free()
            try:
                if finished.is_dir():
                    self._publish_folder(finished)
                elif self._replaceable.overwrite:
                    finished.replace(self.path)
                else:
                    move_new(finished, self.path)
            except OSError:
                # Something was faster than the rename, which has left it alone.
                self.check_free()
                raise

    def _publish_folder(self, finished: Path) -> None:
        # A folder is renamed in place of an empty folder only; it is an error with anything else.
        if not os.path.lexists(self.path) or (self.path.is_dir() and not any(self.path.iterdir())):
            finished.rename(self.path)
        elif not _exchange(finished, self.path):
            self._replace_in_two_steps(finished)

    def _replace_in_two_steps(self, finished: Path) -> None:
        old = self.partial / REPLACED
        self.path.rename(old)
        try:
            finished.rename(self.path)
        except BaseException:
            old.rename(self.path)
            raise
        if old.is_dir():
            shutil.rmtree(old)
        else:
            old.unlink()


def file_target(location: str, *, overwrite: bool) -> Target:
    """Return a target that is to be a file, and replaces no more than a file."""
    return Target(location, _files(overwrite))


def _files(overwrite: bool) -> Replaceable:
    return Replaceable(overwrite, "is no file", lambda _: False, files=True)


@contextmanager
def new_file(
    location: str, *, overwrite: bool, storage_options: Mapping[str, Any] | None = None
) -> Iterator[Path]:
    """Return a block that gets the path at which to write a file that is to be at `location`.

    It is put in place when the block ends; nothing is left behind when the block raises. A file for
    a URL is written to a temporary folder first.

    Raises
    ------
    StoreExistsError
        When something is there that is not to be replaced.
    StoreError
        When nothing can be written there.
    """
    if is_url(location):
        filesystem, path = filesystem_at(location, storage_options)
        with remote_errors(location, "write"):
            if filesystem.exists(path):
                _files(overwrite).check(location, is_file=filesystem.isfile(path))
        with temporary_folder() as folder:
            yield folder / "file"
            with remote_errors(location, "write"):
                filesystem.put_file(str(folder / "file"), path)
        return
    target = file_target(location, overwrite=overwrite)
    target.check_free()
    with partial_folder(target.path) as folder:
        finished = folder / target.path.name
        yield finished
        target.publish(finished)


def write_file(location: str, data: bytes, *, overwrite: bool) -> None:
    """Write a file in one step, into a folder that exists.

    Raises
    ------
    StoreExistsError
        When something is there that is not to be replaced.
    StoreError
        When it cannot be written.
    """
    target = file_target(location, overwrite=overwrite)
    target.check_free()
    with disk_errors(location):
        target.path.parent.stat()
    with new_file(location, overwrite=overwrite) as file, disk_errors(target.path):
        file.write_bytes(data)


class NewStore(NamedTuple):
    """A store to be built: where, and the Zarr store that writes there."""

    place: str
    store: Store


@contextmanager
def new_store(
    location: str,
    replaceable: Replaceable,
    storage_options: Mapping[str, Any] | None = None,
) -> Iterator[NewStore]:
    """Return a block that gets the path or URL at which to build the store of `location`.

    A local store is built in a partial folder, and put in place when the block ends; on a URL,
    which cannot be renamed, it is built in place. Nothing is left behind when the block raises.

    Parameters
    ----------
    location : str
        What `locate` returned.
    replaceable : Replaceable
        What may be replaced there.
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
        with new_remote_store(location, replaceable.check, storage_options) as store:
            yield NewStore(location, store)
        return
    target = Target(location, replaceable)
    target.check_free()
    with partial_folder(target.path) as folder:
        place = str(folder / "store")
        yield NewStore(place, zarr_store(place, read_only=False))
        target.publish(folder / "store")


def _end_of_links(path: Path) -> Path:
    if not path.is_symlink():
        return path
    end = Path(os.path.realpath(path))
    if not end.exists():
        raise StoreExistsError(f"{path} is a link to {end}, which does not exist; remove the link")
    if end.is_file() and end.suffix.lower() != path.suffix.lower():
        raise StoreExistsError(
            f"{path} is a link to a file of another kind, {end}, which is not replaced; remove "
            "the link, or pass another path"
        )
    return end


def _exchange(finished: Path, target: Path) -> bool:
    """Exchange two files or folders in one step; return False where the system cannot do that."""
    exchange = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if exchange is None:
        return False
    ends = os.fsencode(finished), os.fsencode(target)
    if not exchange(_WORKING_DIRECTORY, ends[0], _WORKING_DIRECTORY, ends[1], _EXCHANGE):
        return True
    number = ctypes.get_errno()
    if number in _CANNOT_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number), str(target))
