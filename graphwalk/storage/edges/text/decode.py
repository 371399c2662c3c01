"""Text files as UTF-8 with lines that end in a newline, whatever they are in."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from graphwalk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphwalk.storage.edges.file import File

_HEAD_BYTES = 1 << 16
_MAGIC = {
    b"\x1f\x8b": ".gz",
    b"\x28\xb5\x2f\xfd": ".zst",
    b"BZh": ".bz2",
    b"\xfd7zXZ\x00": ".xz",
}
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_FORMATS = {".gz": "gzip", ".zst": "zstd", ".bz2": "bzip2", ".xz": "xz"}


@contextmanager
def opened_text(file: File) -> Iterator[TextStream]:
    """Open a file as a stream of UTF-8 without a byte order mark, in which newlines end lines.

    Compression is known by the file's name, or else by its first bytes.

    Raises
    ------
    InputError
        When the file is not compressed as its name says, or incompletely, or is no text.
    """
    with file.open() as raw:
        kind = file.suffixes[1]
        head = b"" if kind else raw.read(6)
        kind = kind or next((_MAGIC[m] for m in _MAGIC if head.startswith(m)), "")
        stream = TextStream(raw, head)
        try:
            yield _as_utf8(_decompressed(stream, kind), file)
        except (gzip.BadGzipFile, zlib.error, lzma.LZMAError, EOFError) as error:
            raise InputError(
                f"{file.name} is no complete {_FORMATS[kind]} file: {error}"
            ) from error
        except OSError as error:
            if kind in (".zst", ".bz2"):
                name = _FORMATS[kind]
                raise InputError(f"{file.name} is no complete {name} file: {error}") from error
            raise


def _decompressed(stream: Any, kind: str) -> Any:
    if kind == ".zst":
        import pyarrow as pa

        return pa.CompressedInputStream(stream, "zstd")
    openers: dict[str, Any] = {
        ".bz2": bz2.BZ2File,
        ".xz": lzma.LZMAFile,
    }
    if kind == ".gz":
        return gzip.GzipFile(fileobj=stream)
    return openers[kind](stream) if kind in openers else stream


def _as_utf8(stream: Any, file: File) -> TextStream:
    head = _read_head(stream)
    if head[:4] in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE):
        raise InputError(f"{file.name} is UTF-32, which is not read; write it as UTF-8")
    encoding = _UTF16.get(head[:2])
    if encoding is not None:
        stream, head = _Recoded(TextStream(stream, head[2:]), encoding, file), b""
        head = _read_head(stream)
    elif b"\x00" in head[:4096]:
        raise InputError(
            f"{file.name} is no text, since it has bytes of zero; name the file by what it holds, "
            "such as .npy or .parquet, or write it as text in UTF-8"
        )
    head = head.removeprefix(codecs.BOM_UTF8)
    if b"\r" in head and b"\n" not in head:
        return TextStream(_Replaced(TextStream(stream, head)))
    return TextStream(stream, head)


def _read_head(stream: Any) -> bytes:
    """Return the first bytes, of a stream that may give fewer than it is asked for."""
    head = b""
    while len(head) < _HEAD_BYTES and (more := stream.read(_HEAD_BYTES - len(head))):
        head += more
    return head


class TextStream(io.RawIOBase):
    """A stream of which some bytes were read ahead."""

    def __init__(self, stream: Any, head: bytes = b"") -> None:
        self._stream = stream
        self._head = head
        self._into = getattr(stream, "readinto", None)

    def readable(self) -> bool:
        """Return that it is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return some bytes, at first only what was read ahead, and none only at the end."""
        if self._head and size >= 0:
            data, self._head = self._head[:size], self._head[size:]
            return data
        data, self._head = self._head, b""
        more: bytes = self._stream.read(size)
        return data + more if data else more

    def readinto(self, view: Any) -> int:
        """Read some bytes into a buffer, and return how many; none only at the end."""
        if self._into is not None and not self._head:
            count: int = self._into(view)
            return count
        data = self.read(len(view))
        view[: len(data)] = data[: len(view)]
        self._head = data[len(view) :] + self._head
        return min(len(data), len(view))


class _Recoded:
    """A stream of another encoding as UTF-8."""

    def __init__(self, stream: TextStream, encoding: str, file: File) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._file = file

    def read(self, size: int) -> bytes:
        """Return some bytes, none only at the end."""
        while data := self._stream.read(max(size, 2)):
            if text := self._decode(data, final=False):
                return text
        return self._decode(b"", final=True)

    def _decode(self, data: bytes, final: bool) -> bytes:
        try:
            return self._decoder.decode(data, final).encode()
        except UnicodeError as error:
            raise InputError(
                f"{self._file.name} begins as UTF-16, and is none: {error}; write it as UTF-8"
            ) from error


class _Replaced:
    """A stream whose lines end in a single carriage return, as text of old Macintoshes does."""

    def __init__(self, stream: TextStream) -> None:
        self._stream = stream

    def read(self, size: int) -> bytes:
        return self._stream.read(size).replace(b"\r", b"\n")
