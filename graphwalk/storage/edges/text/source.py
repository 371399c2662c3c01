"""Edges in text files: CSV, TSV, and lists of edges as SNAP and others publish them.

Ids are integers where all ids of the files are, so ``007`` is node 7; otherwise all of them are
strings, and ``007`` stays as it is. Blanks around a field are not part of it.

- ``.csv`` and ``.tsv``: the first line is a header unless either of its first two fields is a
  number. Fields may be quoted. Comment lines are skipped at the top of the file.
- ``.txt``, ``.edges``, ``.el``, ``.edgelist``: there is never a header. Tabs, or else commas, or
  else runs of blanks separate fields, as found on the first line. Lines that begin with ``#`` or
  ``%`` are comments. Columns are named 0, 1, 2 and so on, here and wherever a header is missing.

Files are read in blocks of lines. That ids are strings may turn out on the way; the reading then
begins anew.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from graphwalk.errors import InputError
from graphwalk.storage.edges.protocol import EdgeBatch, NotIntegers
from graphwalk.storage.edges.tables import choose_columns, has_named_endpoints
from graphwalk.storage.edges.text.check_ids import check_strings
from graphwalk.storage.edges.text.layout import TextLayout
from graphwalk.storage.edges.text.lines import blocks, data_lines, is_number, sniff
from graphwalk.storage.edges.text.parse import LineBlock, integers_of, strings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

    from graphwalk.storage.edges.file import File

#: The shortest line of an edge has so many bytes.
_LINE_BYTES = 4

#: Most bytes of a block.
_BLOCK_BYTES = 1 << 24


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
    """

    name: str
    layouts: tuple[TextLayout, ...]
    strings: bool
    weighted: bool
    once: bool = True  # reading a copy is far quicker than parsing again
    directed: None = None
    num_nodes: None = None
    num_edges: None = None
    nodes: None = None

    def batches(self, size: int) -> Iterator[Callable[[], EdgeBatch]]:
        """Return calls that parse blocks of lines."""
        for layout in self.layouts:
            position = layout.first.position
            for data in blocks(layout.file, position, min(_LINE_BYTES * size, _BLOCK_BYTES)):
                yield partial(self._parse, LineBlock(layout, position, data))
                position += len(data)

    def _parse(self, block: LineBlock) -> EdgeBatch:
        if self.strings:
            return strings_of(block)
        batch = integers_of(block)
        if batch is None:
            raise NotIntegers(self.with_strings())
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


def open_text(
    name: str, files: Sequence[File], suffix: str, columns: Sequence[Hashable] | None
) -> TextSource:
    """Open text files; `suffix` is theirs without that of the compression.

    Raises
    ------
    InputError
        Naming the file and the line which cannot be read.
    """
    found = [_layout(file, suffix, columns) for file in files]
    layouts = tuple(layout for layout in found if layout is not None)
    if not layouts:
        return TextSource(
            name, (), strings=False, weighted=columns is not None and len(columns) > 2
        )
    numbers = {len(layout.chosen) for layout in layouts}
    if len(numbers) > 1:
        raise InputError(f"{name}: some files have weights and others have none; pass columns=")
    if columns is None and any(layout.leaves_out for layout in layouts):
        warnings.warn(
            f"{name} has more than two columns and no header, so nothing says what the third is, "
            "and it is not read; pass columns=(0, 1, 2) to read weights, columns=(0, 1) not to",
            stacklevel=2,
        )
    source = TextSource(name, layouts, strings=False, weighted=numbers == {3})
    # Names on the first line are seen at once, without a pass in vain.
    if all(_is_integer(lay.sample, column) for lay in layouts for column in lay.chosen[:2]):
        return source
    return source.with_strings()


def _layout(file: File, suffix: str, columns: Sequence[Hashable] | None) -> TextLayout | None:
    """Look at the first lines of a file; return None where there is no edge."""
    free = suffix not in (".csv", ".tsv")
    lines = list(islice(data_lines(file, free), 2))
    if not lines:
        return None
    form = sniff(lines[0].text, suffix)
    first = form.split(lines[0].text)
    header = not (free or any(map(is_number, first[:2])))
    names: list[Hashable] = list(first) if header else list(range(len(first)))
    chosen = choose_columns(names, columns, file.name)
    if chosen[2:] and chosen[2] in chosen[:2]:
        raise InputError(
            f"{file.name}: column {names[chosen[2]]!r} cannot be both ids and weights; "
            "name another one in columns="
        )
    if len(lines) == header:
        return None
    named = columns is not None or has_named_endpoints(names)
    return TextLayout(file, form, names, header, lines[int(header)], chosen, named)


def _is_integer(fields: Sequence[str], column: int) -> bool:
    return column < len(fields) and fields[column].removeprefix("-").isdecimal()
