"""Temporary files of a build: arrays written one after the other, and read back checked."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import google_crc32c
import numpy as np

from graphwalk.errors import StoreError
from graphwalk.storage.files.errors import disk_errors
from graphwalk.util.malloc import give_back

if TYPE_CHECKING:
    from numpy.typing import NDArray


class SpillFolder:
    """A folder of temporary files, which closes those that a failed build has left open.

    Attributes
    ----------
    path : Path
        The folder, which is there.
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
    """An array that lies in a temporary file.

    Attributes
    ----------
    path : str
        The file.
    start, length : int
        Where the array begins, in bytes, and how many elements it has.
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
        """Read the array into `out`, which is contiguous and as long.

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
            "check the disk and its free space, and begin again"
        )
    give_back()


def _write_all(file: int, values: NDArray[Any], name: str) -> int:
    """Write an array at the end of a file; return how many bytes it has."""
    bytes_ = _bytes(values)
    done = 0
    with disk_errors(name):
        while done < len(bytes_):
            done += os.write(file, bytes_[done:])
    give_back()  # who spills is short of memory
    return done


class AnonymousSpillFile:
    """A temporary file without a name: it goes with the process, whatever becomes of that.

    Arrays are appended by one thread at a time, and read by any.

    Parameters
    ----------
    folder : path, optional
        On whose disk it lies; None: where the system has temporary files.
    """

    def __init__(self, folder: str | os.PathLike[str] | None) -> None:
        self._folder = str(folder or tempfile.gettempdir())
        with disk_errors(self._folder):
            # As long as this lives.
            self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115
        self._end = 0

    def append(self, values: NDArray[Any]) -> tuple[int, int]:
        """Write a contiguous array; return where it begins, and its checksum."""
        start = self._end
        self._end += _write_all(self._file.fileno(), values, self._name)
        return start, checksum(values)

    def read_into(self, out: NDArray[Any], start: int, sum_: int) -> None:
        """Read an array that is as long as `out`, and contiguous too.

        Raises
        ------
        StoreError
            When the bytes are not those that were written.
        """
        _read_checked(self._file.fileno(), out, start, sum_, self._name)

    @property
    def _name(self) -> str:
        return f"a temporary file in {self._folder}"


class SpillFile:
    """A temporary file to which arrays are appended, by one thread at a time.

    Parameters
    ----------
    path : str
        The file, made anew.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._end = 0
        with disk_errors(path):
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._is_open = True

    def append(self, values: NDArray[Any]) -> SpilledArray:
        """Write a contiguous array, and return where it lies."""
        piece = SpilledArray(self.path, self._end, len(values), values.dtype.str, checksum(values))
        self._write(values)
        return piece

    def append_parts(self, values: NDArray[Any], bounds: NDArray[np.int64]) -> NDArray[np.uint32]:
        """Write a contiguous array; return the checksums of ``values[bounds[i]:bounds[i + 1]]``."""
        sums = [
            checksum(values[a:b])
            for a, b in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
        ]
        self._write(values)
        return np.array(sums, np.uint32)

    def close(self) -> None:
        """Close the file, which stays; once is enough."""
        if self._is_open:
            self._is_open = False
            os.close(self._file)

    def remove(self) -> None:
        """Close the file and remove it."""
        self.close()
        Path(self.path).unlink(missing_ok=True)

    def _write(self, values: NDArray[Any]) -> None:
        self._end += _write_all(self._file, values, self.path)
