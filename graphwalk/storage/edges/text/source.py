"""Edges in text files: CSV, TSV, and lists of edges as SNAP and others publish them.

Ids are integers where all ids of the files are, written in the usual way; otherwise all of them are
strings. So ``007`` stays as it is, and is another node than ``7``. Blanks around a field are not
part of it.

What separates fields, and whether the first line is a header, is found from the first thousand
lines; see :mod:`.dialect` and :mod:`.header`. In ``.csv`` and ``.tsv`` comment lines are skipped at
the top of the file; elsewhere lines that begin with ``#`` or ``%`` are comments wherever they are.
Columns without names are called 0, 1, 2 and so on.

Files are read in blocks of lines. That ids are strings may turn out on the way; the reading then
begins again.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from graphwalk.errors import InputError, argument
from graphwalk.storage.edges.protocol import EdgeBatch, NotIntegers
from graphwalk.storage.edges.text.check_ids import check_strings
from graphwalk.storage.edges.text.integers import is_plain, read_as_names
from graphwalk.storage.edges.text.layout import find_layout
from graphwalk.storage.edges.text.line_block import DATE_UNIT, LineBlock
from graphwalk.storage.edges.text.lines import blocks
from graphwalk.storage.edges.text.parse import first_name, integers_of, strings_of
from graphwalk.storage.edges.unread import warn_unread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from graphwalk.storage.edges.file import File
    from graphwalk.storage.edges.options import ReadOptions
    from graphwalk.storage.edges.text.layout import TextLayout

#: Bytes of the shortest line of an edge.
_LINE_BYTES = 4

#: Most bytes of a block: the edges of more leave the caches, and need new memory each time.
_BLOCK_BYTES = 1 << 20

#: Most bytes of a block in which a quoted field is looked for its end.
_QUOTE_BYTES = 1 << 25


@dataclass(frozen=True)
class TextSource:
    """An :class:`~graphwalk.storage.edges.protocol.EdgeSource` over text files.

    Attributes
    ----------
    name : str
        Path, URL or pattern of the files.
    layouts : tuple of TextLayout
        The files that have edges.
    strings : bool
        Whether ids are strings.
    weighted : bool
        Whether there is a column of weights.
    time_unit : str or None
        Unit of the third column, where it holds dates.
    """

    name: str
    layouts: tuple[TextLayout, ...]
    strings: bool
    weighted: bool
    time_unit: str | None = None
    once: bool = True  # reading a copy is far quicker than parsing again
    directed: None = None
    num_nodes: None = None
    num_edges: None = None
    nodes: None = None

    def batches(self, size: int) -> Iterator[Callable[[], EdgeBatch]]:
        """Return calls that parse blocks of lines."""
        for layout in self.layouts:
            position = layout.first.position
            parts = blocks(layout.file, position, min(_LINE_BYTES * size, _BLOCK_BYTES))
            for data in _with_whole_quotes(parts) if layout.form.quoted else parts:
                yield partial(self._parse, LineBlock(layout, position, data))
                position += len(data)

    def _parse(self, block: LineBlock) -> EdgeBatch:
        if self.strings:
            return strings_of(block)
        batch = integers_of(block)
        if batch is None:
            raise NotIntegers(self.with_strings(), first_name(block))
        return batch

    def with_strings(self) -> TextSource:
        """Return the same edges with strings for ids.

        Raises
        ------
        InputError
            When the ids look as if they were meant to be integers.
        """
        source = replace(self, strings=True)
        for layout in self.layouts:
            check_strings(layout)
        return source


def open_text(name: str, files: Sequence[File], suffix: str, how: ReadOptions) -> TextSource:
    """Open text files; `suffix` is theirs without that of the compression.

    Raises
    ------
    InputError
        Naming the file and the line which cannot be read.
    """
    found = [find_layout(file, suffix, how) for file in files]
    layouts = tuple(layout for layout in found if layout is not None)
    if not layouts:
        weighted = how.columns is not None and len(how.columns) > 2
        return TextSource(name, (), strings=False, weighted=weighted)
    if len({len(layout.chosen) for layout in layouts}) > 1:
        raise InputError(
            f"{name}: some files have weights and others have none; pass {argument('columns')}"
        )
    if len({layout.dates for layout in layouts}) > 1:
        raise InputError(f"{name}: some files have dates and others numbers; make them alike")
    if len({layout.zoned for layout in layouts}) > 1:
        raise InputError(f"{name}: some files have dates with a zone, others none; make them alike")
    first = next((layout for layout in layouts if layout.choice.unread), layouts[0])
    warn_unread(first.names, first.choice, name, how)
    unit = DATE_UNIT if first.dates else None
    source = TextSource(name, layouts, False, len(first.chosen) == 3, unit)
    # Names on the first line are seen at once, which saves a pass.
    names = [_first_name(layout) for layout in layouts]
    odd = next((i for i, text in enumerate(names) if text is not None), None)
    if odd is None:
        return source
    if None in names:  # so that the integers of one file are names for another one
        place = f"{layouts[odd].file.name}, line {layouts[odd].first.number}"
        warnings.warn(read_as_names(place, names[odd] or ""), stacklevel=2)
    return source.with_strings()


def _first_name(layout: TextLayout) -> str | None:
    """Return the first id of the first edge that is no integer."""
    sample = layout.sample
    fields = (sample[i] if i < len(sample) else "" for i in layout.chosen[:2])
    return next((text for text in fields if not is_plain(text)), None)


def _with_whole_quotes(parts: Iterator[bytearray]) -> Iterator[bytearray]:
    """Yield blocks of lines, joined where a quoted field goes on from one to the next."""
    whole = bytearray()
    for part in parts:
        whole = whole + part if whole else part
        if b'"' not in whole or whole.count(b'"') % 2 == 0 or len(whole) > _QUOTE_BYTES:
            yield whole
            whole = bytearray()
    if whole:
        yield whole
