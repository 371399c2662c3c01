"""A file of edges, on this machine or at a URL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

_WEB = "http://", "https://"


#: Suffixes of compressed text files.
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd", ".bz2": "bzip2", ".xz": "xz"}


@dataclass(frozen=True)
class File:
    """A file on this machine, or an object at a URL that fsspec opens.

    Attributes
    ----------
    name : str
        Path or URL.
    filesystem : Any
        fsspec's file system, for a URL.
    """

    name: str
    filesystem: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with the whole path, since another process may run in another folder."""
        name = self.name if self.remote else str(Path(self.name).absolute())
        return File, (name, self.filesystem)

    @property
    def remote(self) -> bool:
        """Whether it is somewhere else."""
        return self.filesystem is not None

    @property
    def suffixes(self) -> tuple[str, str]:
        """Suffix of its kind, and of its compression, ``""`` without one."""
        path = PurePosixPath(_without_query(self.name))
        last = path.suffix.lower()
        return (
            (PurePosixPath(path.stem).suffix.lower(), last) if last in COMPRESSIONS else (last, "")
        )

    def open(self) -> IO[bytes]:
        """Open it for reading bytes."""
        if self.remote:
            opened: IO[bytes] = self.filesystem.open(self.name, "rb")
            return opened
        return Path(self.name).open("rb")


def _without_query(path: str) -> str:
    """Return a web address without what follows ``?``, which elsewhere belongs to a pattern."""
    return path.partition("?")[0] if path.startswith(_WEB) else path
