"""Files in a folder of a file system or below a URL, which appear only when they are complete."""

from __future__ import annotations

import io
import mmap
import os
import shutil
import tempfile
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from graphwalk.storage.files.locations import is_url
from graphwalk.storage.files.locks import HeldError, move_new
from graphwalk.storage.files.remote import filesystem_at, put_new
from graphwalk.util.forks import ModuleLock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Bytes fetched at a time.
_COPIED = 8 << 20

_fetched: dict[str, mmap.mmap] = {}
_fetching = ModuleLock()


def folder_at(location: str, storage_options: Mapping[str, Any] | None = None) -> Folder:
    """Return the folder at a path or URL, which need not exist yet."""
    if is_url(location):
        return RemoteFolder(location, storage_options)
    return Folder(location)


class Folder:
    """A folder of this machine's file system, or of one that many machines share.

    Parameters
    ----------
    location : str
        Absolute path.
    """

    def __init__(self, location: str) -> None:
        self.location = location

    def make(self) -> None:
        """Make the folder, if it does not exist."""
        Path(self.location).mkdir(parents=True, exist_ok=True)

    @contextmanager
    def writing(self, name: str) -> Iterator[IO[bytes]]:
        """Yield a file to write; if the block raises no error, it then gets its final name.

        Several processes may write the same file; the last one wins.
        """
        path = Path(self.location, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
        try:
            with unfinished.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise

    def put(self, name: str, data: bytes) -> None:
        """Write a file."""
        with self.writing(name) as file:
            file.write(data)

    def create(self, name: str, data: bytes) -> None:
        """Write a file that must not exist yet; raises HeldError if it does."""
        path = Path(self.location, name)
        unfinished = path.with_name(f".{name}.{uuid.uuid4().hex}")
        try:
            unfinished.write_bytes(data)
            move_new(unfinished, path)
        except FileExistsError:
            raise HeldError(f"another job is writing {path.parent}; wait for it") from None
        finally:
            unfinished.unlink(missing_ok=True)

    def settle(self, name: str, data: bytes) -> bytes:
        """Write a file if it does not exist; return its content, since several may write it."""
        with suppress(HeldError):
            self.create(name, data)
        return self.read(name) or data

    def commit(self, name: str, data: bytes) -> None:
        """Write the file that completes the folder."""
        self.put(name, data)

    def read(self, name: str) -> bytes | None:
        """Return the content of a file, or None if it does not exist."""
        with suppress(FileNotFoundError, NotADirectoryError):
            return Path(self.location, name).read_bytes()
        return None

    def mapped(self, name: str) -> mmap.mmap:
        """Return the content of a file as a mapping, whose pages are read when they are used."""
        with Path(self.location, name).open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def names(self, below: str = "") -> Iterator[str]:
        """Yield the names of all files and folders in a folder below this one, in any order."""
        with suppress(FileNotFoundError), os.scandir(Path(self.location, below)) as entries:
            for entry in entries:
                yield entry.name

    def remove(self) -> None:
        """Remove the folder with its content, if it exists."""
        shutil.rmtree(self.location, ignore_errors=True)


class RemoteFolder(Folder):
    """Objects below a URL."""

    def __init__(self, location: str, storage_options: Mapping[str, Any] | None) -> None:
        super().__init__(location.rstrip("/"))
        self._options = dict(storage_options or {})

    def make(self) -> None:
        """Do nothing: there are no folders below a URL."""

    @contextmanager
    def writing(self, name: str) -> Iterator[IO[bytes]]:
        """Yield a buffer, which becomes an object in one step."""
        buffer = io.BytesIO()
        yield buffer
        filesystem, root = self._at()
        filesystem.pipe_file(f"{root}/{name}", buffer.getvalue())

    def create(self, name: str, data: bytes) -> None:
        """Write an object that must not exist yet; raises HeldError if it does."""
        filesystem, root = self._at()
        put_new(filesystem, f"{root}/{name}", data, self.location)

    def commit(self, name: str, data: bytes) -> None:
        """Write the object that completes the others; raises HeldError if it exists."""
        self.create(name, data)

    def read(self, name: str) -> bytes | None:
        """Return the content of an object, or None if it does not exist."""
        filesystem, root = self._at()
        with suppress(FileNotFoundError):
            return bytes(filesystem.cat_file(f"{root}/{name}"))
        return None

    def mapped(self, name: str) -> mmap.mmap:
        """Return the content of an object; a process fetches it once, into an anonymous file."""
        url = f"{self.location}/{name}"
        with _fetching:
            if url not in _fetched:
                filesystem, root = self._at()
                with tempfile.TemporaryFile() as file:
                    with filesystem.open(f"{root}/{name}", "rb") as source:
                        shutil.copyfileobj(source, file, _COPIED)
                    file.flush()
                    _fetched[url] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            return _fetched[url]

    def names(self, below: str = "") -> Iterator[str]:
        """Yield the names of objects and folders directly below a part of the URL."""
        filesystem, root = self._at()
        folder = f"{root}/{below}".rstrip("/")
        with suppress(FileNotFoundError, NotADirectoryError):
            paths = [str(path).rstrip("/") for path in filesystem.ls(folder, detail=False)]
            yield from (path.rpartition("/")[2] for path in paths if path != folder)

    def remove(self) -> None:
        """Remove all objects below the URL."""
        filesystem, root = self._at()
        if filesystem.exists(root):
            filesystem.rm(root, recursive=True)

    def _at(self) -> tuple[Any, str]:
        filesystem, root = filesystem_at(self.location, self._options)
        # Other processes write too, so the cache of this one may be stale.
        filesystem.invalidate_cache()
        return filesystem, root.rstrip("/")
