"""Lines of text files, and how to read them: comments and runs of blanks taken care of."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphwalk.errors import InputError
from graphwalk.storage.edges.text.decode import opened_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphwalk.storage.edges.file import File
    from graphwalk.storage.edges.text.decode import TextStream

_READ_BYTES = 1 << 20

#: Read at a time where only the first lines are wanted.
_FIRST_BYTES = 1 << 16

#: No line of an edge is as long; what has none that end must not be gathered in memory.
_LONGEST_LINE = 1 << 23

_COMMENT = re.compile(rb"\n[ \t]*[#%][^\n]*")
_MARKS = b"#", b"%"

#: What begins comments above the first edge, too, in files of some programs.
_TOP_MARKS = *_MARKS, b"//", b";"

#: A control character, in whose place no text has any, for separators of several characters.
_UNIT = "\x1f"
_BLANKS = re.compile(rb'"[^"\n]*"|[ \t]+')

#: A field in quotation marks, or what is before the blanks in front of one.
_BEFORE_QUOTES = re.compile(rb'("(?:[^"]|"")*")|([\n\t,;|\x1f]) +(?=")')


@dataclass(frozen=True)
class Format:
    """How the lines of a file are to be read.

    Attributes
    ----------
    delimiter : str
        What separates fields: some characters. A blank stands for any run of blanks and tabs.
    free : bool
        Whether these are plain lists of edges, with comment lines anywhere, rather than CSV or
        TSV, which have comment lines only at the top.
    quoted : bool
        Whether fields may be in quotation marks.
    """

    delimiter: str
    free: bool
    quoted: bool = False

    @property
    def runs(self) -> bool:
        """Whether any run of blanks and tabs separates fields, so that a line may be only that."""
        return self.delimiter == " "

    @property
    def mark(self) -> str:
        """The one character that separates fields of lines that are cleaned."""
        return self.delimiter if len(self.delimiter) == 1 else _UNIT

    def split(self, line: str) -> list[str]:
        """Return the fields of a line, blanks around them stripped."""
        if self.quoted and '"' in line:
            line = " ".join(words(line)) if self.runs else line
            rows = line.replace(self.delimiter, self.mark).splitlines(keepends=True)
            fields = next(csv.reader(rows, delimiter=self.mark, skipinitialspace=True), [])
        elif self.runs:
            return words(line)
        else:
            fields = line.split(self.delimiter)
        return [field.strip() for field in fields]

    def marked(self, block: bytes | bytearray) -> bytes | bytearray:
        """Return lines in which one character separates fields."""
        one = self.mark == self.delimiter
        return block if one else block.replace(self.delimiter.encode(), self.mark.encode())

    def clean(self, block: bytes | bytearray) -> bytes | bytearray:
        """Return whole lines as plainly delimited ones without comments."""
        block = self.marked(_no_comments(block) if self.free else block)
        if self.quoted and not self.runs and b' "' in block:
            block = _BEFORE_QUOTES.sub(lambda found: found[1] or found[2], block)
        return _single_blanks(block, self.quoted) if self.runs else block


def words(line: str) -> list[str]:
    """Return what blanks and tabs separate; other white space may be part of a name."""
    return [word for word in line.replace("\t", " ").split(" ") if word]


def is_number(text: str) -> bool:
    """Return whether a field is a number of any kind."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text  # which Python allows, and no other program


@dataclass(frozen=True)
class Line:
    """A line that is neither empty nor a comment: its number from 1 on, its place and its text."""

    number: int
    position: int
    text: str


def data_lines(
    file: File,
    free: bool,
    first: int = 0,
    runs: bool = False,
    comments: list[Line] | None = None,
) -> Iterator[Line]:
    """Yield the lines of a file that are neither empty nor comments, from byte `first` on.

    With `runs` a line of nothing but blanks and tabs is empty, too. `comments` gets those that
    are passed over.
    """
    top = True
    position = number = 0
    size = _READ_BYTES if comments is None else _FIRST_BYTES
    for block in blocks(file, 0, size):
        for raw in block.splitlines(keepends=True) if b"\r" not in block else _split(block):
            number += 1
            start, position = position, position + len(raw)
            if (free or top) and raw.lstrip().startswith(_TOP_MARKS if top else _MARKS):
                if comments is not None:
                    comments.append(Line(number, start, raw.decode(errors="replace").strip()))
                continue
            line = raw.rstrip(b"\r\n")
            if line.strip(b" \t") if runs else line:
                top = False
                if start >= first:
                    yield Line(number, start, _decoded(line, file, number))


