"""Temporary files of a build: arrays that are appended, and checked when they are read."""

from __future__ import annotations

import mmap
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import google_crc32c
import numpy as np

from graphwalk.errors import StoreError
from graphwalk.storage.files.storage_errors import disk_errors
from graphwalk.storage.files.temporary import temporary_parent
from graphwalk.util.malloc import return_freed_memory

if TYPE_CHECKING:
    from numpy.typing import NDArray


class SpillFolder:
    """A folder of temporary files; it closes files that a failed build has left open.

    Attributes
    ----------
    path : Path
        The folder, which exists.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._files: list[SpillFile] = []

    def new(self, name: str) -> SpillFile:
        """Make a file."""
        file = SpillFile(str(self.path / name))
        self._files.append(file)
        return file

    def close(self) -> None:
        """Close all files."""
        for file in self._files:
            file.close()


class SpilledArray(NamedTuple):
    """An array in a temporary file.

    Attributes
    ----------
    path : str
        The file.
    start, length : int
        The position of the array in bytes, and its number of elements.
    dtype : str
        Type of its elements.
    checksum : int
        CRC32C of its bytes.
    """

    path: str
    start: int
    length: int
    dtype: str
    checksum: int

    def read(self) -> NDArray[Any]:
        """Return the array."""
        values = np.empty(self.length, self.dtype)
        self.read_into(values)
        return values

    def _open(self) -> int:
        try:
            return os.open(self.path, os.O_RDONLY)
        except FileNotFoundError:
            raise StoreError(
                f"{self.path} is not there: either another job has removed it, or this machine "
                "does not share the file system; build to a folder that all machines see"
            ) from None

    def read_into(self, out: NDArray[Any]) -> None:
        """Read the array into `out`, which is contiguous and has the same length.

        Raises
        ------
        StoreError
            When the bytes are not those that were written.
        """
        file = self._open()
        try:
            _read_checked(file, out, self.start, self.checksum, self.path)
        finally:
            os.close(file)


def checksum(values: NDArray[Any]) -> int:
    """Return the CRC32C of a contiguous array's bytes."""
    return int(google_crc32c.value(values.view(np.uint8)))


def _bytes(values: NDArray[Any]) -> memoryview:
    view: Any = values.view(np.uint8)
    return memoryview(view)


def _read_checked(file: int, out: NDArray[Any], start: int, sum_: int, name: str) -> None:
    bytes_ = _bytes(out)
    done = 0
    while done < len(bytes_):
        count = os.preadv(file, [bytes_[done:]], start + done)
        if not count:
            break
        done += count
    if done < len(bytes_) or checksum(out) != sum_:
        raise StoreError(
            f"{name} is damaged: bytes {start} to {start + len(bytes_)} are not what was written; "
            "check the disk and its free space, and build again"
        )
    return_freed_memory()


def _write_all(file: int, values: NDArray[Any], name: str) -> int:
    """Append an array to a file; return its number of bytes."""
    bytes_ = _bytes(values)
    done = 0
    with disk_errors(name):
        while done < len(bytes_):
            done += os.write(file, bytes_[done:])
    return_freed_memory()  # a build that spills is short of memory
    return done


class AnonymousSpillFile:
    """An anonymous temporary file, which disappears with the process, however that ends.

    One thread at a time may append arrays; all threads may read them.

    Parameters
    ----------
    folder : path, optional
        A folder on the disk of the file; None: the system's folder for temporary files.
    """

    def __init__(self, folder: str | os.PathLike[str] | None) -> None:
        self._folder = str(folder or temporary_parent())
        with disk_errors(self._folder):
            # It stays open as long as this object exists.
            self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115
        self._end = 0

    def append(self, values: NDArray[Any]) -> tuple[int, int]:
        """Append a contiguous array; return its position and its checksum."""
        start = self._end
        self._end += _write_all(self._file.fileno(), values, self._name)
        return start, checksum(values)

    def read_into(self, out: NDArray[Any], start: int, sum_: int) -> None:
        """Read an array into `out`, which is contiguous and has the same length.

        Raises
        ------
        StoreError
            When the bytes are not those that were written.
        """
        _read_checked(self._file.fileno(), out, start, sum_, self._name)

    def mapped(self, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return all arrays that were appended as one, whose pages are read when they are used.

        It holds the file, which this object need not.
        """
        if not self._end:
            return np.empty(0, dtype)
        with disk_errors(self._name):
            return np.frombuffer(mmap.mmap(self._file.fileno(), self._end), dtype)

    @property
    def _name(self) -> str:
        return f"a temporary file in {self._folder}"


class SpillFile:
    """A temporary file to which arrays are appended, by one thread at a time.

    Parameters
    ----------
    path : str
        The path of the file, which is made when the first array is appended.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._end = 0
        self._file: int | None = None

    def append(self, values: NDArray[Any]) -> SpilledArray:
        """Append a contiguous array, and return a reference to it."""
        piece = SpilledArray(self.path, self._end, len(values), values.dtype.str, checksum(values))
        self._write(values)
        return piece

    def append_parts(self, values: NDArray[Any], bounds: NDArray[np.int64]) -> NDArray[np.uint32]:
        """Append an array; return the checksums of each ``values[bounds[i]:bounds[i + 1]]``."""
        sums = [
            checksum(values[a:b])
            for a, b in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
        ]
        self._write(values)
        return np.array(sums, np.uint32)

    def read(self, start: int, length: int, dtype: Any, sum_: int) -> NDArray[Any]:
        """Return an array that was appended, or a part of it with a checksum of its own.

        Any thread may call it while the file is open.

        Raises
        ------
        StoreError
            When the bytes are not those that were written.
        """
        values = np.empty(length, dtype)
        if length:
            assert self._file is not None, "nothing was appended"
            _read_checked(self._file, values, start, sum_, self.path)
        return values

    def close(self) -> None:
        """Close the file but keep it; further calls do nothing."""
        if self._file is not None:
            file, self._file = self._file, None
            os.close(file)

    def remove(self) -> None:
        """Close the file and remove it."""
        self.close()
        Path(self.path).unlink(missing_ok=True)

    def _write(self, values: NDArray[Any]) -> None:
        if self._file is None:
            with disk_errors(self.path):
                self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        self._end += _write_all(self._file, values, self.path)
