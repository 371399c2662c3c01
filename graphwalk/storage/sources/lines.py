"""Lines of text files: decompression, comments and runs of blanks taken care of."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphwalk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_BLOCK_BYTES = 1 << 20
_COMMENT = re.compile(rb"\n[ \t]*[#%][^\n]*")
_MARKS = b"#", b"%"


@dataclass(frozen=True)
class Format:
    """How the lines of a file are to be read.

    Attributes
    ----------
    delimiter : str
        What separates fields. A blank stands for any run of blanks and tabs.
    free : bool
        Whether these are plain lists of edges, with comment lines anywhere, no quoting and no
        header, rather than CSV or TSV, which have comment lines only at the top.
    """

    delimiter: str
    free: bool

    @property
    def quote(self) -> str | None:
        """The quoting character, if fields can be quoted."""
        return None if self.free else '"'

    def split(self, line: str) -> list[str]:
        """Return the fields of a line, blanks around them stripped."""
        if self.delimiter == " ":
            return line.split()
        if self.free:
            fields = line.split(self.delimiter)
        else:
            fields = next(csv.reader([line], delimiter=self.delimiter), [])
        return [field.strip() for field in fields]


def data_lines(path: Path, free: bool) -> Iterator[tuple[int, str]]:
    """Yield the lines that are neither empty nor comments, with their numbers from 1 on."""
    top = True
    with open_bytes(path) as file:
        for number, raw in enumerate(file, start=1):
            if (free or top) and raw.lstrip().startswith(_MARKS):
                continue
            line = _decoded(raw, path, number).rstrip("\r\n")
            if line:
                top = False
                yield number, line


def sniff(line: str, suffix: str) -> Format:
    """Return the format of a file with this suffix whose first line of data is `line`."""
    if suffix in (".csv", ".tsv"):
        return Format("," if suffix == ".csv" else "\t", free=False)
    return Format(next((mark for mark in "\t," if mark in line), " "), free=True)


def open_data(path: Path, form: Format, skip: int) -> io.BufferedIOBase:
    """Open a file as a stream without its first `skip` lines, as plainly delimited lines."""
    file = open_bytes(path)
    for _ in range(skip):
        file.readline()
    if not form.free:
        return file
    clean = _single_blanks if form.delimiter == " " else _no_comments
    return io.BufferedReader(_Cleaned(file, clean), _BLOCK_BYTES)


def open_bytes(path: Path) -> io.BufferedIOBase:
    """Open a file, which may be compressed, as bytes after the byte order mark, if any."""
    file = gzip.GzipFile(path) if path.suffix.lower() == ".gz" else path.open("rb")
    if file.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
        file.seek(0)
    return file


class _Cleaned(io.RawIOBase):
    """A stream of the lines of another, after `clean` has been applied to blocks of them."""

    def __init__(self, file: io.BufferedIOBase, clean: Callable[[bytes], bytes]) -> None:
        self._file, self._clean = file, clean
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._ready:
            self._ready = memoryview(self._next())
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def close(self) -> None:
        self._file.close()
        super().close()

    def _next(self) -> bytes:
        while block := self._file.read(_BLOCK_BYTES):
            block += self._file.readline()
            if cleaned := self._clean(block):
                return cleaned
        return b""


def _no_comments(block: bytes) -> bytes:
    """Drop comment lines from whole lines."""
    if not any(mark in block for mark in _MARKS):
        return block
    return _COMMENT.sub(b"", b"\n" + block)


def _single_blanks(block: bytes) -> bytes:
    """Drop comment lines, and make any run of blanks and tabs between fields one blank."""
    block = _no_comments(block).replace(b"\t", b" ").replace(b"\r\n", b"\n")
    while b"  " in block:
        block = block.replace(b"  ", b" ")
    return (b"\n" + block).replace(b"\n ", b"\n").replace(b" \n", b"\n").rstrip(b" ")


def _decoded(line: bytes, path: Path, number: int) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}, line {number}: it is no UTF-8 text: {error}") from error