def _split(block: bytearray) -> list[bytearray]:
    """Return the lines of a block; unlike ``splitlines`` this leaves single returns alone."""
    lines = [line + b"\n" for line in block.split(b"\n")]
    return lines[:-1] if lines[-1] == b"\n" else [*lines[:-1], lines[-1][:-1]]


def blocks(file: File, first: int, size: int) -> Iterator[bytearray]:
    """Yield whole lines, at most about `size` bytes at a time, from byte `first` on.

    Bytes count from after the byte order mark, if there is one, of what is decoded.

    Raises
    ------
    InputError
        When the file is not compressed as its name says, or incompletely, or when a line is so
        long that this can be no text.
    """
    with opened_text(file) as raw:
        rest: bytes | bytearray = _skip(raw, first)
        length = min(size, _READ_BYTES)  # small files should not allocate `size` bytes
        while True:
            # Once no line ends within them, twice as many: linear in the length of the line.
            block = bytearray(max(length, 2 * len(rest)))
            block[: len(rest)] = rest
            filled = _fill(raw, block, len(rest))
            ended = filled < len(block)
            del block[filled:]
            rest = block[block.rfind(b"\n") + 1 :]
            if len(rest) > max(size, _LONGEST_LINE):
                raise InputError(
                    f"{file.name}: it has a line of more than {_LONGEST_LINE >> 20} MiB; "
                    "edges are read from text with one edge a line"
                )
            if not ended:
                del block[len(block) - len(rest) :]
            yield from _pieces(block, size)
            if ended:
                return
            length = min(size, 2 * length)


def _pieces(block: bytearray, size: int) -> Iterator[bytearray]:
    """Yield lines of at most `size` bytes together, or one that is longer."""
    while len(block) > size and (
        end := block.rfind(b"\n", 0, size) + 1 or block.find(b"\n", size) + 1
    ):
        yield block[:end]
        del block[:end]
    if block:
        yield block


def _fill(raw: TextStream, block: bytearray, start: int) -> int:
    """Read from byte `start` of a block until it is full or nothing is left; return its length."""
    # Views are released at once: a profiler may hold this frame, and then keeps them.
    with memoryview(block) as whole:
        while start < len(block):
            with whole[start:] as view:
                count = raw.readinto(view)
            if not count:
                break
            start += count
    return start


def _skip(raw: TextStream, count: int) -> bytes:
    """Read `count` bytes, and return those that were read beyond them."""
    while count > 0 and (data := raw.read(min(count, _READ_BYTES))):
        count -= len(data)
    return data[len(data) + count :] if count < 0 else b""


def _no_comments(block: bytes | bytearray) -> bytes | bytearray:
    """Drop comment lines from whole lines."""
    if not any(mark in block for mark in _MARKS):
        return block
    return _COMMENT.sub(b"", b"\n" + block)


def _single_blanks(block: bytes | bytearray, quoted: bool) -> bytes | bytearray:
    """Make any run of blanks and tabs between fields one blank."""
    block = block.replace(b"\r\n", b"\n")
    if quoted and b'"' in block:
        block = _BLANKS.sub(lambda run: run[0] if run[0][:1] == b'"' else b" ", block)
    else:
        block = block.replace(b"\t", b" ")
        while b"  " in block:
            block = block.replace(b"  ", b" ")
    return (b"\n" + block).replace(b"\n ", b"\n").replace(b" \n", b"\n").rstrip(b" ")


def _decoded(line: bytearray, file: File, number: int) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise InputError(
            f"{file.name}, line {number}: it is no UTF-8 text: {error}; write it as UTF-8, as "
            "iconv -f latin1 -t utf-8 does"
        ) from error
